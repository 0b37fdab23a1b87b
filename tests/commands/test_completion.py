"""Completion in the real shells, held against what the program itself takes."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from sinkscope import ROOT
from support.program import Program, text_of
from support.shells import Completer, need

SHELLS = ("bash", "zsh", "fish")


@pytest.fixture(params=SHELLS)
def completer(request: pytest.FixtureRequest, program: Program, tmp_path: Path) -> Completer:
    """In a folder with files and folders to choose from."""
    need(request.param)
    folder = tmp_path / "work"
    (folder / "models").mkdir(parents=True)
    for name in ("a.json", "b c.txt"):
        (folder / name).touch()
    script = tmp_path / f"complete.{request.param}"
    script.write_text(program.output("completion", request.param))
    return Completer(request.param, program.path, script, folder)


def commands_of(program: Program) -> list[str]:
    """As --help lists them, in the order of the alphabet."""
    return sorted(re.findall(r"^  ([a-z][a-z-]+) +\S", program.output("--help"), re.MULTILINE))


def options_of(program: Program, command: str) -> set[str]:
    return set(re.findall(r"(?<=[ ,])--[a-z-]+", program.output(command, "--help")))


@pytest.mark.parametrize("shell", SHELLS)
def test_the_shell_takes_the_script(shell: str, program: Program, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(program.output("completion", shell))
    done = subprocess.run([need(shell), "-n", script], capture_output=True, encoding="utf-8")
    assert (done.returncode, done.stderr) == (0, "")


def test_another_shell_is_refused(program: Program) -> None:
    done = program.run("completion", "tcsh")
    assert done.returncode == 2 and "bash" in done.stderr


def test_commands(completer: Completer, program: Program) -> None:
    assert sorted(completer.offers("sinkscope ")) == commands_of(program)
    assert completer.offers("sinkscope tok") == ["tokenize"]


@pytest.mark.parametrize("command", ["scan", "identify", "vocab-sweep", "doctor"])
def test_options_of_a_command(command: str, completer: Completer, program: Program) -> None:
    offered = {word for word in completer.offers(f"sinkscope {command} --") if word != "--"}
    assert offered == options_of(program, command)


@pytest.mark.parametrize("typed", ["--dtype ", "--device cpu --dtype ", "--config a.json --quiet --dtype "])
def test_choices(typed: str, completer: Completer) -> None:
    assert sorted(completer.offers(f"sinkscope scan {typed}")) == ["auto", "bfloat16", "float32", "fp8"]


def test_a_choice_behind_an_equals_sign(completer: Completer) -> None:
    assert [word.removeprefix("--dtype=") for word in completer.offers("sinkscope scan --dtype=f")] == ["float32", "fp8"]


def test_a_list_of_choices(completer: Completer) -> None:
    assert completer.offers("sinkscope scan --measure sink,pro") == ["sink,profile"]
    assert sorted(completer.offers("sinkscope zero-sweep --operations ")) == ["mean", "resample", "zero"]


def test_files(completer: Completer) -> None:
    assert set(completer.offers("sinkscope scan --config ")) == {"a.json", "b c.txt", "models"}
    assert completer.offers("sinkscope compare a") == ["a.json"]
    assert completer.offers("sinkscope scan --text a.json,a") == ["a.json,a.json"]


def test_folders_alone(completer: Completer) -> None:
    assert completer.offers("sinkscope tokenize --model ") == ["models"]


def test_models_of_the_cache(completer: Completer, tmp_path: Path) -> None:
    for name in ("Qwen--Qwen3-8B", "meta-llama--Llama-3.1-8B"):
        (tmp_path / f"hub/models--{name}").mkdir(parents=True)
    environment = {"HF_HUB_CACHE": str(tmp_path / "hub")}
    offers = completer.offers("sinkscope scan --model ", **environment)
    assert set(offers) == {"Qwen/Qwen3-8B", "meta-llama/Llama-3.1-8B", "models"}
    assert completer.offers("sinkscope info --model Qw", **environment) == ["Qwen/Qwen3-8B"]


def test_an_empty_cache(completer: Completer, tmp_path: Path) -> None:
    assert completer.offers("sinkscope scan --model ", HF_HUB_CACHE=str(tmp_path / "none")) == ["models"]


def test_hook_points(completer: Completer, program: Program) -> None:
    points = json.loads(program.output("hooks", "--json"))["hook_points"]
    wanted = {point["name"].replace("blocks.L.", "blocks.*.") for point in points} | {"all"}
    assert set(completer.offers("sinkscope activations --sites ")) == wanted
    assert completer.offers("sinkscope activations --sites hook_embed,log") == ["hook_embed,logits"]


@pytest.mark.parametrize("typed", ["blocks.3.hook_resid_p", "hook_embed,blocks.3.hook_resid_p"])
def test_hook_points_of_one_layer(typed: str, completer: Completer) -> None:
    offers = completer.offers(f"sinkscope activations --sites {typed}")
    assert {word.rpartition(",")[2] for word in offers} == {"blocks.3.hook_resid_pre", "blocks.3.hook_resid_post"}


@pytest.mark.parametrize("completer", ["bash"], indirect=True)  # the others know quotes themselves
def test_hook_points_within_a_quote(completer: Completer) -> None:
    offers = completer.offers('sinkscope activations --sites "blocks.*.hook_resid_p')
    assert {word.strip('"') for word in offers} == {"blocks.*.hook_resid_pre", "blocks.*.hook_resid_post"}


def test_numbers_have_no_offers(completer: Completer) -> None:
    assert completer.offers("sinkscope scan --samples ") in ([], [""])


def test_what_is_offered_is_taken(program: Program, tmp_path: Path) -> None:
    """Choices that are said for completion alone are those that the program takes."""
    table = [line.split("\t") for line in program.output("completion", "bash").splitlines() if line.count("\t") == 4]
    choices = {(row[0], row[1]): row[3].split(" ") for row in table if row[2] in ("choice", "choices")}
    model = ROOT / "models/planted"
    words = (*text_of(model, 2, 16), "--force", "--quiet", "--out", tmp_path / "x.json")
    for dtype in choices["scan", "--dtype"]:
        program.output("scan", *words, "--dtype", dtype, "--device", "cpu")
    for device in choices["scan", "--device"]:
        done = program.run("scan", *words, "--device", device)
        assert done.returncode == 0 or "expected" not in done.stderr
    program.output("scan", *words, "--measure", ",".join(choices["scan", "--measure"]))
    program.output("activations", *words[:-1], tmp_path / "x.safetensors", "--sites", "all")
    for dtype in choices["random-model", "--dtype"]:
        program.output("random-model", "--like", choices["random-model", "--like"][0], "--layers", 1, "--dtype", dtype, "--out",
                       tmp_path / dtype)
