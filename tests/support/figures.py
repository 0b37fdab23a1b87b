"""Figures, drawn by scripts/plot.py as a user draws them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from sinkscope import ROOT
from sinkscope.plotting import main


def draw(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, ROOT / "scripts/plot.py", *map(str, words)], capture_output=True, text=True)


def assert_drawn_the_same_twice(result: Path, folder: Path, *options: object, suffixes: Sequence[str] = ("png",)) -> None:
    """In a process of its own, which says nothing, and in this one, whose hashes have another seed: the same bytes."""
    for suffix in suffixes:
        first, second = folder / f"first.{suffix}", folder / f"second.{suffix}"
        done = draw(result, "-o", first, *options)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        main([str(result), "-o", str(second), *map(str, options)])
        assert first.read_bytes() == second.read_bytes(), suffix
