"""head-attribution finds that a planted average needs all of its heads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from support.figures import assert_drawn_the_same_twice
from support.program import QUIET, Program
from support.refusals import refusals
from support.trial_runs import NEAR, levels, words


def test_all_heads_are_needed(program: Program, planted: Callable, tmp_path: Path) -> None:
    model = planted("base")
    table = program.result("head-attribution", tmp_path / "head-attribution.json", *words(model), "--token", 8)["results"]["table"]
    rows = [row for row in table if row["at"] == 8]
    assert any(row["head"] == "all" and row["layer"] == model.layers["average"] for row in rows)
    for row in rows:
        wanted = 0.5 if row["head"] == "all" and row["layer"] == model.layers["average"] else 0
        assert levels(row)[8] == pytest.approx(wanted, abs=NEAR), row["name"]


def test_it_runs_on_every_family(program: Program, family_model: Path, tmp_path: Path) -> None:
    data = ("--model", family_model, "--tokens", "random", "--samples", 3, "--length", 24)
    program.result("head-attribution", tmp_path / "head-attribution.json", *data, *QUIET, "--layer", 1, "--controls", 2, "--layers", 0)


@refusals(
    (("--layers", "0,5"), "layer 5", "0 to 4"),
    (("--layers", "0,2"), "layer 2", "does not reach"),  # where the sink begins
)
def test_refused(options: tuple, parts: list[str], program: Program, planted: Callable, tmp_path: Path) -> None:
    program.assert_refused("head-attribution", *words(planted("base")), *options, out=tmp_path / "head-attribution.json", parts=parts)


def test_the_figure_is_drawn_the_same_twice(program: Program, planted: Callable, tmp_path: Path) -> None:
    result = tmp_path / "head-attribution.json"
    program.result("head-attribution", result, *words(planted("base")))
    assert_drawn_the_same_twice(result, tmp_path)
