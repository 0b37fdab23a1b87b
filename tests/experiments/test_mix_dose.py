"""mix-dose must find what was planted: at which dose of its own value, over how many predecessors and under which keys a token
is a sink, sample by sample."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from support.averaging_runs import CASES, CLEAR, LENGTH, SAMPLES, Averaging, K, only, words
from support.figures import assert_drawn_the_same_twice
from support.planted_by_hand import uniform
from support.program import QUIET, Program
from support.refusals import refusals

DOSES = "0.1,0.4,0.6,0.65,0.7,0.75,0.8,0.9,0.92,0.94,0.95,0.96,0.98,1"
P = 33  # the token whose predecessors are mixed


@pytest.fixture(scope="module", params=CASES)
def mixing(request: pytest.FixtureRequest, program: Program, planted: Callable, tmp_path_factory: pytest.TempPathFactory) -> Averaging:
    model = planted(request.param)
    options = ("--layers", model.layers["average"], "--doses", DOSES)
    out = tmp_path_factory.mktemp("mixing") / "mix-dose.json"
    return Averaging(request.param, model, program.result("mix-dose", out, *words(model), *options))


def mixed(part: str, value: object, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What a trial makes of ids and attention rows."""
    rows, ids = uniform(LENGTH), ids.copy()
    if part == "dose":
        rows[K] = (1 - value) * rows[K] + value * only(K)
    elif part == "predecessors":
        rows[P] = sum(only(key) for key in range(P - value, P + 1)) / (value + 1)
    elif part == "itself":
        rows[K] = only(K)
    elif part == "one key":
        rows[K] = only(value)
    elif part == "mean":
        rows[0] = sum(only(key) for key in range(value)) / value
    elif part == "repeated":
        ids[:, 1 : K + 1] = ids[:, :1]
    elif part == "distinct":
        ids[:, 1 : K + 1] = ids[:, K + 1 : 2 * K + 1]
    else:
        raise AssertionError(part)
    return ids, rows


def test_the_closed_form_is_the_plan(mixing: Averaging) -> None:
    signs = np.ones(mixing.by_hand.o["signs"])
    assert mixing.by_hand.energy(signs, signs) == pytest.approx(mixing.by_hand.circuit["first_energy"], abs=5e-5)


def test_every_trial_is_as_worked_out(mixing: Averaging) -> None:
    for row, trial in mixing.rows():
        ids, rows = mixed(row["part"], row["value"], mixing.ids)
        mixing.assert_as_worked_out(trial, ids, mixing.by_hand.averages(ids, rows))
        energy = mixing.by_hand.energies(ids, rows)[:, row["at"]]
        clear = np.abs(energy - mixing.threshold) > CLEAR
        assert clear.sum() > SAMPLES / 2
        # a sink exactly in the samples where the energy passes the threshold
        np.testing.assert_array_equal(mixing.sinks(trial, row["at"])[clear], (energy > mixing.threshold)[clear], err_msg=trial["name"])


def test_one_other_key_marks_unless_the_mark_is_itself(mixing: Averaging) -> None:
    assert mixing.sinks(mixing.trial(part="itself"), K).all()
    other = mixing.sinks(mixing.trial(part="one key"), K)
    assert (other.mean() > 0.5) == (mixing.by_hand.truth["signal_given_by"] == "one key")  # a sample's token 1 may be token k again


def test_repeats_share_the_sink_and_distinct_tokens_do_not(mixing: Averaging) -> None:
    repeated, distinct = mixing.trial(part="repeated"), mixing.trial(part="distinct")
    mixing.assert_share(repeated, mixing.by_hand.energies(*mixed("repeated", None, mixing.ids)))
    assert not mixing.sinks(distinct, K).any()
    for trial in (repeated, distinct):  # edits of several tokens have no one other position
        assert trial["controls"]["other_position"]["difference"] is None


