"""scan finds the planted sink where it is and nowhere else, what the demo models' cards say, and transformers' own numbers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from sinkscope import ROOT
from sinkscope.results.findings import Sink
from support.demo import Demo, assert_attention
from support.figures import assert_drawn_the_same_twice
from support.planted_cases import MEASURED, by_head
from support.program import QUIET, Program, text_of
from support.refusals import refusals

MODEL = ROOT / "models/planted"
ROUNDING = 1e-5  # float32, of an attention probability, averaged


@pytest.mark.parametrize("name", MEASURED)
def test_the_sink_is_where_it_is_planted_and_nowhere_else(name: str, program: Program, planted: Callable, tmp_path: Path) -> None:
    model = planted(name)
    found = program.result("scan", tmp_path / "scan.json", *text_of(model.folder, 8, 48), *QUIET, "--track", "0,4")["results"]
    first, fourth = found["sink"]
    attention = by_head(first)
    sinking = model.sinking(attention.shape)
    assert attention[sinking].min() > 0.99
    assert np.abs(attention[~sinking] - first["uniform"]).max() < ROUNDING
    assert by_head(fourth)[sinking].max() < 0.01
    for rate in first["sink_rate"]:
        assert rate["mean"] == pytest.approx(sinking.mean(), abs=5e-13)


def test_nothing_is_found_where_attention_is_even(program: Program, even_model: Path, tmp_path: Path) -> None:
    data = ("--model", even_model, "--tokens", "random", "--samples", 16, "--length", 48)
    first = program.result("scan", tmp_path / "scan.json", *data, *QUIET)["results"]["sink"][0]
    assert first["mean_attention"]["mean"] / first["uniform"] == pytest.approx(1, abs=0.05)
    assert [rate["mean"] for rate in first["sink_rate"]] == [0, 0]


def test_it_runs_on_every_family(program: Program, family_model: Path, tmp_path: Path) -> None:
    data = ("--model", family_model, "--tokens", "random", "--samples", 3, "--length", 24)
    program.result("scan", tmp_path / "scan.json", *data, *QUIET, "--track", "0,4")


def test_two_runs_give_the_same_numbers(program: Program, tmp_path: Path) -> None:
    first, second = (program.result("scan", tmp_path / f"{i}.json", *text_of(MODEL, 4, 40)) for i in (1, 2))
    for section in ("model", "tokenizer", "data", "metrics", "results"):
        assert first[section] == second[section]


def test_batches_change_only_rounding(program: Program, tmp_path: Path) -> None:
    by_layer = [program.result("scan", tmp_path / f"{size}.json", *text_of(MODEL, 5, 40), "--batch-size", size)
                ["results"]["sink"][0]["mean_attention"]["by_layer"] for size in (1, 5)]
    np.testing.assert_allclose(*by_layer, rtol=0, atol=2e-6)


@refusals(
    (("--measure", "sinks"), "'sinks'", "'sink'"),
    (("--track", 16), "16"),
    (("--track", "a"), "'a'"),
)
def test_refused(options: tuple, parts: list[str], program: Program, tmp_path: Path) -> None:
    program.assert_refused("scan", *text_of(MODEL, 2, 16), *options, "--quiet", out=tmp_path / "out.json", parts=parts)


def test_the_figure_is_drawn_the_same_twice(program: Program, tmp_path: Path) -> None:
    result = tmp_path / "scan.json"
    program.result("scan", result, *text_of(MODEL, 3, 24))
    assert_drawn_the_same_twice(result, tmp_path, suffixes=("png", "pdf", "svg"))


def test_the_demo_models_first_token_is_a_sink(demo: Demo) -> None:
    sink = Sink(demo.result("scan"))
    assert sink.level - sink.half_width > 3 * sink.uniform


def test_demo_llamas_first_token_is_a_sink(demo_llama: Demo) -> None:
    assert demo_llama.layer == 2
    sink = Sink(demo_llama.result("scan"))
    assert sink.level > 3 * sink.uniform


@pytest.mark.parametrize("model", ["demo", "demo_llama"])
def test_attention_is_transformers(model: str, request: pytest.FixtureRequest) -> None:
    demo: Demo = request.getfixturevalue(model)
    patterns = demo.patterns(demo.ids("scan"))
    for sink in demo.result("scan").results["sink"]:
        assert_attention(sink, patterns)


@torch.no_grad()
def test_loss_is_transformers(demo: Demo) -> None:
    ids = demo.ids("scan")
    logits = demo.transformers(input_ids=ids, use_cache=False).logits[:, :-1]
    wanted = torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten()).item()
    assert demo.result("scan").results["loss"]["mean"] == pytest.approx(wanted, abs=1e-4)
