#!/usr/bin/env python3
"""The planted models' answers, checked with transformers (eager attention, float32, explicit 4-D masks).

planted.json says what is true of a model; here a second implementation confirms it, so that the experiments can be
held against planted.json. The causal answers have their own file, planted_causal_test.py.
Run: python tests/planted_circuit_test.py
"""

import unittest
from pathlib import Path

import torch
from planted_cases import ROOT, SAMPLES, PlantedCase, T, every, on, sinks
from planted_reference import Reference, Run, keep_only, move, own_row


class PlantedCircuit(PlantedCase):
    """What scan, rope-swap, vocab-sweep, self-mask and mlp-probe must find."""

    def test_committed_model_is_what_the_script_writes(self) -> None:
        for name in ("config.json", "tokenizer.json", "text.txt", "planted.json", "model.safetensors"):
            made = Path(self.folder.name) / "base" / name
            self.assertEqual((ROOT / "models/planted" / name).read_bytes(), made.read_bytes(), name)

    @on(every)
    def test_scan(self, m: Reference, run: Run) -> None:
        uniform = 1.0 / torch.arange(1, T + 1)
        expected = uniform[:, None].expand(T, T).tril()
        sinking = {(layer, h) for layer in m.layers["sink"] for c in m.circuits for h in c["sink_heads"]}
        for layer, pattern in enumerate(run.patterns):
            for head in range(pattern.shape[1]):
                if (layer, head) in sinking:
                    self.assertGreater(pattern[:, head, 1:, 0].mean((1)).min().item(), 0.99)
                else:
                    self.assert_near(pattern[:, head], expected, 1e-6)

    def test_base_on_every_slicing(self) -> None:
        m = self.models["base"]
        for length in (32, 64, 128, 512):
            run = m(m.windows(32, length))
            for circuit in m.circuits:
                self.assertGreater(m.attention(run, circuit, 0, 1).min().item(), 0.999)
            energy = run.residual[m.layers["energy"]][:, :, m.circuits[0]["energy_dims"][0]]
            self.assert_near(energy[:, 0], m.circuits[0]["first_energy"], 1e-4)
            self.assertLess(energy[:, 1:].max().item(), 0.92 * m.circuits[0]["first_energy"])

    @on(lambda t: t["variant"] not in ("none", "rotated"))
    def test_first_energy(self, m: Reference, run: Run) -> None:
        for c in m.circuits:
            energy = run.residual[m.layers["energy"]][:, 0, c["energy_dims"]]
            energy = energy.mean(1) if m.truth["variant"] == "redundant" else energy.sum(1)
            self.assert_near(energy, c["first_energy"], 1e-3)

    @on(every)
    def test_rope_swap(self, m: Reference, plain: Run) -> None:
        block = {i: i + 20 for i in range(6)}
        reverse, shift = {i: T - 1 - i for i in range(T)}, {i: i + 300 for i in range(T)}
        for moves in ({0: 1}, {0: T - 1}, {4: 0}, {16: 0}, {0: 8, 8: 0}, block, reverse, shift):
            run = m(plain.ids, positions=move(T, moves))
            for before, after in zip(plain.patterns, run.patterns):
                self.assert_near(after, before, m.truth["answers"]["rope_swap"]["tolerance"])

    @on(sinks)
    def test_vocab_sweep_and_atlas(self, m: Reference, plain: Run) -> None:
        ids, context = torch.arange(m.vocab), plain.ids[1, 1:20]
        run = m(torch.cat([ids[:, None], context.expand(m.vocab, -1)], dim=1))
        for c in m.circuits:
            score = m.attention(run, c, 0, 1).mean((0, 2, 3))  # [vocab]
            self.assertEqual(torch.nonzero(score < 0.4).flatten().tolist(), c["weak_ids"])
            weak = torch.isin(ids, torch.tensor(c["weak_ids"]))
            if c["weak_ids"]:
                self.assert_near(score[weak], (1.0 / torch.arange(2, 21)).mean(), 1e-5)
            alike = score[~weak & (ids != context[0])]
            self.assertGreater(alike.min().item(), 0.999)
            self.assertLess((alike.max() - alike.min()).item(), 1e-4)
            self.assert_near(score[context[0]], 0.5, 0.01)  # the first token repeated: two sinks
            spikes = run.mlp_out[m.layers["spike"]][:, 0, c["spike_dims"]].abs().amin(1) > 100
            self.assertTrue(torch.equal(spikes, ~weak))

    def assert_shared(self, m: Reference, run: Run, tokens: list[int]) -> None:
        """After the last of `tokens`, they and token 0 have equal shares of the sink."""
        for c in m.circuits:
            for token in [0, *tokens]:
                self.assert_near(m.attention(run, c, token, max(tokens)), 1 / (1 + len(tokens)), 0.01)

    @on(sinks)
    def test_self_mask(self, m: Reference, plain: Run) -> None:
        average, last = m.layers["average"], len(plain.patterns)
        for tokens in ([1], [4], [8], [1, 4, 8]):
            self.assert_shared(m, m(plain.ids, masks={average: own_row(T, tokens)}), tokens)
        for layers in (range(average + 1), range(average, average + 2)):
            self.assert_shared(m, m(plain.ids, masks={i: own_row(T, [4]) for i in layers}), [4])
        for layer in set(range(last)) - {average}:
            run = m(plain.ids, masks={layer: own_row(T, [4])})
            for before, after in zip(plain.patterns, run.patterns):
                self.assert_near(after[:, :, 5:], before[:, :, 5:], 1e-6)

    @on(sinks)
    def test_every_token_alone(self, m: Reference, plain: Run) -> None:
        run = m(plain.ids, masks={m.layers["average"]: own_row(T, list(range(T)))})
        for c in m.circuits:  # all are marked, so none stands out
            self.assert_near(m.attention(run, c, 0, 1), 1.0 / torch.arange(2, T + 1), 1e-3)

    @on(sinks)
    def test_mark(self, m: Reference, plain: Run) -> None:
        run = m(plain.ids, masks={m.layers["average"]: keep_only(T, 8, 3)})
        for c in m.circuits:
            wanted = 0.5 if m.truth["mark"] == "one key" else 0.0
            self.assert_near(m.attention(run, c, 8, 8), wanted, 0.01)

    @on(every)
    def test_spike(self, m: Reference, run: Run) -> None:
        probe, layer = m.truth["answers"]["mlp_probe"], m.layers["spike"]
        out, dims = run.mlp_out[layer], sorted(sum(probe["spike_dims"], []))
        found = {tuple(place) for place in torch.nonzero(out.abs() > 100).tolist()}
        self.assertEqual(found, {(i, t, d) for i in range(SAMPLES) for t in probe["tokens"] for d in dims})
        quiet = out.clone()
        quiet[:, 0, dims] = 0
        self.assertLess(quiet.abs().max().item(), 0.1)
        for other in set(range(len(run.mlp_out))) - {layer}:
            self.assertLess(run.mlp_out[other].abs().max().item(), 100)

    @on(lambda t: t["answers"]["mlp_probe"]["spike_dims"])
    def test_spike_is_massive(self, m: Reference, run: Run) -> None:
        first = run.residual[m.layers["spike"]][:, 0]
        for c in m.circuits:
            spike = first[:, c["spike_dims"]]
            self.assertGreater((spike.abs() / first.abs().median(1, keepdim=True).values).min().item(), 1000)
            out = run.mlp_out[m.layers["spike"]][:, 0, c["spike_dims"]]
            self.assert_near(out[:, 0] / out[:, 1], c["spike_ratio"], 1e-4)

    @on(lambda t: t["answers"]["mlp_probe"]["tokens"])
    def test_neurons(self, m: Reference, run: Run) -> None:
        layer = m.layers["spike"]
        energy = run.post[layer][:, 0] ** 2
        share = energy / energy.sum(1, keepdim=True)
        listed = [n for c in m.circuits for n in c["spike_neurons"]]
        self.assertGreater(share[:, [n["neuron"] for n in listed]].sum(1).min().item(), 0.99999)
        for c in m.circuits:
            index = [n["neuron"] for n in c["spike_neurons"]]
            own = share[:, index] / share[:, index].sum(1, keepdim=True)
            self.assert_near(own, torch.tensor([n["energy_share"] for n in c["spike_neurons"]]), 1e-5)
            columns = torch.nn.functional.normalize(m.model.model.layers[layer].mlp.down_proj.weight[:, index], dim=0)
            self.assert_near(columns.T @ columns, 1.0, 1e-6)


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    unittest.main()
