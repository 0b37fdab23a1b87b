"""The manual page: every command and option of the program, and nothing that troff or mandoc warn of."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from support.program import Program
from support.shells import need


@pytest.fixture(scope="module")
def page(program: Program, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("man") / "sinkscope.1"
    path.write_text(program.output("man"))
    return path


@pytest.fixture(scope="module")
def rendered(page: Path) -> str:
    """As man shows it."""
    words = [need("man"), "--warnings", "-E", "UTF-8", "-l", page]
    done = subprocess.run(words, capture_output=True, encoding="utf-8", env=os.environ | {"MANWIDTH": "100", "LC_ALL": "C.UTF-8"})
    assert (done.returncode, done.stderr) == (0, "")
    return re.sub(".\b", "", done.stdout)


def test_groff_warns_of_nothing(page: Path) -> None:
    done = subprocess.run([need("groff"), "-man", "-ww", "-Tutf8", "-z", page], capture_output=True, encoding="utf-8")
    assert (done.returncode, done.stderr) == (0, "")


def test_mandoc_warns_of_nothing(page: Path) -> None:
    done = subprocess.run([need("mandoc"), "-T", "lint", "-W", "warning", page], capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout


def test_every_command_and_option_is_in_it(program: Program, rendered: str) -> None:
    commands = re.findall(r"^  ([a-z][a-z-]+) +\S", program.output("--help"), re.MULTILINE)
    assert len(commands) > 20
    for command in commands:
        assert f"sinkscope {command}" in rendered
        for option in re.findall(r"(?<=[ ,])--[a-z-]+", program.output(command, "--help")):
            assert re.search(rf"{option}\b", rendered), f"{command} {option}"


def test_it_has_the_sections_of_a_manual_page(rendered: str) -> None:
    for section in ("NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS", "EXIT STATUS"):
        assert re.search(rf"^{section}$", rendered, re.MULTILINE)
    assert re.search(r"^ +sinkscope - how a language model", rendered, re.MULTILINE)
    assert "One of: auto, float32, bfloat16, fp8" in " ".join(rendered.split())
