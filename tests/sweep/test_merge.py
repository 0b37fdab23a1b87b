"""merge and status refuse by name what does not belong together, what is no part, and names that would share a file."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from sinkscope import ROOT
from support.program import Program
from support.sweeps import CONFIG, DEMO, Sweeps

IDS = ("--ids", "0-160", "--ids-per-unit", 7)


@pytest.fixture
def sweeps(program: Program, tmp_path: Path) -> Sweeps:
    return Sweeps(program, tmp_path)


def make_thirds(sweeps: Sweeps) -> list[Path]:
    return [sweeps.sweep(f"part-{i}.json", *IDS, "--shard", f"{i}/3") for i in range(3)]


@pytest.fixture(scope="module")
def thirds(program: Program, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """In a folder that no test changes."""
    return make_thirds(Sweeps(program, tmp_path_factory.mktemp("thirds")))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "x.json"


def test_a_missing_shard_is_named_with_its_command(sweeps: Sweeps, out: Path) -> None:
    thirds = make_thirds(sweeps)
    error = sweeps.refused("merge", thirds[0], thirds[2], "--out", out)
    (command,) = (line.strip() for line in error.splitlines() if "--shard 1/3" in line)
    assert subprocess.run(command, shell=True, cwd=ROOT, capture_output=True).returncode == 0  # does what it says
    assert not out.exists()


def test_a_shard_that_is_there_twice(sweeps: Sweeps, thirds: list[Path], out: Path) -> None:
    assert "are in" in sweeps.refused("merge", *thirds, thirds[1], "--out", out)
    assert not out.exists()


def test_a_shard_of_another_sweep(sweeps: Sweeps, thirds: list[Path], out: Path) -> None:
    stranger = sweeps.sweep("stranger.json", *IDS, "--q-min", 4, "--shard", "1/3")
    assert "sweep/q_min: 1 in" in sweeps.refused("merge", thirds[0], stranger, thirds[2], "--out", out)
    assert not out.exists()


def test_a_damaged_shard(sweeps: Sweeps, thirds: list[Path], out: Path) -> None:
    shutil.copytree(thirds[0].parent, sweeps.folder, dirs_exist_ok=True)
    copies = [sweeps.folder / part.name for part in thirds]
    tensors = copies[1].with_suffix(".safetensors")
    tensors.write_bytes(tensors.read_bytes()[:-1] + b"\x01")
    assert "is not the file that was written with this part" in sweeps.refused("merge", *copies, "--out", out)
    assert not out.exists()


def test_a_part_is_not_merged_into_itself(sweeps: Sweeps, thirds: list[Path]) -> None:
    before = thirds[0].read_bytes()
    sweeps.refused("merge", *thirds, "--out", thirds[0], "--force")
    assert thirds[0].read_bytes() == before


@pytest.mark.parametrize("name", ["q-0.6B-{shard}", "x.safetensors", "x.journal"])
def test_names_that_would_share_a_file(name: str, sweeps: Sweeps) -> None:
    error = sweeps.refused("vocab-sweep", "--config", CONFIG, *DEMO, *IDS, "--shards", 2, "--out", sweeps.folder / name,
                           SLURM_ARRAY_TASK_ID="0")
    assert ("{shard}" if "{" not in name else "ends in .json") in error


def test_an_id_that_is_listed_twice(sweeps: Sweeps, out: Path) -> None:
    assert "1 is listed twice" in sweeps.refused("vocab-sweep", "--config", CONFIG, *DEMO, "--ids", "1,2,1", "--out", out)


@pytest.mark.parametrize("change", [
    {"experiment": 5}, {"plan": None}, {"shard": 7}, {"shard": "9999999999/3"}, {"timing": None}, {"results": {}},
], ids=str)
def test_a_part_that_lacks_what_parts_have(change: dict, sweeps: Sweeps, thirds: list[Path], out: Path) -> None:
    bad = sweeps.folder / "bad.json"
    bad.write_text(json.dumps({k: v for k, v in (json.loads(thirds[0].read_text()) | change).items() if v is not None}))
    assert "bad.json" in sweeps.refused("merge", bad, "--out", out)
    assert sweeps.program.run("status", bad).returncode in (0, 2)


@pytest.mark.parametrize("rubbish", [b"", b"{", b"[1]", bytes(range(256))], ids=["empty", "cut", "a list", "bytes"])
def test_what_is_no_part(rubbish: bytes, sweeps: Sweeps, out: Path) -> None:
    bad = sweeps.folder / "bad.json"
    bad.write_bytes(rubbish)
    sweeps.refused("merge", bad, "--out", out)
    sweeps.refused("status", bad)


def test_status_of_a_folder(sweeps: Sweeps) -> None:
    sweeps.refused("status", sweeps.folder)
