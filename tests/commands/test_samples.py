"""Samples out of a text or a file of ids: where windows start, the BOS before them, ragged ones."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from sinkscope import ROOT
from support.program import Program, text_of

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
