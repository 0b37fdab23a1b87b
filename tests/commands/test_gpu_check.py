"""The check of a GPU node, on a CPU: the pack, its stages at small sizes, what it says when started again, and its record."""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from sinkscope import ROOT
from support.made_once import made_once
from support.program import Program

MOST_BYTES = 60e6


def check(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ROOT / "scripts/gpu_check.sh", "--device", "cpu", *map(str, words)], capture_output=True, text=True)


@pytest.fixture(scope="session")
def pack(program: Program, shared: Path) -> Path:
    if program.path != ROOT / "build/release/sinkscope":
        pytest.skip("scripts/pack_gpu.sh packs build/release")

    def make(folder: Path) -> None:
        done = subprocess.run([ROOT / "scripts/pack_gpu.sh", folder / "gpu.tar.xz"], capture_output=True, text=True,
                              env=os.environ | {"XZ_OPT": "-0"})
        assert done.returncode == 0, done.stderr

    return made_once(shared / "pack", make) / "gpu.tar.xz"


def test_a_pack_brings_what_a_bare_node_lacks(pack: Path) -> None:
    assert pack.stat().st_size < MOST_BYTES
    with tarfile.open(pack) as tar:
        names = {name.removeprefix("./") for name in tar.getnames()}
    assert {"sinkscope", "tests/unit/cuda_test", "bench/ceiling", "bench/gpu_kernels", "commit"} <= names
    libraries = {name.split(".so")[0] for name in names if name.startswith("lib/")}
    assert libraries >= {"lib/libfmt", "lib/libspdlog", "lib/libicuuc", "lib/libonig"}
    assert not any("torch" in name or "libstdc++" in name for name in names)


def test_stages_run_once_and_end_in_a_record(pack: Path, tmp_path: Path) -> None:
    words = ("--pack", pack, "--out", tmp_path)
    done = check(*words, "unit", "agreement", "bench", "record")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {path.stem for path in tmp_path.glob("*.passed")} == {"unit", "agreement", "bench", "record"}
    record = record_of(tmp_path)
    assert [row["contender"] for row in record["bench"]["rows"]] == ["ceiling", "sinkscope", "sdpa"]
    assert record["stages"]["agreement"]["passed"] and "passed" in record["stages"]["agreement"]["said"][0]
    assert any("largest error at a hook point" in line for line in record["stages"]["agreement"]["measured"])
    again = check(*words)
    assert "gpu_check: agreement passed before" in again.stdout and "gpu_check: experiments passed in" in again.stdout


def record_of(folder: Path) -> dict:
    return next(found for path in folder.glob("*.json") if "stages" in (found := json.loads(path.read_text())))


def test_a_failed_stage_is_named_with_its_log_and_runs_again(pack: Path, tmp_path: Path) -> None:
    """A node whose benchmark's programs do not start."""
    folder = tmp_path / "program"
    with tarfile.open(pack) as tar:
        tar.extractall(folder, filter="data")
    (folder / "bench/ceiling").write_text("#!/bin/sh\necho no such instruction >&2\nexit 132\n")
    broken = tmp_path / "broken.tar.xz"
    with tarfile.open(broken, "w:xz", preset=0) as tar:
        tar.add(folder, ".")
    done = check("--pack", broken, "--out", tmp_path / "out", "unit", "bench")
    assert done.returncode == 1
    assert "gpu_check: unit passed" in done.stdout and "no such instruction" in done.stdout
    assert "bench failed after" in done.stderr and "bench.log" in done.stderr
    assert not (tmp_path / "out/bench.passed").exists()


def test_an_unknown_stage_is_refused(tmp_path: Path) -> None:
    done = check("--out", tmp_path / "out", "benchmark")
    assert done.returncode == 2 and "no stage benchmark; expected one of unit agreement" in done.stderr
