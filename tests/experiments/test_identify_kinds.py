"""identify on planted models whose signal is no plain channel, and on those whose sink has two stages: the rank and the support of what
was planted, and whether the second stage reads the first."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from support.planted_by_hand import ByHand
from support.planted_cases import Planted, of_further_variant
from support.program import QUIET, Program, text_of
from support.stages import stage

FAST = (*QUIET, "--threads", 1, "--controls", 10, "--no-frozen", "--no-loss")


def identify(program: Program, model: Planted, folder: Path, samples: int = 48) -> dict[str, Any]:
    return program.result("identify", folder / "identify.json", *text_of(model.folder, samples, 64), *FAST)["results"]


def models_of(*variants: str) -> list:
    """By name; the third and fourth seed by hand, with -m slow."""
    names = of_further_variant(*variants)
    return [pytest.param(name, marks=[pytest.mark.slow] * (int(name.rsplit("-", 1)[1]) > 41)) for name in names]


def basis_of(found: dict[str, Any], folder: Path) -> np.ndarray:
    """[rank, D] of the verdict's signal."""
    site = found["verdict"]["signal"]["site"]
    place = next(one["basis"] for one in found["signals"] if one["site"] == site and one["set"] is not None)
    return load_file(folder / "identify.safetensors")[place["tensor"]]


def overlap(found: np.ndarray, planted: list[list[float]]) -> float:
    """The smallest part of a planted direction that lies in the span of those found: 1 where all do."""
    return float(np.linalg.norm(np.array(planted) @ found.T, axis=1).min())


@pytest.mark.parametrize("name", models_of("sparse-direction"))
def test_a_direction_of_few_channels(name: str, program: Program, planted: Callable, tmp_path: Path, record_property: Callable) -> None:
    """Not a set of the four or five largest of them."""
    model = planted(name)
    (circuit,) = model.circuits
    found = stage(identify(program, model, tmp_path), 0)
    verdict = found["verdict"]
    (one,) = verdict["signal"]["sets"]
    record_property(f"identify on {name}", f"planted rank 1, support {circuit['support']}; found {verdict['kind']}, {one}")
    assert (verdict["kind"], verdict["signal"]["site"]) == ("a direction", circuit["signal_sites"][0])
    assert (one["rank"], one["support"]) == (1, circuit["support"])
    assert overlap(basis_of(found, tmp_path), circuit["basis"]) > 0.97


@pytest.mark.parametrize("name", models_of("sample-sign"))
def test_a_level_of_each_samples_own(name: str, program: Program, planted: Callable, tmp_path: Path, record_property: Callable) -> None:
    """Token 0's mean row says nothing; its own row does."""
    model = planted(name)
    (circuit,) = model.circuits
    found = stage(identify(program, model, tmp_path), 0)
    verdict = found["verdict"]
    record_property(f"identify on {name}", f"planted a direction read by its size; found {verdict['kind']}, {verdict['signal']}")
    assert (verdict["kind"], verdict["signal"]["site"], verdict["signal"]["copied"]) == ("a direction", circuit["signal_sites"][0], True)
    site = next(one for one in found["sites"] if one["site"] == circuit["signal_sites"][0])
    assert (site["own_suffices"], site["level_suffices"]) == (True, False)
    assert overlap(basis_of(found, tmp_path), circuit["basis"]) > 0.95


def late_signals(truth: dict[str, Any]) -> list[list[int]]:
    """What the second stage reads, in the window after the first: the first's massive activation and its trace, or its own energy."""
    first, second = truth["stages"]
    return [second["signal_dims"], *([[one] for one in sum(first["massive_dims"], [])] if truth["second_reads_first"] else [])]


