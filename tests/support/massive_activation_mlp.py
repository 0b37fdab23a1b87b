"""The MLP that writes the planted massive activation. What magc and gate-readout must find follows from its construction: its
neurons' gate is 30 (E - threshold C), their up 100 C and 10 C, with E the energy and C the constant, both after the norm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from support.planted_cases import Planted
from support.program import QUIET, Program, text_of

CASES = ["base", "wider", "later", "decoy", "narrow-heads"]
SAMPLES, LENGTH = 48, 40
NEAR = 0.02  # a planted sink takes 0.99 and more
OPEN, SHUT = 3, -15  # gates beyond which SiLU is the identity, or nothing, to a few percent of the massive activation
TRIALS = (*QUIET, "--threads", 1, "--controls", 1, "--other-token", 5, "--no-loss")


def words(folder: Path) -> tuple[object, ...]:
    return (*text_of(folder, SAMPLES, LENGTH), *TRIALS)


class MassiveActivationMlp:
    """Of one planted model, with the MLP's normalised input h `[n, T, d]`."""

    def __init__(self, program: Program, model: Planted, scratch: Path) -> None:
        self.model, self.folder, self.truth = model, model.folder, model.truth
        (self.circuit, *_) = model.circuits
        (self.energy,) = self.circuit["energy_dims"]
        self.constant, self.layer = self.truth["constant_dim"], model.layers["massive_activation"]
        self.neurons = [n["neuron"] for n in self.circuit["massive_neurons"]]
        site, out = f"blocks.{self.layer}.ln2.hook_out", scratch / "activations.safetensors"
        program.output("activations", *text_of(model.folder, SAMPLES, LENGTH), *QUIET, "--sites", site, "--out", out)
        self.h = load_file(out)[site].astype(np.float64)

    def gate(self, h: np.ndarray) -> np.ndarray:
        """The neurons' gate before SiLU, of rows [.., d]."""
        return 30 * (h[..., self.energy] - self.circuit["threshold"] * h[..., self.constant])

    def level(self, massive: np.ndarray, token: int) -> float:
        """Mean attention to a token from queries 9 on, where `massive` [tokens] says which tokens have the massive activation: in
        the sink's heads those that a query sees share it; a query that sees none, and every other head, attends uniformly."""
        queries = np.arange(9, LENGTH)
        uniform, sharing = 1 / (queries + 1), massive.cumsum()[queries]
        in_sink = np.where(sharing > 0, massive[token] / np.maximum(sharing, 1), uniform)
        heads = len(self.circuit["sink_heads"]) / self.truth["options"]["heads"]
        return float((heads * in_sink + (1 - heads) * uniform).mean())

    def assert_levels(self, trial: dict[str, Any], at: int, gate: np.ndarray, testing: list[int]) -> None:
        """Sample by sample, where the edit leaves the neurons' gate of token `at` at `gate` [samples]; a token that repeats the
        first one has the massive activation by itself."""
        assert not ((gate > 0) & (gate < OPEN)).any(), trial["name"]
        massive = self.gate(self.h) > 0
        massive[:, at] = gate > 0
        for which, token in enumerate((0, 8)):
            found = np.array(trial["mean_attention"][which]["by_sample"]["edited"], dtype=float)  # null in the half that chose
            assert np.flatnonzero(np.isfinite(found)).tolist() == testing
            wanted = np.array([self.level(row, token) for row in massive])
            # SiLU lets a little of the opposite sign through a gate that has just shut: queries then turn from that key
            repels = (gate > SHUT) & (gate < 0) & (token == at)
            near, below = (part & np.isfinite(found) for part in (~repels, repels))
            np.testing.assert_allclose(found[near], wanted[near], atol=NEAR, err_msg=f"{trial['name']}, token {token}")
            assert (found[below] < wanted[below] + NEAR).all(), f"{trial['name']}, token {token}"
