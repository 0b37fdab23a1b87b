"""identify on tokens that are sinks without being first: which they are, by transformers alone, and whether they carry the first token's
signal: repeats of the first token do, a planted delimiter joins at the massive activation."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from sinkscope import load
from sinkscope.planted.plan import Options
from sinkscope.report.experiments import figures_of
from support.planted_cases import Planted
from support.planted_reference import Reference
from support.program import QUIET, Program, text_of
from support.stages import first_stage

FAST = (*QUIET, "--threads", 1, "--controls", 10, "--no-frozen", "--no-loss")
QUERIES, COSINE, LAYERS = 8, 0.9, 4  # of docs/identify.md
LENGTH = 40


def later_sinks(program: Program, words: tuple[object, ...], folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """What it says of later sinks, and all of the one stage."""
    document = program.result("identify", folder / "identify.json", *words, *FAST)
    found = first_stage(document["results"])
    assert "Sinks that are not first" in (folder / "identify.txt").read_text()
    return found["later_sinks"], found | {"ids": ids_of(document, words)}


def ids_of(document: dict[str, Any], words: tuple[object, ...]) -> list[list[int]]:
    if "--tokens" in words:
        return json.loads(Path(words[words.index("--tokens") + 1]).read_text())
    m, length = Reference(Planted(Path(words[1]))), document["data"]["length"]
    return [m.text[start : start + length].tolist() for start in document["data"]["starts"]]


class Truth:
    """By transformers alone: [n, T] of each."""

    def __init__(self, model: Planted, ids: list[list[int]]) -> None:
        self.ids = torch.tensor(ids)
        self.m = m = Reference(model)
        run = m(self.ids)
        self.residual = residual = torch.stack(run.residual)  # [L, n, T, hidden]
        self.layers = range(len(residual))
        self.places = torch.zeros(self.ids.shape, dtype=torch.bool)
        self.places[:, 1 : self.ids.shape[1] - QUERIES] = True
        start = m.layers["massive_activation"]
        self.massive = (residual[start][:, :, m.circuits[0]["massive_dims"]].abs() > 100).all(-1) & self.places
        close = torch.cosine_similarity(residual, residual[:, :, :1], dim=-1) > COSINE
        self.sink = sink = m.layers["sink"][0]
        above = close[sink:].int().cumprod(0).sum(0)
        below = close[:sink].flip(0).int().cumprod(0).sum(0)
        self.close = close[sink - 1] & (above + below > LAYERS) & self.places
        self.first_close = (sink - below)[self.close]
        self.pattern = run.patterns[sink].mean(1)  # [n, T, T]

    def attention(self, mask: torch.Tensor, patterns: torch.Tensor | None = None) -> tuple[float, float]:
        """Over each sample's tokens of the mask, then over samples: to them, and to token 0 from the same queries."""
        rows = []
        for pattern, tokens in zip(self.pattern if patterns is None else patterns, mask):
            places = tokens.nonzero().flatten().tolist()
            if places:
                rows.append([sum(pattern[t + 1 :, key].mean().item() for t, key in zip(places, keys)) / len(places)
                             for keys in (places, [0] * len(places))])
        to_them, to_first = torch.tensor(rows).mean(0).tolist()
        return to_them, to_first


    def ordinary(self, layer: int, dimensions: list[int], split: dict[str, list[int]]) -> torch.Tensor:
        """The mean level after the block of tokens 1 to 8 that are not massive, over the samples that choose."""
        chosen = torch.tensor(split["choosing"])
        return self.residual[layer][chosen, 1:9][~self.massive[chosen, 1:9]][:, dimensions].mean(0)

    def without(self, layer: int, dimensions: list[int], split: dict[str, list[int]]) -> tuple[float, float]:
        """Attention likewise in the samples that test, with the massive tokens at that level after the block."""
        level = self.ordinary(layer, dimensions, split)

        def patch(x: torch.Tensor) -> torch.Tensor:
            sample, token = self.massive.nonzero(as_tuple=True)
            x[sample[:, None], token[:, None], torch.tensor(dimensions)] = level
            return x

        patterns = self.m(self.ids, patches={layer: patch}).patterns[self.sink].mean(1)
        tested = torch.tensor(split["testing"])
        return self.attention(self.massive[tested], patterns[tested])

    def share_of_way(self, layer: int, dimensions: list[int], split: dict[str, list[int]]) -> float:
        """Of the massive tokens in the samples that test, from that level to token 0's."""
        rows, ordinary = self.residual[layer][:, :, dimensions], self.ordinary(layer, dimensions, split)
        way = rows[torch.tensor(split["choosing"]), 0].mean(0) - ordinary
        shares = (rows - ordinary) @ way / way.square().sum()
        return torch.stack([shares[i][self.massive[i]].mean() for i in split["testing"] if self.massive[i].any()]).mean().item()


