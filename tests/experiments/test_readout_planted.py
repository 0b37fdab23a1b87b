"""magc and gate-readout must find what was planted. What is wanted follows from the construction: the spike's gate is
30 (E - threshold C), its up 100 C and 10 C, with E the energy and C the constant, both after the norm.
Run: readout_planted.py PROGRAM."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys
import tempfile
import unittest
from functools import cached_property
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from planted_cases import SETS
from readout_command import LENGTH, SAMPLES, command, run
from refusals import assert_refused
from sinkscope.planted.make import make_planted

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = "sinkscope"
CASES = ["base", "wider", "later", "decoy", "narrow heads"]
NEAR = 0.02  # a planted sink takes 0.99 and more
OPEN, SHUT = 3, -15  # gates beyond which SiLU is the identity, or nothing, to a few percent of the spike
FLOAT = 1e-4  # of a unit direction: float32 against float64


def activations(folder: Path, site: str) -> np.ndarray:
    out = folder / "activations.safetensors"
    words = [PROGRAM, "activations", "--model", folder, "--text", folder / "text.txt", "--samples", SAMPLES, "--length", LENGTH,
             "--device", "cpu", "--sites", site, "--out", out, "--force", "--quiet"]
    subprocess.run([str(word) for word in words], check=True)
    return load_file(out)[site]


def quadratic(folder: Path, out: Path, truth: dict) -> None:
    """The planted model with the spike's up reading the energy too, a tenth of what it reads of the constant, as MAGC's
    neurons do: what spikes stays, since the gate stays."""
    shutil.copytree(folder, out)
    tensors = load_file(folder / "model.safetensors")
    up = tensors[f"model.layers.{truth['layers']['spike']}.mlp.up_proj.weight"]
    (energy,) = truth["circuits"][0]["energy_dims"]
    for neuron in truth["circuits"][0]["spike_neurons"]:
        up[neuron["neuron"], energy] = 0.1 * up[neuron["neuron"], truth["constant_dim"]]
    save_file(tensors, out / "model.safetensors", metadata={"format": "pt"})


def found_neurons(folder: Path) -> int:
    return json.loads((folder / "config.json").read_text())["intermediate_size"]


class Planted:
    """One planted model and what its construction says of the MLP's normalised input h."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.truth = json.loads((folder / "planted.json").read_text())
        self.circuit = self.truth["circuits"][0]
        (self.energy,) = self.circuit["energy_dims"]
        self.constant, self.layer = self.truth["constant_dim"], self.truth["layers"]["spike"]
        self.neurons = [n["neuron"] for n in self.circuit["spike_neurons"]]
        self.h = activations(folder, f"blocks.{self.layer}.ln2.hook_out").astype(np.float64)

    @cached_property
    def swept(self) -> dict:
        """magc's results with values of the channel on both sides of where the gate of tokens 0 and 8 opens."""
        first, later = (self.circuit["threshold"] * self.h[:, token, self.constant] for token in (0, 8))
        values = [0, 0.97 * first.min(), 1.03 * first.max(), 0.9 * later.min(), 1.1 * later.max()]
        return run(PROGRAM, "magc", self.folder, "--multiples", "", "--values", ",".join(f"{v:.6f}" for v in values))

    def gate(self, h: np.ndarray) -> np.ndarray:
        """The spike's gate before SiLU, of rows [.., d]."""
        return 30 * (h[..., self.energy] - self.circuit["threshold"] * h[..., self.constant])

    def level(self, spikes: np.ndarray, token: int) -> float:
        """Mean attention to a token from queries 9 on, where `spikes` [tokens] says which tokens spike: in the sink's heads
        those that a query sees share it; a query that sees none, and every other head, attends uniformly."""
        queries = np.arange(9, LENGTH)
        uniform, sharing = 1 / (queries + 1), spikes.cumsum()[queries]
        in_sink = np.where(sharing > 0, spikes[token] / np.maximum(sharing, 1), uniform)
        heads = len(self.circuit["sink_heads"]) / self.truth["options"]["heads"]
        return float((heads * in_sink + (1 - heads) * uniform).mean())


