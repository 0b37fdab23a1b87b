"""rope-swap finds that a planted sink, which no position makes, stays; and of the demo models what their cards say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sinkscope import ROOT
from sinkscope.figures.rope_swap import attention_under
from support.demo import Demo, assert_attention
from support.figures import assert_drawn_the_same_twice
from support.planted_cases import MEASURED, by_head
from support.program import QUIET, Program, text_of
from support.refusals import refusals

MODEL = ROOT / "models/planted"
ROUNDING = 1e-5  # float32, of an attention probability, averaged


@pytest.mark.parametrize("name", MEASURED)
def test_no_move_changes_a_planted_sink(name: str, program: Program, planted: Callable, tmp_path: Path) -> None:
    found = program.result("rope-swap", tmp_path / "rope-swap.json", *text_of(planted(name).folder, 8, 48), *QUIET,
                           "--first-to", "1,8,last", "--others-to-zero", "1,4", "--map-length", 16)["results"]
    baseline = by_head(found["conditions"][0]["sink"][0])
    names = [condition["name"] for condition in found["conditions"]]
    assert len(names) == len(set(names))
    assert len(names) >= 10
    for condition in found["conditions"]:
        assert np.abs(by_head(condition["sink"][0]) - baseline).max() < ROUNDING, condition["name"]
    assert found["shift_control"]["largest_difference"] < ROUNDING


def test_it_runs_on_every_family(program: Program, family_model: Path, tmp_path: Path) -> None:
    data = ("--model", family_model, "--tokens", "random", "--samples", 3, "--length", 24)
    program.result("rope-swap", tmp_path / "rope-swap.json", *data, *QUIET)


@refusals(
    (("--first-to", 99999999), "99999999"),
    (("--map-heads", "0:99"), "0:99"),
    (("--blocks", 4), "'4'"),
)
def test_refused(options: tuple, parts: list[str], program: Program, tmp_path: Path) -> None:
    program.assert_refused("rope-swap", *text_of(MODEL, 2, 16), *options, "--quiet", out=tmp_path / "out.json", parts=parts)


def test_the_figure_is_drawn_the_same_twice(program: Program, tmp_path: Path) -> None:
    result = tmp_path / "rope-swap.json"
    program.result("rope-swap", result, *text_of(MODEL, 3, 24), "--first-to", "1,8")
    assert_drawn_the_same_twice(result, tmp_path, suffixes=("png", "pdf", "svg"))


def test_the_demo_models_sink_stays_with_the_physically_first_token(demo: Demo) -> None:
    # by queries after position 8: an earlier one would meet a key from its future, which no training showed it
    unmoved, moved = (attention_under(demo.result("rope-swap"), demo.layer, name)[0] for name in ("baseline", "first-to-8"))
    assert moved > 0.6 * unmoved  # Qwen3 loses nothing; this model a fifth (models/demo/README.md)
    first, other = attention_under(demo.result("rope-swap"), demo.layer, "swap-0-8")
    assert other < 0.2 * first


def test_demo_llamas_sink_stays_with_the_physically_first_token(demo_llama: Demo) -> None:
    found, layer = demo_llama.result("rope-swap"), demo_llama.layer
    unmoved, moved = (attention_under(found, layer, name)[0] for name in ("baseline", "first-to-8"))
    assert moved > 0.9 * unmoved
    first, eighth = attention_under(found, layer, "swap-0-8")
    assert eighth < 0.2 * first


def test_rotary_position_is_relative(demo: Demo) -> None:
    assert demo.result("rope-swap").results["shift_control"]["largest_difference"] < 1e-6


@pytest.mark.parametrize("name", ["first-to-8", "swap-0-8"])
def test_attention_is_transformers(name: str, demo: Demo) -> None:
    (condition,) = (one for one in demo.result("rope-swap").results["conditions"] if one["name"] == name)
    patterns = demo.patterns(demo.ids("rope-swap"), positions=dict(condition["positions"]))
    for sink in condition["sink"]:
        assert_attention(sink, patterns)
