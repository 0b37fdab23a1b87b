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
    """A result with its program, and what that prints: by row the number that it found, and the stated one."""

    results: dict[str, Any]
    samples: int
    rows: dict[str, tuple[float, float]]

    def arrows(self) -> dict[str, float]:
        """What the result says of every arrow, by the name that the program gives it."""
        stated = {}
        for place, stage in enumerate(self.results["stages"]):
            tracked = stage["trials"][0]["mean_attention"]
            stated |= {f"stage {place}, unedited: attention to token {one['token']}": one["unedited"] for one in tracked}
            chain = []
            for arrow in stage["chain"]:
                chain.append((arrow["from"], arrow["to"], arrow["of"], arrow))
                if (arrow["from"], arrow["to"]) == ("signal", "sink"):
                    chain += [(f"set {i} of the signal", "sink", "attention", one) for i, one in self.other_sets(stage)]
            chain += [(f"signal of stage {one['stage']}", "sink", "attention", one) for one in stage["earlier"]]
            stated |= {f"stage {place}, {start} -> {end}: {of}, {what}": arrow[what]["edited"]["mean"]
                       for start, end, of, arrow in chain for what in ("removed", "written") if arrow[what]}
        return stated

    @staticmethod
    def other_sets(stage: dict[str, Any]) -> list[tuple[int, dict[str, Any]]]:
        """Of redundant sets all but the first, as an arrow each, by the trial that writes it."""
        (place,) = (i for i, one in enumerate(stage["candidates"]) if one["site"] == stage["verdict"]["signal"]["site"])
        trials = [one for one in stage["trials"] if one["role"] == "writing" and one["about"].get("candidate") == place
                  and one["about"]["part"] == "candidate" and one["about"].get("set", 0) > 0]
        return [(one["about"]["set"], {"removed": None, "written": {"edited": {"mean": one["mean_attention"][1]["edited"]}}})
                for one in trials]

    def assert_stated(self) -> None:
        """It finds every arrow's number by itself, and names the one of the result beside it."""
        assert self.samples == len(halves(self.results)["testing"])
        arrows = self.arrows()
        assert list(self.rows) == list(arrows)
        for name, (here, stated) in self.rows.items():
            assert stated == pytest.approx(arrows[name], abs=1e-6), name
            assert here == pytest.approx(stated, abs=NEAR, rel=NEAR), name

    def assert_a_sink_that_moves(self, stage: int = 0) -> None:
        first, later = (self.rows[f"stage {stage}, unedited: attention to token {token}"][0]
                        for token in self.results["tokens"]["tracked"])
        removed, written = (self.rows[f"stage {stage}, signal -> sink: attention, {what}"][0] for what in ("removed", "written"))
        assert removed < 0.5 * first and written > 0.3 * first and written > 4 * later


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
    head, *lines = run_alone(out, Path(result["model"]["path"]).absolute()).splitlines()
    rows = {line[:64].strip(): tuple(map(float, line[64:].split())) for line in lines}
    return Written(result["results"], int(head.split()[0]), rows)


@pytest.mark.parametrize("name", ["redundant", "two-stage-40", "sample-sign-40", pytest.param("rotated", marks=pytest.mark.slow)])
def test_a_planted_signal(name: str, program: Program, planted: Callable, tmp_path: Path) -> None:
    written = written_by(program, tmp_path / "identify.json", *text_of(planted(name).folder, 24, 48))
    written.assert_stated()
    written.assert_a_sink_that_moves()


@pytest.mark.slow
def test_the_demo_models_direction(program: Program, tmp_path: Path) -> None:
    written = written_by(program, tmp_path / "identify.json", *text_of(ROOT / "models/demo", 32, 48), "--q-min", 4)
    written.assert_stated()
    written.assert_a_sink_that_moves()


def test_a_pretrained_model(program: Program, smollm2: Path, tmp_path: Path) -> None:
    """Its first stage, whose sites are few."""
    text = ROOT / "models/demo/text.txt"
    written = written_by(program, tmp_path / "identify.json", "--model", smollm2, "--text", text, "--samples", 16, "--length", 14,
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
