"""gate-readout must find what was planted: that the neurons of the massive activation read the energy
over the threshold, in one direction."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from support.figures import assert_drawn_the_same_twice
from support.massive_activation_mlp import CASES, MassiveActivationMlp, words
from support.program import QUIET, Program
from support.refusals import refusals
from support.selection import halves

FLOAT = 1e-4  # of a unit direction: float32 against float64


@pytest.fixture(scope="module", params=CASES)
def mlp(
        request: pytest.FixtureRequest, program: Program, planted: Callable, tmp_path_factory: pytest.TempPathFactory
) -> MassiveActivationMlp:
    return MassiveActivationMlp(program, planted(request.param), tmp_path_factory.mktemp("gate"))


def read_out(program: Program, folder: Path, out: Path, *options: object) -> dict[str, Any]:
    return program.result("gate-readout", out / "gate-readout.json", *words(folder), *options)["results"]


def wanted_direction(mlp: MassiveActivationMlp, choosing: list[int]) -> np.ndarray:
    """SiLU is the identity where the gate is far open, so z ~ (E - threshold C) C."""
    assert mlp.gate(mlp.h[:, 0]).min() > 5
    chose = mlp.h[choosing, 0]
    e, c = chose[:, mlp.energy], chose[:, mlp.constant]
    wanted = np.zeros((len(e), mlp.h.shape[2]))
    wanted[:, mlp.energy], wanted[:, mlp.constant] = c, e - 2 * mlp.circuit["threshold"] * c
    wanted = (wanted / np.linalg.norm(wanted, axis=1, keepdims=True)).mean(0)
    return wanted / np.linalg.norm(wanted)


def test_energy_over_the_threshold_is_read(mlp: MassiveActivationMlp, program: Program, tmp_path: Path) -> None:
    found = read_out(program, mlp.folder, tmp_path)
    assert found["layer"] == mlp.layer
    neurons = [one for one in found["read_outs"] if one["group"] == "neurons"]
    assert [one["name"] for one in neurons] == [f"neuron {n}" for n in mlp.neurons]
    # one gate and ups of one direction: one direction
    np.testing.assert_allclose(found["gram"]["cosines"], np.ones((2, 2)), atol=FLOAT)
    np.testing.assert_allclose(found["gram"]["eigen_energies"], [1, 0], atol=FLOAT)
    assert found["gram"]["effective_rank"] == pytest.approx(1, abs=0.01)
    wanted = wanted_direction(mlp, halves(found)["choosing"])
    directions = load_file(tmp_path / found["directions"]["neurons"]["file"])["neurons"]
    for direction, read in zip(directions, neurons, strict=True):
        np.testing.assert_allclose(direction, wanted, atol=0.002)
        assert {c["channel"] for c in read["channels"][:2]} == {mlp.energy, mlp.constant}
        assert read["consistency"] == pytest.approx(1, abs=5e-5)
    # what the edits leave of E and C says which tokens get the massive activation
    direction = directions[0].astype(np.float64)
    along = mlp.h @ direction
    out, copied = mlp.h[:, 0] - along[:, :1] * direction, mlp.h[:, 8] + (along[:, 0] - along[:, 8])[:, None] * direction
    trials = {trial["name"]: trial for trial in found["trials"]}
    for name, at, h in (("neurons, span: out at token 0", 0, out), ("neurons, span: token 0's at token 8", 8, copied)):
        assert (mlp.gate(h) > 0).all() if at == 8 else (mlp.gate(h) < 0).all(), name
        mlp.assert_levels(trials[name], at, mlp.gate(h), halves(found)["testing"])


@pytest.mark.parametrize("mlp", ["base"], indirect=True, scope="module")
def test_no_direction_in_a_sum_of_squares(mlp: MassiveActivationMlp, program: Program, tmp_path: Path) -> None:
    site = f"blocks.{mlp.model.layers['energy']}.hook_mlp_out"
    found = read_out(program, mlp.folder, tmp_path, "--write", f"{site}:{mlp.energy}")
    (read,) = (one for one in found["read_outs"] if one["name"].startswith(site))
    # its gradient has each sample's own signs: n random ones leave 1/sqrt(n), beside the norm's share along C
    assert read["consistency"] < 2 / math.sqrt(len(halves(found)["choosing"]))
    assert read["effective_rank"] > len(mlp.circuit["average_dims"]) / 2


@pytest.mark.parametrize("stage", ["energy", "keys"])
def test_none_without_a_sink(stage: str, program: Program, planted: Callable, tmp_path: Path) -> None:
    found = read_out(program, planted(f"none-{stage}").folder, tmp_path)
    assert found["layer"] is None
    assert "no sink" in found["no_trials"]
    assert found["trials"] == []
    assert_drawn_the_same_twice(tmp_path / "gate-readout.json", tmp_path)


def test_it_runs_on_every_family(program: Program, family_model: Path, tmp_path: Path) -> None:
    data = ("--model", family_model, "--tokens", "random", "--samples", 6, "--length", 24)
    program.result("gate-readout", tmp_path / "gate-readout.json", *data, *QUIET, "--layer", 1, "--controls", 2, "--mlp-layer", 0,
                   "--write", "blocks.0.hook_mlp_out:3")


@refusals(
    (("--write", "blocks.0.hook_mlp_out"), "no dimension"),
    (("--write", "blocks.0.hook_attn_out:3"), "not the output of an MLP"),
    (("--write", "blocks.0.hook_mlp_out:96"), "dimension 96", "0 to 95"),
    (("--write", "blocks.5.hook_mlp_out:3"), "5", "0 to 4"),
    (("--write", "blocks.0.hook_mlp_out:3,blocks.0.hook_mlp_out:3"), "twice"),
    (("--write", "blocks.0.hook_mlp_out:x"), "'x'"),
)
def test_refused(options: tuple, parts: list[str], program: Program, planted: Callable, tmp_path: Path) -> None:
    program.assert_refused("gate-readout", *words(planted("base").folder), *options, out=tmp_path / "gate-readout.json", parts=parts)


def test_the_figure_is_drawn_the_same_twice(program: Program, planted: Callable, tmp_path: Path) -> None:
    read_out(program, planted("base").folder, tmp_path, "--mlp-layer", 1, "--write", "blocks.0.hook_mlp_out:3")
    assert_drawn_the_same_twice(tmp_path / "gate-readout.json", tmp_path)