class OnPlanted(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.place = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.place.cleanup)
        text = (ROOT / "models/planted/text.txt").read_text(encoding="utf-8")
        cls.models = {}
        for name in CASES:
            folder = Path(cls.place.name) / name.replace(" ", "-")
            make_planted(SETS[name], folder, text)
            cls.models[name] = Planted(folder)

    def each(self, claim) -> None:
        for name, model in self.models.items():
            with self.subTest(name):
                claim(model)

    def assert_levels(self, model: Planted, trial: dict, at: int, gate: np.ndarray, testing: list[int]) -> None:
        """Sample by sample, where the edit leaves the spike's gate of token `at` at `gate` [samples]; a token that repeats the
        first one spikes of itself."""
        self.assertFalse(((gate > 0) & (gate < OPEN)).any(), trial["name"])
        spikes = model.gate(model.h) > 0
        spikes[:, at] = gate > 0
        for which, token in enumerate((0, 8)):
            found = np.array(trial["mean_attention"][which]["by_sample"]["edited"], dtype=float)  # null in the half that chose
            self.assertEqual(np.flatnonzero(np.isfinite(found)).tolist(), testing)
            wanted = np.array([model.level(row, token) for row in spikes])
            # SiLU lets a little of the opposite sign through a gate that has just shut: queries then turn from that key
            repels = (gate > SHUT) & (gate < 0) & (token == at)
            near, below = (part & np.isfinite(found) for part in (~repels, repels))
            np.testing.assert_allclose(found[near], wanted[near], atol=NEAR, err_msg=f"{trial['name']}, token {token}")
            self.assertTrue((found[below] < wanted[below] + NEAR).all(), f"{trial['name']}, token {token}")

    def test_magc_names_energy_and_neurons(self) -> None:
        def claim(model: Planted) -> None:
            folder = model.folder.with_name(model.folder.name + "-quadratic")
            quadratic(model.folder, folder, model.truth)
            found = run(PROGRAM, "magc", folder, "--multiples", 0)
            shares = [n["energy_share"] for n in model.circuit["spike_neurons"]]
            self.assertEqual((found["layer"], found["channel"]["channel"], found["channel"]["direction"]), (model.layer, model.energy, 1))
            self.assertEqual((found["J"], found["no_J"]), (model.neurons, None))
            # both neurons read the energy as they read the constant, so alpha is as the planted ups are
            self.assertAlmostEqual(found["channel"]["R"], math.log(found_neurons(folder)) + sum(s * math.log(s) for s in shares), places=5)
            self.assertEqual(found["channel"]["rank_by_R"], 1)
            self.assertAlmostEqual(found["channel"]["cosine_of_predicted"], 1, places=5)
            for neuron, index, share in zip(found["neurons"], model.neurons, shares, strict=True):
                self.assertEqual((neuron["neuron"], neuron["gate_weight"]), (index, 30))
                self.assertAlmostEqual(neuron["alpha_share"], share, places=5)
                self.assertAlmostEqual(neuron["energy_share"], share, places=5)

        self.each(claim)

    def test_magc_says_where_up_does_not_read_the_channel(self) -> None:
        def claim(model: Planted) -> None:
            found = model.swept
            self.assertEqual((found["layer"], found["channel"]["channel"]), (model.layer, model.energy))
            self.assertEqual((found["J"], found["channel"]["R"]), ([], None))
            self.assertIn(f"channel {model.energy}", found["no_J"])
            self.assertEqual([n["neuron"] for n in found["neurons"]], model.neurons)
            for neuron, wanted in zip(found["neurons"], model.circuit["spike_neurons"], strict=True):
                self.assertAlmostEqual(neuron["energy_share"], wanted["energy_share"], places=5)
            # the constant is what gate (-30 threshold) and up both read, and no other channel
            for sign, wanted in (("R_minus", {model.constant}), ("R_plus", set())):
                self.assertEqual({d for d, r in enumerate(found["by_channel"][sign]) if r is not None}, wanted)

        self.each(claim)

    def test_magc_sweep_ends_and_makes_the_sink_at_the_threshold(self) -> None:
        def claim(model: Planted) -> None:
            h, found, made = model.h, model.swept, set()
            self.assertEqual(len(found["table"]), 2 + 2 * 5)
            for row, trial in zip(found["table"], found["trials"], strict=True):
                at = row["at"]
                edited = h[:, at].copy()
                edited[:, model.energy] = h[:, 8 - at, model.energy] if row["value"] is None else row["value"]
                gate = model.gate(edited)
                if ((gate > 0) & (gate < OPEN)).any():
                    continue  # a sample at the edge
                self.assert_levels(model, trial, at, gate, found["halves"]["testing"])
                made |= {(at, bool(spikes)) for spikes in gate > 0}
            self.assertEqual(made, {(0, False), (0, True), (8, False), (8, True)})

        self.each(claim)

    def test_gate_readout_reads_energy_over_the_threshold(self) -> None:
        def claim(model: Planted) -> None:
            found = run(PROGRAM, "gate-readout", model.folder)
            self.assertEqual(found["layer"], model.layer)
            neurons = [r for r in found["read_outs"] if r["group"] == "neurons"]
            self.assertEqual([r["name"] for r in neurons], [f"neuron {n}" for n in model.neurons])
            # one gate and ups of one direction: one direction
            np.testing.assert_allclose(found["gram"]["cosines"], np.ones((2, 2)), atol=FLOAT)
            np.testing.assert_allclose(found["gram"]["eigen_energies"], [1, 0], atol=FLOAT)
            self.assertAlmostEqual(found["gram"]["effective_rank"], 1, delta=0.01)
            # SiLU is the identity where the gate is far open, so z ~ (E - threshold C) C
            self.assertGreater(model.gate(model.h[:, 0]).min(), 5)
            chose = model.h[found["halves"]["choosing"], 0]
            e, c = chose[:, model.energy], chose[:, model.constant]
            wanted = np.zeros((len(e), model.h.shape[2]))
            wanted[:, model.energy], wanted[:, model.constant] = c, e - 2 * model.circuit["threshold"] * c
            wanted = (wanted / np.linalg.norm(wanted, axis=1, keepdims=True)).mean(0)
            wanted /= np.linalg.norm(wanted)
            directions = load_file(model.folder / found["directions"]["neurons"]["file"])["neurons"]
            for direction, read in zip(directions, neurons, strict=True):
                np.testing.assert_allclose(direction, wanted, atol=0.002)
                self.assertEqual({c["channel"] for c in read["channels"][:2]}, {model.energy, model.constant})
                self.assertAlmostEqual(read["consistency"], 1, places=4)
            # what the edits leave of E and C says which tokens spike
            direction = directions[0].astype(np.float64)
            along = model.h @ direction
            out, copied = model.h[:, 0] - along[:, :1] * direction, model.h[:, 8] + (along[:, 0] - along[:, 8])[:, None] * direction
            trials = {t["name"]: t for t in found["trials"]}
            for name, at, h in (("neurons, span: out at token 0", 0, out), ("neurons, span: token 0's at token 8", 8, copied)):
                self.assertTrue((model.gate(h) > 0).all() if at == 8 else (model.gate(h) < 0).all(), name)
                self.assert_levels(model, trials[name], at, model.gate(h), found["halves"]["testing"])

        self.each(claim)

    def test_gate_readout_finds_no_direction_in_a_sum_of_squares(self) -> None:
        model = self.models["base"]
        site = f"blocks.{model.truth['layers']['energy']}.hook_mlp_out"
        found = run(PROGRAM, "gate-readout", model.folder, "--write", f"{site}:{model.energy}")
        (read,) = (r for r in found["read_outs"] if r["name"].startswith(site))
        # its gradient has each sample's own signs: n random ones leave 1/sqrt(n), beside the norm's share along C
        self.assertLess(read["consistency"], 2 / math.sqrt(len(found["halves"]["choosing"])))
        self.assertGreater(read["effective_rank"], len(model.circuit["average_dims"]) / 2)

    def test_none_without_a_sink(self) -> None:
        for stage in ("energy", "keys"):
            folder = Path(self.place.name) / f"none-{stage}"
            make_planted(SETS[f"none: {stage}"], folder, (ROOT / "models/planted/text.txt").read_text(encoding="utf-8"))
            for name in ("magc", "gate-readout"):
                with self.subTest(f"{name}, {stage}"):
                    found = run(PROGRAM, name, folder)
                    self.assertIsNone(found["layer"])
                    self.assertIn("no sink", found["no_trials"])
                    self.assertEqual(found["trials"], [])
                    self.draw(name, folder)
        # the spike is there and nothing attends to it: the MLP that is named is read, and no trial is made
        layer = json.loads((folder / "planted.json").read_text())["layers"]["spike"]
        found = run(PROGRAM, "magc", folder, "--mlp-layer", layer)
        planted = json.loads((folder / "planted.json").read_text())
        self.assertEqual(found["channel"]["channel"], planted["circuits"][0]["energy_dims"][0])
        self.assertIn("no sink", found["no_trials"])

    def test_figures_are_drawn_the_same_twice(self) -> None:
        folder = self.models["base"].folder
        for name, options in (("magc", ("--multiples", "", "--values", 7)), ("gate-readout", ("--mlp-layer", 1, "--write", "blocks.0.hook_mlp_out:3"))):
            run(PROGRAM, name, folder, *options)
            drawn = []
            for _ in range(2):
                self.draw(name, folder)
                drawn.append((folder / "figure.png").read_bytes())
            self.assertEqual(drawn[0], drawn[1], name)

    def draw(self, name: str, folder: Path) -> None:
        words = [sys.executable, ROOT / "scripts/plot.py", folder / f"{name}.json", "-o", folder / "figure.png"]
        done = subprocess.run(list(map(str, words)), capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_refused_before_weights_are_read(self) -> None:
        folder = self.models["base"].folder
        for name, options, *parts in [
            ("magc", ("--mlp-layer", 5), "--mlp-layer 5", "0 to 4"), ("magc", ("--multiples", "1,x"), "--multiples", "'x'"),
            ("magc", ("--multiples", ""), "--multiples and --values are empty"), ("magc", ("--token", 39), "token 39"),
            ("magc", ("--other-token", 8), "--other-token 8"), ("gate-readout", ("--write", "blocks.0.hook_mlp_out"), "no dimension"),
            ("gate-readout", ("--write", "blocks.0.hook_attn_out:3"), "not the output of an MLP"),
            ("gate-readout", ("--write", "blocks.0.hook_mlp_out:96"), "dimension 96", "0 to 95"),
            ("gate-readout", ("--write", "blocks.5.hook_mlp_out:3"), "5", "0 to 4"),
            ("gate-readout", ("--write", "blocks.0.hook_mlp_out:3,blocks.0.hook_mlp_out:3"), "twice"),
            ("gate-readout", ("--write", "blocks.0.hook_mlp_out:x"), "'x'"),
        ]:
            with self.subTest(f"{name} {options}"):
                out = folder / f"{name}.json"
                out.unlink(missing_ok=True)
                assert_refused(self, command(PROGRAM, name, folder, *options), out, parts)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
