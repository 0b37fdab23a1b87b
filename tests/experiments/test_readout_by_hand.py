"""magc and gate-readout on lively random weights: every number against transformers' autograd and numpy in float64.
Run: readout_by_hand.py PROGRAM."""

from __future__ import annotations

import json
import math
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file
from transformers import AutoModelForCausalLM

from readout_command import run
from reference_model import SHAPES, VOCABULARY, make_model

PROGRAM = "sinkscope"
FLOAT = 1e-4  # of a unit direction: float32 against float64


def concentration(alpha: np.ndarray) -> float:
    p = alpha**2 / (alpha**2).sum()
    return math.log(len(p)) + float((p[p > 0] * np.log(p[p > 0])).sum())


class OnRandomWeights(unittest.TestCase):
    """Lively random weights: every number against autograd and numpy in float64."""

    LAYER, WRITES = 1, [(0, 7), (0, 11), (2, 5)]

    @classmethod
    def setUpClass(cls) -> None:
        cls.place = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.place.cleanup)
        cls.folder = Path(cls.place.name)
        make_model(SHAPES[0], seed=5).save_pretrained(cls.folder)
        cls.model = AutoModelForCausalLM.from_pretrained(cls.folder, dtype=torch.float64, attn_implementation="eager")
        cls.ids = torch.randint(VOCABULARY, (12, 20), generator=torch.Generator().manual_seed(1))
        cls.rows = cls.folder / "rows.json"
        cls.rows.write_text(json.dumps(cls.ids.tolist()))

    def run_on(self, name: str, *options: object) -> dict:
        return run(PROGRAM, name, self.folder, "--tokens", self.rows, "--samples", 12, "--length", 20, *options)

    def seen(self, layer: int) -> dict[str, torch.Tensor]:
        """Input and output of a layer's MLP and the attention's output, unedited."""
        found, block = {}, self.model.model.layers[layer]
        handles = [block.mlp.register_forward_hook(lambda m, args, out: found.update(h=args[0].detach(), y=out.detach())),
                   block.self_attn.register_forward_hook(lambda m, args, out: found.update(attn_out=out[0].detach()))]
        with torch.no_grad():
            self.model(self.ids)
        for handle in handles:
            handle.remove()
        return found

    def neurons(self, layer: int, h: torch.Tensor) -> torch.Tensor:
        mlp = self.model.model.layers[layer].mlp
        return mlp.act_fn(mlp.gate_proj(h)) * mlp.up_proj(h)

    def write_gradient(self, layer: int, dimension: int) -> torch.Tensor:
        return self.by_attention(layer, lambda z, y: y[:, 0, dimension].sum())

    def neuron_gradient(self, layer: int, neuron: int) -> torch.Tensor:
        return self.by_attention(layer, lambda z, y: z[:, 0, neuron].square().sum())

    def by_attention(self, layer: int, of) -> torch.Tensor:
        """By autograd through the whole block: what is added to the attention's output moves the MLP's neurons and output."""
        added = torch.zeros(*self.ids.shape, self.model.config.hidden_size, dtype=torch.float64, requires_grad=True)
        block, written = self.model.model.layers[layer], {}
        handles = [block.self_attn.register_forward_hook(lambda m, args, out: (out[0] + added, *out[1:])),
                   block.mlp.down_proj.register_forward_pre_hook(lambda m, args: written.update(z=args[0])),
                   block.mlp.register_forward_hook(lambda m, args, out: written.update(y=out))]
        self.model(self.ids)
        for handle in handles:
            handle.remove()
        return torch.autograd.grad(of(written["z"], written["y"]), added)[0][:, 0]

    def assert_read_out(self, read: dict, direction: np.ndarray, gradients: torch.Tensor, rows: torch.Tensor, halves: dict) -> None:
        """Read from the samples that choose, held against those that test."""
        gradients, rows = gradients[halves["choosing"]], rows[halves["testing"]]
        unit = gradients / gradients.norm(dim=1, keepdim=True)
        mean = unit.mean(0)
        wanted = (mean / mean.norm()).numpy()
        np.testing.assert_allclose(direction, wanted, atol=FLOAT)
        self.assertAlmostEqual(read["consistency"], mean.norm().item(), places=4)
        shares = np.clip(np.linalg.eigvalsh((unit @ unit.T).numpy()), 1e-300, None) / len(unit)
        self.assertAlmostEqual(read["effective_rank"], math.exp(-(shares * np.log(shares)).sum()), places=2)
        projections = (rows[:, :9] @ torch.from_numpy(wanted)).numpy()
        np.testing.assert_allclose([t["by_sample"] for t in read["tokens"]], projections.T, atol=1e-3)
        np.testing.assert_allclose([t["sd"] for t in read["tokens"]], projections.std(0, ddof=1), atol=1e-3)
        first, others = projections[:, 0], projections[:, 1:].ravel()
        area = (first[:, None] > others).mean()
        self.assertAlmostEqual(read["auc"], max(area, 1 - area), delta=0.01)

    def test_gradients_are_those_of_autograd(self) -> None:
        writes = ",".join(f"blocks.{layer}.hook_mlp_out:{d}" for layer, d in self.WRITES)
        found = self.run_on("gate-readout", "--mlp-layer", self.LAYER, "--write", writes)
        self.assertIn("no sink", found["no_trials"])
        reads = {r["name"]: r for r in found["read_outs"]}
        directions = load_file(self.folder / "gate-readout.safetensors")
        seen = self.seen(self.LAYER)
        halves = found["halves"]
        self.assertEqual(sorted(halves["choosing"] + halves["testing"]), list(range(12)))
        energy = self.neurons(self.LAYER, seen["h"][halves["choosing"], 0]).square().mean(0)
        order = energy.argsort(descending=True)
        held = int((energy[order].cumsum(0) < 0.9 * energy.sum()).sum()) + 1
        named = [f"neuron {j}" for j in order[: min(16, max(3, held))].tolist()]
        self.assertEqual([r["name"] for r in found["read_outs"] if r["group"] == "neurons"], named)
        for i, name in enumerate(named):
            h = seen["h"][:, 0].clone().requires_grad_()
            value = self.neurons(self.LAYER, h)[:, order[i]].square().sum()
            self.assert_read_out(reads[name], directions["neurons"][i], torch.autograd.grad(value, h)[0], seen["h"], halves)
            gradient = self.neuron_gradient(self.LAYER, int(order[i]))
            self.assert_read_out(reads[f"{name} by the attention"], directions["neurons by the attention"][i], gradient, seen["attn_out"], halves)
        at = {0: iter(directions["blocks.0.mlp_out"]), 2: iter(directions["blocks.2.mlp_out"])}
        for layer, dimension in self.WRITES:
            self.assert_read_out(reads[f"blocks.{layer}.hook_mlp_out:{dimension}"], next(at[layer]), self.write_gradient(layer, dimension),
                                 self.seen(layer)["attn_out"], halves)
        top = directions["neurons"][:3].astype(np.float64)
        np.testing.assert_allclose(found["gram"]["cosines"], top @ top.T, atol=1e-5)
        shares = np.linalg.eigvalsh(top @ top.T)[::-1] / 3
        np.testing.assert_allclose(found["gram"]["eigen_energies"], shares, atol=1e-5)
        self.assertAlmostEqual(found["gram"]["effective_rank"], math.exp(-(shares * np.log(shares)).sum()), places=4)

    def test_alpha_and_R_are_those_of_numpy(self) -> None:
        found = self.run_on("magc", "--mlp-layer", self.LAYER)
        self.assertIn("no sink", found["no_trials"])
        mlp, seen = self.model.model.layers[self.LAYER].mlp, self.seen(self.LAYER)
        gate, up, down = (w.weight.detach().numpy() for w in (mlp.gate_proj, mlp.up_proj, mlp.down_proj))
        by_channel = gate * up * np.linalg.norm(down, axis=0)[:, None]
        for name, alpha in (("R_plus", np.where(gate > 0, by_channel, 0)), ("R_minus", np.where(gate < 0, by_channel, 0))):
            wanted = [concentration(alpha[:, i]) for i in range(alpha.shape[1])]
            np.testing.assert_allclose(found["by_channel"][name], wanted, atol=1e-5)
        chose = found["halves"]["choosing"]
        difference = (seen["h"][chose, 0] - seen["h"][chose, 1]).mean(0).numpy()
        np.testing.assert_allclose(found["by_channel"]["difference"], difference, atol=1e-4)
        i = int(abs(difference).argmax())
        self.assertEqual((found["channel"]["channel"], found["channel"]["direction"]), (i, int(np.sign(difference[i]))))
        alpha = np.where(gate[:, i] * difference[i] > 0, by_channel[:, i], 0)
        r = found["by_channel"]["R_plus" if difference[i] > 0 else "R_minus"]
        self.assertEqual(found["channel"]["rank_by_R"], 1 + sum(value > r[i] for value in r))
        written = seen["y"][chose, 0].mean(0).numpy()
        cosine = written @ down / np.linalg.norm(down, axis=0) / np.linalg.norm(written)
        top = abs(alpha).argsort()[::-1][:3]
        self.assertEqual(found["J"], [int(j) for j in top if abs(cosine[j]) > 0.9])
        self.assertEqual([n["neuron"] for n in found["neurons"][:3]], top.tolist())
        for neuron in found["neurons"]:
            j = neuron["neuron"]
            for key, wanted in (("alpha", alpha[j]), ("alpha_share", alpha[j] ** 2 / (alpha**2).sum()), ("cosine_to_written", cosine[j])):
                self.assertAlmostEqual(neuron[key], wanted, places=5)

    def test_none_without_a_spike_and_any_layer_when_named(self) -> None:
        for name in ("magc", "gate-readout"):
            with self.subTest(name):
                found = self.run_on(name)
                self.assertIsNone(found["layer"])
                self.assertIn("no sink", found["no_trials"])
                found = self.run_on(name, "--mlp-layer", 0, "--layer", 1)
                self.assertIsNone(found["no_trials"])
                self.assertTrue(found["trials"])
                found = self.run_on(name, "--mlp-layer", 2, "--layer", 1)
                self.assertIn("comes after the attention of layer 1", found["no_trials"])


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
