"""gate-readout on lively random weights: every number against transformers' autograd and numpy in float64."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from support.mlp_in_float64 import Float64
from support.program import Program
from support.selection import halves

LAYER, WRITES = 1, [(0, 7), (0, 11), (2, 5)]
FLOAT = 1e-4  # of a unit direction: float32 against float64


@pytest.fixture(scope="module")
def exact(tmp_path_factory: pytest.TempPathFactory) -> Float64:
    return Float64(tmp_path_factory.mktemp("random"))


def assert_read_out(read: dict, direction: np.ndarray, gradients: torch.Tensor, rows: torch.Tensor, split: dict) -> None:
    """Read from the samples that choose, held against those that test."""
    gradients, rows = gradients[split["choosing"]], rows[split["testing"]]
    unit = gradients / gradients.norm(dim=1, keepdim=True)
    mean = unit.mean(0)
    wanted = (mean / mean.norm()).numpy()
    np.testing.assert_allclose(direction, wanted, atol=FLOAT)
    assert read["consistency"] == pytest.approx(mean.norm().item(), abs=5e-5)
    shares = np.clip(np.linalg.eigvalsh((unit @ unit.T).numpy()), 1e-300, None) / len(unit)
    assert read["effective_rank"] == pytest.approx(math.exp(-(shares * np.log(shares)).sum()), abs=5e-3)
    projections = (rows[:, :9] @ torch.from_numpy(wanted)).numpy()
    np.testing.assert_allclose([token["by_sample"] for token in read["tokens"]], projections.T, atol=1e-3)
    np.testing.assert_allclose([token["sd"] for token in read["tokens"]], projections.std(0, ddof=1), atol=1e-3)
    first, others = projections[:, 0], projections[:, 1:].ravel()
    area = (first[:, None] > others).mean()
    assert read["auc"] == pytest.approx(max(area, 1 - area), abs=0.01)


def test_gradients_are_those_of_autograd(exact: Float64, program: Program, tmp_path: Path) -> None:
    writes = ",".join(f"blocks.{layer}.hook_mlp_out:{d}" for layer, d in WRITES)
    options = ("--mlp-layer", LAYER, "--write", writes)
    found = program.result("gate-readout", tmp_path / "gate-readout.json", *exact.words, *options)["results"]
    assert "no sink" in found["no_trials"]
    reads = {read["name"]: read for read in found["read_outs"]}
    directions = load_file(tmp_path / "gate-readout.safetensors")
    seen, split = exact.seen(LAYER), halves(found)
    assert sorted(split["choosing"] + split["testing"]) == list(range(12))
    energy = exact.neurons(LAYER, seen["h"][split["choosing"], 0]).square().mean(0)
    order = energy.argsort(descending=True)
    held = int((energy[order].cumsum(0) < 0.9 * energy.sum()).sum()) + 1
    named = [f"neuron {j}" for j in order[: min(16, max(3, held))].tolist()]
    assert [read["name"] for read in found["read_outs"] if read["group"] == "neurons"] == named
    for i, name in enumerate(named):
        h = seen["h"][:, 0].clone().requires_grad_()
        value = exact.neurons(LAYER, h)[:, order[i]].square().sum()
        assert_read_out(reads[name], directions["neurons"][i], torch.autograd.grad(value, h)[0], seen["h"], split)
        gradient = exact.neuron_gradient(LAYER, int(order[i]))
        assert_read_out(reads[f"{name} by the attention"], directions["neurons by the attention"][i], gradient, seen["attn_out"], split)
    at = {0: iter(directions["blocks.0.mlp_out"]), 2: iter(directions["blocks.2.mlp_out"])}
    for layer, dimension in WRITES:
        assert_read_out(reads[f"blocks.{layer}.hook_mlp_out:{dimension}"], next(at[layer]), exact.write_gradient(layer, dimension),
                        exact.seen(layer)["attn_out"], split)
    top = directions["neurons"][:3].astype(np.float64)
    np.testing.assert_allclose(found["gram"]["cosines"], top @ top.T, atol=1e-5)
    shares = np.linalg.eigvalsh(top @ top.T)[::-1] / 3
    np.testing.assert_allclose(found["gram"]["eigen_energies"], shares, atol=1e-5)
    assert found["gram"]["effective_rank"] == pytest.approx(math.exp(-(shares * np.log(shares)).sum()), abs=5e-5)


def test_none_without_a_massive_activation_and_any_layer_when_named(exact: Float64, program: Program, tmp_path: Path) -> None:
    def run(*options: object) -> dict:
        return program.result("gate-readout", tmp_path / "gate-readout.json", *exact.words, "--force", *options)["results"]

    found = run()
    assert found["layer"] is None
    assert "no sink" in found["no_trials"]
    found = run("--mlp-layer", 0, "--layer", 1)
    assert found["no_trials"] is None
    assert found["trials"]
    assert "comes after the attention of layer 1" in run("--mlp-layer", 2, "--layer", 1)["no_trials"]
