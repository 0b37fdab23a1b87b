"""`-`: standard input where a file is read whole, standard output for a result; refused by name where it makes no sense."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sinkscope import ROOT
from sinkscope.results.schemas import validate
from support.program import QUIET, Program, assert_one_line

MODEL = ROOT / "models/planted"
TEXT = MODEL / "text.txt"
SMALL = ("--model", MODEL, "--samples", 2, "--length", 16, *QUIET)


def numbers(result: dict[str, Any]) -> dict[str, Any]:
    return result["results"]


def refused(program: Program, *words: object, stdin: str = "") -> str:
    done = program.run(*words, input=stdin)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert_one_line(done.stderr, [])
    return done.stderr


def test_a_text_from_standard_input(program: Program, tmp_path: Path) -> None:
    of_file = program.result("scan", tmp_path / "a.json", *SMALL, "--text", TEXT)
    done = program.run("scan", *SMALL, "--text", "-", "--out", tmp_path / "b.json", input=TEXT.read_text())
    assert done.returncode == 0, done.stderr
    of_stdin = json.loads((tmp_path / "b.json").read_text())
    assert numbers(of_stdin) == numbers(of_file)
    assert (of_stdin["data"]["path"], of_stdin["data"]["sha256"]) == ("-", of_file["data"]["sha256"])


def test_a_result_on_standard_output(program: Program, tmp_path: Path) -> None:
    of_file = program.result("scan", tmp_path / "a.json", *SMALL, "--text", TEXT)
    loud = [word for word in SMALL if word != "--quiet"]
    done = program.run("scan", *loud, "--text", TEXT, "--out", "-")
    result = json.loads(done.stdout)
    validate(result)
    assert numbers(result) == numbers(of_file)
    assert "scan: " in done.stderr
    assert not (ROOT / "-").exists()


def test_options_from_standard_input(program: Program) -> None:
    config = {"model": str(MODEL), "text": str(TEXT), "samples": 3, "length": 16, "track": [0, 2]}
    done = program.run("scan", "--config", "-", "--samples", 2, *QUIET, "--out", "-", input=json.dumps(config))
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["config"]["samples"], [sink["token"] for sink in result["results"]["sink"]]) == (2, [0, 2])
    assert "--config -: 'sampels'" in refused(program, "scan", "--config", "-", stdin='{"sampels": 3}')
    assert "-: not JSON" in refused(program, "scan", "--config", "-", stdin="nonsense")


def test_ids_there_and_back(program: Program) -> None:
    ids = program.run("tokenize", "--model", MODEL, "--text", "-", input=TEXT.read_text())
    assert ids.stdout == program.output("tokenize", "--model", MODEL, "--text", TEXT)
    back = program.run("tokenize", "--model", MODEL, "--decode", "-", input=f"[{ids.stdout}]")
    assert json.loads(back.stdout) == TEXT.read_text()
    tokens = program.run("scan", *SMALL, "--tokens", "-", "--out", "-", input=json.dumps([list(range(12))] * 2))
    assert json.loads(tokens.stdout)["data"]["lengths"] == [12, 12]


def test_one_text_of_several(program: Program, tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text(TEXT.read_text()[::-1])
    done = program.run("scan", *SMALL, "--text", f"-,{other}", "--out", "-", input=TEXT.read_text())
    assert [text["path"] for text in json.loads(done.stdout)["data"]["texts"]] == ["-", str(other)]


def test_a_result_to_compare_from_standard_input(program: Program, tmp_path: Path) -> None:
    reference = tmp_path / "r.json"
    published = json.loads((ROOT / "configs/reference/qwen3-8b.json").read_text()) | {"shape": {"n_layers": 5}}
    reference.write_text(json.dumps(published))
    result = program.run("scan", *SMALL, "--text", TEXT, "--out", "-").stdout
    assert "layer 4" in program.run("compare", "-", "--reference", reference, input=result).stdout


@pytest.mark.parametrize(("words", "parts"), [
    (("scan", "--model", "-", "--text", TEXT), ("--model -", "folder")),
    (("scan", *SMALL, "--text", "-", "--config", "-"), ("--text -", "--config -", "one of them")),
    (("scan", *SMALL, "--text", "-,-"), ("-", "each once")),
    (("first-token", "--model", MODEL, "--ids", "0-3"), ("--out -", ".safetensors", "name a file")),
    (("activations", *SMALL, "--text", TEXT, "--sites", "hook_embed"), ("--out -", "name a file")),
    (("vocab-sweep", *SMALL, "--text", TEXT, "--ids", "0-3"), ("--out -", "journal", "name a file")),
    (("vocab-sweep", *SMALL, "--text", TEXT, "--ids", "0-3", "--shard", "0/2"), ("--out -", "journal", "name a file")),
    (("transplant", *SMALL, "--text", TEXT), ("--out -", "journal", "name a file")),
    (("transplant", *SMALL, "--text", TEXT, "--shard", "1/2"), ("--out -", "journal", "name a file")),
    (("merge", "-"), ("parts -", ".safetensors")),
], ids=lambda value: str(value[0]) if value and isinstance(value, tuple) else None)
def test_where_it_makes_no_sense(words: tuple, parts: tuple, program: Program) -> None:
    said = refused(program, *words, "--out", "-", stdin="{}")
    for part in parts:
        assert part in said
    assert not (ROOT / "-").exists() and not list(ROOT.glob("-.*"))


def test_status_and_folders_take_no_stream(program: Program) -> None:
    assert "files -" in refused(program, "status", "-")
    assert "--model -" in refused(program, "info", "--model", "-")
    assert "--out -" in refused(program, "random-model", "--like", "qwen3-0.6b", "--out", "-")


def test_a_full_standard_output_is_an_error(program: Program) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(program.words("scan", *SMALL, "--text", TEXT, "--out", "-"), stdout=full, stderr=subprocess.PIPE,
                              encoding="utf-8", cwd=ROOT)
    assert done.returncode == 1 and "standard output: cannot be written" in done.stderr


def test_a_file_of_that_name_is_reached_by_its_folder(program: Program, tmp_path: Path) -> None:
    (tmp_path / "-").write_text(TEXT.read_text())
    done = subprocess.run(program.words("scan", *SMALL, "--text", "./-", "--out", "./-.json"), stdin=subprocess.DEVNULL,
                          capture_output=True, encoding="utf-8", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "-.json").read_text())["data"]["path"] == "./-"
