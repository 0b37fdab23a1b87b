"""Texts as editors and Python write them: a byte order mark, and records that only Python's json takes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from sinkscope import ROOT
from support.program import QUIET, Program, assert_one_line

MODEL = ROOT / "models/demo"
TEXT = "Once upon a time there was a little girl who lived near the sea. " * 6
# What json.loads takes and the standard does not have.
RECORDS = [r'{"text": "One day", "score": NaN}', r'{"text": "a cat", "range": [-Infinity, Infinity, 1e999]}', r'"\u00e9t\u00e9"',
           r'{"raw": "\ud83d", "text": "\ud83d\ude00 ran"}', r'{"text": "the first", "text": "the last", "n": 123456789012345678901234}']


def encoded(text: str) -> list[int]:
    return Tokenizer.from_file(str(MODEL / "tokenizer.json")).encode(text).ids


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl"])
def test_a_byte_order_mark_is_left_out_and_said(name: str, program: Program, tmp_path: Path) -> None:
    text = TEXT if name.endswith("txt") else "\n".join(json.dumps({"text": TEXT}) for _ in range(2))
    said, results = {}, {}
    for encoding in ("utf-8", "utf-8-sig"):
        path = tmp_path / encoding / name
        path.parent.mkdir()
        path.write_text(text, encoding=encoding)
        words = ("--model", MODEL, "--text", path, "--samples", 2, "--length", 16, *QUIET)
        result = program.result("scan", tmp_path / f"{encoding}.json", *words)
        said[encoding], results[encoding] = result["warnings"], result["results"]
    assert results["utf-8"] == results["utf-8-sig"]
    assert said["utf-8"] == []
    assert len(said["utf-8-sig"]) == 1
    assert "byte order mark" in said["utf-8-sig"][0]


def test_records_are_those_of_pythons_json(program: Program, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("\n".join(RECORDS), encoding="utf-8")
    read = [json.loads(line) for line in RECORDS]
    wanted = [encoded(record if isinstance(record, str) else record["text"]) for record in read]
    printed = program.output("tokenize", "--model", MODEL, "--text", tmp_path / "a.jsonl")
    assert [json.loads(line) for line in printed.splitlines()] == wanted


@pytest.mark.parametrize(("data", "words"), [
    (rb'{"text": "a \ud800 b"}', ("line 1", "surrogate")), (rb'"x"' + b"\n" + rb'{"text": "a", "n": nan}', ("line 2", "not JSON")),
    (b"\xff\xfea\0b\0", ("UTF-16", "UTF-8")),
])  # fmt: skip
def test_texts_that_cannot_be_read_are_refused(data: bytes, words: tuple[str, ...], program: Program, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(data)
    done = program.run("tokenize", "--model", MODEL, "--text", tmp_path / "a.jsonl")
    assert done.returncode == 2
    assert_one_line(done.stderr, words)
