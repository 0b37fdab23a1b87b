"""The program from Python: `sinkscope.run("scan", model="...", text="...", samples=16)`."""

from __future__ import annotations

import codecs
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, overload

from sinkscope import ROOT
from sinkscope.program import COMMANDS, environment, own
from sinkscope.results.cache import ActivationCache, cache
from sinkscope.results.loaded import LoadedResult, load

CHUNK = 65536  # bytes
EXPORT = "activations"  # a command that is no experiment, whose file is read too
FOR_A_SHELL = {*COMMANDS, "compare", "completion", "doctor", "hooks", "info", "man", "merge", "random-model", "status", "tokenize"}
NO_RESULT = {"--dry-run": "writes none", "--help": "writes none", "--shard": "makes a part of one", "--shards": "makes a part of one"}


class RunError(Exception):
    """What the program said where it ended with another exit code than 0; `exit_code` is that code, negative for a signal."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def program() -> Path:
    """The program that `run` starts: SINKSCOPE, the package's own (the wheel's, or the clone's build), or the one on PATH. Raises
    FileNotFoundError."""
    named = os.environ.get("SINKSCOPE")
    if named:
        if found := shutil.which(named):
            return Path(found).absolute()
        raise FileNotFoundError(f"SINKSCOPE names {named}, which is no program")
    found = shutil.which(own()) or shutil.which("sinkscope")
    if not found:
        raise FileNotFoundError(f"the program is not there: SINKSCOPE is not set, {own()} does not exist (scripts/build.sh builds it), "
                                "and no sinkscope is on PATH")
    return Path(found).absolute()


def experiments() -> list[str]:
    """All that the program has: each has a schema of its result."""
    return sorted(schema.parent.name.replace("_", "-") for schema in ROOT.glob("experiments/*/schema.json"))


def words(options: Mapping[str, Any]) -> list[str]:
    """Keywords as options: True is a flag, False and None leave it out, a list is joined by commas.

    >>> words({"q_min": 4, "track": [0, 8], "quiet": True, "force": False, "from_": "0"})
    ['--q-min', '4', '--track', '0,8', '--quiet', '--from', '0']
    """
    found: list[str] = []
    for name, value in options.items():
        if value is None or value is False:
            continue
        found.append(f"--{name.rstrip('_').replace('_', '-')}")
        if isinstance(value, (list, tuple, range)):
            found.append(",".join(map(str, value)))
        elif value is not True:
            found.append(os.fspath(value) if isinstance(value, os.PathLike) else str(value))
    return found


def check(command: str, out: Path | str | None, options: Mapping[str, Any]) -> None:
    """ValueError for what would leave no result to return, before anything runs."""
    if command in FOR_A_SHELL:
        raise ValueError(f"{command} gives no result to return; it is for a shell: {shlex.join(['sinkscope', command, *words(options)])}")
    if command not in (known := [*experiments(), EXPORT]):
        raise ValueError(f"there is no experiment {command}; expected one of {', '.join(known)}")
    for word in words(options):
        if word in NO_RESULT:
            raise ValueError(f"run returns a result, and {word} {NO_RESULT[word]}: it is for the command line")
    if str(out) == "-":
        raise ValueError("run returns a result, and out='-' prints it: give a path, or leave out `out`")


@overload
def run(experiment: Literal["activations"], *, out: Path | str | None = None, **options: Any) -> ActivationCache: ...
@overload
def run(experiment: str, *, out: Path | str | None = None, **options: Any) -> LoadedResult: ...
def run(experiment: str, *, out: Path | str | None = None, **options: Any) -> LoadedResult | ActivationCache:
    """Runs an experiment and loads its result; "activations" exports hook points, and comes as sinkscope.cache of its file.

    A keyword is the option of that name (`sinkscope EXPERIMENT --help`): `q_min=4` is `--q-min 4`, `quiet=True` is `--quiet`, a
    list is joined by commas, and a name that is a word of Python takes an underscore behind it. Progress and warnings appear on
    stderr. Without `out` the files are deleted with the result. Raises ValueError, before anything runs, for what gives no result,
    and RunError with what the program said; an interrupt reaches the program, which ends cleanly.
    """
    check(experiment, out, options)
    read, suffix = (cache, "safetensors") if experiment == EXPORT else (load, "json")
    folder = None if out is not None else Path(tempfile.mkdtemp(prefix="sinkscope-"))
    path = Path(out) if folder is None else folder / f"{experiment}.{suffix}"
    try:
        start([program(), experiment, *words(options), "--out", path])
        result = read(path)
    except BaseException:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    if folder is not None:
        weakref.finalize(result, shutil.rmtree, folder, ignore_errors=True)
    return result


def start(command: list[str | Path]) -> None:
    """Until it ends; the program is the first word. What it says is passed on as it comes, to sys.stderr, which a notebook shows."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               env=environment(Path(command[0])))
    said: list[str] = []
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    try:
        while chunk := os.read(process.stdout.fileno(), CHUNK):
            said.append(decoder.decode(chunk))
            sys.stderr.write(said[-1])
            sys.stderr.flush()
        code = process.wait()
    except BaseException:  # an interrupt: the program keeps what it has measured in its journal, and goes
        process.send_signal(signal.SIGINT)
        process.communicate()
        raise
    finally:
        process.stdout.close()
    if code != 0:
        raise RunError(error_of("".join(said), code), code)


def error_of(said: str, code: int) -> str:
    """The error in what the program said: behind its name, or all that it said where it was asked for what it does not know.

    >>> error_of("scan  40 %  100 tokens/s  3 s left\\nsinkscope: x.txt: cannot be read\\n", 2)
    'x.txt: cannot be read'
    >>> error_of("--model is required\\nRun with --help for more information.\\n", 2)
    '--model is required'
    >>> error_of("scan  40 %  100 tokens/s  3 s left\\n", -9)
    'the program ended with exit code -9'
    """
    if found := re.search(r"^sinkscope: (.+)\Z", said, re.MULTILINE | re.DOTALL):
        return found[1].strip()
    if code != 2:
        return f"the program ended with exit code {code}"
    return said.replace("Run with --help for more information.", "").strip()
