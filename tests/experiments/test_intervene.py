"""intervene runs the trials that a user writes: edits before and after the sink's attention, conditions with edits, copies from
other runs, sites in every layer. On a planted model, where what they do is known."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.figures import assert_drawn_the_same_twice
from support.planted_cases import Planted
from support.program import QUIET, Program
from support.trial_runs import NEAR, words

ZERO = {"site": "blocks.0.hook_mlp_out", "tokens": 0, "operation": "zero"}


@pytest.fixture(scope="module")
def base(planted: Callable) -> Planted:
    return planted("base")


@pytest.fixture
def intervene(program: Program, base: Planted, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """The results of a list of trials."""

    def run(trials: list[dict], *options: object) -> dict[str, Any]:
        words_ = (*words(base), "--force", "--trials", json.dumps(trials), *options)
        return program.result("intervene", tmp_path / "intervene.json", *words_)["results"]

    return run


def test_an_edit_after_the_sink_layers_attention(intervene: Callable, base: Planted) -> None:
    """Controls end there, so they see nothing of it; what comes later does."""
    sites = {"early": f"blocks.{base.layers['massive_activation']}.hook_mlp_out", "late": f"blocks.{base.layers['sink'][0]}.attn.hook_z"}
    edits = {name: {"site": site, "tokens": 0, "operation": "zero"} for name, site in sites.items()}
    trials = [*({"name": name, "edits": [edit]} for name, edit in edits.items()), {"name": "both", "edits": list(edits.values())}]
    early, late, both = intervene(trials)["trials"]
    for name in ("mean_attention", "frozen", "controls"):
        assert both[name] == early[name]
    assert [control["largest"] for control in late["controls"]["random"]] == [0]
    assert late["mean_attention"][0]["difference"]["ci95"] == [0, 0]


def test_random_moves_after_the_sink_under_a_condition_do_nothing(intervene: Callable, base: Planted) -> None:
    late = {"site": f"blocks.{base.layers['sink'][0]}.attn.hook_z", "tokens": 0, "operation": "zero"}
    asked = [{"name": "late", "attention": f"layers={base.layers['average']};tokens=8", "edits": [late]}]
    (trial,) = intervene(asked, "--track", "0,8")["trials"]
    assert [control["largest"] for control in trial["controls"]["random"]] == [0, 0]
    assert trial["mean_attention"][1]["edited"] == pytest.approx(0.5, abs=NEAR)


def test_a_trial_may_go_without_random_controls(intervene: Callable) -> None:
    """All else of it stays the same."""
    held, bare = intervene([{"name": "held", "edits": [ZERO]}, {"name": "bare", "edits": [ZERO], "random_controls": False}])["trials"]
    assert held["controls"].pop("random") and bare["controls"].pop("random") is None
    assert held.pop("name") + bare.pop("name") == "heldbare"
    assert bare.pop("random_controls") is False
    assert held == bare


def test_conditions_and_edits_together(intervene: Callable, base: Planted) -> None:
    at, circuit = base.layers, base.circuits[0]
    alone = f"layers={at['average']};tokens=8"
    level = {"site": f"blocks.{at['energy']}.hook_resid_post", "operation": "mean", "tokens": 8, "dimensions": circuit["energy_dims"],
             "from": {"tokens": [20]}}
    copy = {**level, "operation": "copy", "from": {"run": "alone"}}
    trials = [{"name": "alone", "attention": alone}, {"name": "alone, clamped", "attention": alone, "edits": [level]},
              {"name": "copied", "edits": [copy]}]
    results = intervene(trials, "--track", "0,8", "--runs", json.dumps({"alone": alone}))
    found = {trial["name"]: trial["mean_attention"][1]["edited"] for trial in results["trials"]}
    assert found == pytest.approx({"alone": 0.5, "alone, clamped": 0, "copied": 0.5}, abs=NEAR)
    both = results["trials"][1]  # what its edit does is told from what its condition does
    assert both["from_condition"][1]["mean"] == pytest.approx(-0.5, abs=NEAR)
    assert both["controls"]["other_position"]["difference"][1]["mean"] == pytest.approx(0, abs=NEAR)
    assert results["trials"][0]["from_condition"] is None
    # by itself, where no other trial keeps the place that its no-op begins at
    (single,) = intervene(trials[1:2], "--track", "0,8")["trials"]
    assert single["controls"]["no_op_largest_difference"] == 0


def test_a_condition_is_held_against_another_token(intervene: Callable, base: Planted) -> None:
    condition = f"layers=0-{base.layers['average']};tokens=8"
    (alone,) = intervene([{"name": "alone", "attention": condition}], "--track", "0,8")["trials"]
    assert alone["mean_attention"][1]["difference"]["mean"] == pytest.approx(0.5, abs=NEAR)
    assert alone["controls"]["other_position"]["difference"][1]["mean"] == pytest.approx(0, abs=NEAR)


def test_an_edit_in_every_layer(intervene: Callable) -> None:
    (trial,) = intervene([{"name": "no MLP", "edits": [ZERO | {"site": "blocks.*.hook_mlp_out"}]}])["trials"]
    assert [edit["site"] for edit in trial["edits"]] == [f"blocks.{i}.hook_mlp_out" for i in range(5)]
    assert trial["mean_attention"][0]["is_ordinary"] == "yes"


def test_it_runs_on_every_family(program: Program, family_model: Path, tmp_path: Path) -> None:
    edits = [{"name": "alone, resampled", "attention": "layers=0;tokens=4", "edits": [ZERO | {"tokens": 4, "operation": "resample"}]},
             {"name": "head", "edits": [{"site": "blocks.0.attn.hook_z", "tokens": 0, "heads": 1, "operation": "zero"}]}]
    data = ("--model", family_model, "--tokens", "random", "--samples", 3, "--length", 24)
    program.result("intervene", tmp_path / "intervene.json", *data, *QUIET, "--layer", 1, "--controls", 2, "--trials", json.dumps(edits))


def test_the_figure_is_drawn_the_same_twice(intervene: Callable, tmp_path: Path) -> None:
    intervene([{"name": "alone", "attention": "layers=0;tokens=8"}, {"name": "zero", "edits": [ZERO]}], "--track", "0,8")
    assert_drawn_the_same_twice(tmp_path / "intervene.json", tmp_path)


LATE = [{"name": "late", "edits": [ZERO | {"site": "blocks.4.hook_mlp_out"}]}]
PAIR = [{"name": "a", "edits": [ZERO]}, {"name": "b", "edits": [ZERO | {"site": "blocks.1.hook_mlp_out"}]},
        {"name": "ab", "edits": [ZERO], "interaction_of": ["a", "b"]}]


@pytest.mark.parametrize(("trials", "options", "parts"), [
    pytest.param(json.dumps(LATE), ("--track", 8), ["tracked tokens 8", "token 0 first"], id="tracking without token 0"),
    pytest.param(json.dumps(LATE), ("--no-loss",), ["'late'", "nothing would see"], id="an edit that nothing sees"),
    pytest.param(json.dumps(PAIR), (), ["'ab'", "of both and no other"], id="an interaction without one of its edits"),
    pytest.param(json.dumps([{"name": "a", "edits": [ZERO], "random_controls": 0}]), (), ["'a'", "random_controls", "true or false"],
                 id="a flag that is none"),
    pytest.param("[]", (), ["not empty"], id="no trials"),
    pytest.param("{", (), ["not JSON"], id="no JSON"),
    pytest.param("no-such-file", (), ["cannot be read"], id="no file"),
])
def test_refused(trials: str, options: tuple, parts: list[str], program: Program, planted: Callable, tmp_path: Path) -> None:
    out = tmp_path / "intervene.json"
    program.assert_refused("intervene", *words(planted("decoy")), "--trials", trials, *options, out=out, parts=parts)


def test_a_mean_over_positions_of_ragged_samples_is_refused(program: Program, base: Planted, tmp_path: Path) -> None:
    everywhere = [{"name": "m", "edits": [{"site": "blocks.0.hook_mlp_out", "all_but": 0, "operation": "mean"}]}]
    ragged = tmp_path / "ragged.json"
    ragged.write_text(json.dumps([[1 + i + j for j in range((40, 21)[i % 2])] for i in range(12)]))
    data = ("--model", base.folder, "--tokens", ragged, "--samples", 12, "--length", 64, *QUIET, "--controls", 3, "--other-token", 5)
    program.assert_refused("intervene", *data, "--trials", json.dumps(everywhere), out=tmp_path / "intervene.json",
                           parts=["'m'", "one length", "21 to 40"])