def assert_found(found: dict[str, Any], truth: Truth) -> None:
    assert found["tokens"] == truth.places.sum() and found["sinks"] == truth.massive.sum() > 0
    assert found["by_cosine"] == truth.close.sum() and found["by_attention"] == truth.massive.sum()
    assert found["by_both"] == (truth.close & truth.massive).sum()
    counts = truth.ids[truth.massive].bincount()
    assert [one["count"] for one in found["ids"]] == sorted(counts[counts > 0].tolist(), reverse=True)[:5]
    for one in found["ids"]:
        assert counts[one["id"]] == one["count"]
    runs = Counter(truth.first_close.tolist())
    assert {one["first"]: one["count"] for one in found["runs"]} == dict(runs.most_common(5))
    assert all(one["last"] == len(truth.layers) - 1 for one in found["runs"])
    to_them, to_first = truth.attention(truth.massive)
    assert found["attention"]["sinks"]["mean"] == pytest.approx(to_them, abs=1e-5)
    assert found["attention"]["first"]["mean"] == pytest.approx(to_first, abs=1e-5)


def assert_carried(found: dict[str, Any], stage: dict[str, Any], truth: Truth) -> None:
    """Shares and attention with and without, after every block of which a set of dimensions is asked about."""
    compared = 0
    for one in found["carries"]:
        (candidate,) = (each for each in stage["candidates"] if each["site"] == one["site"])
        if not one["site"].endswith("hook_resid_post") or any(each["directions"] for each in candidate["sufficient"]):
            continue
        layer, dimensions = int(one["site"].split(".")[1]), sorted({d for each in candidate["sufficient"] for d in each["dimensions"]})
        share = truth.share_of_way(layer, dimensions, stage["selection_split"])
        assert one["share_of_way"]["mean"] == pytest.approx(share, rel=1e-3, abs=1e-3)
        to_them, to_first = truth.without(layer, dimensions, stage["selection_split"])
        assert one["attention"]["edited"]["sinks"]["mean"] == pytest.approx(to_them, abs=1e-4)
        assert one["attention"]["edited"]["first"]["mean"] == pytest.approx(to_first, abs=1e-4)
        compared += 1
    assert compared > 0


def repeats(model: Planted, folder: Path, samples: int = 32) -> Path:
    """Windows of the text whose tokens 1 to 3 are the first again, and no later one is."""
    kept = []
    for ids in Reference(model).windows(4 * samples, LENGTH).tolist():
        if ids[0] not in ids[1:] and len(kept) < samples:
            kept.append([ids[0]] * 4 + ids[4:])
    assert len(kept) == samples
    (file := folder / "ids.json").write_text(json.dumps(kept))
    return file


REPEATING = {61: Options(seed=61, layers=8), 62: Options(seed=62, layers=8, heads=8, kv_heads=2, signs=32)}


@pytest.mark.parametrize("seed", REPEATING)
def test_repeats_of_the_first_token_carry_its_signal(seed: int, program: Program, planted: Callable, tmp_path: Path) -> None:
    model = planted(REPEATING[seed])
    words = ("--model", model.folder, "--tokens", repeats(model, tmp_path))
    found, stage = later_sinks(program, words, tmp_path)
    truth = Truth(model, stage["ids"])
    assert torch.equal(truth.massive.nonzero()[:, 1].unique(), torch.tensor([1, 2, 3])) and truth.massive.sum() == 3 * len(truth.ids)
    assert_found(found, truth)
    site = stage["verdict"]["signal"]["site"]
    assert (found["same_signal"], found["from"], found["not_asked"]) == ("yes", site, None)
    signal = found["carries"][0]
    assert signal["site"] == site == model.truth["signal_sites"][0]
    assert signal["share_of_way"]["mean"] == pytest.approx(1, abs=0.05)
    before, after = (signal["attention"][when] for when in ("unedited", "edited"))
    assert before["sinks"]["mean"] == pytest.approx(0.25, abs=0.05) and after["sinks"]["mean"] < 0.01
    assert after["first"]["mean"] > 0.95  # which has all of it
    assert_carried(found, stage, truth)
    assert (tmp_path / "identify.txt").read_text().count("They carry the same signal as token 0.") == 1

    named, _ = later_sinks(program, (*words, "--later-sinks", "1-3", "--force"), tmp_path)
    assert named == found
    ordinary, _ = later_sinks(program, (*words, "--later-sinks", "20,22", "--force"), tmp_path)
    assert ordinary["carries"] == [] and "less than 4 times" in ordinary["not_asked"]
    assert (ordinary["sinks"], ordinary["by_attention"]) == (2 * len(truth.ids), found["by_attention"])


@pytest.mark.parametrize("seed", [63, 64])
def test_a_delimiter_joins_at_the_massive_activation(seed: int, program: Program, planted: Callable, tmp_path: Path) -> None:
    """It gets as much as token 0 does, and what marks it is its own."""
    model = planted(Options(seed=seed, variant="later-sink", layers=6 + seed % 2))
    found, stage = later_sinks(program, text_of(model.folder, 48, 64), tmp_path)
    truth = Truth(model, stage["ids"])
    assert_found(found, truth)
    delimiter = model.truth["delimiter"]
    assert found["ids"][0]["id"] == delimiter["id"]
    assert found["same_signal"] == "no" and found["from"] == delimiter["massive_from"]
    before = [one for one in found["carries"] if one["needed"] != "yes"]
    assert before[0]["site"] == model.truth["signal_sites"][0]
    assert all(one["share_of_way"]["ci95"][1] < 0.5 and one["needed"] == "no" for one in before)
    (joined,) = (one for one in found["carries"] if one["site"] == found["from"])
    assert joined["share_of_way"]["mean"] > 1  # the delimiter's massive activation is the larger one
    assert joined["attention"]["edited"]["sinks"]["mean"] < 0.01
    assert_carried(found, stage, truth)
    assert_drawn(found, tmp_path / "identify.json")


