"""stat-match must find what was planted: which statistic of the average's output makes or ends a sink, sample by sample."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from support.averaging_runs import CASES, CLEAR, LENGTH, Averaging, K, only, words
from support.figures import assert_drawn_the_same_twice
from support.planted_by_hand import uniform
from support.program import QUIET, Program
from support.refusals import refusals


@pytest.fixture(scope="module", params=CASES)
def matching(request: pytest.FixtureRequest, program: Program, planted: Callable, tmp_path_factory: pytest.TempPathFactory) -> Averaging:
    model = planted(request.param)
    out = tmp_path_factory.mktemp("matching") / "stat-match.json"
    return Averaging(request.param, model, program.result("stat-match", out, *words(model), "--layers", model.layers["average"]))


def signed_permutation(width: int) -> tuple[np.ndarray, np.ndarray]:
    """The fixed rotation: 64-bit Mersenne Twister seeded with the width (its definition, as the C++ standard has it), then
    a shuffle from the end, then a sign a dimension. A row becomes row[order] * signs."""
    mask, state = 2**64 - 1, [width]
    for i in range(1, 312):
        state.append((6364136223846793005 * (state[-1] ^ (state[-1] >> 62)) + i) & mask)

    def numbers():
        while True:
            for i in range(312):
                x = (state[i] & 0xFFFFFFFF80000000) | (state[(i + 1) % 312] & 0x7FFFFFFF)
                state[i] = state[(i + 156) % 312] ^ (x >> 1) ^ (0xB5026F5AA96619E9 if x & 1 else 0)
            for x in list(state):
                x ^= (x >> 29) & 0x5555555555555555
                x ^= (x << 17) & 0x71D67FFFEDA60000
                x ^= (x << 37) & 0xFFF7EEE000000000
                yield x ^ (x >> 43)

    draw, order = numbers(), list(range(width))
    for i in range(width, 1, -1):
        j = next(draw) % i
        order[i - 1], order[j] = order[j], order[i - 1]
    return np.array(order), np.array([1.0 if next(draw) % 2 == 0 else -1.0 for _ in range(width)])


def deviation(rows: np.ndarray) -> float:
    return np.sqrt(((rows - rows.mean(0)) ** 2).sum(1).mean())


def matched(row: dict, natural: np.ndarray, alone: np.ndarray) -> np.ndarray:
    """What a trial makes of the attention output; `alone`: of every token that sees only itself."""
    at, statistic, output = row["at"], row["statistic"], natural.copy()
    own, other = natural[:, at], natural[:, K if at == 0 else 0]
    order, signs = signed_permutation(natural.shape[-1])
    match statistic:
        case "norm":
            output[:, at] *= np.linalg.norm(other, axis=1, keepdims=True) / np.linalg.norm(own, axis=1, keepdims=True)
        case "variance":
            output[:, at] = own.mean(0) + deviation(other) / deviation(own) * (own - own.mean(0))
        case "variance scaled":
            output[:, at] = own.mean(0) + row["factors"][0] * (own - own.mean(0))
        case "mean":
            output[:, at] += other.mean(0) - own.mean(0)
        case "own value":
            output[:, at] = alone[:, at]
        case "own value rotated":
            output[:, at] = alone[:, at][:, order] * signs
        case "rotated":
            output[:, at] = own[:, order] * signs
        case _:
            raise AssertionError(statistic)
    return output


def test_every_trial_is_as_worked_out(matching: Averaging) -> None:
    natural, alone = (matching.by_hand.averages(matching.ids, rows) for rows in (uniform(LENGTH), np.eye(LENGTH)))
    for row, trial in matching.rows():
        matching.assert_as_worked_out(trial, matching.ids, matched(row, natural, alone))
    (found,) = matching.result["results"]["statistics"]
    for name, rows in {"first": natural[:, 0], "later": natural[:, K], "later_alone": alone[:, K]}.items():
        assert found[name]["deviation"] == pytest.approx(deviation(rows), abs=5e-5), name
        assert found[name]["norm"] == pytest.approx(np.linalg.norm(rows, axis=1).mean(), abs=5e-5), name
    assert found["factor"] == pytest.approx(deviation(natural[:, 0]) / deviation(natural[:, K]), abs=5e-5)


def test_its_own_value_makes_a_sink_and_the_same_rotated_does_not(matching: Averaging) -> None:
    model, itself = matching.by_hand, uniform(LENGTH)
    itself[K] = only(K)
    matching.assert_share(matching.trial(statistic="own value"), model.energies(matching.ids, itself))
    # Of the rotated signs few fall into dimensions whose average the energy reads.
    order, signs = signed_permutation(model.truth["hidden"])
    rotated = model.averages(matching.ids, np.eye(LENGTH))[:, K][:, order] * signs
    energy = model.energy(model.embedding[matching.ids[:, K]][:, model.circuit["sign_dims"]],
                          rotated[:, model.circuit["average_dims"]] / model.size_of_sign)
    assert (energy < matching.threshold - CLEAR).all()
    # Far from half: the permutation may put a sign into the massive activation's own dimensions, which keys read a little.
    assert (matching.by_sample(matching.trial(statistic="own value rotated"), K) < 0.2).all()


def test_the_norm_is_the_energy_but_in_itself(matching: Averaging) -> None:
    found = matching.sinks(matching.trial(statistic="norm", at=K), K)
    # An average of nine, made as long as one token's signs, agrees with its own signs in few more than half.
    assert found.all() == (matching.name != "itself")
    assert found.any() == (matching.name != "itself")


def test_it_runs_on_every_family(program: Program, family_model: Path, tmp_path: Path) -> None:
    data = ("--model", family_model, "--tokens", "random", "--samples", 3, "--length", 24)
    program.result("stat-match", tmp_path / "stat-match.json", *data, *QUIET, "--layer", 1, "--controls", 2, "--layers", 0)


@refusals(
    (("--layers", "0,5"), "--layers", "layer 5", "0 to 4"),
    (("--layers", 2), "--layers", "layer 2"),
    (("--layers", "0,1"), "blocks.1.hook_attn_out", "the same in all samples"),
    (("--factors", "2,1"), "--factors", "changes nothing"),
    (("--factors", "two"), "--factors", "two"),
    (("--factors", "2,2"), "variance scaled by 2", "is listed twice"),
    (("--token", 63), "token 63", "samples of 65"),
)
def test_refused(options: tuple, parts: list[str], program: Program, planted: Callable, tmp_path: Path) -> None:
    program.assert_refused("stat-match", *words(planted("base")), *options, out=tmp_path / "stat-match.json", parts=parts)


def test_a_random_model_has_no_sink(program: Program, random_model: Path, tmp_path: Path) -> None:
    data = ("--model", random_model, "--tokens", "random", "--samples", 6, "--length", 40, *QUIET, "--threads", 1, "--controls", 1)
    program.assert_refused("stat-match", *data, out=tmp_path / "stat-match.json", parts=["no sink"])


def test_the_figure_is_drawn_the_same_twice(program: Program, planted: Callable, tmp_path: Path) -> None:
    model, result = planted("base"), tmp_path / "stat-match.json"
    program.result("stat-match", result, *words(model), "--layers", model.layers["average"])
    assert_drawn_the_same_twice(result, tmp_path)
