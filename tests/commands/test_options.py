"""The program as a process: options over config files, lists, exit codes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from sinkscope import ROOT
from support.program import Program, text_of

MODEL = ROOT / "models" / "planted"


def test_the_command_line_overrides_the_config(program: Program, tmp_path: Path) -> None:
    config = tmp_path / "c.json"
    config.write_text(json.dumps({"model": str(MODEL), "text": str(MODEL / "text.txt"), "samples": 3, "length": 20, "track": [0, 2]}))
    result = program.result("scan", tmp_path / "a.json", "--config", config, "--samples", 2, "--measure", "sink")
    assert (result["config"]["samples"], result["data"]["samples"], result["data"]["length"]) == (2, 2, 20)
    assert [sink["token"] for sink in result["results"]["sink"]] == [0, 2]


def test_lists_and_version(program: Program) -> None:
    program.output("--version")
    assert "Exit codes" in program.output("--help")
    assert "blocks.L.attn.hook_rot_q" in program.output("hooks")
    assert "96" in program.output("hooks", "--model", MODEL)
    assert json.loads(program.output("info", "--model", MODEL, "--json"))["n_layers"] == 5
    assert program.run().returncode == 2


def test_a_full_disk_leaves_nothing(program: Program) -> None:
    done = program.run("scan", *text_of(MODEL, 2, 16), "--out", "/dev/full/a.json")
    assert done.returncode == 2, done.stderr


@pytest.mark.parametrize("words", [("hooks",), ("hooks", "--json"), ("--help",), ("scan", "--help"), ("man",), ("info", "--model", MODEL)],
                         ids=lambda words: " ".join(map(str, words[:2])))
def test_standard_output_on_a_full_disk(words: tuple, program: Program) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(program.words(*words), stdout=full, stderr=subprocess.PIPE, encoding="utf-8")
    assert done.returncode == 1
    assert done.stderr == "sinkscope: standard output: cannot be written: No space left on device\n"


def test_cuda_without_a_gpu_says_what_is_missing(program: Program, tmp_path: Path) -> None:
    done = program.run("scan", *text_of(MODEL, 2, 16), "--device", "cuda", "--out", tmp_path / "a.json")
    if done.returncode == 0:
        pytest.skip("there is a GPU")
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
