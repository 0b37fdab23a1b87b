#!/usr/bin/env python3
"""Shards, merged, are the sweep of one process; a screen, refined, finds what the whole sweep finds.

Run: sweep_shards.py PROGRAM
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from sinkscope.results.schemas import validate
from sweep_resume import IDENTICAL, ROOT, identity

PROGRAM = "sinkscope"
BASE = ["--config", "configs/demo/vocab-sweep.json", "--device", "cpu", "--threads", "1", "--quiet"]


def run(*words: object, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run([PROGRAM, *map(str, words)], cwd=ROOT, capture_output=True, text=True, env=os.environ | environment)


class Folder(unittest.TestCase):
    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def sweep(self, out: str, *words: object, **environment: str) -> Path:
        done = run("vocab-sweep", *BASE, *words, "--out", self.folder / out, **environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.folder / out

    def merge(self, out: str, *parts: Path) -> Path:
        done = run("merge", *parts, "--out", self.folder / out)
        self.assertEqual(done.returncode, 0, done.stderr)
        result = json.loads((self.folder / out).read_text())
        validate(result)
        self.assertEqual([w for w in result["warnings"] if "memory" in w], [])
        return self.folder / out

    def assert_same(self, one: Path, other: Path) -> None:
        self.assertEqual(identity(one), identity(other))
        self.assertEqual(one.with_suffix(".safetensors").read_bytes(), other.with_suffix(".safetensors").read_bytes())


class Shards(Folder):
    IDS = ["--ids", "0-160", "--ids-per-unit", "7"]

    def parts(self, count: int, *words: object) -> list[Path]:
        return [self.sweep(f"part-{i}.json", *self.IDS, *words, "--shard", f"{i}/{count}") for i in range(count)]

    def test_merged_is_one_process_byte_for_byte(self) -> None:
        (self.folder / "whole").mkdir()
        (self.folder / "merged").mkdir()
        for words in ([], ["--at", "2"], ["--per-head", "float16"]):
            whole = self.sweep("whole/sweep.json", *self.IDS, *words)
            parts = self.parts(5, *words)
            for part in parts:
                validate(json.loads(part.read_text()))
            merged = self.merge("merged/sweep.json", *reversed(parts))
            self.assert_same(whole, merged)
            for file in [*parts, merged]:
                file.unlink()

    def test_uneven_shards_merge_too(self) -> None:
        (self.folder / "whole").mkdir()
        whole = self.sweep("whole/all.json", *self.IDS)
        parts = [self.sweep("a.json", *self.IDS, "--shard", "0/2"), self.sweep("b.json", *self.IDS, "--shard", "2/4"),
                 self.sweep("c.json", *self.IDS, "--shard", "3/4")]
        self.assert_same(whole, self.merge("all.json", *parts))

    def test_the_environment_says_which_shard(self) -> None:
        out = "env-{shard}.json"
        self.sweep(out, *self.IDS, "--shards", "12", SLURM_ARRAY_TASK_ID="3")
        self.sweep(out, *self.IDS, "--shards", "12", SLURM_ARRAY_TASK_ID="2", SLURM_NTASKS="2", SLURM_PROCID="1")
        self.assertEqual(sorted(p.name for p in self.folder.glob("*.json")), ["env-03.json", "env-05.json"])
        self.assertEqual(json.loads((self.folder / "env-05.json").read_text())["shard"], "5/12")

    def test_one_shard_overrides_the_shards_of_a_config(self) -> None:
        config = self.folder / "c.json"
        config.write_text(json.dumps(json.loads((ROOT / BASE[1]).read_text()) | {"shards": 12}))
        done = run("vocab-sweep", "--config", config, *BASE[2:], *self.IDS, "--shard", "3/4", "--out", self.folder / "one-{shard}.json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads((self.folder / "one-3.json").read_text())["shard"], "3/4")

    def test_what_does_not_belong_together_is_refused(self) -> None:
        parts = self.parts(3)
        missing = run("merge", parts[0], parts[2], "--out", self.folder / "x.json")
        self.assertEqual(missing.returncode, 2)
        self.assertIn("--shard 1/3", missing.stderr)
        command = [line.strip() for line in missing.stderr.splitlines() if "--shard 1/3" in line][0]
        self.assertEqual(subprocess.run(command, shell=True, cwd=ROOT, capture_output=True).returncode, 0)  # does what it says
        twice = run("merge", *parts, parts[1], "--out", self.folder / "x.json")
        self.assertEqual(twice.returncode, 2)
        self.assertIn("are in", twice.stderr)
        stranger = self.sweep("stranger.json", *self.IDS, "--q-min", "4", "--shard", "1/3")
        mixed = run("merge", parts[0], stranger, parts[2], "--out", self.folder / "x.json")
        self.assertEqual(mixed.returncode, 2)
        self.assertIn("sweep/q_min: 1 in", mixed.stderr)
        tensors = parts[1].with_suffix(".safetensors")
        tensors.write_bytes(tensors.read_bytes()[:-1] + b"\x01")
        damaged = run("merge", *parts, "--out", self.folder / "x.json")
        self.assertEqual(damaged.returncode, 2)
        self.assertIn("is not the file that was written with this part", damaged.stderr)
        self.assertFalse((self.folder / "x.json").exists())

    def test_names_that_would_share_a_file_are_refused(self) -> None:
        for name in ("q-0.6B-{shard}", "x.safetensors", "x.journal"):
            done = run("vocab-sweep", *BASE, *self.IDS, "--shards", "2", "--out", self.folder / name, SLURM_ARRAY_TASK_ID="0")
            self.assertEqual(done.returncode, 2, name)
            self.assertIn("{shard}" if "{" not in name else "ends in .json", done.stderr)
        parts = self.parts(2)
        before = parts[0].read_bytes()
        self.assertEqual(run("merge", *parts, "--out", parts[0], "--force").returncode, 2)
        self.assertEqual(parts[0].read_bytes(), before)
        twice = run("vocab-sweep", *BASE, "--ids", "1,2,1", "--out", self.folder / "x.json")
        self.assertEqual(twice.returncode, 2)
        self.assertIn("1 is listed twice", twice.stderr)

    def test_what_is_no_part_is_named(self) -> None:
        (part,) = self.parts(1)
        whole = json.loads(part.read_text())
        bad = self.folder / "bad.json"
        for change in ({"experiment": 5}, {"plan": None}, {"shard": 7}, {"shard": "9999999999/3"}, {"timing": None}, {"results": {}}):
            bad.write_text(json.dumps({k: v for k, v in (whole | change).items() if v is not None}))
            done = run("merge", bad, "--out", self.folder / "x.json")
            self.assertEqual((done.returncode, "bad.json" in done.stderr), (2, True), f"{change}: {done.stderr}")
            self.assertIn(run("status", bad).returncode, (0, 2), change)
        for rubbish in (b"", b"{", b"[1]", bytes(range(256))):
            bad.write_bytes(rubbish)
            self.assertEqual(run("merge", bad, "--out", self.folder / "x.json").returncode, 2)
            self.assertEqual(run("status", bad).returncode, 2)
        self.assertEqual(run("status", self.folder).returncode, 2)

    def test_a_finished_shard_is_not_computed_again(self) -> None:
        out = self.folder / "once.json"
        command = ["vocab-sweep", *[w for w in BASE if w != "--quiet"], *self.IDS, "--shard", "0/3", "--out", out]
        config = self.folder / "config.json"  # without `force`
        config.write_text(json.dumps({k: v for k, v in json.loads((ROOT / BASE[1]).read_text()).items() if k not in ("force", "out")}))
        command[2] = config
        self.assertEqual(run(*command).returncode, 0)
        before = out.stat().st_mtime_ns
        again = run(*command)
        self.assertEqual((again.returncode, out.stat().st_mtime_ns), (0, before))
        self.assertIn("already exists, from exactly this run", again.stderr)
        other = run(*command, "--q-min", "4")
        self.assertEqual(other.returncode, 2)
        self.assertIn("--force", other.stderr)

    def test_status_counts_units(self) -> None:
        parts = self.parts(3)
        done = run("status", parts[0], parts[1].with_suffix(".journal"), parts[1])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("15 of 15 units", " ".join(done.stdout.split()))
        self.assertIn("shards 2 of 3", done.stdout)
        self.assertEqual(run("status", self.folder / "none.journal").returncode, 2)

    def test_a_dry_run_plans_the_cluster(self) -> None:
        done = run("vocab-sweep", *BASE, "--out", self.folder / "x.json", "--gpus", "64", "--dry-run")
        self.assertEqual(done.returncode, 0, done.stderr)
        for words in ("sbatch --array=0-63 scripts/slurm/vocab_sweep.sbatch configs/demo/vocab-sweep.json", "FLOP", "units", "device hours"):
            self.assertIn(words, done.stdout)
        self.assertEqual(list(self.folder.iterdir()), [])


class Screening(Folder):
    WORDS = ["--samples", "32", "--length", "64"]

    def test_it_finds_what_the_whole_sweep_finds(self) -> None:
        (self.folder / "one").mkdir()
        whole = json.loads(self.sweep("whole.json", *self.WORDS).read_text())["results"]
        one = self.sweep("one/screen.json", *self.WORDS, "--strategy", "screen")
        validate(json.loads(one.read_text()))
        found = json.loads(one.read_text())["results"]
        self.assertEqual(json.loads(one.read_text())["warnings"], [])
        screen, top = found["screen"], max(1, len(whole["ids"]) // 100)
        order, exact = np.argsort(whole["score"]), np.array(screen["exact"])
        recall = exact[np.concatenate([order[:top], order[-top:]])].mean()
        print(f"screening: {recall:.3f} of the top and bottom {top}, {screen['token_share']:.3f} of the tokens, "
              f"{len(screen['to_refine'])} refined, mean {found['mean']:.4f} for {whole['mean']:.4f}, sd {found['sd']:.4f} for {whole['sd']:.4f}")
        self.assertGreaterEqual(recall, 0.99)
        self.assertLessEqual(screen["token_share"], 0.2)
        self.assertLess(abs(found["mean"] - whole["mean"]), 0.002)
        np.testing.assert_array_equal(np.array(found["score"])[exact], np.array(whole["score"])[exact])
        inside = [(low <= truth <= high) for low, truth, high, known in zip(screen["low"], whole["score"], screen["high"], exact) if not known]
        self.assertGreater(np.mean(inside), 0.9)
        rows = load_file(one.with_suffix(".safetensors"))["by_layer_id"]
        np.testing.assert_array_equal(~np.isnan(rows).any(1), exact)

        parts = [self.sweep(f"screen-{i}.json", *self.WORDS, "--strategy", "screen", "--shard", f"{i}/3") for i in range(3)]
        merged = self.merge("merged.json", *parts)
        refined = [self.sweep(f"refine-{i}.json", *self.WORDS, "--strategy", "screen", "--refine", merged, "--shard", f"{i}/2") for i in range(2)]
        self.assert_same(one, self.merge("screen.json", *parts, *refined))
        wrong = run("vocab-sweep", *BASE, *self.WORDS, "--strategy", "screen", "--q-min", "3", "--refine", merged, "--out", self.folder / "x.json")
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("q_min", wrong.stderr)

    def test_missing_refinements_are_named_with_their_commands(self) -> None:
        words = ["--ids", "0-255", "--strategy", "screen", "--force"]
        parts = [self.sweep(f"s{i}.json", *words, "--shard", f"{i}/2") for i in range(2)]
        merged = self.merge("merged.json", *parts)
        one = self.sweep("r-0.json", *words, "--ids-per-unit", "auto", "--refine", merged, "--shard", "0/2")
        done = run("merge", *parts, one, "--out", self.folder / "x.json")
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"--refine {merged} --shard 1/2", done.stderr)
        quiet = [w for w in words if w != "--force"]
        config = self.folder / "c.json"
        config.write_text(json.dumps({k: v for k, v in json.loads((ROOT / BASE[1]).read_text()).items() if k not in ("force", "out")}))
        taken = run("vocab-sweep", "--config", config, *BASE[2:], *quiet, "--refine", merged, "--shard", "0/2", "--out", parts[0])
        self.assertEqual(taken.returncode, 2, taken.stderr)  # a screen's part is not the refinement's

    def test_ragged_samples_are_screened(self) -> None:
        tokens = self.folder / "t.json"
        tokens.write_text(json.dumps([list(range(5 + i, 20 + 2 * i)) for i in range(12)]))
        out = self.folder / "r.json"
        words = ["vocab-sweep", "--model", "models/demo", "--tokens", tokens, "--ids", "0-127", "--threads", "1", "--quiet", "--strategy", "screen"]
        done = run(*words, "--out", out)
        self.assertEqual(done.returncode, 0, done.stderr)
        validate(json.loads(out.read_text()))
        done = run(*words, "--pilot-length", "24", "--pilot-samples", "1", "--out", self.folder / "x.json")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--pilot-length 24: none of the pilot's 1 samples", done.stderr)
        self.assertFalse((self.folder / "x.journal").exists())

    def test_what_cannot_be_screened_is_refused(self) -> None:
        for words, said in ((["--audit", "10"], "expected 20 to"), (["--pilot-samples", "5"], "--pilot-samples"), (["--pilot-length", "1"], "--pilot-length")):
            done = run("vocab-sweep", *BASE, "--strategy", "screen", *words, "--out", self.folder / "x.json")
            self.assertEqual(done.returncode, 2, words)
            self.assertIn(said, done.stderr)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
