"""self-mask finds that a token which sees only itself shares the planted sink, in the planted layer alone; and of the demo models
what their cards say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sinkscope import ROOT
from sinkscope.figures.self_mask import self_only
from support.demo import Demo, assert_attention
from support.figures import assert_drawn_the_same_twice
from support.planted_cases import MEASURED, by_head
from support.program import QUIET, Program, text_of
from support.refusals import refusals

MODEL = ROOT / "models/planted"
ROUNDING = 1e-5  # float32, of an attention probability, averaged


@pytest.mark.parametrize("name", MEASURED)
def test_the_sink_is_shared_in_the_planted_layer_alone(name: str, program: Program, planted: Callable, tmp_path: Path) -> None:
    model = planted(name)
    layer, others = model.truth["answers"]["self_mask"]["layer"], model.layers["sink"][0]
    result = program.result("self-mask", tmp_path / "self-mask.json", *text_of(model.folder, 8, 48), *QUIET, "--mask-tokens", "4,7",
                            "--layer-sets", f"{layer};{others}")["results"]
    single = [one for one in result["runs"] if one["mode"] == "self_only" and len(one["tokens"]) == 1]
    assert {one["layers"] for one in single} == {str(layer), str(others)}
    for one in single:
        masked, first = by_head(one["masked"][0]), by_head(one["first"][0])
        sinking = model.sinking(masked.shape)
        if one["layers"] == str(layer):
            assert np.abs(masked - first)[sinking].max() < 0.01
            assert np.abs(masked[sinking] - 0.5).max() < 0.01
        else:
            plain = next(b for b in result["baseline"] if b["token"] == one["tokens"][0])
            assert np.abs(masked - by_head(plain["masked"])).max() < ROUNDING
            assert np.abs(first - by_head(plain["first"])).max() < ROUNDING
    share = sinking.mean()  # token 0 keeps half of its attention in the sinking layers and heads
    for change in result["paired"]:
        if change["layers"] == str(layer):
            assert change["change_of_first"]["mean"] == pytest.approx(-0.5 * share, abs=0.005)
        else:
            assert abs(change["change_of_first"]["mean"]) < ROUNDING


def test_nothing_is_found_where_attention_is_even(program: Program, even_model: Path, tmp_path: Path) -> None:
    data = ("--model", even_model, "--tokens", "random", "--samples", 16, "--length", 48)
    found = program.result("self-mask", tmp_path / "self-mask.json", *data, *QUIET, "--mask-tokens", 4, "--layer-sets", "0;0-1")["results"]
    for one in found["runs"]:
        assert one["ratio"][0] == pytest.approx(1, abs=0.1)


def test_it_runs_on_every_family(program: Program, family_model: Path, tmp_path: Path) -> None:
    data = ("--model", family_model, "--tokens", "random", "--samples", 3, "--length", 24)
    program.result("self-mask", tmp_path / "self-mask.json", *data, *QUIET, "--mask-tokens", "2,4")


@refusals(
    (("--mask-tokens", 0), "token 0"),
    (("--layer-sets", "0;77"), "77"),
)
def test_refused(options: tuple, parts: list[str], program: Program, tmp_path: Path) -> None:
    program.assert_refused("self-mask", *text_of(MODEL, 2, 16), *options, "--quiet", out=tmp_path / "out.json", parts=parts)


def test_the_figure_is_drawn_the_same_twice(program: Program, tmp_path: Path) -> None:
    result = tmp_path / "self-mask.json"
    program.result("self-mask", result, *text_of(MODEL, 3, 24), "--layer-sets", "0;0-1")
    assert_drawn_the_same_twice(result, tmp_path, suffixes=("png", "pdf", "svg"))


def test_the_demo_models_later_token_that_sees_only_itself_becomes_a_sink(demo: Demo) -> None:
    masked, first = self_only(demo.result("self-mask"), demo.layer, 4, "0-1")
    assert masked > 0.4 * first  # 0.51, and 0.1 is the 95 % interval over samples
    in_layer_0, _ = self_only(demo.result("self-mask"), demo.layer, 4, "0")
    assert in_layer_0 < 0.5 * masked  # layer 0 alone is not enough


def test_demo_llamas_later_token_that_sees_only_itself_becomes_a_sink(demo_llama: Demo) -> None:
    masked, first = self_only(demo_llama.result("self-mask"), demo_llama.layer, 4, "0-1")
    assert masked > 0.6 * first
    assert self_only(demo_llama.result("self-mask"), demo_llama.layer, 4, "0")[0] < 0.8 * masked


def test_attention_is_transformers(demo: Demo) -> None:
    patterns = demo.patterns(demo.ids("self-mask"), self_only=(4,), in_layers=(0, 1))
    runs = demo.result("self-mask").results["runs"]
    run = next(one for one in runs if (one["mode"], one["tokens"], one["layers"]) == ("self_only", [4], "0-1"))
    assert_attention(run["masked"][0], patterns)
    assert_attention(run["first"][0], patterns)
