"""Shards, merged, are the sweep of one process; what is finished stays; status and dry runs count what there is to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sinkscope import ROOT
from sinkscope.results.schemas import validate
from support.program import Program
from support.sweeps import CONFIG, DEMO, Sweeps, assert_same, config_without_out

IDS = ("--ids", "0-160", "--ids-per-unit", 7)


@pytest.fixture
def sweeps(program: Program, tmp_path: Path) -> Sweeps:
    (tmp_path / "whole").mkdir()
    (tmp_path / "merged").mkdir()
    return Sweeps(program, tmp_path)


def parts(sweeps: Sweeps, count: int, *words: object) -> list[Path]:
    return [sweeps.sweep(f"part-{i}.json", *IDS, *words, "--shard", f"{i}/{count}") for i in range(count)]


@pytest.mark.parametrize("words", [(), ("--at", 2), ("--per-head", "float16")], ids=["plain", "at 2", "per head"])
def test_merged_is_one_process_byte_for_byte(words: tuple, sweeps: Sweeps) -> None:
    whole = sweeps.sweep("whole/sweep.json", *IDS, *words)
    made = parts(sweeps, 5, *words)
    for part in made:
        validate(json.loads(part.read_text()))
    assert_same(whole, sweeps.merge("merged/sweep.json", *reversed(made)))


def test_uneven_shards_merge_too(sweeps: Sweeps) -> None:
    whole = sweeps.sweep("whole/sweep.json", *IDS)
    made = [sweeps.sweep(f"{shard.replace('/', '-')}.json", *IDS, "--shard", shard) for shard in ("0/2", "2/4", "3/4")]
    assert_same(whole, sweeps.merge("merged/sweep.json", *made))


def test_the_environment_says_which_shard(sweeps: Sweeps) -> None:
    out = "env-{shard}.json"
    sweeps.sweep(out, *IDS, "--shards", 12, SLURM_ARRAY_TASK_ID="3")
    sweeps.sweep(out, *IDS, "--shards", 12, SLURM_ARRAY_TASK_ID="2", SLURM_NTASKS="2", SLURM_PROCID="1")
    assert sorted(path.name for path in sweeps.folder.glob("*.json")) == ["env-03.json", "env-05.json"]
    assert json.loads((sweeps.folder / "env-05.json").read_text())["shard"] == "5/12"


def test_one_shard_overrides_the_shards_of_a_config(sweeps: Sweeps) -> None:
    config = sweeps.folder / "c.json"
    config.write_text(json.dumps(json.loads((ROOT / CONFIG).read_text()) | {"shards": 12}))
    sweeps.program.output("vocab-sweep", "--config", config, *DEMO, *IDS, "--shard", "3/4", "--out", sweeps.folder / "one-{shard}.json")
    assert json.loads((sweeps.folder / "one-3.json").read_text())["shard"] == "3/4"


def test_a_finished_shard_is_not_computed_again(sweeps: Sweeps) -> None:
    out = sweeps.folder / "once.json"
    loud = [word for word in DEMO if word != "--quiet"]
    command = ("vocab-sweep", "--config", config_without_out(sweeps.folder), *loud, *IDS, "--shard", "0/3", "--out", out)
    sweeps.program.output(*command)
    before = out.stat().st_mtime_ns
    again = sweeps.program.run(*command)
    assert (again.returncode, out.stat().st_mtime_ns) == (0, before)
    assert "already exists, from exactly this run" in again.stderr
    assert "--force" in sweeps.refused(*command, "--q-min", 4)


def test_status_counts_units(sweeps: Sweeps) -> None:
    made = parts(sweeps, 3)
    printed = sweeps.program.output("status", made[0], made[1].with_suffix(".journal"), made[1])
    assert "15 of 15 units" in " ".join(printed.split())
    assert "shards 2 of 3" in printed
    sweeps.refused("status", sweeps.folder / "none.journal")


def test_a_dry_run_plans_the_cluster(program: Program, tmp_path: Path) -> None:
    printed = program.output("vocab-sweep", "--config", CONFIG, *DEMO, "--out", tmp_path / "x.json", "--gpus", 64, "--dry-run")
    for words in ("sbatch --array=0-63 scripts/slurm/vocab_sweep.sbatch configs/demo/vocab-sweep.json", "FLOP", "units", "device hours"):
        assert words in printed
    assert list(tmp_path.iterdir()) == []
