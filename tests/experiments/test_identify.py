"""identify must name the planted signal, and nothing else, on every variant; a wrong signal that tells tokens apart
must be cleared, a channel that could act and never does must be flagged, and where there is no sink the verdict must be "no sink".
With -v it prints the confusion table. By hand, on models that nothing was tuned to, every variant in three other shapes:
pytest -m slow tests/experiments/test_identify.py --unseen SEED."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from sinkscope.planted.plan import Options
from support.figures import assert_drawn_the_same_twice
from support.planted_cases import SETS, Planted
from support.program import QUIET, Program, text_of
from support.refusals import refusals
from support.stages import first_stage

PLAIN = list(dict.fromkeys(options.variant for options in SETS.values()))  # test_identify_kinds.py has the others
SAMPLES, LENGTH = 48, 64
KINDS = {"split": "a direction", "redundant": "redundant sets", "second-circuit": "circuits", "rotated": "a direction"}
OTHER_SHAPES = [dict(), dict(signs=28, layers=7, heads=8, kv_heads=4, head_dim=24), dict(signs=20, layers=6, vocab=640, average_layer=1)]
FAST = (*QUIET, "--threads", 1, "--controls", 10, "--no-frozen", "--no-loss")


def identify(program: Program, model: Planted, folder: Path, *options: object) -> dict[str, Any]:
    words = (*text_of(model.folder, SAMPLES, LENGTH), *FAST, *options)
    return first_stage(program.result("identify", folder / "identify.json", *words)["results"])


def sets_of(candidate: dict[str, Any]) -> list[list[int]]:
    return sorted(one["dimensions"] for one in candidate["sets"])


def check_signal(results: dict[str, Any], truth: dict[str, Any]) -> None:
    verdict, circuits = results["verdict"], truth["circuits"]
    assert verdict["kind"] == KINDS.get(truth["variant"], "one channel")
    assert verdict["signal"]["site"] == truth["signal_sites"][0]
    together = truth["variant"] == "second-circuit"
    sets = [c["energy_dims"] for c in circuits] if together else circuits[0]["writing_makes_sink"]
    wanted = [sorted(sum(sets, []))] if together else sorted(map(sorted, sets))
    assert sets_of(verdict["signal"]) == (wanted or [[]])
    check_rank_and_support(verdict, truth)
    if circuits[0]["removing_ends_sink"] and not together:
        assert verdict["signal"]["needed"] in circuits[0]["removing_ends_sink"]
    assert results["one_key"]["given_by"] == truth["signal_given_by"]


def check_file(results: dict[str, Any], truth: dict[str, Any], folder: Path) -> None:
    """Every set is in the file beside the result, in the form that its dimensions have; what was planted lies in it."""
    tensors = load_file(folder / "identify.safetensors")
    assert len(tensors) == 3 * len(results["signals"]) + bool(results["composition"])
    for one in results["signals"]:
        candidate = results["candidates"][one["candidate"]]
        assert one["site"] == candidate["site"]
        basis, first, ordinary = (tensors[one[part]["tensor"]] for part in ("basis", "first", "ordinary"))
        assert basis.shape == (one["rank"], truth["hidden"])
        assert first.shape == ordinary.shape == (one["rank"],)
        np.testing.assert_allclose(basis @ basis.T, np.eye(one["rank"]), atol=1e-5)
        if one["form"] == "fewer":
            assert one["rank"] == candidate["fewer"]["rank"]
            continue
        if one["form"] == "sparse":
            assert set(np.flatnonzero(basis.any(0))) <= set(candidate["sparse"]["dimensions"])
            continue
        signal = candidate["sufficient"][one["set"]]
        assert signal["rank"] == one["rank"]
        if not signal["directions"]:
            np.testing.assert_array_equal(basis.argmax(1), signal["dimensions"])
            np.testing.assert_array_equal(basis.sum(1), 1)
        elif one["site"] == results["verdict"]["signal"]["site"] and truth["variant"] == "rotated":
            assert abs(basis @ truth["circuits"][0]["energy_direction"]).max() > 0.97
            assert abs(first - ordinary).max() > 0.5
    for trial in results["trials"]:  # in the file alone
        assert all(isinstance(edit.get("basis", {}), dict) for edit in trial["edits"])


def check_rank_and_support(verdict: dict[str, Any], truth: dict[str, Any]) -> None:
    """One neuron adds up the channels of `split`, so that they are one direction; a rotated energy is one in many channels."""
    for one in verdict["signal"]["sets"]:
        if truth["variant"] == "rotated":
            assert one["rank"] == 1 and one["support"] > 16
        else:
            assert (one["rank"], one["support"]) == (1 if truth["variant"] == "split" else len(one["dimensions"]), len(one["dimensions"]))


def check_chain(results: dict[str, Any]) -> None:
    """Every arrow, removed, leaves what an ordinary token has; the later token, given what comes first, shares the sink."""
    arrows = {(one["from"], one["to"]): one for one in results["chain"]}
    for name in (("signal", "massive activation"), ("signal", "keys"), ("signal", "sink"), ("massive activation", "keys"),
                 ("massive activation", "sink"), ("keys", "sink")):
        removed, written = (arrows[name][which] for which in ("removed", "written"))
        assert removed["edited"]["mean"] < 0.2 * removed["unedited"]["mean"], name
        assert written["edited"]["mean"] > 3 * written["unedited"]["mean"], name
    assert arrows["seeing only itself", "signal"]["written"]["edited"]["mean"] > 0.9
    embedding = arrows["embedding", "signal"]  # any token makes a sink when it is first; what a later one reads in part is its own signs
    assert embedding["removed"]["edited"]["mean"] > 0.9 and embedding["written"]["edited"]["mean"] < 0.3
    assert results["earlier"] == []


def check_mediators(results: dict[str, Any], truth: dict[str, Any]) -> None:
    """The signal until the massive activation is written; then its own dimensions, each of which the keys read."""
    sites = {m["site"]: sets_of(m) for m in results["verdict"]["mediators"]}
    for site in truth["signal_sites"][1:]:
        assert sites[site] == sets_of(results["verdict"]["signal"])
    # beside the massive activation 10 random channels may hit another that works: its candidate is then open
    sites |= {c["site"]: [one["dimensions"] for one in c["sufficient"]] for c in results["candidates"] if not c["refuted"]}
    massive = {d for c in truth["circuits"] for d in c["massive_dims"]}
    after = sites[f"blocks.{truth['layers']['massive_activation']}.hook_resid_post"]
    assert massive & {d for one in after for d in one}


def check_flags(results: dict[str, Any], truth: dict[str, Any]) -> None:
    suspects = {s["dimension"]: s["reading"] for s in results["suspects"]}
    for dimension in truth["answers"]["not_signal"]:
        assert suspects[dimension] == "does nothing", f"channel {dimension} was not cleared"
    assert {d["dimension"] for d in results["dormant"]} == set(truth["answers"]["never_moves"])
    backups = {n["layer"] for c in truth["circuits"] for n in c["backup_neurons"]}
    assert {b["layer"] for b in results["backup"]["blocks"]} == backups
    assert results["backup"]["flagged"] == bool(backups)


def check(program: Program, name: str, model: Planted, folder: Path, record_property: Callable) -> None:
    results, truth = identify(program, model, folder), model.truth
    verdict = results.get("verdict", {"kind": "no sink", "signal": None, "statement": results["statement"]})
    planted = f"{[c['energy_dims'] or 'direction' for c in truth['circuits']]} at {truth['signal_sites'][0]}"
    found = f"{verdict['kind']} {verdict['signal'] and (verdict['signal']['sets'], verdict['signal']['site'])}"
    record_property(f"identify on {name}", f"planted {'no sink' if truth['removed_stage'] else planted}; found {found}")
    assert verdict["statement"] in (folder / "identify.txt").read_text()
    if truth["removed_stage"]:
        assert (verdict["kind"], verdict["signal"]) == ("no sink", None)
        return
    check_signal(results, truth)
    check_file(results, truth, folder)
    check_mediators(results, truth)
    check_flags(results, truth)
    if truth["variant"] not in ("redundant", "backup", "second-circuit"):
        check_chain(results)
    assert f"blocks.{truth['layers']['massive_activation']}.hook_mlp_out" in [one["site"] for one in results["massive_writes"]]
    assert {one["does"] for one in results["massive_writes"]} == {"writes"}


@pytest.mark.parametrize("name", SETS)
def test_every_planted_variant(name: str, program: Program, planted: Callable, tmp_path: Path, record_property: Callable) -> None:
    check(program, name, planted(name), tmp_path, record_property)


def test_rows_that_do_not_differ_give_no_direction(program: Program, planted: Callable, tmp_path: Path, record_property: Callable) -> None:
    """Here no later token's row moves at blocks.0.hook_resid_post when it sees only itself, and yet channels there make a sink."""
    options = Options(seed=7132, variant="backup", **OTHER_SHAPES[2])
    check(program, "backup, seed 7132", planted(options), tmp_path, record_property)


