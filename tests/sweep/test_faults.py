"""What a cluster does to a sweep: a full disk, a read-only folder, a journal that vanishes, a machine short of memory.
Each is met with one clear line and loses nothing."""

from __future__ import annotations

import json
import os
import resource
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sinkscope import ROOT
from support.program import Program, assert_one_line
from support.sweeps import SMALL_UNITS, identity, until_journal_has

MEMORY = 3_000_000_000  # holds the program and batches of a quarter, not the whole


def limited(which: int, bytes_at_most: int) -> Callable[[], None]:
    def set_limit() -> None:
        resource.setrlimit(which, (bytes_at_most, bytes_at_most))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # writes then fail, as on a full disk

    return set_limit


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "sweep.json"


@pytest.fixture(scope="module")
def whole(program: Program, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep that nobody disturbed."""
    out = tmp_path_factory.mktemp("whole") / "sweep.json"
    program.output(*SMALL_UNITS, "--out", out)
    return out


def assert_goes_on_to(whole: Path, program: Program, out: Path) -> None:
    """The same command goes on, and ends with what an undisturbed sweep gives."""
    program.output(*SMALL_UNITS, "--out", out)
    assert identity(out) == identity(whole)


def test_a_full_disk_keeps_the_units_that_fitted(program: Program, whole: Path, out: Path) -> None:
    done = program.run(*SMALL_UNITS, "--out", out, preexec_fn=limited(resource.RLIMIT_FSIZE, 30_000))
    assert done.returncode == 1
    assert "units are kept, the same command goes on" in done.stderr
    assert not out.exists()
    assert_goes_on_to(whole, program, out)


def test_a_journal_that_is_deleted_under_the_run_is_written_again(program: Program, whole: Path, out: Path) -> None:
    journal, process = out.with_suffix(".journal"), program.start(*SMALL_UNITS, "--out", out)
    until_journal_has(20_000, journal, process)
    journal.unlink()
    error = process.communicate(timeout=60)[1]
    assert process.returncode == 1, error
    assert "deleted or replaced" in error
    assert journal.stat().st_size > 20_000
    assert_goes_on_to(whole, program, out)


def test_a_folder_that_cannot_be_written_to_is_said_before_the_work(
        program: Program, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if os.geteuid() == 0:
        out = Path("/proc/self/sweep.json")  # root may write wherever a file system lets it
    else:
        tmp_path.chmod(0o555)
        request.addfinalizer(lambda: tmp_path.chmod(0o755))
        out = tmp_path / "sweep.json"
    done = program.run(*SMALL_UNITS, "--out", out)
    assert done.returncode == 2
    assert "cannot be written to" in done.stderr


def test_damage_in_the_middle_is_cut_back_to_what_is_good(program: Program, whole: Path, out: Path) -> None:
    journal, process = out.with_suffix(".journal"), program.start(*SMALL_UNITS, "--out", out)
    until_journal_has(40_000, journal, process)
    process.kill()
    process.communicate()
    damaged = bytearray(journal.read_bytes())
    damaged[25_000] ^= 1
    journal.write_bytes(damaged)
    program.output(*SMALL_UNITS, "--out", out)
    assert "torn" in json.loads(out.read_text())["warnings"][0]
    assert identity(out) == identity(whole)


def test_short_of_memory_the_batch_is_halved_and_the_result_says_so(program: Program, tmp_path: Path) -> None:
    words = (*SMALL_UNITS, "--ids-per-unit", 512, "--ids", "0-511", "--samples", 16, "--batch-size", 8192)
    short, whole = tmp_path / "short.json", tmp_path / "whole.json"
    done = program.run(*words, "--out", short, preexec_fn=limited(resource.RLIMIT_AS, MEMORY))
    assert done.returncode == 0, done.stderr
    result = json.loads(short.read_text())
    assert "the memory ran out" in " ".join(result["warnings"])
    program.output(*words, "--out", whole)
    np.testing.assert_allclose(result["results"]["score"], json.loads(whole.read_text())["results"]["score"], rtol=0, atol=2e-6)


def test_other_commands_name_the_batch_that_found_no_memory(program: Program, tmp_path: Path) -> None:
    words = ("--model", ROOT / "models/demo", "--tokens", "random", "--samples", 65536, "--batch-size", 65536, "--length", 128)
    done = program.run("scan", "--measure", "sink", *words, "--device", "cpu", "--quiet", "--out", tmp_path / "scan.json",
                       preexec_fn=limited(resource.RLIMIT_AS, MEMORY))
    assert done.returncode == 1
    assert_one_line(done.stderr, ["the memory of the CPU ran out in a pass of 65536 samples of 128 tokens", "--batch-size"])
    assert not (tmp_path / "scan.json").exists()
