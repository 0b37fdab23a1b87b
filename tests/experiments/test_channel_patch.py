"""channel-patch must find what was planted: which sets of channels make a sink and which end it (planted.json), and at which
dose, by the energy's closed form (planted_by_hand)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.channel_runs import CASES, LENGTH, SAMPLES, Energies, K, channels, sites, words
from support.figures import assert_drawn_the_same_twice
from support.planted_cases import Planted
from support.program import QUIET, Program
from support.refusals import refusals
from support.trial_runs import levels

# Where the energy passes its threshold: a removal ends the sink at about 0.07, a write makes one at 0.91 to 0.95.
DOSES = [-1.0, 0.05, 0.06, 0.08, 0.5, 0.9, 0.92, 0.93, 0.94, 0.96, 1.0, 2.0]
NEAR = 0.01  # a planted sink takes 0.99 and more, so halves and wholes are met within this
CLEAR = 0.01  # an energy this far from the threshold leaves no doubt
FAST = ("--controls", 2, "--no-frozen", "--no-loss")


@dataclass
class Patched:
    """A planted model patched wherever its energy is."""

    model: Planted
    result: dict[str, Any]

    @property
    def patch(self) -> dict[str, Any]:
        return self.result["results"]

    @property
    def variant(self) -> str:
        return self.model.truth["variant"]

    @cached_property
    def energies(self) -> Energies:
        return Energies(self.model, self.result)

    def found(self, site: str) -> dict[str, Any]:
        (one,) = (found for found in self.patch["sites"] if found["site"] == site)
        return one

    def rows(self, site: str, edit: str, of: str) -> dict[float, tuple[dict, dict]]:
        """By dose: (row of the table, trial)."""
        pairs = zip(self.patch["table"], self.patch["trials"], strict=True)
        found = {row["dose"]: (row, trial) for row, trial in pairs if (row["site"], row["role"], row["of"]) == (site, edit, of)}
        assert found, (site, edit, of)
        assert all(row["name"] == trial["name"] for row, trial in found.values()), (site, edit, of)
        return found

    def level(self, site: str, edit: str, of: str) -> dict[int, float]:
        return levels(self.rows(site, edit, of)[1.0][0])

    def sampled(self, trial: dict[str, Any], token: int) -> np.ndarray:
        """Attention to the token by tested sample."""
        by_sample = trial["mean_attention"][(0, K).index(token)]["by_sample"]["edited"]
        assert [value is not None for value in by_sample] == self.energies.tested.tolist()  # null in the half that chose
        return np.array(by_sample, dtype=float)[self.energies.tested]


@pytest.fixture(scope="module")
def patched(request: pytest.FixtureRequest, program: Program, planted: Callable, tmp_path_factory: pytest.TempPathFactory) -> Patched:
    model = planted(request.param)
    options = ("--sites", ",".join(sites(model)), "--doses", ",".join(map(str, DOSES)))
    return Patched(model, program.result("channel-patch", tmp_path_factory.mktemp("patch") / "patch.json", *words(model), *FAST, *options))


def on(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("patched", names, indirect=True, scope="module")


@on(*(name for name in CASES if name != "rotated"))
def test_the_smallest_sets_are_those_planted(patched: Patched) -> None:
    circuit, *others = patched.model.circuits
    every = channels(patched.model)
    for site in sites(patched.model):
        found = patched.found(site)
        for fact in ("own_suffices", "level_suffices", "removal_ends", "each_needed"):
            assert found[fact], (site, fact)
        assert all(not one["directions"] for one in found["sufficient"])
        # circuits of their own: together, as one takes a part of the heads
        assert sorted(one["dimensions"] for one in found["sufficient"]) == ([every] if others else sorted(circuit["writing_makes_sink"]))
        assert found["apart"] == bool(others)
        assert found["needed"] in ([every] if others else circuit["removing_ends_sink"])


@on("rotated")
def test_a_rotated_energy_is_a_direction(patched: Patched) -> None:
    for site in sites(patched.model):
        (one,) = patched.found(site)["sufficient"]
        assert one["dimensions"] == []
        (basis,) = patched.rows(site, "writing", "smallest set")[1.0][1]["edits"][0]["basis"]
        assert np.dot(basis, patched.model.circuits[0]["energy_direction"]) > 0.9
        assert np.linalg.norm(basis) == pytest.approx(1, abs=5e-6)


@on(*CASES)
def test_levels_are_half_and_half_or_none(patched: Patched) -> None:
    no_sink = pytest.approx(sum(1 / (q + 1) for q in range(K + 1, LENGTH)) / (LENGTH - K - 1), abs=NEAR)
    half = pytest.approx(0.5, abs=NEAR)
    for site in sites(patched.model):
        for of in ("own row", "whole vector", "smallest set"):
            # a direction that is estimated from eight samples may miss one of the other eight
            near = 0.07 if (patched.variant, of) == ("rotated", "smallest set") else NEAR
            level = patched.level(site, "writing", of)
            assert (level[0], level[K]) == pytest.approx((0.5, 0.5), abs=near), (site, of)
        assert patched.level(site, "removal", "whole vector")[0] == no_sink, site
        if patched.variant == "rotated":
            continue
        rest = patched.level(site, "writing", "all but the smallest set")
        assert rest[K] < NEAR, site
        assert rest[0] > 1 - NEAR, site
        assert patched.level(site, "removal", "needed set")[0] == no_sink, site
        alone = patched.level(site, "removal", "smallest set")[0]
        if patched.variant != "redundant":
            assert alone == no_sink, site
            continue
        assert alone > 1 - NEAR, site
        assert patched.level(site, "removal", "another set 1")[0] > 1 - NEAR, site
        another = patched.level(site, "writing", "another set 1")
        assert (another[0], another[K]) == (half, half), site
        assert patched.level(site, "removal", "every set")[0] == no_sink, site


def passing(patched: Patched, rows: dict, token: int, energy: np.ndarray, moved: np.ndarray) -> int:
    """Energies between `energy` and `moved` by the dose: a sink where they pass the threshold. How many of the doses' samples do."""
    passes, threshold = 0, patched.model.circuits[0]["threshold"]
    for dose, (_, trial) in rows.items():
        reached = (energy + dose * (moved - energy))[patched.energies.tested]
        clear = np.abs(reached - threshold) > CLEAR
        assert clear.sum() > len(clear) / 2
        np.testing.assert_array_equal((patched.sampled(trial, token) > 0.25)[clear], (reached > threshold)[clear], err_msg=trial["name"])
        passes += int((reached > threshold)[clear].sum())
    return passes


