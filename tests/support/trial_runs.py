"""Experiments made of trials on planted models: how they are run, and the levels that follow from what was planted."""

from __future__ import annotations

from typing import Any

import pytest

from support.planted_cases import Planted
from support.program import QUIET, text_of

CASES = ["base", "wider", "later-stages", "narrow-heads", "later", "decoy"]
LENGTH = 64
NEAR = 0.02  # a planted sink takes 0.99 and more, so halves and wholes are met within this


def words(model: Planted) -> tuple[object, ...]:
    return (*text_of(model.folder, 12, LENGTH), *QUIET, "--threads", 1, "--controls", 3, "--other-token", 5)


def levels(row: dict[str, Any]) -> dict[int, float]:
    """The sink's level by token, of a row of the table."""
    return {sink["token"]: sink["level"]["mean"] for sink in row["sink"]}


def uniform(first: int) -> float:
    """Mean attention from queries `first` on where every row attends alike to all that it sees."""
    return sum(1 / (query + 1) for query in range(first, LENGTH)) / (LENGTH - first)


def assert_level(found: float, model: Planted, share: float | None, first: int, what: str) -> None:
    """`share` of the sink, which is in some heads; None: no sink is left. Every other head attends uniformly."""
    heads = len(model.circuits[0]["sink_heads"]) / model.truth["options"]["heads"]
    wanted = uniform(first) if share is None else heads * share + (1 - heads) * uniform(first)
    assert found == pytest.approx(wanted, abs=NEAR), what