@pytest.mark.slow
@pytest.mark.parametrize("shape", range(len(OTHER_SHAPES)))
@pytest.mark.parametrize("variant", PLAIN)
def test_unseen_models(variant: str, shape: int, request: pytest.FixtureRequest, program: Program, planted: Callable, tmp_path: Path,
                       record_property: Callable) -> None:
    seed = request.config.getoption("--unseen") + PLAIN.index(variant) * len(OTHER_SHAPES) + shape
    options = Options(seed=seed, variant=variant, **OTHER_SHAPES[shape])
    check(program, f"{variant}, seed {seed}", planted(options), tmp_path, record_property)


@pytest.mark.parametrize("seed", [1, 2])
def test_other_samples_give_the_same_answer(seed: int, program: Program, planted: Callable, tmp_path: Path) -> None:
    """Which documents choose, and which tokens are read, decide nothing."""
    model = planted("base")
    check_signal(identify(program, model, tmp_path, "--seed", seed, "--token", 12), model.truth)


def test_several_draws_say_how_often_each_answer_came(program: Program, planted: Callable, tmp_path: Path) -> None:
    """The second is of windows that begin half a step later, and leaves nothing behind."""
    model = planted("base")
    results = identify(program, model, tmp_path, "--draws", 2, "--samples", 24, "--controls", 2)
    assert [(one["seed"], one["window_shift"]) for one in results["draws"]] == [(0, 0), (1, 0.5)]
    (row,) = results["agreement"]
    assert (row["kinds"], row["sites"]) == ({"one channel": 2}, {model.truth["signal_sites"][0]: 2})
    assert "In 2 draws of samples" in (tmp_path / "identify.txt").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["identify.json", "identify.safetensors", "identify.txt"]


