"""A screen, refined, finds what the whole sweep finds, for a part of its tokens."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from sinkscope.results.schemas import validate
from support.program import Program
from support.refusals import refusals
from support.sweeps import CONFIG, DEMO, Sweeps, assert_same, config_without_out

WORDS = ("--samples", 32, "--length", 64)
SCREEN = (*WORDS, "--strategy", "screen")


@pytest.fixture
def sweeps(program: Program, tmp_path: Path) -> Sweeps:
    return Sweeps(program, tmp_path)


@pytest.fixture(scope="module")
def one(program: Program, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A screen of one process, with its refinements."""
    return Sweeps(program, tmp_path_factory.mktemp("one")).sweep("screen.json", *SCREEN)


def test_it_finds_what_the_whole_sweep_finds(one: Path, sweeps: Sweeps, record_property: Callable) -> None:
    whole = json.loads(sweeps.sweep("whole.json", *WORDS).read_text())["results"]
    result = json.loads(one.read_text())
    validate(result)
    assert result["warnings"] == []
    found = result["results"]
    screen, top = found["screen"], max(1, len(whole["ids"]) // 100)
    order, exact = np.argsort(whole["score"]), np.array(screen["exact"])
    recall = exact[np.concatenate([order[:top], order[-top:]])].mean()
    record_property(f"screening: of the top and bottom {top}, share of tokens, refined, mean and sd beside the whole sweep's",
                    f"{recall:.3f}, {screen['token_share']:.3f}, {len(screen['to_refine'])}, {found['mean']:.4f} for {whole['mean']:.4f}, "
                    f"{found['sd']:.4f} for {whole['sd']:.4f}")
    assert recall >= 0.99
    assert screen["token_share"] <= 0.2
    assert abs(found["mean"] - whole["mean"]) < 0.002
    np.testing.assert_array_equal(np.array(found["score"])[exact], np.array(whole["score"])[exact])
    rows = zip(screen["low"], whole["score"], screen["high"], exact, strict=True)
    assert np.mean([low <= truth <= high for low, truth, high, known in rows if not known]) > 0.9
    by_layer = load_file(one.with_suffix(".safetensors"))["by_layer_id"]
    np.testing.assert_array_equal(~np.isnan(by_layer).any(1), exact)


def test_shards_that_are_refined_merge_to_the_same(one: Path, sweeps: Sweeps) -> None:
    parts = [sweeps.sweep(f"screen-{i}.json", *SCREEN, "--shard", f"{i}/3") for i in range(3)]
    merged = sweeps.merge("merged.json", *parts)
    refined = [sweeps.sweep(f"refine-{i}.json", *SCREEN, "--refine", merged, "--shard", f"{i}/2") for i in range(2)]
    assert_same(one, sweeps.merge("screen.json", *parts, *refined))
    assert "q_min" in sweeps.refused("vocab-sweep", "--config", CONFIG, *DEMO, *SCREEN, "--q-min", 3, "--refine", merged,
                                     "--out", sweeps.folder / "x.json")


def test_missing_refinements_are_named_with_their_commands(sweeps: Sweeps) -> None:
    words = ("--ids", "0-255", "--strategy", "screen")
    parts = [sweeps.sweep(f"s{i}.json", *words, "--force", "--shard", f"{i}/2") for i in range(2)]
    merged = sweeps.merge("merged.json", *parts)
    part = sweeps.sweep("r-0.json", *words, "--force", "--ids-per-unit", "auto", "--refine", merged, "--shard", "0/2")
    assert f"--refine {merged} --shard 1/2" in sweeps.refused("merge", *parts, part, "--out", sweeps.folder / "x.json")
    # a screen's part is not the refinement's
    sweeps.refused("vocab-sweep", "--config", config_without_out(sweeps.folder), *DEMO, *words, "--refine", merged, "--shard", "0/2",
                   "--out", parts[0])


def test_ragged_samples_are_screened(program: Program, tmp_path: Path) -> None:
    tokens, refused = tmp_path / "t.json", tmp_path / "x.json"
    tokens.write_text(json.dumps([list(range(5 + i, 20 + 2 * i)) for i in range(12)]))
    words = ("--model", "models/demo", "--tokens", tokens, "--ids", "0-127", "--threads", 1, "--quiet", "--strategy", "screen")
    program.result("vocab-sweep", tmp_path / "r.json", *words)
    program.assert_refused("vocab-sweep", *words, "--pilot-length", 24, "--pilot-samples", 1, out=refused,
                           parts=["--pilot-length 24: none of the pilot's 1 samples"])


@refusals(
    (("--audit", 10), "expected 20 to"),
    (("--pilot-samples", 5), "--pilot-samples"),
    (("--pilot-length", 1), "--pilot-length"),
)
def test_refused(options: tuple, parts: list[str], program: Program, tmp_path: Path) -> None:
    program.assert_refused("vocab-sweep", "--config", CONFIG, *DEMO, "--strategy", "screen", *options, out=tmp_path / "x.json", parts=parts)
