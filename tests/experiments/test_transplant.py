"""transplant finds from which site on the first token's vector holds all that a planted sink needs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from support.figures import assert_drawn_the_same_twice
from support.program import QUIET, Program
from support.refusals import refusals
from support.trial_runs import CASES, assert_level, levels, words


@pytest.mark.parametrize("name", CASES)
def test_the_vector_is_complete_from_the_average_on(name: str, program: Program, planted: Callable, tmp_path: Path) -> None:
    model = planted(name)
    for row in program.result("transplant", tmp_path / "transplant.json", *words(model), "--token", 8)["results"]["table"]:
        layer = -1 if row["site"] == "hook_embed" else int(row["site"].split(".")[1])
        complete, level = layer >= model.layers["average"], levels(row)
        if row["to"] == 8:
            shares = {0: 0.5, 8: 0.5} if complete else {0: 1, 8: 0}
        else:
            shares = {0: None if complete else 1}
        for token, share in shares.items():
            assert_level(level[token], model, share, 9, f"{row['name']}, token {token}")


def test_it_runs_on_every_family(program: Program, family_model: Path, tmp_path: Path) -> None:
    data = ("--model", family_model, "--tokens", "random", "--samples", 3, "--length", 24)
    program.result("transplant", tmp_path / "transplant.json", *data, *QUIET, "--layer", 1, "--controls", 2)


def test_batches_change_no_number(program: Program, planted: Callable, tmp_path: Path) -> None:
    whole, parts = (program.result("transplant", tmp_path / f"{size}.json", *words(planted("base")), "--batch-size", size)["results"]
                    for size in (12, 5))
    for a, b in zip(whole["table"], parts["table"], strict=True):
        for token in (0, 8):
            assert levels(a)[token] == pytest.approx(levels(b)[token], abs=1e-5)


@refusals(
    (("--token", 63), "token 63", "samples of 65"),
    (("--other-token", 8), "--other-token 8"),
)
def test_refused(options: tuple, parts: list[str], program: Program, planted: Callable, tmp_path: Path) -> None:
    program.assert_refused("transplant", *words(planted("decoy")), *options, out=tmp_path / "transplant.json", parts=parts)


def test_the_figure_is_drawn_the_same_twice(program: Program, planted: Callable, tmp_path: Path) -> None:
    result = tmp_path / "transplant.json"
    program.result("transplant", result, *words(planted("base")))
    assert_drawn_the_same_twice(result, tmp_path)
