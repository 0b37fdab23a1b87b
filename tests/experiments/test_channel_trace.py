"""channel-trace must find what was planted: which channels carry the energy that tells the first token, with the numbers that
follow from its closed form (planted_by_hand)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.channel_runs import CASES, Energies, K, channels, sites, words
from support.figures import assert_drawn_the_same_twice
from support.planted_cases import Planted
from support.program import QUIET, Program
from support.refusals import refusals

DRAWS = 200


@dataclass
class Traced:
    """A planted model and its trace with every channel."""

    model: Planted
    result: dict[str, Any]

    @property
    def results(self) -> dict[str, Any]:
        return self.result["results"]

    @cached_property
    def energies(self) -> Energies:
        return Energies(self.model, self.result)

    def dimensions(self, site: str) -> list[dict[str, Any]]:
        (found,) = (one for one in self.results["sites"] if one["site"] == site)
        return found["dimensions"]


@pytest.fixture(scope="module")
def traced(request: pytest.FixtureRequest, program: Program, planted: Callable, tmp_path_factory: pytest.TempPathFactory) -> Traced:
    model = planted(request.param)
    options = ("--draws", DRAWS, "--top", model.truth["hidden"])
    return Traced(model, program.result("channel-trace", tmp_path_factory.mktemp("trace") / "trace.json", *words(model), *options))


def on(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("traced", names, indirect=True, scope="module")


@on(*CASES)
def test_it_covers_every_part_below_the_sink(traced: Traced) -> None:
    sink = traced.model.layers["sink"][0]
    parts = ["ln1.hook_out", "hook_attn_out", "hook_resid_mid", "ln2.hook_out", "hook_mlp_out", "hook_resid_post"]
    wanted = ["hook_embed", *(f"blocks.{b}.{part}" for b in range(sink) for part in parts), f"blocks.{sink}.ln1.hook_out"]
    assert [found["site"] for found in traced.results["sites"]] == wanted
    assert traced.results["sink_layer"] == sink
    for found in traced.results["sites"]:
        dimensions = list(range(traced.model.truth["hidden"]))
        assert sorted(one["dimension"] for one in found["dimensions"]) == dimensions
        assert sorted(one["rank_by_magnitude"] for one in found["dimensions"]) == dimensions


@on(*(name for name in CASES if name != "rotated"))
def test_energy_channels_rank_first(traced: Traced) -> None:
    wanted = channels(traced.model)
    for site in sites(traced.model):
        first = traced.dimensions(site)[: len(wanted)]
        assert sorted(one["dimension"] for one in first) == wanted, site
        for one in first:
            assert one["p"] == pytest.approx(1 / (1 + DRAWS), abs=5e-8)
            assert one["auc"] > 0.99
            # a token that sees only itself has token 0's energy, whichever it is
            np.testing.assert_allclose(one["mean_self_only"], one["mean"][0], rtol=1e-4, err_msg=site)
            assert (np.array(one["mean"][1:]) < 0.9 * one["mean"][0]).all(), site


@on(*(name for name in CASES if name not in ("split", "rotated", "second-circuit")))
def test_numbers_are_those_of_the_closed_form(traced: Traced) -> None:
    energy = traced.energies.energy[traced.energies.tested, : K + 1]
    first, others = energy[:, 0], energy[:, 1:]
    pooled = np.sqrt((len(first) * first.var() + others.size * others.var()) / energy.size)
    for site in sites(traced.model):
        for dimension in channels(traced.model):
            (found,) = (one for one in traced.dimensions(site) if one["dimension"] == dimension)
            np.testing.assert_allclose(found["mean"], energy.mean(0), rtol=1e-4, err_msg=site)
            assert found["effect_size"]["tested"] == pytest.approx((first.mean() - others.mean()) / pooled, abs=5e-4), site
            assert found["auc"] == pytest.approx((first[:, None, None] > others).mean(), abs=5e-8), site
            # 10 of it where embeddings have about a length of 7: the largest at token 0
            assert found["rank_by_magnitude"] < len(channels(traced.model)), site


@on(*CASES)
def test_embeddings_tell_nothing(traced: Traced) -> None:
    for found in traced.dimensions("hook_embed"):
        assert found["p"] > 0.05


@on("rotated")
def test_a_rotated_energy_shows_in_many_channels_with_its_direction(traced: Traced) -> None:
    direction = np.array(traced.model.circuits[0]["energy_direction"])
    for site in sites(traced.model):
        certain = [one for one in traced.dimensions(site) if one["p"] <= 0.01]
        assert len(certain) > 3, site
        for one in certain:
            assert one["effect_size"]["tested"] * direction[one["dimension"]] > 0, site


def test_a_named_channel_is_listed_beside_the_first(program: Program, planted: Callable, tmp_path: Path) -> None:
    model = planted("decoy")
    (energy,) = model.circuits[0]["energy_dims"]
    options = ("--draws", DRAWS, "--top", 1, "--dimensions", energy)
    results = program.result("channel-trace", tmp_path / "trace.json", *words(model), *options)["results"]
    (embedded,) = (site for site in results["sites"] if site["site"] == "hook_embed")
    assert embedded["dimensions"][-1]["dimension"] == energy


def test_it_runs_on_every_family(program: Program, family_model: Path, tmp_path: Path) -> None:
    data = ("--model", family_model, "--tokens", "random", "--samples", 6, "--length", 24)
    program.result("channel-trace", tmp_path / "trace.json", *data, *QUIET, "--layer", 1, "--top", 3, "--draws", 20)


@refusals(
    (("--dimensions", -1), "--dimensions", "-1", "0 to 95"),
    (("--samples", 3), "3 documents", "4 or more"),
    (("--self-only-layers", "0,5"), "--self-only-layers", "layer 5", "0 to 4"),
    (("--self-only-layers", ""), "--self-only-layers", "empty"),
    (("--length", 9), "token 8", "samples of 10"),
    (("--draws", 0), "--draws"),
)
def test_refused(options: tuple, parts: list[str], program: Program, planted: Callable, tmp_path: Path) -> None:
    program.assert_refused("channel-trace", *words(planted("base")), *options, out=tmp_path / "trace.json", parts=parts)


def test_without_a_sink_it_tells_of_all_blocks(program: Program, random_model: Path, tmp_path: Path) -> None:
    ids = tmp_path / "ids.json"
    ids.write_text(json.dumps(np.random.default_rng(3).integers(0, 100, (12, 40)).tolist()))
    results = program.result("channel-trace", tmp_path / "trace.json", "--model", random_model, "--tokens", ids, *QUIET,
                             "--threads", 1)["results"]
    assert results["sink_layer"] is None
    layers = len(results["sink_baseline"]["mean_attention"]["first"])
    assert results["sites"][-1]["site"] == f"blocks.{layers - 1}.hook_resid_post"


@pytest.mark.parametrize("name", ["redundant", "rotated"])
def test_the_figures_are_drawn_the_same_twice(name: str, program: Program, planted: Callable, tmp_path: Path) -> None:
    channel, result = channels(planted("redundant"))[0], tmp_path / "trace.json"
    program.result("channel-trace", result, *words(planted(name)), "--draws", DRAWS, "--dimensions", channel)
    for options in ((), ("--dimensions", channel)):
        assert_drawn_the_same_twice(result, tmp_path, *options)
