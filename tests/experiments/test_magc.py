"""magc must find what was planted: the channel and the neurons whose product makes the massive activation, and where the sweep
of that channel ends and makes the sink."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load_file, save_file

from support.figures import assert_drawn_the_same_twice
from support.massive_activation_mlp import CASES, OPEN, MassiveActivationMlp, words
from support.planted_cases import Planted
from support.program import QUIET, Program
from support.refusals import refusals
from support.selection import halves


class Swept(MassiveActivationMlp):
    """With magc's results, which are made when they are asked for."""

    def __init__(self, program: Program, model: Planted, scratch: Path) -> None:
        super().__init__(program, model, scratch)
        self.program, self.scratch = program, scratch

    def results(self, folder: Path, *options: object) -> dict[str, Any]:
        return self.program.result("magc", self.scratch / "magc.json", *words(folder), "--force", *options)["results"]

    @cached_property
    def swept(self) -> dict[str, Any]:
        """With values of the channel on both sides of where the gate of tokens 0 and 8 opens."""
        first, later = (self.circuit["threshold"] * self.h[:, token, self.constant] for token in (0, 8))
        values = [0, 0.97 * first.min(), 1.03 * first.max(), 0.9 * later.min(), 1.1 * later.max()]
        return self.results(self.folder, "--multiples", "", "--values", ",".join(f"{v:.6f}" for v in values))


@pytest.fixture(scope="module", params=CASES)
def mlp(request: pytest.FixtureRequest, program: Program, planted: Callable, tmp_path_factory: pytest.TempPathFactory) -> Swept:
    return Swept(program, planted(request.param), tmp_path_factory.mktemp("magc"))


def quadratic(mlp: MassiveActivationMlp, out: Path) -> Path:
    """The planted model with the neurons' up reading the energy too, a tenth of what it reads of the constant, as MAGC's
    neurons do: what is massive stays, since the gate stays."""
    shutil.copytree(mlp.folder, out)
    tensors = load_file(mlp.folder / "model.safetensors")
    up = tensors[f"model.layers.{mlp.layer}.mlp.up_proj.weight"]
    for neuron in mlp.neurons:
        up[neuron, mlp.energy] = 0.1 * up[neuron, mlp.constant]
    save_file(tensors, out / "model.safetensors", metadata={"format": "pt"})
    return out


def test_energy_and_neurons_are_named(mlp: Swept, tmp_path: Path) -> None:
    folder = quadratic(mlp, tmp_path / "quadratic")
    found = mlp.results(folder, "--multiples", 0)
    shares = [n["energy_share"] for n in mlp.circuit["massive_neurons"]]
    assert (found["layer"], found["channel"]["channel"], found["channel"]["direction"]) == (mlp.layer, mlp.energy, 1)
    assert (found["J"], found["no_J"]) == (mlp.neurons, None)
    # both neurons read the energy as they read the constant, so alpha is as the planted ups are
    neurons = json.loads((folder / "config.json").read_text())["intermediate_size"]
    assert found["channel"]["R"] == pytest.approx(math.log(neurons) + sum(s * math.log(s) for s in shares), abs=5e-6)
    assert found["channel"]["rank_by_R"] == 1
    assert found["channel"]["cosine_of_predicted"] == pytest.approx(1, abs=5e-6)
    for neuron, index, share in zip(found["neurons"], mlp.neurons, shares, strict=True):
        assert (neuron["neuron"], neuron["gate_weight"]) == (index, 30)
        assert neuron["alpha_share"] == pytest.approx(share, abs=5e-6)
        assert neuron["energy_share"] == pytest.approx(share, abs=5e-6)


def test_it_says_where_up_does_not_read_the_channel(mlp: Swept) -> None:
    found = mlp.swept
    assert (found["layer"], found["channel"]["channel"]) == (mlp.layer, mlp.energy)
    assert (found["J"], found["channel"]["R"]) == ([], None)
    assert f"channel {mlp.energy}" in found["no_J"]
    assert [n["neuron"] for n in found["neurons"]] == mlp.neurons
    for neuron, wanted in zip(found["neurons"], mlp.circuit["massive_neurons"], strict=True):
        assert neuron["energy_share"] == pytest.approx(wanted["energy_share"], abs=5e-6)
    # the constant is what gate (-30 threshold) and up both read, and no other channel
    for sign, channels in (("R_minus", {mlp.constant}), ("R_plus", set())):
        assert {d for d, r in enumerate(found["by_channel"][sign]) if r is not None} == channels


def test_the_sweep_ends_and_makes_the_sink_at_the_threshold(mlp: Swept) -> None:
    h, found, made = mlp.h, mlp.swept, set()
    assert len(found["table"]) == 2 + 2 * 5
    for row, trial in zip(found["table"], found["trials"], strict=True):
        at = row["at"]
        edited = h[:, at].copy()
        edited[:, mlp.energy] = h[:, 8 - at, mlp.energy] if row["value"] is None else row["value"]
        gate = mlp.gate(edited)
        if ((gate > 0) & (gate < OPEN)).any():
            continue  # a sample at the edge
        mlp.assert_levels(trial, at, gate, halves(found)["testing"])
        made |= {(at, bool(massive)) for massive in gate > 0}
    assert made == {(0, False), (0, True), (8, False), (8, True)}


@pytest.mark.parametrize("stage", ["energy", "keys"])
def test_none_without_a_sink(stage: str, program: Program, planted: Callable, tmp_path: Path) -> None:
    result = tmp_path / "magc.json"
    found = program.result("magc", result, *words(planted(f"none-{stage}").folder))["results"]
    assert found["layer"] is None
    assert "no sink" in found["no_trials"]
    assert found["trials"] == []
    assert_drawn_the_same_twice(result, tmp_path)


def test_the_mlp_that_is_named_is_read_and_no_trial_is_made_where_nothing_attends_to_what_it_writes(
        program: Program, planted: Callable, tmp_path: Path) -> None:
    model = planted("none-keys")
    options = ("--mlp-layer", model.layers["massive_activation"])
    found = program.result("magc", tmp_path / "magc.json", *words(model.folder), *options)["results"]
    assert found["channel"]["channel"] == model.circuits[0]["energy_dims"][0]
    assert "no sink" in found["no_trials"]


def test_it_runs_on_every_family(program: Program, family_model: Path, tmp_path: Path) -> None:
    data = ("--model", family_model, "--tokens", "random", "--samples", 6, "--length", 24)
    program.result("magc", tmp_path / "magc.json", *data, *QUIET, "--layer", 1, "--controls", 2, "--mlp-layer", 0)


@refusals(
    (("--mlp-layer", 5), "--mlp-layer: layer 5", "0 to 4"),
    (("--multiples", "1,x"), "--multiples", "'x'"),
    (("--multiples", ""), "--multiples and --values are empty"),
    (("--token", 39), "token 39"),
    (("--other-token", 8), "--other-token 8"),
)
def test_refused(options: tuple, parts: list[str], program: Program, planted: Callable, tmp_path: Path) -> None:
    program.assert_refused("magc", *words(planted("base").folder), *options, out=tmp_path / "magc.json", parts=parts)


def test_the_figure_is_drawn_the_same_twice(program: Program, planted: Callable, tmp_path: Path) -> None:
    result = tmp_path / "magc.json"
    program.result("magc", result, *words(planted("base").folder), "--multiples", "", "--values", 7)
    assert_drawn_the_same_twice(result, tmp_path)