@pytest.mark.parametrize("mixing", [name for name in CASES if name != "itself"], indirect=True, scope="module")
def test_the_dose_has_the_threshold_of_the_construction(mixing: Averaging) -> None:
    """|mean + t (own - mean)|^2 reaches what the threshold asks for at one t, a root of a quadratic."""
    model = mixing.by_hand
    signs = model.embedding[mixing.ids][..., model.circuit["sign_dims"]]
    mean, own = signs[:, : K + 1].mean(1), signs[:, K]
    # theta = weight c^2 N d / (R^2 + c^2 N), solved for N, the squared length of the averaged signs
    c2, theta = model.size_of_sign**2, mixing.threshold
    wanted = theta * model.squared_length / (c2 * (model.energy_weight * model.truth["hidden"] - theta))
    a, b, c = ((own - mean) ** 2).sum(1), 2 * (mean * (own - mean)).sum(1), (mean**2).sum(1) - wanted
    root = (-b + np.sqrt(b**2 - 4 * a * c)) / (2 * a)
    assert ((0 < root) & (root < 1)).all()
    for row, trial in mixing.rows(part="dose"):
        clear = np.abs(root - row["value"]) > 0.002
        np.testing.assert_array_equal(mixing.sinks(trial, K)[clear], (row["value"] > root)[clear], err_msg=row["name"])


def test_predecessors_and_means_end_the_mark(mixing: Averaging) -> None:
    found = {row["value"]: mixing.sinks(trial, P) for row, trial in mixing.rows(part="predecessors")}
    assert found[0].all()
    assert not any(found[count].any() for count in (8, 16, 32))
    means = mixing.rows(part="mean")
    energies = {count: mixing.by_hand.energies(*mixed("mean", count, mixing.ids))[:, 0] for count in range(1, 33)}
    most = max(count for count, energy in energies.items() if (energy > mixing.threshold).any())
    assert mixing.sinks(means[0][1], 0).all()
    for row, trial in means:
        if row["value"] > most:
            assert not mixing.sinks(trial, 0).any(), row["name"]
    assert max(row["value"] for row, _ in means) > most


def test_the_massive_activation_goes_with_the_sink(mixing: Averaging) -> None:
    for row, trial in mixing.rows():
        massive, first = trial["massive_activation"][mixing.tracked.index(row["at"])], trial["massive_activation"][0]["unedited"]
        if (row["part"], row["value"]) in (("itself", None), ("repeated", None), ("dose", 1), ("predecessors", 0), ("mean", 1)):
            assert massive["edited"] / first == pytest.approx(1, abs=1e-3), row["name"]
        elif not mixing.sinks(trial, row["at"]).any():
            assert massive["edited"] < 0.1 * first, row["name"]


def test_it_runs_on_every_family(program: Program, family_model: Path, tmp_path: Path) -> None:
    data = ("--model", family_model, "--tokens", "random", "--samples", 3, "--length", 24)
    # in sight of token 8 where attention slides over five
    options = ("--layers", 0, "--predecessors-token", 12, "--predecessors", "0,1,4", "--means", "1,2", "--one-key", 6)
    program.result("mix-dose", tmp_path / "mix-dose.json", *data, *QUIET, "--layer", 1, "--controls", 2, *options)


@refusals(
    (("--layers", "0,3"), "--layers", "layer 3"),
    (("--doses", "0,0.5"), "--doses", "found 0"),
    (("--doses", "1.5"), "--doses", "1.5"),
    (("--predecessors", 33), "--predecessors", "33", "0 to 32"),
    (("--predecessors-token", 63), "--predecessors-token 63", "samples of 65"),
    (("--one-key", 8), "--one-key", "0 to 7"),
    (("--means", 0), "--means", "0"),
    (("--means", 65), "--means 65", "samples of 65"),
    (("--token", 32), "--token 32", "samples of 65"),
)
def test_refused(options: tuple, parts: list[str], program: Program, planted: Callable, tmp_path: Path) -> None:
    program.assert_refused("mix-dose", *words(planted("base")), *options, out=tmp_path / "mix-dose.json", parts=parts)


def test_a_random_model_has_no_sink(program: Program, random_model: Path, tmp_path: Path) -> None:
    data = ("--model", random_model, "--tokens", "random", "--samples", 6, "--length", 40, *QUIET, "--threads", 1, "--controls", 1)
    program.assert_refused("mix-dose", *data, out=tmp_path / "mix-dose.json", parts=["no sink"])


def test_the_figure_is_drawn_the_same_twice(program: Program, planted: Callable, tmp_path: Path) -> None:
    model, result = planted("base"), tmp_path / "mix-dose.json"
    program.result("mix-dose", result, *words(model), "--layers", model.layers["average"], "--doses", DOSES)
    assert_drawn_the_same_twice(result, tmp_path)
