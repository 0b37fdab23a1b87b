"""What stands on a terminal and what comes out of a pipe: colours, width, progress."""

from __future__ import annotations

import re

import pytest

from sinkscope import ROOT
from support.program import Program, text_of
from support.shells import plain, shown

MODEL = ROOT / "models/planted"
COMMANDS = [("hooks",), ("info", "--model", MODEL), ("doctor",)]


def on_terminal(program: Program, *words: object, **options) -> str:
    text, code = shown(program.words(*words), **options)
    assert code in (0, 1), text
    return text


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_colours_on_a_terminal_alone(words: tuple, program: Program) -> None:
    assert "\x1b[" in on_terminal(program, *words)
    piped = program.run(*words)
    assert "\x1b" not in piped.stdout + piped.stderr


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_colours_can_be_unwanted(environment: dict[str, str], program: Program) -> None:
    assert "\x1b" not in on_terminal(program, "hooks", **environment)


def test_an_empty_no_color_is_unset(program: Program) -> None:
    assert "\x1b[" in on_terminal(program, "hooks", NO_COLOR="")


@pytest.mark.parametrize("columns", [60, 100, 160])
def test_a_table_is_as_wide_as_the_terminal(columns: int, program: Program) -> None:
    lines = plain(on_terminal(program, "hooks", columns=columns)).splitlines()
    assert max(map(len, lines)) <= max(columns, 34 + 20 + 20)
    words = " ".join(" ".join(lines).split())
    assert "MLP's input, weight applied" in words


@pytest.mark.parametrize("words", [("--help",), ("scan", "--help"), ("info", "--model", MODEL)], ids=lambda words: words[0])
def test_no_line_is_longer_than_the_terminal(words: tuple, program: Program) -> None:
    lines = plain(on_terminal(program, *words, columns=80)).splitlines()
    assert max(map(len, lines)) <= 80
    assert " ".join(" ".join(lines).split()) == " ".join(program.output(*words).split())


def test_a_pipe_has_a_line_a_row(program: Program) -> None:
    piped = program.output("hooks").splitlines()
    assert any(line.startswith("blocks.L.mlp.hook_post ") and line.endswith("what the down projection reads") for line in piped)
    assert len({line.index("what") for line in piped[:1]} | {piped[2].index("what the block reads")}) == 1


def test_progress_is_cut_to_the_width(program: Program) -> None:
    words = ("scan", *text_of(MODEL, 64, 200), "--batch-size", 1, "--out", "-", "--device", "cpu")
    text = on_terminal(program, *words, columns=50)
    bars = re.findall(r"\r\x1b\[K(\[[#.]*\][^\r\n]*)", text)
    assert bars and max(map(len, bars)) < 50


def test_progress_without_escapes_on_a_dumb_terminal(program: Program) -> None:
    assert "\x1b" not in on_terminal(program, "scan", *text_of(MODEL, 16, 200), "--batch-size", 1, "--out", "-", TERM="dumb")


def test_errors_and_warnings(program: Program) -> None:
    text, code = shown(program.words("info", "--model", "no/such-model"))
    assert code == 2 and "\x1b[31msinkscope:\x1b[0m --model" in text
    text, code = shown(program.words("info", "--model", "no/such-model"), NO_COLOR="1")
    assert code == 2 and text.startswith("sinkscope: --model")