def test_a_random_checkpoint_has_nothing_to_explain(program: Program, random_model: Path, tmp_path: Path) -> None:
    data = ("--model", random_model, "--tokens", "random", "--samples", 12, "--length", 24)
    results = program.result("identify", tmp_path / "identify.json", *data, *FAST)["results"]
    assert (results["statement"], results["stages"]) == ("No sink, nothing to explain.", [])


def test_what_is_not_measured_is_open(program: Program, planted: Callable, tmp_path: Path) -> None:
    """Without random moves nobody knows what they do: no signal, and no candidate refuted."""
    model = planted("base")
    results = identify(program, model, tmp_path, "--controls", 0)
    assert (results["verdict"]["kind"], results["verdict"]["signal"]) == ("undecided", None)
    (site, *_) = model.truth["signal_sites"]
    assert site in [one["site"] for one in results["verdict"]["open"]]
    (candidate,) = (one for one in results["candidates"] if one["site"] == site)
    assert {one["name"] for one in candidate["conditions"] if one["met"] != "yes"} == {"controls"}


def test_it_runs_on_every_family(program: Program, family_model: Path, tmp_path: Path) -> None:
    data = ("--model", family_model, "--tokens", "random", "--samples", 6, "--length", 24)
    program.result("identify", tmp_path / "identify.json", *data, *QUIET, "--layer", 1, "--controls", 2)


@pytest.mark.parametrize(("name", "options", "kind"), [
    pytest.param("base", (), "one channel", id="a signal"),
    pytest.param("base", ("--layer", 0), "no sink", id="a layer without a sink"),
    pytest.param("none-massive_activation", (), "no sink", id="a model without a sink"),
])
def test_the_figure_is_drawn_the_same_twice(
        name: str, options: tuple, kind: str, program: Program, planted: Callable, tmp_path: Path) -> None:
    results = identify(program, planted(name), tmp_path, "--samples", 12, "--controls", 2, *options)
    assert results.get("verdict", {"kind": "no sink"})["kind"] == kind
    assert_drawn_the_same_twice(tmp_path / "identify.json", tmp_path)


@refusals(
    (("--token", 1), "--token", "2 to"),
    (("--token", 63), "token 63", "samples of 65"),
    (("--token", 6), "--other-token 6"),
    (("--layer", 5), "--layer: layer 5", "0 to 4"),
    (("--draws", 0), "--draws"),
    (("--samples", 3), "3 documents", "4 or more"),
    (("--shard", "2/2"), "--shard", "shard 2 of 2"),
    (("--patience", 0), "--patience"),
)
def test_refused(options: tuple, parts: list[str], program: Program, planted: Callable, tmp_path: Path) -> None:
    """What would leave no half to test on, no later token or no control."""
    words = (*text_of(planted("base").folder, 8, LENGTH), *QUIET, *options)
    program.assert_refused("identify", *words, out=tmp_path / "identify.json", parts=parts)


def test_another_runs_page_stays(program: Program, planted: Callable, tmp_path: Path) -> None:
    page = tmp_path / "there.txt"
    page.write_text("of another run")
    program.assert_refused("identify", *text_of(planted("base").folder, 8, LENGTH), *QUIET, out=tmp_path / "there.json",
                           parts=["there.txt", "--force"])
    assert page.read_text() == "of another run"


def test_the_demo_models_signal_is_a_direction(program: Program, tmp_path: Path) -> None:
    """What the card says of it after attention 3, on a draw of samples that it was not written from."""
    results = program.result(
        "identify", tmp_path / "identify.json", "--config", "configs/demo/identify.json", "--seed", 4, "--samples", 32, "--length", 48,
        "--no-frozen", "--no-loss", *QUIET)["results"]
    results = first_stage(results)
    verdict = results["verdict"]
    assert verdict["kind"] not in ("one channel", "none found", "no sink")
    meets = {one["site"]: sets_of(one) for one in [verdict["signal"], *verdict["mediators"]] if one}
    assert meets["blocks.3.hook_resid_mid"] == [[]]  # a direction
    assert results["one_key"]["given_by"] != "one key"
    assert not results["dormant"]
    assert not results["backup"]["flagged"]
