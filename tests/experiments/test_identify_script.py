"""The program that identify --script writes: transformers and safetensors alone must give the attention that the result states."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sinkscope import ROOT
from support.planted_cases import Planted
from support.program import QUIET, Program, text_of
from support.selection import halves

FAST = (*QUIET, "--threads", 1, "--controls", 2, "--no-frozen", "--no-loss", "--dtype", "float32", "--script")
NEAR = 1e-4  # of attention: float32 sums in another order, through all blocks up to the sink's


@dataclass(frozen=True)
class Written:
    """A result with its program, and what that prints: by run (token 0, later token; the same as stated; samples)."""

    results: dict[str, Any]
    rows: dict[str, tuple[list[float], list[float], int]]

    def sets(self, stage: dict[str, Any]) -> list[dict[str, Any]]:
        site = stage["verdict"]["signal"]["site"]
        return [one for one in stage["signals"] if one["site"] == site and one["set"] is not None]

    def assert_stated(self) -> None:
        """What it prints is what the result states, and that is the trials'."""
        tested = len(halves(self.results)["testing"])
        names = [f"stage {number}, {run}" for number, stage in enumerate(self.results["stages"]) if stage["verdict"]["signal"]
                 for run in ("unedited", "removed", *(f"written {one['set']}" for one in self.sets(stage)))]
        assert list(self.rows) == names
        for run, (found, stated, n) in self.rows.items():
            assert n == tested
            assert found == pytest.approx(stated, abs=NEAR), run
        for number, stage in enumerate(self.results["stages"]):
            if stage["verdict"]["signal"]:
                self.assert_the_trials(number, stage)

    def assert_the_trials(self, number: int, stage: dict[str, Any]) -> None:
        (candidate,) = {one["candidate"] for one in self.sets(stage)}
        about = {"part": "candidate", "candidate": candidate}
        removal, writing = (next(one for one in stage["trials"] if one["role"] == role and one["about"] == about | more)
                            for role, more in (("removal", {}), ("writing", {"set": 0})))
        for run, trial, which in (("unedited", removal, "unedited"), ("removed", removal, "edited"), ("written 0", writing, "edited")):
            stated = self.rows[f"stage {number}, {run}"][1]
            assert stated == pytest.approx([token[which] for token in trial["mean_attention"]], abs=1e-6)

    def assert_a_sink_that_moves(self, stage: int = 0) -> None:
        (first, later), (removed, _), (beside, written) = (self.rows[f"stage {stage}, {run}"][0]
                                                           for run in ("unedited", "removed", "written 0"))
        assert removed < 0.5 * first and written > 0.4 * beside and written > 4 * later


def run_alone(out: Path, *words: object) -> str:
    """In another folder, without this project's code."""
    place = out.parent / "elsewhere"
    place.mkdir()
    command = [sys.executable, "-I", out.with_suffix(".py"), *map(str, words)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", cwd=place)
    assert done.returncode == 0, done.stderr
    return done.stdout


def written_by(program: Program, out: Path, *words: object) -> Written:
    result = program.result("identify", out, *words, *FAST)
    assert any(stage["verdict"]["signal"] for stage in result["results"]["stages"])
    rows = {}
    for line in run_alone(out, Path(result["model"]["path"]).absolute()).splitlines()[1:]:
        run, numbers = line[:24].strip(), line[24:].split()
        rows[run] = [float(one) for one in numbers[:2]], [float(one) for one in numbers[2:4]], int(numbers[4])
    return Written(result["results"], rows)


@pytest.mark.parametrize("name", ["redundant", pytest.param("rotated", marks=pytest.mark.slow)])
def test_a_planted_signal(name: str, program: Program, planted: Callable, tmp_path: Path) -> None:
    written = written_by(program, tmp_path / "identify.json", *text_of(planted(name).folder, 24, 48))
    written.assert_stated()
    written.assert_a_sink_that_moves()


@pytest.mark.slow
def test_the_demo_models_direction(program: Program, tmp_path: Path) -> None:
    written = written_by(program, tmp_path / "identify.json", *text_of(ROOT / "models/demo", 32, 48), "--q-min", 4)
    written.assert_stated()
    written.assert_a_sink_that_moves()


@pytest.mark.slow
def test_a_pretrained_model(program: Program, smollm2: Path, tmp_path: Path) -> None:
    """Its first stage, whose sites are few."""
    text = ROOT / "models/demo/text.txt"
    written = written_by(program, tmp_path / "identify.json", "--model", smollm2, "--text", text, "--samples", 20, "--length", 14,
                         "--q-min", 9, "--layer", 3)
    written.assert_stated()
    written.assert_a_sink_that_moves()


def test_samples_of_other_lengths(program: Program, planted: Callable, tmp_path: Path) -> None:
    """No padding gets into the means."""
    model: Planted = planted("base")
    tokens = tmp_path / "ragged.json"
    tokens.write_text(json.dumps([[40 + (7 * i + 11 * j) % 300 for j in range((40, 23)[i % 2])] for i in range(16)]))
    written_by(program, tmp_path / "identify.json", "--model", model.folder, "--tokens", tokens).assert_stated()


def test_without_a_signal_there_is_no_program(program: Program, planted: Callable, tmp_path: Path) -> None:
    words = (*text_of(planted("none-massive_activation").folder, 12, 48), *FAST)
    result = program.result("identify", tmp_path / "identify.json", *words)
    assert any("--script" in warning for warning in result["warnings"])
    assert not (tmp_path / "identify.py").exists()


def test_another_runs_program_stays(program: Program, planted: Callable, tmp_path: Path) -> None:
    script = tmp_path / "there.py"
    script.write_text("of another run")
    words = (*text_of(planted("base").folder, 8, 48), *FAST)
    program.assert_refused("identify", *words, out=tmp_path / "there.json", parts=["there.py", "--force"])
    assert script.read_text() == "of another run"


def test_float8_is_refused(program: Program, planted: Callable, tmp_path: Path) -> None:
    words = (*text_of(planted("base").folder, 8, 48), *QUIET, "--script", "--dtype", "fp8")
    program.assert_refused("identify", *words, out=tmp_path / "identify.json", parts=["--script", "float8"])
