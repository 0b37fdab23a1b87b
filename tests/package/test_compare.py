"""Two results by sample: differences worked by hand, intervals beside the program's own, and what is no pair is refused."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sinkscope import ROOT, LoadedResult, ResultError, load
from sinkscope.results.pairing import documents_of, interval

SMOLLM2 = ROOT / "results/smollm2-135m"


@pytest.fixture(scope="module")
def scan() -> LoadedResult:
    return load(SMOLLM2 / "scan.json")


def changed(result: LoadedResult, change: Callable[[dict[str, Any]], None]) -> LoadedResult:
    document = copy.deepcopy(result.document)
    change(document)
    return LoadedResult(Path("other.json"), document)


def more_attention(document: dict[str, Any]) -> None:
    """Token 0: 0.01 more in even samples, 0.03 more in odd ones; the second sample has no value. Losses as they are."""
    values = document["results"]["sink"][0]["mean_attention"]["by_sample"]
    for sample in range(len(values)):
        values[sample] += 0.03 if sample % 2 else 0.01
    values[1] = None


def test_differences_are_the_other_less_this_one(scan: LoadedResult) -> None:
    other = changed(scan, more_attention)
    found = scan.compare(other).set_index(["metric", "token"])
    row = found.loc[("mean_attention", 0)]
    assert row["difference"] == pytest.approx((50 * 0.01 + 49 * 0.03) / 99) and row["difference_n"] == 99
    assert row["other"] - row["this"] == pytest.approx(row["difference"])
    assert 0.018 < row["difference_ci95_low"] < row["difference"] < row["difference_ci95_high"] < 0.022
    rest = found.drop(index=("mean_attention", 0))
    assert len(rest) == 4 and (rest[["difference", "difference_ci95_low", "difference_ci95_high"]] == 0).all(axis=None)
    samples = scan.paired(other).query("metric == 'mean_attention' and token == 0")
    assert list(samples["sample"]) == [0, *range(2, 100)]
    assert samples["difference"].iloc[0] == pytest.approx(0.01)


def test_the_other_may_be_a_path(scan: LoadedResult) -> None:
    path = SMOLLM2 / "scan.json"
    assert scan.compare(path).equals(scan.compare(scan)) and scan.paired(str(path)).equals(scan.paired(scan))
    with pytest.raises(ResultError, match=r"^none\.json: cannot be read"):
        scan.compare("none.json")


def test_intervals_are_the_programs() -> None:
    """Of trials' paired differences, by other draws of the same bootstrap: 2,000 draws place a 2.5 % quantile of a normal to 1.5 % of
    the interval's width, two of them to 2.1 %, of which 8 % is nearly four. Over samples alone the ends are elsewhere."""
    result = load(SMOLLM2 / "transplant.layer-23.json")
    documents, apart, alone = documents_of(result), [], []
    first, *_ = trials = result.results["trials"]  # the first alone keeps the unedited run by sample
    for tracked, without in (pair for trial in trials for pair in zip(trial["mean_attention"], first["mean_attention"], strict=True)):
        values = np.array(tracked["by_sample"]["edited"]) - np.array(without["by_sample"]["unedited"])
        theirs = np.array(tracked["difference"]["ci95"])
        width = theirs[1] - theirs[0]
        if width > 0.01:  # values by sample have four digits here
            apart.append(np.abs(interval(values, documents) - theirs).max() / width)
            alone.append(np.abs(interval(values, np.arange(len(values))) - theirs).max() / width)
    assert len(set(documents)) == 20 and len(apart) > 100
    assert max(apart) < 0.08 and np.mean(alone) > 2 * np.mean(apart)


@pytest.mark.parametrize(("change", "words"), [
    (lambda d: d["data"].update(sha256="0" * 64), "data.sha256 is f9a10dc1"),
    (lambda d: d["data"]["starts"].__setitem__(5, 7), "data.starts is a list of 100 and a list of 100"),
    (lambda d: d["data"].update(samples=99), "data.samples is 100 and 99"),
    (lambda d: d["data"].update(bos=1), "data.bos is none and 1"),
    (lambda d: d["tokenizer"].update(sha256="0" * 64), "tokenizer.sha256 is 0e8e664b"),
    (lambda d: d["metrics"].update(mean_attention="another"), "metrics.mean_attention is mean of the"),
    (lambda d: d.update(experiment="rope-swap"), "experiment is scan and rope-swap"),
    (lambda d: d["data"].update(slice="random"), "data.slice is windows and random"),
])  # fmt: skip
def test_other_samples_are_refused_by_name(scan: LoadedResult, change: Callable[[dict], None], words: str) -> None:
    with pytest.raises(ResultError, match="cannot be paired by sample") as refused:
        scan.compare(changed(scan, change))
    assert words in str(refused.value)


def test_sinks_of_other_layers_are_no_pair() -> None:
    with pytest.raises(ResultError, match="results.sink_layer is 3 and 23$"):
        load(SMOLLM2 / "zero-sweep.json").compare(load(SMOLLM2 / "zero-sweep.layer-23.json"))


def test_what_has_nothing_by_sample_is_said() -> None:
    ids = load(SMOLLM2 / "first-token.json")
    with pytest.raises(ResultError, match="have nothing by sample in common"):
        ids.compare(ids)


def test_random_ids_of_another_seed_are_no_pair(scan: LoadedResult) -> None:
    def random(document: dict[str, Any]) -> None:
        document["data"].update(slice="random", path=None, sha256=None)

    def seeded(document: dict[str, Any]) -> None:
        random(document)
        document["numerics"]["seed"] = 1

    with pytest.raises(ResultError, match="numerics.seed is 0 and 1"):
        changed(scan, random).compare(changed(scan, seeded))


def test_trials_are_paired_by_name_and_token() -> None:
    sweep = load(SMOLLM2 / "head-attribution.json")
    found = sweep.compare(sweep)
    trials = json.loads((SMOLLM2 / "head-attribution.json").read_text())["results"]["trials"]
    assert len(found) == 2 * len(trials) * 2  # unedited and edited, of two tracked tokens; the ordinary ones were trimmed
    edited = found.query("metric == 'mean_attention_edited'").set_index(["name", "token"])["this"]
    for trial in trials:
        for tracked in trial["mean_attention"]:  # three digits by sample
            assert edited[(trial["name"], tracked["token"])] == pytest.approx(tracked["edited"], abs=5e-4)
