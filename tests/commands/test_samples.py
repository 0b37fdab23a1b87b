"""Samples out of a text or a file of ids: where windows start, the BOS before them, ragged ones."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from sinkscope import ROOT
from support.program import QUIET, Program, text_of

MODEL = ROOT / "models" / "planted"
SINK = ("--measure", "sink")


def test_windows_start_where_they_are_said_to(program: Program, tmp_path: Path) -> None:
    data = program.result("scan", tmp_path / "a.json", *text_of(MODEL, 7, 33), *SINK)["data"]
    assert data["starts"] == [i * ((data["text_tokens"] - 33) // 7) for i in range(7)]


@pytest.fixture
def with_bos(tmp_path: Path) -> Path:
    """The planted model with a tokenizer that puts <|endoftext|>, id 511, before a text, as Llama 3's does its own."""
    model = tmp_path / "model"
    shutil.copytree(MODEL, model)
    tokenizer = json.loads((model / "tokenizer.json").read_text())
    bos = "<|endoftext|>"
    tokenizer["post_processor"] = {
        "type": "TemplateProcessing", "single": [{"SpecialToken": {"id": bos, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [], "special_tokens": {bos: {"id": bos, "ids": [511], "tokens": [bos]}}}
    (model / "tokenizer.json").write_text(json.dumps(tokenizer))
    return model


def test_samples_begin_with_bos_where_the_tokenizer_has_one(program: Program, with_bos: Path, tmp_path: Path) -> None:
    def scan(name: str, *words: object) -> dict:
        return program.result("scan", tmp_path / f"{name}.json", *SINK, *words)

    window = ("--model", with_bos, "--text", MODEL / "text.txt", "--samples", 3, "--length", 21)
    auto = scan("auto", *window)
    assert (auto["data"]["bos"], auto["data"]["length"], auto["config"]["bos"]) == (511, 21, "auto")
    ids = json.loads(program.output("tokenize", "--model", with_bos, "--text", MODEL / "text.txt"))
    step = (len(ids) - 20) // 3
    rows = tmp_path / "rows.json"
    rows.write_text(json.dumps([[511, *ids[i * step : i * step + 20]] for i in range(3)]))
    by_hand = scan("by hand", "--model", with_bos, "--tokens", rows)  # a file's ids are taken as they are
    assert by_hand["data"]["bos"] == "none"
    assert by_hand["results"] == auto["results"]
    without = scan("without", *window, "--bos", "without")
    plain = scan("plain", *text_of(MODEL, 3, 21))
    assert without["data"] == plain["data"]
    assert without["results"] == plain["results"]
    lines = scan("lines", *window, "--slice", "lines")
    assert (lines["data"]["bos"], max(lines["data"]["lengths"])) == (511, 21)
    random = scan("random", "--model", with_bos, "--tokens", "random", "--samples", 3, "--length", 21, "--bos", "with")
    assert (random["data"]["bos"], random["data"]["length"]) == (511, 21)


def test_ragged_token_files(program: Program, tmp_path: Path) -> None:
    tokens = tmp_path / "t.json"
    tokens.write_text("[[5,6,7,8,9,10],[11,12,13],[14,15,16,17]]")
    result = program.result("scan", tmp_path / "a.json", "--model", MODEL, "--tokens", tokens, "--track", "0,2")
    assert result["data"]["lengths"] == [6, 3, 4]
    assert [sink["samples"] for sink in result["results"]["sink"]] == [3, 2]


def test_trials_have_a_hundred_samples_to_test_on(program: Program, tmp_path: Path) -> None:
    """Where nobody says how many: half of the documents choose."""
    for experiment in ("identify", "channel-patch", "magc", "gate-readout", "intervene"):
        defaults = re.findall(r"--(samples|length) INT.*=(\d+)$", program.output(experiment, "--help"), re.M)
        assert dict(defaults) == {"samples": "220", "length": "32"}, experiment
    words = ("--model", MODEL, "--text", MODEL / "text.txt", *QUIET)
    result = program.result("channel-trace", tmp_path / "a.json", *words)
    assert (result["config"]["samples"], result["data"]["samples"], result["data"]["length"]) == (220, 220, 32)
    assert len(result["results"]["selection_split"]["testing"]) >= 100
    assert not any("samples to test on" in warning for warning in result["warnings"])


@pytest.mark.parametrize("lines", [False, True])
def test_a_short_text_gives_what_it_has(lines: bool, program: Program, tmp_path: Path) -> None:
    """By default, with a warning that names the number; asked for, more is refused, and that number is not."""
    text, words = tmp_path / "short.txt", ("--model", MODEL, "--text", tmp_path / "short.txt", *SINK, "--length", 24)
    long = (MODEL / "text.txt").read_text(encoding="utf-8").replace("\n", " ")
    text.write_text("\n\n".join(long[i : i + 90] for i in range(0, 450, 90)) if lines else long[:95])
    most = 5 if lines else len(json.loads(program.output("tokenize", "--model", MODEL, "--text", text))) - 24
    assert 1 < most < 32
    words += ("--slice", "lines") if lines else ()
    taken = program.result("scan", tmp_path / "taken.json", *words)
    assert taken["data"]["samples"] == most
    (warning,) = taken["warnings"]
    assert "short.txt" in warning and warning.endswith(f"--samples is not given and becomes {most}")
    program.assert_refused("scan", *words, "--samples", most + 1, out=tmp_path / "a.json", parts=["short.txt", f"{most} "])
    asked = program.result("scan", tmp_path / "asked.json", *words, "--samples", most)
    assert asked["results"] == taken["results"] and asked["warnings"] == []


def test_the_shortest_of_several_texts_says_how_many(program: Program, tmp_path: Path) -> None:
    long = (MODEL / "text.txt").read_text(encoding="utf-8")
    (tmp_path / "long.txt").write_text(long)
    (tmp_path / "short.txt").write_text("\n".join(long.splitlines()[:1])[:120])
    text = f"{tmp_path / 'long.txt'},{tmp_path / 'short.txt'}"
    tokens = len(json.loads(program.output("tokenize", "--model", MODEL, "--text", text).splitlines()[1]))
    result = program.result("scan", tmp_path / "a.json", "--model", MODEL, "--text", text, "--length", tokens - 4, *SINK)
    assert [one["samples"] for one in result["data"]["texts"]] == [4, 4]
    assert "short.txt" in result["warnings"][0]
