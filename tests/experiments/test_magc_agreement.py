"""magc on lively random weights: every number against numpy in float64."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from support.mlp_in_float64 import Float64
from support.program import Program
from support.selection import halves

LAYER = 1


@pytest.fixture(scope="module")
def exact(tmp_path_factory: pytest.TempPathFactory) -> Float64:
    return Float64(tmp_path_factory.mktemp("random"))


def concentration(alpha: np.ndarray) -> float:
    p = alpha**2 / (alpha**2).sum()
    return math.log(len(p)) + float((p[p > 0] * np.log(p[p > 0])).sum())


def test_alpha_and_R_are_those_of_numpy(exact: Float64, program: Program, tmp_path: Path) -> None:
    found = program.result("magc", tmp_path / "magc.json", *exact.words, "--mlp-layer", LAYER)["results"]
    assert "no sink" in found["no_trials"]
    mlp, seen = exact.model.model.layers[LAYER].mlp, exact.seen(LAYER)
    gate, up, down = (w.weight.detach().numpy() for w in (mlp.gate_proj, mlp.up_proj, mlp.down_proj))
    by_channel = gate * up * np.linalg.norm(down, axis=0)[:, None]
    for name, alpha in (("R_plus", np.where(gate > 0, by_channel, 0)), ("R_minus", np.where(gate < 0, by_channel, 0))):
        wanted = [concentration(alpha[:, i]) for i in range(alpha.shape[1])]
        np.testing.assert_allclose(found["by_channel"][name], wanted, atol=1e-5)
    chose = halves(found)["choosing"]
    difference = (seen["h"][chose, 0] - seen["h"][chose, 1]).mean(0).numpy()
    np.testing.assert_allclose(found["by_channel"]["difference"], difference, atol=1e-4)
    i = int(abs(difference).argmax())
    assert (found["channel"]["channel"], found["channel"]["direction"]) == (i, int(np.sign(difference[i])))
    alpha = np.where(gate[:, i] * difference[i] > 0, by_channel[:, i], 0)
    r = found["by_channel"]["R_plus" if difference[i] > 0 else "R_minus"]
    assert found["channel"]["rank_by_R"] == 1 + sum(value > r[i] for value in r)
    written = seen["y"][chose, 0].mean(0).numpy()
    cosine = written @ down / np.linalg.norm(down, axis=0) / np.linalg.norm(written)
    top = abs(alpha).argsort()[::-1][:3]
    assert found["J"] == [int(j) for j in top if abs(cosine[j]) > 0.9]
    assert [n["neuron"] for n in found["neurons"][:3]] == top.tolist()
    for neuron in found["neurons"]:
        j = neuron["neuron"]
        wanted = {"alpha": alpha[j], "alpha_share": alpha[j] ** 2 / (alpha**2).sum(), "cosine_to_written": cosine[j]}
        assert {key: neuron[key] for key in wanted} == pytest.approx(wanted, abs=5e-6)


def test_none_without_a_massive_activation_and_any_layer_when_named(exact: Float64, program: Program, tmp_path: Path) -> None:
    def run(*options: object) -> dict:
        return program.result("magc", tmp_path / "magc.json", *exact.words, "--force", *options)["results"]

    found = run()
    assert found["layer"] is None
    assert "no sink" in found["no_trials"]
    found = run("--mlp-layer", 0, "--layer", 1)
    assert found["no_trials"] is None
    assert found["trials"]
    assert "comes after the attention of layer 1" in run("--mlp-layer", 2, "--layer", 1)["no_trials"]
