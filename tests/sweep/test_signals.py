"""A signal ends a run after the unit in flight, a second one at once."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from sinkscope import ROOT
from support.program import Program, text_of

LONG = ("vocab-sweep", *text_of(ROOT / "models/planted", 32, 512))


def start(program: Program, folder: Path, *options: object) -> subprocess.Popen:
    """And waits until it is in the middle of a unit: for a second of its work, however long a busy machine takes for that."""
    child = program.start(*LONG, *options, "--out", folder / "a.json")
    while not (folder / "a.journal").exists():  # it is there before the first unit begins
        assert child.poll() is None, child.communicate()[1]
        time.sleep(0.1)
    process = psutil.Process(child.pid)
    begun = process.cpu_times().user
    while process.cpu_times().user < begun + 1:
        time.sleep(0.1)
    return child


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1], ids=lambda number: number.name)
def test_a_signal_ends_a_run_cleanly(number: signal.Signals, program: Program, tmp_path: Path) -> None:
    child = start(program, tmp_path)
    child.send_signal(number)
    error = child.communicate()[1]
    assert child.returncode == 75, error
    assert "signal" in error
    assert [path.name for path in tmp_path.iterdir()] == ["a.journal"]  # where the same command goes on


def test_a_second_signal_ends_it_at_once(program: Program, tmp_path: Path) -> None:
    child = start(program, tmp_path, "--ids-per-unit", 1000)
    try:
        child.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert child.poll() is None  # the unit in flight takes minutes
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=20)
    finally:
        if child.poll() is None:
            child.kill()
            child.communicate()
    assert child.returncode == -signal.SIGTERM
