"""channel-trace and channel-patch on planted models, whose channels carry an energy from the MLP that makes it to the one
that writes the massive activation."""

from __future__ import annotations

from typing import Any

import numpy as np

from support.planted_by_hand import ByHand, uniform
from support.planted_cases import Planted
from support.program import QUIET, text_of
from support.selection import halves

CASES = ["base", "split", "redundant", "decoy", "wider", "rotated", "later-stages", "later", "second-circuit"]
LENGTH, SAMPLES, K = 64, 16, 8


def words(model: Planted) -> tuple[object, ...]:
    return (*text_of(model.folder, SAMPLES, LENGTH), *QUIET, "--threads", 1)


def channels(model: Planted) -> list[int]:
    """All that hold an energy, read or not."""
    return sorted([d for c in model.circuits for d in c["energy_dims"]] + model.truth["answers"]["not_signal"])


def sites(model: Planted) -> list[str]:
    """Where the energy is: after the MLP that makes it, up to the MLP that writes the massive activation."""
    return [*model.truth["signal_sites"], f"blocks.{model.layers['massive_activation']}.hook_resid_mid"]


class Energies:
    """Of a result's samples, in closed form, `[n, T]`; and which samples were tested, `[n]`."""

    def __init__(self, model: Planted, result: dict[str, Any]) -> None:
        by_hand = ByHand(model.folder)
        self.energy = by_hand.energies(by_hand.samples(result), uniform(LENGTH))
        self.tested = np.isin(np.arange(SAMPLES), halves(result["results"])["testing"])
