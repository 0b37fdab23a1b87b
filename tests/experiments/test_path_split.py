"""path-split follows the planted energy from the MLP that writes it to the MLP that reads it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from support.figures import assert_drawn_the_same_twice
from support.program import QUIET, Program
from support.refusals import refusals
from support.trial_runs import CASES, assert_level, levels, words


@pytest.mark.parametrize("name", CASES)
def test_the_energy_reaches_the_massive_activation(name: str, program: Program, planted: Callable, tmp_path: Path) -> None:
    model = planted(name)
    at = model.layers
    options = ("--written", f"blocks.{at['energy']}.hook_mlp_out")
    for row in program.result("path-split", tmp_path / "path-split.json", *words(model), *options)["results"]["table"]:
        layer, part = int(row["taken_away_at"].split(".")[1]), row["taken_away_at"].split("hook_")[1]
        # the massive activation's MLP reads it, and until there the residual carries it
        lost = part == "mlp_in" and layer == at["massive_activation"]
        lost |= part in ("resid_mid", "resid_post", "mlp_out") and layer < at["massive_activation"]
        lost |= part == "resid_mid" and layer == at["massive_activation"]
        assert_level(levels(row)[0], model, None if lost else 1, 1, row["name"])


def test_it_runs_on_every_family(program: Program, family_model: Path, tmp_path: Path) -> None:
    data = ("--model", family_model, "--tokens", "random", "--samples", 3, "--length", 24)
    program.result("path-split", tmp_path / "path-split.json", *data, *QUIET, "--layer", 1, "--controls", 2)


@refusals(
    (("--written", "hook_embed"), "no output of an attention"),
    (("--written", "blocks.3.hook_mlp_out"), "the sink appears in layer"),
)
def test_refused(options: tuple, parts: list[str], program: Program, planted: Callable, tmp_path: Path) -> None:
    program.assert_refused("path-split", *words(planted("decoy")), *options, out=tmp_path / "path-split.json", parts=parts)


def test_no_sink_is_said_as_such(program: Program, planted: Callable, tmp_path: Path) -> None:
    program.assert_refused("path-split", *words(planted("none-massive_activation")), out=tmp_path / "path-split.json", parts=["no sink"])


def test_the_figure_is_drawn_the_same_twice(program: Program, planted: Callable, tmp_path: Path) -> None:
    result = tmp_path / "path-split.json"
    program.result("path-split", result, *words(planted("base")))
    assert_drawn_the_same_twice(result, tmp_path)
