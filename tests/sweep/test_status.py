"""status looks at sweeps and at shared runs of trials; --watch ends with them: well, or saying why not."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sinkscope.results.schemas import validator
from support.planted_cases import Planted
from support.program import QUIET, Program, text_of
from support.shells import OnTerminal, plain
from support.sweeps import SMALL_UNITS, until_journal_has

LONGEST = 120  # seconds


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "run.json"


@pytest.fixture
def started(program: Program) -> Iterator[Callable[..., subprocess.Popen]]:
    """Processes of the program that do not outlive the test."""
    running: list[subprocess.Popen] = []

    def start(*words: object) -> subprocess.Popen:
        running.append(subprocess.Popen(program.words(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"))
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.communicate()


def sweep(program: Program, out: Path) -> subprocess.Popen:
    return program.start(*SMALL_UNITS, "--out", out)


def status(program: Program, *words: object) -> dict[str, Any]:
    printed = json.loads(program.output("status", *words, "--json"))
    validator("status").validate(printed)
    return printed


def test_json_of_a_sweep_that_runs_and_is_done(program: Program, out: Path) -> None:
    process = sweep(program, out)
    until_journal_has(20_000, out.with_suffix(".journal"), process)
    process.send_signal(signal.SIGSTOP)
    half = status(program, out.with_suffix(".journal"))
    process.send_signal(signal.SIGCONT)
    [run] = half["runs"]
    [one] = run["processes"]
    assert (run["experiment"], one["state"], half["complete"]) == ("vocab-sweep", "running", False)
    assert 0 < half["done"] == one["done"] < half["units"] == 86
    assert one["s_per_unit"] > 0 and half["left_s"] > 0
    assert process.wait(LONGEST) == 0
    whole = status(program, out)
    assert (whole["complete"], whole["done"], whole["units"], whole["left_s"]) == (True, 86, 86, 0)


def test_watching_a_sweep_in_a_pipe(program: Program, out: Path, started: Callable) -> None:
    watching = started("status", "--watch", 0.1, out)  # before the sweep begins
    process = sweep(program, out)
    said, error = watching.communicate(timeout=LONGEST)
    assert process.wait(LONGEST) == 0
    assert (watching.returncode, error) == (0, "")
    assert "\x1b" not in said
    lines = said.splitlines()
    assert len(lines) == len(set(lines)) > 2, "a line a change"
    assert "86 of 86 units (100.0 %)" in lines[-1]


@pytest.mark.parametrize("words", [("--watch", "{}"), ("{}", "--watch"), ("{}", "--watch", "0.1"), ("--watch=0.1", "{}")], ids=" ".join)
def test_seconds_may_be_left_out(words: tuple[str, ...], program: Program, out: Path) -> None:
    program.output(*SMALL_UNITS, "--out", out)
    assert "86 of 86" in program.output("status", *(word.format(out) for word in words))


def test_watching_a_sweep_that_is_killed(program: Program, out: Path, started: Callable) -> None:
    process = sweep(program, out)
    until_journal_has(10_000, out.with_suffix(".journal"), process)
    watching = started("status", out, "--watch", 0.2, "--patience", 60)
    watching.stdout.readline()
    process.kill()
    process.communicate()
    _, error = watching.communicate(timeout=50)  # the kill is seen, not the patience
    assert watching.returncode == 1
    assert "stopped before the end" in error


def test_watching_what_never_comes(program: Program, out: Path) -> None:
    done = program.run("status", out, "--watch", 0.1, "--patience", 1)
    assert done.returncode == 1 and "no file has grown for 1 s" in done.stderr
    assert program.run("status", out).returncode == 2


def test_watching_shards_of_which_some_are_not_listed(program: Program, tmp_path: Path) -> None:
    part = tmp_path / "part.json"
    program.output(*SMALL_UNITS, "--shard", "0/3", "--out", part)
    done = program.run("status", part, "--watch", 0.1)
    assert done.returncode == 1 and "shards are missing" in done.stderr
    assert "shards 1-2 of 3" in done.stdout


def test_watching_on_a_terminal(program: Program, out: Path) -> None:
    process = sweep(program, out)
    until_journal_has(5_000, out.with_suffix(".journal"), process)
    terminal = OnTerminal(program.words("status", out, "--watch", 0.1), columns=90)
    try:
        text, code = terminal.end()
    finally:
        terminal.close()
    assert process.wait(LONGEST) == 0 and code == 0
    assert text.count("\x1b[?1049h") == text.count("\x1b[?1049l") == 1, "the other screen, entered and left"
    assert text.count("\x1b[H\x1b[J") > 1, "redrawn"
    last = text.split("\x1b[?1049l")[1]
    assert "86 of 86 units" in plain(last) and "\x1b[32mdone\x1b[0m" in last


def test_an_interrupt_ends_watching_cleanly(program: Program, out: Path) -> None:
    terminal = OnTerminal(program.words("status", out, "--watch"), columns=200)
    try:
        terminal.read_until("has written nothing yet")
        terminal.type("\x03")
        text, code = terminal.end()
    finally:
        terminal.close()
    assert code == 75
    assert text.endswith("\r\n") and text.count("\x1b[?1049l") == text.count("\x1b[?25h") == 1


@pytest.mark.parametrize(("words", "part"), [
    (("--watch", 0), "above 0"), (("--watch", "--json"), "--json"), ((), "files"), (("--patience", 0),  "--patience"),
], ids=str)
def test_bad_usage(words: tuple, part: str, program: Program, out: Path) -> None:
    files = (out,) if words else ()
    done = program.run("status", *files, *words)
    assert done.returncode == 2 and part in done.stderr


@pytest.fixture(scope="module")
def base(planted: Callable) -> Planted:
    return planted("base")


def trials(base: Planted, out: Path, shard: str) -> tuple[object, ...]:
    return ("zero-sweep", *text_of(base.folder, 12, 64), *QUIET, "--threads", 1, "--controls", 20, "--other-token", 5, "--batch-size", 5,
            "--operations", "zero,mean,resample", "--pairs", "--patience", 60, "--shard", shard, "--out", out)


def test_watching_trials_that_are_shared(program: Program, base: Planted, out: Path, started: Callable) -> None:
    watching = started("status", out, "--watch", 0.1)
    shards = [program.start(*trials(base, out, f"{i}/2")) for i in range(2)]
    said, error = watching.communicate(timeout=LONGEST)
    assert [shard.wait(LONGEST) for shard in shards] == [0, 0]
    assert (watching.returncode, error) == (0, ""), said
    counts = [(int(done), int(units)) for done, units in re.findall(r"^(\d+) of (\d+) units", said, re.MULTILINE)]
    assert counts == sorted(counts) and len(counts) > 3
    trials_made = len(json.loads(out.read_text())["results"]["trials"])
    assert counts[-1][1] == 3 * trials_made, "each over the three batches of 12 samples by 5"
    assert "all done" in said.splitlines()[-1]


def test_status_of_trials_that_are_shared(program: Program, base: Planted, out: Path) -> None:
    shard = program.start(*trials(base, out, "0/2"))
    until_journal_has(5_000, out.with_suffix(".journal"), shard)
    shard.send_signal(signal.SIGSTOP)
    for file in (out, out.with_suffix(".journal"), out.with_suffix(".lists.journal")):
        [run] = status(program, file)["runs"]
        assert (run["experiment"], run["may_grow"]) == ("zero-sweep", True)
        assert [(one["shard"], one["state"]) for one in run["processes"]] == [("0/2", "running"), ("1/2", "absent")]
        assert 0 < run["done"] == run["processes"][0]["done"] < run["units"]
    shard.kill()
    shard.communicate()