@on(*(name for name in CASES if name not in ("rotated", "second-circuit")))
def test_the_dose_has_the_threshold_of_the_energies(patched: Patched) -> None:
    energy, tested = patched.energies.energy, patched.energies.tested
    first, later, every = energy[:, 0], energy[:, K], len(DOSES) * tested.sum()
    level_first, level_later = first[~tested].mean(), later[~tested].mean()  # of the half that chooses
    for site in sites(patched.model):
        written = patched.rows(site, "writing", "smallest set")
        assert sorted(written) == DOSES
        assert 0 < passing(patched, written, K, later, level_first) < every
        removed = patched.rows(site, "removal", "smallest set")
        if patched.variant == "redundant":  # the other set keeps it
            for _, trial in removed.values():
                assert (patched.sampled(trial, 0) > 0.25).all()
        else:
            assert 0 < passing(patched, removed, 0, first, level_later) < every


def test_named_channels_are_moved_alone(program: Program, planted: Callable, tmp_path: Path) -> None:
    model = planted("decoy")
    ((energy,), (decoy,)) = model.circuits[0]["energy_dims"], model.truth["answers"]["not_signal"]
    options = ("--sites", model.truth["signal_sites"][0], "--dimensions", f"{decoy},{energy},{decoy}", "--doses", "")
    patch = program.result("channel-patch", tmp_path / "patch.json", *words(model), *FAST, *options)["results"]
    found = {(row["role"], row["of"]): levels(row) for row in patch["table"]}
    assert found["writing", f"channel {energy}"][K] == pytest.approx(0.5, abs=NEAR)
    assert found["writing", f"channel {decoy}"][K] < NEAR
    assert found["removal", f"channel {energy}"][0] < 0.1
    assert found["removal", f"channel {decoy}"][0] > 1 - NEAR


def test_batches_change_no_number(program: Program, planted: Callable, tmp_path: Path) -> None:
    model = planted("base")
    options = (*words(model), *FAST, "--sites", sites(model)[0], "--doses", "0.92,2")
    whole, parts = (program.result("channel-patch", tmp_path / f"{size}.json", *options, "--batch-size", size)["results"]
                    for size in (SAMPLES, 5))
    assert whole["sites"] == parts["sites"]
    for a, b in zip(whole["table"], parts["table"], strict=True):
        for token in (0, K):
            assert levels(a)[token] == pytest.approx(levels(b)[token], abs=1e-5)


def test_it_runs_on_every_family(program: Program, family_model: Path, tmp_path: Path) -> None:
    data = ("--model", family_model, "--tokens", "random", "--samples", 6, "--length", 24)
    program.result("channel-patch", tmp_path / "patch.json", *data, *QUIET, "--layer", 1, "--controls", 2, "--dimensions", 5, "--doses", 2,
                   "--sites", "blocks.0.hook_resid_post")


@refusals(
    (("--dimensions", "3,96"), "--dimensions", "96", "0 to 95"),
    (("--sites", "blocks.0.hook_mlp_out"), "--sites", "blocks.0.hook_mlp_out", "hook_resid_post"),
    (("--sites", "blocks.5.hook_resid_mid"), "layer 5", "0 to 4"),
    (("--sites", "blocks.2.hook_resid_mid"), "--sites", "blocks.2.hook_resid_mid", "appears in layer 2"),
    (("--layer", 0), "layer 0", "nothing to patch"),
    (("--doses", "1,0"), "--doses", "0 changes nothing"),
    (("--doses", "one"), "--doses", "one"),
    (("--doses", "2,1,2.0"), "--doses", "2 is listed twice"),
    (("--token", 63), "token 63", "samples of 65"),
    (("--token", 6), "--other-token 6"),
    (("--samples", 3), "3 documents", "4 or more"),
)
def test_refused(options: tuple, parts: list[str], program: Program, planted: Callable, tmp_path: Path) -> None:
    program.assert_refused("channel-patch", *words(planted("base")), *FAST, *options, out=tmp_path / "patch.json", parts=parts)


def test_without_a_sink_nothing_is_patched(program: Program, random_model: Path, tmp_path: Path) -> None:
    ids = tmp_path / "ids.json"
    ids.write_text(json.dumps(np.random.default_rng(3).integers(0, 100, (12, 40)).tolist()))
    program.assert_refused("channel-patch", "--model", random_model, "--tokens", ids, *QUIET, "--threads", 1, out=tmp_path / "patch.json",
                           parts=["no sink"])


@pytest.mark.parametrize("name", ["redundant", "rotated"])
def test_the_figure_is_drawn_the_same_twice(name: str, program: Program, planted: Callable, tmp_path: Path) -> None:
    result = tmp_path / "patch.json"
    program.result("channel-patch", result, *words(planted(name)), *FAST, "--doses", "0.5,2")
    assert_drawn_the_same_twice(result, tmp_path)
