"""The command `sinkscope` in a clone: what is Python's own, and the program for all else. Of an installed wheel: tests/wheel."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sinkscope import ROOT, program
from sinkscope.models.table import SOURCES
from support.program import Program

REAL = ROOT / "results/smollm2-135m"


def command(*words: object, **how: Any) -> subprocess.CompletedProcess[str]:
    how = {"capture_output": True, "encoding": "utf-8", "cwd": ROOT} | how
    return subprocess.run([sys.executable, "-m", "sinkscope.program", *map(str, words)], **how)


@pytest.mark.skipif(not program.BUILT.exists(), reason=f"{program.BUILT} is not built")
def test_all_other_words_reach_the_program() -> None:
    for words in ([], ["--help"], ["scan", "--help"], ["scan"], ["scam"]):
        done, own = command(*words), Program(program.BUILT).run(*words)
        assert (done.returncode, done.stdout, done.stderr) == (own.returncode, own.stdout, own.stderr)


@pytest.mark.parametrize("name", program.COMMANDS)
def test_a_command_of_python_names_itself_as_it_was_called(name: str) -> None:
    done = command(name, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"sinkscope {name} " in done.stdout


@pytest.mark.skipif(not program.BUILT.exists(), reason=f"{program.BUILT} is not built")
@pytest.mark.parametrize("name", program.COMMANDS)
def test_the_program_knows_their_options(name: str) -> None:
    """It completes them and has them in its manual page."""
    words = (REAL / "scan.json",) if name == "plot" else ()  # then it is of that experiment
    own, python = (set(re.findall(r"(?<=[ ,\[])--[a-z-]+", text)) for text in
                   (Program(program.BUILT).output(name, "--help"), command(name, *words, "--help").stdout))
    assert own - {"--help"} <= python
    if name != "plot":  # whose experiments have options of their own
        assert own | {"--help"} == python | {"--help"}
    known = Program(program.BUILT).output("completion", "bash")
    assert f".\t{name}\tcommand" in known
    if name == "get-model":
        assert f"get-model\t*\tchoice\t{' '.join(SOURCES)}\t" in known


def test_commands_of_python_do_what_their_modules_do(tmp_path: Path) -> None:
    assert command("plot", REAL / "scan.json", "-o", tmp_path / "scan.png").returncode == 0
    assert (tmp_path / "scan.png").stat().st_size > 1e4
    assert "attention to the first token" in command("summary", REAL).stdout
    assert command("report", REAL / "scan.json", "-o", tmp_path / "scan.txt").returncode == 2


@pytest.mark.parametrize("words", [("summary", REAL), ("plot", "--help"), ("report", REAL / "magc.json", "-o", "-"),
                                   ("plot", REAL / "scan.json", "-o", "bare.png", "--bare")], ids=["summary", "help", "page", "bare"])
def test_a_reader_that_has_enough_ends_a_command_quietly(words: tuple, tmp_path: Path) -> None:
    """As a signal would, and with the figure written."""
    reads, writes = os.pipe()
    os.close(reads)
    done = command(*words, stdout=writes, stderr=subprocess.PIPE, capture_output=False, cwd=tmp_path)
    os.close(writes)
    assert done.returncode == 141 and not [word for word in ("Traceback", "Error", "Errno", "pipe") if word in done.stderr]
    assert (tmp_path / "bare.png").exists() == ("bare.png" in words)


def test_a_result_comes_by_standard_input_and_a_page_goes_to_standard_output(tmp_path: Path) -> None:
    """Which has no files beside it: a sweep's atlas is not looked for, and an array that is needed is refused by name."""
    with (REAL / "vocab-sweep.json").open() as file:
        done = command("plot", "-o", tmp_path / "piped.png", "-", stdin=file)
    assert (done.returncode, done.stderr) == (0, "") and (tmp_path / "piped.png").stat().st_size > 1e4
    done = command("report", "-", REAL / "scan.json", "-o", "-", input=(REAL / "magc.json").read_text())
    assert done.stdout.startswith("<!doctype html>") and done.stdout.endswith("</html>") and done.stderr == ""
    assert "smollm2-135m, stdin" in done.stdout and "-m sinkscope.report /dev/stdin " in done.stdout
    assert command("report", "-", "-", "-o", "-").stderr == "report: standard input holds one result, found `-` more than once\n"
    assert command("report", "-", "-o", "-", input="{").stderr.startswith("report: /dev/stdin: not JSON: ")


def test_a_program_that_is_not_built_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    monkeypatch.setattr(program, "BUILT", tmp_path / "sinkscope")
    with pytest.raises(SystemExit) as ended:
        program.main(["scan"])
    assert ended.value.code == 2
    assert capfd.readouterr().err == f"sinkscope: {tmp_path / 'sinkscope'} does not exist; scripts/build.sh builds it\n"


@pytest.mark.parametrize(("text", "found"), [("__version__ = '2.11.0+cu130'\n", "2.11.0+cu130"), ("debug = 1\n", "of an unknown version")])
def test_the_version_of_a_torch_that_is_not_imported(text: str, found: str, tmp_path: Path) -> None:
    (tmp_path / "version.py").write_text(text)
    assert program.version(tmp_path) == found
    assert program.version(tmp_path / "none") == "of an unknown version"