@pytest.mark.parametrize("name", models_of("two-stage", "two-stage-independent"))
def test_both_stages(name: str, program: Program, planted: Callable, tmp_path: Path, record_property: Callable) -> None:
    """Removing the first stage's signal ends the second where that reads it, and changes nothing where it does not."""
    model, truth = planted(name), planted(name).truth
    results = identify(program, model, tmp_path)
    found = [stage(results, number) for number in range(len(results["stages"]))]
    record_property(f"identify on {name}", f"planted {[one['signal_dims'] for one in truth['stages']]}, reads the first: "
                    f"{truth['second_reads_first']}; found {results['statement']}")
    assert [list(range(one["first"], one["last"] + 1)) for one in found] == [one["sink_layers"] for one in truth["stages"]]
    early, late = found
    assert early["verdict"]["signal"]["site"] == truth["stages"][0]["signal_sites"][0]
    assert [one["dimensions"] for one in early["verdict"]["signal"]["sets"]] == [truth["stages"][0]["signal_dims"]]
    assert late["verdict"]["signal"]["sets"][0]["dimensions"] in late_signals(truth)
    for one, planted_stage in zip(found, truth["stages"]):
        assert one["massive_activation"]["site"] == f"blocks.{planted_stage['massive_layer']}.hook_mlp_out"
        assert sorted(one["massive_activation"]["dimensions"]) == sorted(sum(planted_stage["massive_dims"], []))
    writes = [(one["site"], one["does"]) for one in results["massive_writes"]]
    wanted = [(f"blocks.{layer}.hook_mlp_out", does) for layer, does in (
        (truth["stages"][0]["massive_layer"], "writes"), (truth["stages"][0]["removal_layer"], "removes"),
        (truth["stages"][1]["massive_layer"], "writes"))]
    assert writes == wanted
    (link,) = late["earlier"]
    assert link["needed"] == ("yes" if truth["second_reads_first"] else "no")
    assert early["earlier"] == []


@pytest.mark.parametrize("name", models_of("subspace"))
def test_directions_that_must_all_be_there(
        name: str, program: Program, planted: Callable, tmp_path: Path, record_property: Callable) -> None:
    """No fewer do; of two, three are named at most."""
    model = planted(name)
    (circuit,) = model.circuits
    found = stage(identify(program, model, tmp_path, samples=128), 0)
    site = next(one for one in found["sites"] if one["site"] == circuit["signal_sites"][0])
    assert site["level_suffices"] and not any(one["enough"] for one in site["tried"] if one["rank"] < circuit["rank"])
    ranks = [one["rank"] for one in site["sufficient"]]
    record_property(f"identify on {name}", f"planted rank {circuit['rank']}; found {found['verdict']['kind']} at "
                    f"{found['verdict']['signal']['site']}; at the planted site {ranks} numbers")
    assert ranks in ([circuit["rank"]], [3])
    assert found["verdict"]["kind"] == "a subspace" and found["verdict"]["signal"]["site"] == circuit["signal_sites"][0]
    (candidate,) = (one for one in found["candidates"] if one["site"] == circuit["signal_sites"][0])
    fewer = candidate["fewer"]  # on the half that tests, too
    assert fewer["rank"] < ranks[0] and (fewer["as_well"], fewer["written"]["ci95"][1] < 0) == ("no", True)


@pytest.mark.parametrize("name", models_of("later-sink"))
def test_a_token_that_is_a_sink_wherever_it_stands(
        name: str, program: Program, planted: Callable, tmp_path: Path, record_property: Callable) -> None:
    """It takes a part of the attention, and is not taken for the first token's signal."""
    model = planted(name)
    found = stage(identify(program, model, tmp_path, samples=96), 0)
    verdict = found["verdict"]
    record_property(f"identify on {name}", f"planted {model.circuits[0]['energy_dims']}; found {verdict['statement']}")
    assert (verdict["kind"], verdict["signal"]["site"]) == ("one channel", model.truth["signal_sites"][0])
    assert [one["dimensions"] for one in verdict["signal"]["sets"]] == [model.circuits[0]["energy_dims"]]
    (write,) = found["massive_writes"]
    assert write["site"] == found["massive_activation"]["site"] and write["does"] == "writes"
    assert [one["id"] for one in write["later_tokens"]["ids"]] == [model.truth["delimiter"]["id"]]


def test_another_draw_gives_the_answer_that_its_samples_give_by_themselves(program: Program, planted: Callable, tmp_path: Path) -> None:
    """Of token files the samples of every draw are the same, so that a run with the next seed is the whole of the second draw."""
    model = planted("two-stage-40")
    tokens = tmp_path / "tokens.json"
    tokens.write_text(json.dumps(ByHand(model.folder).text[: 24 * 48].reshape(24, 48).tolist()))
    words = ("--model", model.folder, "--tokens", tokens, *FAST)
    drawn = program.result("identify", tmp_path / "drawn.json", *words, "--draws", 2)["results"]["draws"][1]
    (alone,) = program.result("identify", tmp_path / "alone.json", *words, "--seed", 1)["results"]["draws"]
    assert drawn["stages"] == alone["stages"] and [len(one["earlier"]) for one in drawn["stages"]] == [0, 1]
