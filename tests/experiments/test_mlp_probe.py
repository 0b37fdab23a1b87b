"""mlp-probe finds the planted massive activation with its dimensions and neurons, nothing where there is none, and of the demo
models what their cards say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sinkscope import ROOT
from support.demo import Demo
from support.figures import assert_drawn_the_same_twice
from support.planted_cases import MEASURED
from support.program import QUIET, Program, text_of
from support.refusals import refusals

MODEL = ROOT / "models/planted"


@pytest.mark.parametrize("name", MEASURED)
def test_the_massive_activation_its_dimensions_and_neurons(name: str, program: Program, planted: Callable, tmp_path: Path) -> None:
    model = planted(name)
    words = (*text_of(model.folder, 8, 48), *QUIET, "--track", "0,1,4,8")
    result = program.result("mlp-probe", tmp_path / "mlp-probe.json", *words)["results"]
    assert result["massive_activation"]["layer"] == model.layers["massive_activation"]
    found = result["massive_activation"]["dimensions"]
    assert {one["dimension"] for one in found} == {d for dims in model.truth["answers"]["mlp_probe"]["massive_dims"] for d in dims}
    assert all(one["massive"] for one in found)
    circuit = model.circuits[0]
    means = {one["dimension"]: one["mean"] for one in found}
    big, small = circuit["massive_dims"]
    assert means[big] / means[small] == pytest.approx(circuit["massive_ratio"], abs=1e-3)
    if len(model.circuits) > 1:
        return
    neurons = result["neurons"]["tokens"][0]["top"]
    assert len(neurons) >= len(circuit["massive_neurons"])
    for planted_neuron, neuron in zip(circuit["massive_neurons"], neurons):
        assert neuron["neuron"] == planted_neuron["neuron"]
        assert neuron["energy_share"] == pytest.approx(planted_neuron["energy_share"], abs=1e-3)
        assert abs(neuron["cosine_to_first"]) == pytest.approx(1, abs=5e-6)
    after = np.array(result["direction"]["before_gain"])
    assert after[:, 0].min() > 0.99
    assert np.abs(after[:, 1:]).max() < 0.5


def test_nothing_is_found_where_attention_is_even(program: Program, even_model: Path, tmp_path: Path) -> None:
    data = ("--model", even_model, "--tokens", "random", "--samples", 16, "--length", 48)
    assert program.result("mlp-probe", tmp_path / "mlp-probe.json", *data, *QUIET)["results"]["massive_activation"] is None


def test_it_runs_on_every_family(program: Program, family_model: Path, tmp_path: Path) -> None:
    data = ("--model", family_model, "--tokens", "random", "--samples", 3, "--length", 24)
    program.result("mlp-probe", tmp_path / "mlp-probe.json", *data, *QUIET)


@refusals((("--track", 0), "--track"))
def test_refused(options: tuple, parts: list[str], program: Program, tmp_path: Path) -> None:
    """Without ordinary tokens there is nothing to compare with."""
    program.assert_refused("mlp-probe", *text_of(MODEL, 2, 16), *options, "--quiet", out=tmp_path / "out.json", parts=parts)


def test_the_figure_is_drawn_the_same_twice(program: Program, tmp_path: Path) -> None:
    result = tmp_path / "mlp-probe.json"
    program.result("mlp-probe", result, *text_of(MODEL, 3, 24), "--self-only", "layers=0-1;tokens=1,4")
    assert_drawn_the_same_twice(result, tmp_path, suffixes=("png", "pdf", "svg"))


def test_one_mlp_of_the_demo_model_writes_the_massive_activation_below_the_sink(demo: Demo) -> None:
    results = demo.result("mlp-probe").results
    massive = results["massive_activation"]
    assert massive is not None
    assert massive["layer"] < demo.layer
    written = next(site for site in results["layers"][massive["layer"]]["sites"] if site["site"] == "mlp_out")
    norms = {token["token"]: token["norm"]["mean"] for token in written["tokens"]}
    assert norms[0] > 5 * norms[8]


def test_an_early_mlp_of_demo_llama_writes_one_dimension(demo_llama: Demo) -> None:
    massive = demo_llama.result("mlp-probe").results["massive_activation"]
    assert (massive["layer"], [one["dimension"] for one in massive["dimensions"]]) == (1, [15])