def assert_drawn(found: dict[str, Any], result: Path) -> None:
    """On the report's page, a row a site."""
    (drawn,) = (one for one in figures_of(load(result)) if one.key == "later-sinks")
    (traces,) = drawn.options.values()
    levels = {trace["name"]: trace["x"] for trace in traces}
    for run, name in (("unedited", "to them, unedited"), ("edited", "to them, without what token 0 has there")):
        assert levels[name] == [one["attention"][run]["sinks"]["mean"] for one in found["carries"]]
    assert "do not carry token 0's signal" in drawn.says and str(found["ids"][0]["id"]) in drawn.says


def test_ordinary_text_has_none(program: Program, planted: Callable, tmp_path: Path) -> None:
    """Windows whose first id stands nowhere else."""
    model = planted("base")
    kept = [ids for ids in Reference(model).windows(64, LENGTH).tolist() if ids[0] not in ids[1:]][:24]
    (tmp_path / "ids.json").write_text(json.dumps(kept))
    found, stage = later_sinks(program, ("--model", model.folder, "--tokens", tmp_path / "ids.json"), tmp_path)
    truth = Truth(model, stage["ids"])
    assert not truth.massive.any() and found["sinks"] == found["by_attention"] == 0
    assert found["carries"] == found["ids"] == [] and "no token after the first" in found["not_asked"]
    assert found["same_signal"] is None and found["attention"]["sinks"]["mean"] is None


def test_positions_that_cannot_be_asked_about(program: Program, planted: Callable, tmp_path: Path) -> None:
    words = text_of(planted("base").folder, 8, LENGTH)
    for positions, part in (("0", "0"), ("3,32", "32")):
        program.assert_refused("identify", *words, *FAST, "--later-sinks", positions, out=tmp_path / "x.json",
                               parts=("--later-sinks", part, "1 to 31", "40 tokens"))


def test_no_other_token_to_compare_with(program: Program, planted: Callable, tmp_path: Path) -> None:
    """All that have enough queries behind them are named."""
    words = (*text_of(planted("base").folder, 16, 12), "--later-sinks", "1-3")
    found, _ = later_sinks(program, words, tmp_path)
    assert found["tokens"] == found["sinks"] == 3 * 16 and found["attention"]["others"]["mean"] is None
    assert (found["carries"], found["same_signal"]) == ([], None) and "no other later token" in found["not_asked"]


def test_named_sinks_are_no_ordinary_tokens(program: Program, planted: Callable, tmp_path: Path) -> None:
    """Seven times the first token: tokens 4 to 6 get as much as token 0 does, and beside them it is no sink."""
    model = planted(REPEATING[61])
    ids = json.loads(repeats(model, tmp_path).read_text())
    (tmp_path / "ids.json").write_text(json.dumps([[one[0]] * 7 + one[7:] for one in ids]))
    words = ("--model", model.folder, "--tokens", tmp_path / "ids.json", "--token", 12)
    assert program.result("identify", tmp_path / "beside.json", *words, *FAST)["results"]["stages"] == []
    named, stage = later_sinks(program, (*words, "--other-token", 14, "--later-sinks", "1-6"), tmp_path)
    assert named["sinks"] == 6 * len(ids) and stage["first"] == model.layers["sink"][0]
    program.assert_refused("identify", *words, *FAST, "--later-sinks", "1-6", out=tmp_path / "x.json",
                           parts=("--other-token 6", "asked about"))


def test_without_random_moves_nothing_is_certain(program: Program, planted: Callable, tmp_path: Path) -> None:
    model = planted(REPEATING[61])
    words = ("--model", model.folder, "--tokens", repeats(model, tmp_path), *FAST[:-4], "--controls", 0, *FAST[-2:])
    stage = first_stage(program.result("identify", tmp_path / "identify.json", *words)["results"])
    assert stage["verdict"]["kind"] == "undecided"
    first = stage["later_sinks"]["carries"][0]
    assert first["random"] == {"moves": 0, "ended": 0} and first["needed"] == "open"
    page = (tmp_path / "identify.txt").read_text()
    assert "do not tell whether they carry what the first open candidate holds" in page


def test_where_no_layer_has_a_sink(program: Program, even_model: Path, tmp_path: Path) -> None:
    words = ("--model", even_model, "--tokens", "random", "--samples", 8, "--length", 40, *FAST, "--later-sinks", "1-3")
    result = program.result("identify", tmp_path / "identify.json", *words)
    assert result["results"]["stages"] == [] and any("--later-sinks" in one for one in result["warnings"])
