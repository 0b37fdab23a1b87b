"""zero-sweep names the block parts that a planted sink needs and no other; a run that was killed goes on from its journal."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sinkscope import ROOT
from support.figures import assert_drawn_the_same_twice
from support.planted_cases import Planted
from support.program import QUIET, Program
from support.refusals import refusals
from support.trial_runs import CASES, NEAR, assert_level, levels, words


@pytest.fixture(scope="module")
def base(planted: Callable) -> Planted:
    return planted("base")


@pytest.mark.parametrize("name", CASES)
def test_the_three_parts_and_no_other(name: str, program: Program, planted: Callable, tmp_path: Path) -> None:
    model = planted(name)
    at, results = model.layers, program.result("zero-sweep", tmp_path / "zero-sweep.json", *words(model))["results"]
    assert results["sink_layer"] == at["sink"][0]
    assert results["sink_baseline"]["massive_activation"]["site"] == f"blocks.{at['massive_activation']}.hook_mlp_out"
    mlps = {f"blocks.{at[stage]}.hook_mlp_out" for stage in ("energy", "massive_activation")}
    needed = {f"blocks.{at['average']}.hook_attn_out", *mlps}
    own = {f"blocks.{at['average']}.hook_attn_out"}  # signs: their mean over samples is no one's
    for row in results["table"]:
        (site,) = row["sites"]
        lost = {"zero": needed, "mean": own, "resample": set()}[row["operation"]]
        assert_level(levels(row)[0], model, None if site in lost else 1, 1, row["name"])
    for trial in results["trials"]:
        assert trial["controls"]["no_op_largest_difference"] == 0


def test_pairs_interact_as_two_needed_parts_do(program: Program, base: Planted, tmp_path: Path) -> None:
    options = ("--pairs", "--operations", "zero", "--no-loss")
    results = program.result("zero-sweep", tmp_path / "zero-sweep.json", *words(base), *options)["results"]
    pair = {f"blocks.{base.layers['energy']}.hook_mlp_out", f"blocks.{base.layers['massive_activation']}.hook_mlp_out"}
    (found,) = (trial for trial in results["trials"] if {edit["site"] for edit in trial["edits"]} == pair)
    # Each ends the sink alone and both together no more: (A∪B) - A - B is minus one such effect.
    assert found["interaction"][0]["mean"] == pytest.approx(-found["mean_attention"][0]["difference"]["mean"], abs=0.01)


def test_the_same_edit_elsewhere_does_nothing(program: Program, base: Planted, tmp_path: Path) -> None:
    """A mean or another sample's output there is that token's own."""
    for row in program.result("zero-sweep", tmp_path / "zero-sweep.json", *words(base))["results"]["trials"]:
        other = row["controls"]["other_position"]["difference"]
        if int(row["edits"][0]["site"].split(".")[1]) >= base.layers["sink"][0]:
            assert other is None, row["name"]  # the sink is read before the edit
        else:
            assert other[0]["mean"] == pytest.approx(0, abs=NEAR), row["name"]


def test_it_runs_on_every_family(program: Program, family_model: Path, tmp_path: Path) -> None:
    data = ("--model", family_model, "--tokens", "random", "--samples", 3, "--length", 24)
    program.result("zero-sweep", tmp_path / "zero-sweep.json", *data, *QUIET, "--layer", 1, "--controls", 2, "--pairs")


def test_a_random_model_has_no_sink(program: Program, random_model: Path, tmp_path: Path) -> None:
    """Which says where to read; a layer that is named does."""
    out = tmp_path / "out.json"
    data = ("--model", random_model, "--tokens", "random", "--samples", 6, "--length", 40, *QUIET, "--controls", 1)
    program.assert_refused("zero-sweep", *data, out=out, parts=["no sink"])
    program.result("zero-sweep", out, *data, "--layer", 1)


def test_a_killed_run_goes_on_to_the_same_numbers(program: Program, planted: Callable, tmp_path: Path) -> None:
    out, options = tmp_path / "zero-sweep.json", (*words(planted("wider")), "--controls", 40)
    wanted = program.result("zero-sweep", out, *options)["results"]
    out.unlink()
    journal, kills = out.with_suffix(".journal"), 0
    for stop in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
        before = journal.stat().st_size if journal.exists() else 0
        process = program.start("zero-sweep", *options, "--out", out)
        while process.poll() is None and (not journal.exists() or journal.stat().st_size < before + 20_000):
            time.sleep(0.01)
        if process.poll() is None:
            process.send_signal(stop)
        process.communicate()
        kills += process.returncode in (-signal.SIGKILL, 75)
    assert kills > 1
    assert program.result("zero-sweep", out, *options, "--force")["results"] == wanted


def test_compare_finds_rows_by_name(program: Program, base: Planted, tmp_path: Path) -> None:
    out, own = tmp_path / "zero-sweep.json", tmp_path / "reference.json"
    table = {row["name"]: row for row in program.result("zero-sweep", out, *words(base), "--operations", "zero")["results"]["table"]}
    own.write_text(json.dumps(json.loads((ROOT / "configs/reference/qwen3-8b.json").read_text()) | {"shape": {}}))
    printed = program.output("compare", out, "--reference", own).splitlines()
    for name in ("zero blocks.0.attn_out", "zero blocks.4.mlp_out"):
        (line,) = (line for line in printed if line.startswith(name + " "))
        assert float(line[len(name) :].split()[0]) == pytest.approx(table[name]["sink"][0]["level"]["mean"], abs=5e-4)
    (line,) = (line for line in printed if line.startswith("zero blocks.6.mlp_out "))
    assert "none" in line  # the planted model has five layers


@refusals(
    (("--operations", "zeor"), "zeor", "'zero'"),
    (("--layer", 5), "--layer: layer 5", "0 to 4"),
    (("--shard", "2/2"), "--shard", "shard 2 of 2"),
    (("--shard", "0"), "--shard 0", "i/n"),
    (("--records", "a.journal"), "--records"),
    (("--other-token", 63), "token 63", "samples of 65"),
)
def test_refused(options: tuple, parts: list[str], program: Program, planted: Callable, tmp_path: Path) -> None:
    program.assert_refused("zero-sweep", *words(planted("decoy")), *options, out=tmp_path / "zero-sweep.json", parts=parts)


def test_the_figure_is_drawn_the_same_twice(program: Program, base: Planted, tmp_path: Path) -> None:
    result = tmp_path / "zero-sweep.json"
    program.result("zero-sweep", result, *words(base), "--pairs", "--operations", "zero,mean")
    assert_drawn_the_same_twice(result, tmp_path)
