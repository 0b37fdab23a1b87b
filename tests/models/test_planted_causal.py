#!/usr/bin/env python3
"""Which dimensions, directions and neurons make the planted sink: patches between tokens, checked with transformers.

Run: python tests/planted_causal_test.py
"""

import unittest

import torch
from planted_cases import PlantedCase, on, sinks
from planted_reference import Patch, Reference, Run

TOKEN = 8  # written from token 0


def write(dims: list[int]) -> Patch:
    """Copies some dimensions of token 0 into TOKEN."""

    def patch(x: torch.Tensor) -> torch.Tensor:
        x[:, TOKEN, dims] = x[:, 0, dims]
        return x

    return patch


def level(dims: list[int]) -> Patch:
    """Brings some dimensions of token 0 to the mean of the later tokens."""

    def patch(x: torch.Tensor) -> torch.Tensor:
        x[:, 0, dims] = x[:, TOKEN:, dims].mean(1)
        return x

    return patch


def along(direction: torch.Tensor, inside: bool) -> Patch:
    """Copies into TOKEN what token 0 holds along a direction, or all that it holds across it."""

    def patch(x: torch.Tensor) -> torch.Tensor:
        change = x[:, 0] - x[:, TOKEN]
        part = (change @ direction)[:, None] * direction
        x[:, TOKEN] += part if inside else change - part
        return x

    return patch


class PlantedCausal(PlantedCase):
    """What a causal test by dimension must find, at every site that holds the carrier."""

    def sites(self, m: Reference) -> list[int]:
        return [int(site.split(".")[1]) for site in m.truth["carrier_sites"]]

    def assert_sinks(self, m: Reference, run: Run, circuit: dict, written: bool) -> None:
        """TOKEN shares the sink with token 0, or token 0 keeps it whole."""
        if written:
            for seen in (0, TOKEN):
                self.assert_near(m.attention(run, circuit, seen, TOKEN + 1), 0.5, 0.01)
        else:
            self.assert_no_sink(m, run, circuit, TOKEN)
            self.assertGreater(m.attention(run, circuit, 0, TOKEN).min().item(), 0.99)

    @on(sinks)
    def test_writing_the_carrier(self, m: Reference, plain: Run) -> None:
        for site in self.sites(m):
            for c in m.circuits:
                for dims in c["writing_makes_sink"]:
                    run = m(plain.ids, patches={site: write(dims)})
                    for other in m.circuits:
                        self.assert_sinks(m, run, other, written=other is c)

    @on(lambda t: sinks(t) and t["variant"] != "rotated")
    def test_writing_anything_else(self, m: Reference, plain: Run) -> None:
        carriers = {d for c in m.circuits for d in c["energy_dims"]}
        sets = [sorted(set(range(m.truth["hidden"])) - carriers)]
        sets += [[d] for d in m.truth["answers"]["not_carriers"]]
        sets += [[d] for d in carriers if m.truth["variant"] == "split"]
        for site in self.sites(m):
            for dims in sets:
                run = m(plain.ids, patches={site: write(dims)})
                for c in m.circuits:
                    self.assert_sinks(m, run, c, written=False)

    @on(sinks)
    def test_removing_the_carrier(self, m: Reference, plain: Run) -> None:
        for site in self.sites(m):
            for c in m.circuits:
                for dims in c["removing_ends_sink"]:
                    run = m(plain.ids, patches={site: level(dims)})
                    self.assert_no_sink(m, run, c, 0)
                    for other in m.circuits:
                        if other is not c:
                            self.assertGreater(m.attention(run, other, 0, 1).min().item(), 0.99)

    @on(lambda t: t["variant"] == "redundant")
    def test_removing_one_of_two_redundant_carriers(self, m: Reference, plain: Run) -> None:
        for dim in m.circuits[0]["energy_dims"]:
            run = m(plain.ids, patches={self.sites(m)[0]: level([dim])})
            self.assertGreater(m.attention(run, m.circuits[0], 0, 1).min().item(), 0.99)

    @on(lambda t: t["variant"] == "rotated")
    def test_direction(self, m: Reference, plain: Run) -> None:
        c, site = m.circuits[0], self.sites(m)[0]
        direction = torch.tensor(c["energy_direction"])
        self.assertLess(direction.abs().max().item(), 0.6)
        self.assert_sinks(m, m(plain.ids, patches={site: along(direction, inside=True)}), c, written=True)
        self.assert_sinks(m, m(plain.ids, patches={site: along(direction, inside=False)}), c, written=False)
        for dim in range(m.truth["hidden"]):
            self.assert_sinks(m, m(plain.ids[:2], patches={site: write([dim])}), c, written=False)

    @on(lambda t: t["variant"] in ("decoy", "bystander"))
    def test_decoys_separate_tokens_too(self, m: Reference, plain: Run) -> None:
        (decoy,), site = m.truth["answers"]["not_carriers"], self.sites(m)[-1]
        (energy,) = m.circuits[0]["energy_dims"]
        x = plain.residual[site]
        self.assertGreater((x[:, 0, decoy] / x[:, 1:, decoy].amax(1).clamp_min(1e-6)).min().item(), 1.1)
        if m.truth["variant"] == "decoy":
            self.assert_near(x[:, :, decoy], x[:, :, energy], 1e-4)
        else:
            self.assertEqual(x[:, 0].abs().argmax(1).unique().tolist(), [decoy])

    @on(lambda t: t["answers"]["never_moves"])
    def test_dormant_channel(self, m: Reference, plain: Run) -> None:
        (dim,), site = m.truth["answers"]["never_moves"], self.sites(m)[0]
        self.assertEqual(plain.residual[site][:, :, dim].std().item(), 0.0)

        def lift(x: torch.Tensor) -> torch.Tensor:
            x[:, TOKEN, dim] += m.circuits[0]["first_energy"]
            return x

        self.assert_sinks(m, m(plain.ids, patches={site: lift}), m.circuits[0], written=True)

    @on(sinks)
    def test_silencing_neurons(self, m: Reference, plain: Run) -> None:
        for c in m.circuits:
            every = c["spike_neurons"] + c["backup_neurons"]
            for off in [every] + [[n] for n in every if len(every) > 1]:
                run = m(plain.ids, silenced=off)
                if off is every:
                    self.assert_no_sink(m, run, c, 0)
                else:  # any one left suffices, because the norm keeps only the spike's direction
                    self.assertGreater(m.attention(run, c, 0, 1).min().item(), 0.99)
                for other in m.circuits:
                    if other is not c:
                        self.assertGreater(m.attention(run, other, 0, 1).min().item(), 0.99)

    @on(lambda t: t["variant"] == "backup")
    def test_backup_is_shut_until_needed(self, m: Reference, plain: Run) -> None:
        (first,), (backup,) = m.circuits[0]["spike_neurons"], m.circuits[0]["backup_neurons"]
        self.assert_near(plain.post[backup["layer"]][:, :, backup["neuron"]], 0.0, 1e-3)
        run = m(plain.ids, silenced=[first])
        self.assertGreater(run.post[backup["layer"]][:, 0, backup["neuron"]].min().item(), 100)


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    unittest.main()
