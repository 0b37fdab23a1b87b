"""Sweeps of the demo model, and what two of them must have in common to be the same."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

from sinkscope import ROOT
from support.program import DEVICE, Program

CONFIG = "configs/demo/vocab-sweep.json"
DEMO = ("--device", DEVICE, "--threads", 1, "--quiet")
SMALL_UNITS = ("vocab-sweep", "--config", CONFIG, *DEMO, "--ids", "0-255", "--ids-per-unit", 3)
IDENTICAL = ["experiment", "model", "tokenizer", "data", "metrics", "results"]  # timing and command may differ


def identity(out: Path) -> str:
    result = json.loads(out.read_text())
    return json.dumps([result[name] for name in IDENTICAL])


def assert_same(one: Path, other: Path) -> None:
    """Results, and their arrays byte for byte."""
    assert identity(one) == identity(other)
    assert one.with_suffix(".safetensors").read_bytes() == other.with_suffix(".safetensors").read_bytes()


def until_journal_has(size: int, journal: Path, process: Popen) -> None:
    """Waits for the running sweep's records."""
    while not (journal.exists() and journal.stat().st_size > size):
        assert process.poll() is None, f"the sweep ended with exit code {process.returncode} before its journal had {size} bytes"
        time.sleep(0.005)


def config_without_out(folder: Path) -> Path:
    """The demo's config without `out` and `force`."""
    config = folder / "config.json"
    config.write_text(json.dumps({k: v for k, v in json.loads((ROOT / CONFIG).read_text()).items() if k not in ("force", "out")}))
    return config


@dataclass(frozen=True)
class Sweeps:
    """Runs sweeps and merges in one folder."""

    program: Program
    folder: Path

    def sweep(self, out: str, *words: object, **environment: str) -> Path:
        done = self.program.run("vocab-sweep", "--config", CONFIG, *DEMO, *words, "--out", self.folder / out, env=os.environ | environment)
        assert done.returncode == 0, done.stderr
        return self.folder / out

    def merge(self, out: str, *parts: Path) -> Path:
        result = self.program.result("merge", self.folder / out, *parts)
        assert [warning for warning in result["warnings"] if "memory" in warning] == []
        return self.folder / out

    def refused(self, *words: object, **environment: str) -> str:
        """What it says."""
        done = self.program.run(*words, env=os.environ | environment)
        assert done.returncode == 2, done.stderr
        return done.stderr
