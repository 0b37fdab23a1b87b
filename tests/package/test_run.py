"""sinkscope.run: the program is found, gets its options, is heard, and its result is loaded."""

from __future__ import annotations

import gc
import re
import sys
import tempfile
import time
from pathlib import Path

import pytest

import sinkscope
from sinkscope import ROOT, RunError, run, running
from support.program import DEVICE, Program

DEMO = ROOT / "models/demo"
SMALL = {"model": DEMO, "text": DEMO / "text.txt", "samples": 3, "length": 16, "device": DEVICE, "threads": 1}


@pytest.fixture
def real(program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The program under test, and a folder for temporary ones."""
    monkeypatch.setenv("SINKSCOPE", str(program.path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def script(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["#!/bin/bash", *lines]) + "\n")
    path.chmod(0o755)
    return path


def test_a_run_is_the_loaded_result(real: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = run("scan", **SMALL, q_min=4, track=[0, 5], measure=("sink", "norms"))
    assert (result.experiment, result.config["q-min"], result.config["track"], result.results["profile"]) == ("scan", 4, "0,5", None)
    assert sorted(set(result.frame("attention")["token"])) == [0, 5]
    assert "3 samples of up to 16 tokens" in capsys.readouterr().err
    folder = result.path.parent
    assert folder.parent == real and folder.is_dir()
    del result
    gc.collect()
    assert not folder.exists()


def test_a_result_with_a_name_stays(real: Path) -> None:
    path = run("scan", **SMALL, measure="sink", quiet=True, out=real / "mine.json").path
    gc.collect()
    assert path == real / "mine.json" and sinkscope.load(path).experiment == "scan"
    with pytest.raises(RunError, match=r"mine\.json"):  # it is not replaced unless told
        run("scan", **SMALL, measure="sink", out=path)
    run("scan", **SMALL, measure="sink", out=path, force=True)


@pytest.mark.parametrize(("options", "words"), [
    ({"model": "nope", "text": "x"}, "--model nope: neither a folder nor in the Hugging Face cache"),
    ({}, "--model is required"),
    (SMALL | {"trak": 0}, "--trak"),
    (SMALL | {"track": [0, 99]}, "99"),
])  # fmt: skip
def test_the_programs_error_is_the_exceptions(real: Path, options: dict, words: str) -> None:
    with pytest.raises(RunError) as failed:
        run("scan", **options)
    assert words in str(failed.value) and failed.value.exit_code == 2
    assert not str(failed.value).startswith("sinkscope: ") and "Run with --help" not in str(failed.value)
    assert list(real.iterdir()) == []


@pytest.mark.parametrize(("command", "options", "words"), [
    ("scan", {"dry_run": True}, "--dry-run writes none"),
    ("zero-sweep", {"shard": "1/2", "out": "z.json"}, "--shard makes a part"),
    ("vocab-sweep", {"shards": 4, "out": "v{shard}.json"}, "--shards makes a part"),
    ("scan", {"out": "-"}, "give a path, or leave out `out`"),
    ("activations", {"out": Path("-")}, "give a path, or leave out `out`"),
    ("info", {"model": "my model"}, "it is for a shell: sinkscope info --model 'my model'"),
    ("report", {}, "it is for a shell: sinkscope report"),
    ("nope", {}, "there is no experiment nope; expected one of channel-patch, .* zero-sweep, activations"),
])  # fmt: skip
def test_what_leaves_no_result_is_refused_before_it_runs(monkeypatch: pytest.MonkeyPatch, command: str, options: dict, words: str) -> None:
    monkeypatch.setattr(running, "start", lambda _: pytest.fail("it was started"))
    with pytest.raises(ValueError, match=words):
        run(command, **options)


def test_an_option_that_is_left_out_is_not_refused() -> None:
    running.check("scan", None, {"dry_run": False, "shard": None})


def test_every_command_of_the_program_is_known(program: Program) -> None:
    listed = set(re.findall(r"^  ([a-z][a-z-]+)  ", program.output("--help"), re.MULTILINE))
    assert listed == {*running.experiments(), running.EXPORT, *running.FOR_A_SHELL}


def test_activations_come_as_a_cache(real: Path) -> None:
    cache = run("activations", **SMALL, sites="blocks.*.hook_mlp_out", columns=0, quiet=True)
    assert cache["mlp_out", 2].shape[:2] == (3, 16) and cache["columns", 0].shape[-1] == 1
    folder = cache.path.parent
    assert folder.parent == real and folder.is_dir()
    del cache
    gc.collect()
    assert not folder.exists()
    assert run("activations", **SMALL, columns=0, quiet=True, out=real / "a.safetensors").path == real / "a.safetensors"


def test_where_the_program_comes_from(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    named, built, on_path = (script(tmp_path / place / "sinkscope") for place in ("named", "build", "bin"))
    monkeypatch.setenv("SINKSCOPE", str(named))
    monkeypatch.setenv("PATH", str(on_path.parent))
    monkeypatch.setattr(running, "own", lambda: built)
    assert running.program() == named
    monkeypatch.delenv("SINKSCOPE")
    assert running.program() == built
    built.unlink()
    assert running.program() == on_path
    on_path.unlink()
    with pytest.raises(FileNotFoundError, match=f"SINKSCOPE is not set, {built} does not exist .* no sinkscope is on PATH"):
        running.program()
    monkeypatch.setenv("SINKSCOPE", str(tmp_path / "gone"))
    with pytest.raises(FileNotFoundError, match="SINKSCOPE names .*gone, which is no program"):
        running.program()


def test_an_interrupt_ends_the_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It gets SIGINT, as from a terminal, and is waited for: what it does last is done when `run` returns."""
    last = tmp_path / "last"
    fake = tmp_path / "sinkscope"  # no shell: one that was started with SIGINT ignored, as behind `&`, cannot trap it
    fake.write_text(f"""#!{sys.executable}
import pathlib, signal, sys, time
def end(*_):
    time.sleep(0.2)
    pathlib.Path({str(last)!r}).touch()
    sys.exit(75)
signal.signal(signal.SIGINT, end)
print("begun", file=sys.stderr, flush=True)
time.sleep(10)
""")
    fake.chmod(0o755)
    monkeypatch.setenv("SINKSCOPE", str(fake))

    def interrupted(text: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.stderr, "write", interrupted)
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run("scan")
    assert last.exists() and time.monotonic() - begun < 8


def test_what_a_crash_says_of_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SINKSCOPE", str(script(tmp_path / "sinkscope", "echo 'scan  40 %  3 s left' >&2", "kill -9 $$")))
    with pytest.raises(RunError, match="the program ended with exit code -9") as failed:
        run("scan")
    assert failed.value.exit_code == -9
