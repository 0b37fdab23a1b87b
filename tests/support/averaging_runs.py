"""stat-match and mix-dose on planted models: every sample's attention in every trial is worked out in numpy from the planted
weights (planted_by_hand), and who is a sink from the energy's closed form: a token is one where the energy of its averaged
signs passes the threshold."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from support.planted_by_hand import ByHand
from support.planted_cases import Planted
from support.program import QUIET, text_of

# Where the threshold is low, token 1 passes it in some samples: then predecessors and means do so too, in some.
CASES = ["base", "itself", "wider", "later", "split", "later-stages", "low-threshold"]
LENGTH, SAMPLES, K = 64, 12, 8
NEAR = 0.01  # float32, and what rotary position turns
CLEAR = 0.01  # an energy this far from the threshold leaves no doubt


def words(model: Planted) -> tuple[object, ...]:
    return (*text_of(model.folder, SAMPLES, LENGTH), *QUIET, "--threads", 1, "--controls", 2)


def only(key: int) -> np.ndarray:
    """An attention row."""
    return np.eye(LENGTH)[key]


class Averaging:
    """A planted model and what an experiment made of its averaging layer."""

    def __init__(self, name: str, model: Planted, result: dict[str, Any]) -> None:
        self.name, self.result, self.by_hand = name, result, ByHand(model.folder)
        self.threshold: float = self.by_hand.circuit["threshold"]
        self.tracked: list[int] = result["results"]["tokens"]["tracked"]

    @cached_property
    def ids(self) -> np.ndarray:
        """`[n, T]`"""
        return self.by_hand.samples(self.result)

    def rows(self, **wanted: object) -> list[tuple[dict, dict]]:
        """(row of the table, trial) where the row says what is wanted; at least one."""
        results = self.result["results"]
        pairs = list(zip(results["table"], results["trials"], strict=True))
        assert all(row["name"] == trial["name"] for row, trial in pairs)
        found = [(row, trial) for row, trial in pairs if all(row[key] == value for key, value in wanted.items())]
        assert found, wanted
        return found

    def trial(self, **wanted: object) -> dict[str, Any]:
        """Of the only row that says what is wanted."""
        ((_, trial),) = self.rows(**wanted)
        return trial

    def by_sample(self, trial: dict[str, Any], token: int) -> np.ndarray:
        return np.array(trial["mean_attention"][self.tracked.index(token)]["by_sample"]["edited"])

    def sinks(self, trial: dict[str, Any], token: int) -> np.ndarray:
        """`[n]` bool: whether the token gets more than an ordinary one, by far."""
        return self.by_sample(trial, token) > 0.06

    def assert_as_worked_out(self, trial: dict[str, Any], ids: np.ndarray, output: np.ndarray) -> None:
        wanted = self.by_hand.sink(ids, output)[:, :, max(self.tracked) + 1 :].mean((1, 2))  # [n, key]
        for token in self.tracked:
            np.testing.assert_allclose(self.by_sample(trial, token), wanted[:, token], atol=NEAR, rtol=0,
                                       err_msg=f"{trial['name']}, token {token}")

    def assert_share(self, trial: dict[str, Any], energies: np.ndarray) -> None:
        """Tokens 0 and k share the sink with all that pass the threshold, evenly: half and half if no other token does."""
        count = (energies > self.threshold).sum(1)
        assert len(self.by_hand.circuit["sink_heads"]) == self.by_hand.o["heads"]
        clear = (np.abs(energies - self.threshold) > CLEAR).all(1)
        assert clear.sum() > SAMPLES / 2
        for token in (0, K):
            assert (energies[:, token] > self.threshold).all()
            np.testing.assert_allclose(self.by_sample(trial, token)[clear], 1 / count[clear], atol=NEAR, rtol=0,
                                       err_msg=f"{trial['name']}, token {token}")
