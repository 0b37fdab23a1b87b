"""What a user gets wrong on the command line, in a config or in files ends with a clear one-line error, exit code 2 and nothing
written. Options of one experiment alone are in its own file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sinkscope import ROOT
from support.program import Program, assert_one_line

MODEL = ROOT / "models" / "planted"
TEXT = ("--text", MODEL / "text.txt")
SAMPLES = (*TEXT, "--samples", 2, "--length", 16)
ACTIVATIONS = ("activations", "--model", MODEL, *SAMPLES, "--out", "OUT", "--sites")
SCAN = ("scan", "--model", MODEL, *SAMPLES, "--out", "OUT")

# Title: words, what the error must hold. OUT is for the result file, DIR for an empty folder.
WORDS: dict[str, tuple[tuple[object, ...], list[str]]] = {
    "unknown command": (("scann", "--samples", 3), ["'scann'", "'scan'"]),
    "a word of one letter": (("x",), ["'x'", "nearest is '", "--help"]),
    "unknown option": ((*SCAN, "--layer", 3), ["--layer", "scan --help"]),
    "unknown option before what is missing": (("scan", "--lenght=3"), ["--lenght", "--length"]),
    "unknown option of the program": (("--versoin",), ["--versoin", "--version"]),
    "a word too many": ((*SCAN, "now"), ["'now'"]),
    "a command of Python": (("report", "a.json", "-o", "OUT"), ["report", ".venv/bin/sinkscope report"]),
    "no model": (("scan", *SAMPLES, "--out", "OUT"), ["--model"]),
    "model not there": (("scan", "--model", "Qwen/NotThere", *SAMPLES, "--out", "OUT"), ["Qwen/NotThere", "cache"]),
    "revision of a folder": ((*SCAN, "--revision", "main"), ["--revision"]),
    "no text": (("scan", "--model", MODEL, "--out", "OUT"), ["--text", "--tokens"]),
    "text and tokens": ((*SCAN, "--tokens", "random"), ["--text", "--tokens"]),
    "text not there": (("scan", "--model", MODEL, "--text", "DIR/none.txt", "--out", "OUT"), ["none.txt"]),
    "more samples than text": (("scan", "--model", MODEL, *TEXT, "--slice", "lines", "--samples", 99999, "--out", "OUT"), ["99999"]),
    "longer than the text": (("scan", "--model", MODEL, *TEXT, "--length", 999999, "--out", "OUT"), ["999999"]),
    "zero samples": (("scan", "--model", MODEL, *TEXT, "--samples", 0, "--out", "OUT"), ["--samples"]),
    "BOS of a tokenizer that has none": ((*SCAN, "--bos", "with"), ["--bos", "tokenizer.json"]),
    "no out": (("scan", "--model", MODEL, *SAMPLES), ["--out"]),
    "out folder not there": (("scan", "--model", MODEL, *SAMPLES, "--out", "DIR/none/x.json"), ["none"]),
    "out is a folder": (("scan", "--model", MODEL, *SAMPLES, "--out", "DIR"), ["folder"]),
    "folder that cannot be written to": (("scan", "--model", MODEL, *SAMPLES, "--out", "/proc/sinkscope.json"), ["/proc"]),
    "unknown dtype": ((*SCAN, "--dtype", "int8"), ["int8"]),
    "unknown device": ((*SCAN, "--device", "tpu"), ["tpu"]),
    "batch size zero": ((*SCAN, "--batch-size", 0), ["--batch-size"]),
    "site misspelt": ((*ACTIVATIONS, "blocks.0.hook_mlp_ou"), ["blocks.0.hook_mlp_out"]),
    "site layer out of range": ((*ACTIVATIONS, "blocks.40.hook_mlp_out"), ["layer 40"]),
    "self-only field misspelt": ((*ACTIVATIONS, "logits", "--self-only", "layer=0;tokens=1"), ["'layers'"]),
    "empty row": ((*ACTIVATIONS, "logits", "--self-only", "block=0>0"), ["no key"]),
    "self-only token out of range": ((*ACTIVATIONS, "logits", "--self-only", "tokens=400"), ["400"]),
    "positions no pair": ((*ACTIVATIONS, "logits", "--positions", "0-8"), ["0-8"]),
    "unknown shape": (("random-model", "--like", "qwen3-9b", "--out", "DIR/model"), ["qwen3-8b"]),
    "random model over a folder": (("random-model", "--like", "qwen3-8b", "--out", "DIR"), ["already exists"]),
    "tokenizer not there": (("tokenize", "--model", "DIR", *TEXT), ["tokenizer.json"]),
}

CONFIGS: dict[str, tuple[object, list[str]]] = {
    "misspelt key": ({"modle": "x"}, ["'modle'", "'model'"]),
    "a list of lists": ({"model": [[{}]]}, ["'model'"]),
    "no object": ([1], ["object"]),
    "wrong value": ({"model": str(MODEL), "samples": "many"}, ["samples"]),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Empty; everything that a command may write to is in it."""
    place = tmp_path / "empty"
    place.mkdir()
    return place


def assert_refused(program: Program, words: tuple[object, ...], parts: list[str], folder: Path) -> None:
    before = sorted(folder.rglob("*"))
    said = [str(word).replace("OUT", str(folder / "out.json")).replace("DIR", str(folder)) for word in words]
    done = program.run(*said)
    assert done.returncode == 2, f"exit code {done.returncode}: {done.stderr}"
    assert_one_line(done.stderr, parts)
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(("words", "parts"), WORDS.values(), ids=WORDS)
def test_words(words: tuple[object, ...], parts: list[str], program: Program, folder: Path) -> None:
    quiet = ("--quiet",) if "--model" in words and words[0] != "tokenize" else ()
    assert_refused(program, (*words, *quiet), parts, folder)


@pytest.mark.parametrize(("config", "parts"), CONFIGS.values(), ids=CONFIGS)
def test_configs(config: object, parts: list[str], program: Program, folder: Path) -> None:
    file = folder / "config.json"
    file.write_text(json.dumps(config))
    assert_refused(program, ("scan", "--config", file, *SAMPLES, "--out", "OUT"), parts, folder)


def test_a_result_that_is_there_stays(program: Program, folder: Path) -> None:
    taken = folder / "taken.json"
    taken.write_text("{}")
    assert_refused(program, ("scan", "--model", MODEL, *SAMPLES, "--out", taken), ["--force"], folder)
    assert taken.read_text() == "{}"


def test_text_that_is_not_utf8(program: Program, folder: Path) -> None:
    bad = folder / "bad.txt"
    bad.write_bytes(b"some text \xff more")
    assert_refused(program, ("scan", "--model", MODEL, "--text", bad, "--out", "OUT"), ["bad.txt", "byte 10"], folder)
