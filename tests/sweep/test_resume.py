"""A sweep that is killed, stopped, torn or doubled ends with the bytes of one that nobody disturbed."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.program import Program
from support.sweeps import SMALL_UNITS, assert_same, until_journal_has

KILLS = 50


@dataclass(frozen=True)
class Whole:
    """A sweep that nobody disturbed, and how long it took."""

    out: Path
    seconds: float


@pytest.fixture(scope="module")
def whole(program: Program, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    out, began = tmp_path_factory.mktemp("whole") / "sweep.json", time.monotonic()
    program.output(*SMALL_UNITS, "--out", out)
    return Whole(out, time.monotonic() - began)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "sweep.json"


def start(program: Program, out: Path) -> subprocess.Popen:
    return program.start(*SMALL_UNITS, "--out", out)


def kill(process: subprocess.Popen) -> None:
    process.kill()
    process.communicate()


def assert_whole(out: Path, whole: Whole) -> None:
    assert_same(out, whole.out)
    assert sorted(path.name for path in out.parent.iterdir() if path.suffix != ".tmp") == ["sweep.json", "sweep.safetensors"]


def test_killed_at_random_moments(program: Program, whole: Whole, tmp_path: Path) -> None:
    moments, kills, sweep = random.Random(1), 0, 0
    while kills < KILLS:
        out = tmp_path / f"{sweep}" / "sweep.json"
        out.parent.mkdir()
        sweep += 1
        while not out.exists():
            process = start(program, out)
            try:
                process.wait(moments.uniform(0.0, whole.seconds))
            except subprocess.TimeoutExpired:
                kill(process)
                kills += 1
            else:
                error = process.communicate()[1]
                assert process.returncode == 0, error
        if out.with_suffix(".journal").exists():  # killed between the result and the end
            program.output(*SMALL_UNITS, "--out", out, "--force")
        assert_whole(out, whole)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1, signal.SIGINT], ids=lambda number: number.name)
def test_stopped_by_a_signal_it_ends_after_a_unit(number: signal.Signals, program: Program, whole: Whole, out: Path) -> None:
    process = start(program, out)
    until_journal_has(20_000, out.with_suffix(".journal"), process)
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == 75
    assert not out.exists()
    assert program.run(*SMALL_UNITS, "--out", out).stderr == ""
    assert_whole(out, whole)


def test_a_torn_tail_is_cut_and_said(program: Program, whole: Whole, out: Path) -> None:
    journal, process = out.with_suffix(".journal"), start(program, out)
    until_journal_has(20_000, journal, process)
    kill(process)
    with journal.open("r+b") as file:
        file.truncate(journal.stat().st_size - 17)
    assert "torn" in program.run(*SMALL_UNITS, "--out", out).stderr
    assert "torn" in json.loads(out.read_text())["warnings"][0]
    assert_whole(out, whole)


def test_another_configuration_and_a_second_process_are_refused(program: Program, whole: Whole, out: Path) -> None:
    process = start(program, out)
    until_journal_has(10_000, out.with_suffix(".journal"), process)
    second = program.run(*SMALL_UNITS, "--out", out)
    assert second.returncode == 2
    assert "another process" in second.stderr
    kill(process)
    other = program.run(*SMALL_UNITS, "--out", out, "--q-min", 4)
    assert other.returncode == 2
    assert "q_min: 1 in the journal, 4 here" in other.stderr
    program.output(*SMALL_UNITS, "--out", out)
    assert_whole(out, whole)
