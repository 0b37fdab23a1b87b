"""vocab-sweep finds the ids that make no sink as first token, of planted models and of the demo models; its float8 keeps ranks.
What a cluster does to a sweep, its shards and its screening are in tests/sweep."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from sinkscope import ROOT
from sinkscope.figures.vocab_sweep import by_id, kept_half
from support.demo import NOISE, Demo
from support.figures import assert_drawn_the_same_twice
from support.planted_cases import MEASURED
from support.program import QUIET, Program, text_of
from support.reference_model import VOCABULARY
from support.refusals import refusals

MODEL = ROOT / "models/planted"


@pytest.mark.parametrize("name", MEASURED)
def test_exactly_the_weak_ids_make_no_sink(name: str, program: Program, planted: Callable, tmp_path: Path) -> None:
    model = planted(name)
    result = program.result("vocab-sweep", tmp_path / "vocab-sweep.json", *text_of(model.folder, 2, 32), *QUIET)["results"]
    by_layer = load_file(tmp_path / "vocab-sweep.safetensors")["by_layer_id"]
    assert by_layer.shape == (len(result["ids"]), len(result["by_layer"]["mean"]))
    weak = {i for circuit in model.circuits for i in circuit["weak_ids"]}
    sinks = by_layer[:, model.layers["sink"]].mean(1)
    # An ordinary id keeps at least half of the weakest ordinary sink: where it equals a sample's second token the two share it.
    assert {i for i, score in zip(result["ids"], sinks, strict=True) if score < 0.6 * np.median(sinks)} == weak
    if model.truth["variant"] != "second-circuit":
        for i in weak:
            assert result["score"][result["ids"].index(i)] == pytest.approx(result["uniform"], abs=NOISE)


def test_nothing_is_found_where_attention_is_even(program: Program, even_model: Path, tmp_path: Path) -> None:
    data = ("--model", even_model, "--tokens", "random", "--samples", 2, "--length", 24)
    found = program.result("vocab-sweep", tmp_path / "vocab-sweep.json", *data, *QUIET, "--ids", f"0-{VOCABULARY - 1}")["results"]
    assert found["sd"] / found["mean"] < 0.05


def test_it_runs_on_every_family(program: Program, family_model: Path, tmp_path: Path) -> None:
    data = ("--model", family_model, "--tokens", "random", "--samples", 3, "--length", 24)
    program.result("vocab-sweep", tmp_path / "vocab-sweep.json", *data, *QUIET, "--ids", "0-9")


@refusals(
    (("--ids", 99999999), "99999999"),
    (("--at", 16), "16"),
)
def test_refused(options: tuple, parts: list[str], program: Program, tmp_path: Path) -> None:
    program.assert_refused("vocab-sweep", *text_of(MODEL, 2, 16), *options, "--quiet", out=tmp_path / "out.json", parts=parts)


def test_a_dry_run_writes_nothing(program: Program, tmp_path: Path) -> None:
    printed = program.output("vocab-sweep", *text_of(MODEL, 4, 64), "--out", tmp_path / "a.json", "--dry-run")
    for word in ("tokens", "weights", "activations", "time"):
        assert word in printed
    assert list(tmp_path.iterdir()) == []


def test_the_figure_is_drawn_the_same_twice(program: Program, tmp_path: Path) -> None:
    result = tmp_path / "vocab-sweep.json"
    program.result("vocab-sweep", result, *text_of(MODEL, 3, 24), "--ids", "0-60")
    assert_drawn_the_same_twice(result, tmp_path, suffixes=("png", "pdf", "svg"))


def test_nearly_every_id_makes_a_sink_of_the_demo_model(demo: Demo) -> None:
    sweep = demo.result("vocab-sweep")
    assert len(by_id(sweep, demo.layer)[0]) == demo.record["model"]["vocab_size"]
    assert kept_half(sweep, demo.layer, without=demo.unseen) > 0.9


def test_nearly_every_id_makes_a_sink_of_demo_llama(demo_llama: Demo) -> None:
    assert kept_half(demo_llama.result("vocab-sweep"), demo_llama.layer, without=demo_llama.unseen) > 0.9


@pytest.mark.parametrize("token", [0, 77, 300, 1025, 2047])
def test_scores_are_transformers(token: int, demo: Demo) -> None:
    ids, scores, _ = by_id(demo.result("vocab-sweep"), demo.layer)
    samples = demo.ids("vocab-sweep")
    samples[:, 0] = ids[token]
    wanted = demo.patterns(samples)[demo.layer][:, :, 1:, 0].mean().item()
    assert scores[token] == pytest.approx(wanted, abs=NOISE)


def test_float8_is_approximate_says_so_and_keeps_the_ranks(program: Program, tmp_path: Path) -> None:
    def sweep(dtype: str) -> dict:
        return program.result("vocab-sweep", tmp_path / f"{dtype}.json", "--config", "configs/demo/vocab-sweep.json", "--ids", "256-767",
                              "--dtype", dtype, *QUIET)

    half, approximate = sweep("bfloat16"), sweep("fp8")
    assert not half["numerics"]["approximate"]
    assert approximate["numerics"]["approximate"]
    assert "float8" in approximate["warnings"][0]
    scores = [torch.tensor(result["results"]["score"]) for result in (half, approximate)]
    assert not torch.equal(*scores)
    ranks = torch.stack([score.argsort().argsort() for score in scores]).double()
    assert torch.corrcoef(ranks)[0, 1].item() > 0.99
