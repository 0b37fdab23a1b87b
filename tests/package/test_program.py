"""The command `sinkscope` in a clone: what is Python's own, and the program for all else. Of an installed wheel: tests/wheel."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from sinkscope import ROOT, program
from sinkscope.models.table import SOURCES
from support.program import Program

REAL = ROOT / "results/smollm2-135m"


def command(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "sinkscope.program", *map(str, words)], capture_output=True, encoding="utf-8", cwd=ROOT)


@pytest.mark.skipif(not program.BUILT.exists(), reason=f"{program.BUILT} is not built")
def test_all_other_words_reach_the_program() -> None:
    for words in ([], ["--help"], ["scan", "--help"], ["scan"], ["scam"]):
        done, own = command(*words), Program(program.BUILT).run(*words)
        assert (done.returncode, done.stdout, done.stderr) == (own.returncode, own.stdout, own.stderr)


@pytest.mark.parametrize("name", program.COMMANDS)
def test_a_command_of_python_names_itself_as_it_was_called(name: str) -> None:
    done = command(name, "--help")
    assert f"sinkscope {name} " in done.stdout + done.stderr


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
