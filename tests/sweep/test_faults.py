#!/usr/bin/env python3
"""What a cluster does to a sweep: a full disk, a read-only folder, a journal that vanishes, a machine short of memory.

Each is met with one clear line and loses nothing. Run: sweep_faults.py PROGRAM
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from sweep_resume import ROOT, identity

PROGRAM = "sinkscope"
WORDS = ["vocab-sweep", "--config", "configs/demo/vocab-sweep.json", "--device", "cpu", "--threads", "1", "--ids", "0-255", "--ids-per-unit", "3"]


def command(out: Path, *more: object) -> list[str]:
    return [PROGRAM, *WORDS, *map(str, more), "--out", str(out)]


def limited(which: int, bytes_at_most: int):
    def set_limit() -> None:
        resource.setrlimit(which, (bytes_at_most, bytes_at_most))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # writes then fail, as on a full disk

    return set_limit


class Faults(unittest.TestCase):
    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.out = Path(temporary.name) / "sweep.json"
        self.journal = self.out.with_suffix(".journal")

    def run_sweep(self, *more: object, **options) -> subprocess.CompletedProcess:
        return subprocess.run(command(self.out, "--quiet", *more), cwd=ROOT, capture_output=True, text=True, **options)

    def start(self, journal_bytes: int, *more: object) -> subprocess.Popen:
        process = subprocess.Popen(command(self.out, "--quiet", *more), cwd=ROOT, stderr=subprocess.PIPE, text=True)
        while not (self.journal.exists() and self.journal.stat().st_size > journal_bytes):
            time.sleep(0.005)
        return process

    def assert_ends_whole(self) -> None:
        """The same command goes on, and ends with what an undisturbed sweep gives."""
        self.assertEqual(self.run_sweep().returncode, 0)
        with tempfile.TemporaryDirectory() as other:
            whole = Path(other) / "sweep.json"
            subprocess.run(command(whole, "--quiet"), cwd=ROOT, check=True)
            self.assertEqual(identity(self.out), identity(whole))

    def test_a_full_disk_keeps_the_units_that_fitted(self) -> None:
        done = self.run_sweep(preexec_fn=limited(resource.RLIMIT_FSIZE, 30_000))
        self.assertEqual(done.returncode, 1)
        self.assertIn("units are kept, the same command goes on", done.stderr)
        self.assertFalse(self.out.exists())
        self.assert_ends_whole()

    def test_a_journal_that_is_deleted_under_the_run_is_written_again(self) -> None:
        process = self.start(20_000)
        self.journal.unlink()
        error = process.communicate(timeout=60)[1]
        self.assertEqual(process.returncode, 1, error)
        self.assertIn("deleted or replaced", error)
        self.assertGreater(self.journal.stat().st_size, 20_000)
        self.assert_ends_whole()

    def test_a_folder_that_cannot_be_written_to_is_said_before_the_work(self) -> None:
        if os.geteuid() == 0:
            place = Path("/proc/self/sweep.json")  # root may write wherever a file system lets it
        else:
            self.out.parent.chmod(0o555)
            self.addCleanup(self.out.parent.chmod, 0o755)
            place = self.out
        done = subprocess.run(command(place), cwd=ROOT, capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("cannot be written to", done.stderr)

    def test_damage_in_the_middle_is_cut_back_to_what_is_good(self) -> None:
        process = self.start(40_000)
        process.kill()
        process.communicate()
        damaged = bytearray(self.journal.read_bytes())
        damaged[25_000] ^= 1
        self.journal.write_bytes(damaged)
        done = self.run_sweep()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("torn", json.loads(self.out.read_text())["warnings"][0])
        self.out.unlink()
        self.assert_ends_whole()

    def test_short_of_memory_the_batch_is_halved_and_the_result_says_so(self) -> None:
        words = ["--ids-per-unit", "512", "--ids", "0-511", "--samples", "16", "--batch-size", "8192"]
        done = self.run_sweep(*words, preexec_fn=limited(resource.RLIMIT_AS, MEMORY))
        self.assertEqual(done.returncode, 0, done.stderr)
        result = json.loads(self.out.read_text())
        self.assertIn("the memory ran out", " ".join(result["warnings"]))
        with tempfile.TemporaryDirectory() as other:
            whole = Path(other) / "sweep.json"
            subprocess.run(command(whole, "--quiet", *words), cwd=ROOT, check=True)
            for one, two in zip(result["results"]["score"], json.loads(whole.read_text())["results"]["score"]):
                self.assertAlmostEqual(one, two, delta=2e-6)


MEMORY = 3_000_000_000  # holds the program and batches of a quarter, not the whole

if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
