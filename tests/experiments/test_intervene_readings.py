"""What is beside a trial's effect: natural range, ordinary level, the same edit elsewhere. On a planted model, where what it must
say is known."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.planted_cases import Planted
from support.program import Program
from support.trial_runs import NEAR, words


@dataclass(frozen=True)
class Edited:
    """A planted model whose residual after the energy's block is edited."""

    program: Program
    model: Planted
    out: Path

    @property
    def energy(self) -> int:
        """The channel that carries it."""
        (energy,) = self.model.circuits[0]["energy_dims"]
        return energy

    def results(self, *edits: dict, tracked: tuple[object, ...] = ()) -> dict[str, Any]:
        """Of a trial an edit."""
        site = f"blocks.{self.model.layers['energy']}.hook_resid_post"
        listed = [{"name": str(i), "edits": [{"site": site, **edit}]} for i, edit in enumerate(edits)]
        return self.program.result("intervene", self.out, *words(self.model), *tracked, "--trials", json.dumps(listed))["results"]

    def trials(self, *edits: dict) -> list[dict[str, Any]]:
        """Of tokens 0 and 8."""
        return self.results(*edits, tracked=("--track", "0,8"))["trials"]


@pytest.fixture
def edited(program: Program, planted: Callable, tmp_path: Path) -> Edited:
    return Edited(program, planted("base"), tmp_path / "intervene.json")


def test_what_no_natural_token_holds_is_flagged_by_its_dimension(edited: Edited) -> None:
    far = [0.0] * edited.model.truth["hidden"]
    far[40] = 1e6
    level = {"operation": "mean", "dimensions": [edited.energy]}
    found = edited.trials(
        {"tokens": 20, "operation": "add", "dimensions": [40], "values": 1e6},
        {"tokens": 20, "operation": "add", "values": far},  # one value of many
        {"tokens": 0, **level, "from": {"tokens": [8]}},  # natural where it comes from
        {"tokens": 8, **level, "from": {"tokens": [0]}},
        {"all_but": 0, **level, "from": {"tokens": [8]}})
    outside = [trial["outside_natural_range"] for trial in found]
    for one in outside[:2]:
        assert (one["flagged"], one["largest"], one["dimension"]) == (True, 1, 40)
    assert outside[1]["share"] == pytest.approx(1 / edited.model.truth["hidden"], abs=0.05)
    for one in outside[2:4]:
        assert (one["flagged"], one["largest"], one["dimension"]) == (False, 0, None)
    assert outside[4] is None


def test_back_at_the_ordinary_level(edited: Edited) -> None:
    ended, kept = edited.trials({"tokens": 0, "operation": "zero", "dimensions": [edited.energy]},
                                {"tokens": 0, "operation": "zero", "dimensions": [40]})
    assert ended["mean_attention"][0]["is_ordinary"] == "yes"
    assert kept["mean_attention"][0]["is_ordinary"] == "no"
    assert kept["mean_attention"][0]["above_ordinary"]["mean"] == pytest.approx(1, abs=NEAR)


def test_an_ordinary_token_is_one_that_is_not_edited(edited: Edited) -> None:
    results = edited.results({"tokens": 4, "operation": "copy", "from": {"tokens": [0]}})  # a second sink
    assert results["tokens"]["ordinary"] == [5, 6, 7, 8]
    (trial,) = results["trials"]
    assert trial["mean_attention"][0]["edited"] == pytest.approx(0.5, abs=2 * NEAR)  # three queries do not see token 4
    assert trial["ordinary"]["edited"] == pytest.approx(0, abs=NEAR)


def test_a_value_keeps_its_source_elsewhere(edited: Edited) -> None:
    """A copy of token 0 makes another token a sink as well as the one that the trial writes to."""
    (written,) = edited.trials({"tokens": 8, "operation": "copy", "from": {"tokens": [0]}})
    assert written["controls"]["other_position"]["difference"][0]["mean"] == pytest.approx(-0.5, abs=NEAR)
