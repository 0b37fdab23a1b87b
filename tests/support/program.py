"""The program under test, run as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sinkscope import ROOT

try:
    from sinkscope.results.schemas import validate
except ModuleNotFoundError:  # jsonschema, on a GPU node that has torch and transformers alone

    def validate(result: dict) -> None: ...

DEVICE = os.environ.get("SINKSCOPE_DEVICE", "cpu")  # cuda: the same tests of the program on a GPU
QUIET = ("--device", DEVICE, "--quiet")


@dataclass(frozen=True)
class Program:
    path: Path

    def words(self, *words: object) -> list[str]:
        return [str(self.path), *map(str, words)]

    def run(self, *words: object, **options: Any) -> subprocess.CompletedProcess[str]:
        """From the root of the repository, which the paths in configs are relative to."""
        return subprocess.run(self.words(*words), capture_output=True, encoding="utf-8", cwd=ROOT, **options)

    def start(self, *words: object) -> subprocess.Popen[str]:
        return subprocess.Popen(self.words(*words), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding="utf-8", cwd=ROOT)

    def output(self, *words: object) -> str:
        """What it prints; it must end with exit code 0."""
        done = self.run(*words)
        assert done.returncode == 0, f"{words[0]}: {done.stderr}"
        return done.stdout

    def result(self, experiment: str, out: Path, *words: object) -> dict[str, Any]:
        """What it writes to `out`, which the experiment's schema allows; no journal stays."""
        self.output(experiment, *words, "--out", out)
        result = json.loads(out.read_text())
        validate(result)
        assert not out.with_suffix(".journal").exists()
        return result

    def assert_refused(self, *words: object, out: Path, parts: Sequence[str]) -> None:
        """Exit code 2 and one line that names each of `parts`; nothing is left at `out` or beside it."""
        done = self.run(*words, "--out", out)
        assert done.returncode == 2, f"exit code {done.returncode}: {done.stderr}"
        assert_one_line(done.stderr, parts)
        assert not out.exists() and not out.with_suffix(".journal").exists()


def assert_one_line(error: str, parts: Sequence[str]) -> None:
    """One line, beside warnings and the hint at --help, that names each of `parts`."""
    for part in parts:
        assert part in error
    lines = [line for line in error.strip().splitlines() if not line.startswith("Run with --help") and "[warning]" not in line]
    assert len(lines) == 1, f"not one line: {error}"


def text_of(model: Path, samples: int, length: int) -> tuple[object, ...]:
    """The words that give a command a model and samples of the text beside it."""
    return ("--model", model, "--text", model / "text.txt", "--samples", samples, "--length", length)
