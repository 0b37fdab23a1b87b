#!/usr/bin/env python3
"""A sweep that is killed, stopped, torn or doubled ends with the bytes of one that nobody disturbed.

Run: sweep_resume.py PROGRAM [KILLS]
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAM, KILLS = "sinkscope", 50
IDENTICAL = ["experiment", "model", "tokenizer", "data", "metrics", "results"]  # timing and command may differ


def command(out: Path, *more: str) -> list[str]:
    return [PROGRAM, "vocab-sweep", "--config", "configs/demo/vocab-sweep.json", "--device", "cpu", "--threads", "1", "--ids", "0-255",
            "--ids-per-unit", "3", "--quiet", "--out", str(out), *more]


def run(out: Path, *more: str) -> subprocess.CompletedProcess:
    return subprocess.run(command(out, *more), cwd=ROOT, capture_output=True, text=True)


def start(out: Path) -> subprocess.Popen:
    return subprocess.Popen(command(out), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def identity(out: Path) -> str:
    result = json.loads(out.read_text())
    return json.dumps([result[name] for name in IDENTICAL])


class Resume(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.folder = Path(cls.temporary.name)
        (cls.folder / "whole").mkdir()
        cls.whole = cls.folder / "whole/sweep.json"
        began = time.monotonic()
        done = run(cls.whole)
        assert done.returncode == 0, done.stderr
        cls.seconds = time.monotonic() - began

    def place(self, name: str) -> Path:
        (self.folder / name).mkdir()
        return self.folder / name / "sweep.json"

    def assert_whole(self, out: Path) -> None:
        self.assertEqual(identity(out), identity(self.whole))
        self.assertEqual(out.with_suffix(".safetensors").read_bytes(), self.whole.with_suffix(".safetensors").read_bytes())
        self.assertEqual(sorted(p.name for p in out.parent.iterdir() if p.suffix != ".tmp"), ["sweep.json", "sweep.safetensors"])

    def test_killed_at_random_moments(self) -> None:
        moments, kills, sweep = random.Random(1), 0, 0
        while kills < KILLS:
            out = self.place(f"killed-{sweep}")
            sweep += 1
            while not out.exists():
                process = start(out)
                try:
                    process.wait(moments.uniform(0.0, self.seconds))
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                    kills += 1
                else:
                    self.assertEqual(process.returncode, 0)
            if out.with_suffix(".journal").exists():  # killed between the result and the end
                self.assertEqual(run(out, "--force").returncode, 0)
            self.assert_whole(out)

    def test_stopped_by_a_signal_it_ends_after_a_unit(self) -> None:
        for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT):
            out = self.place(f"signal-{number}")
            journal = out.with_suffix(".journal")
            process = start(out)
            while not (journal.exists() and journal.stat().st_size > 20_000):
                time.sleep(0.005)
            process.send_signal(number)
            self.assertEqual(process.wait(60), 75)
            self.assertFalse(out.exists())
            self.assertEqual(run(out).stderr, "")
            self.assert_whole(out)

    def test_a_torn_tail_is_cut_and_said(self) -> None:
        out = self.place("torn")
        journal = out.with_suffix(".journal")
        process = start(out)
        while not (journal.exists() and journal.stat().st_size > 20_000):
            time.sleep(0.005)
        process.kill()
        process.wait()
        with journal.open("r+b") as file:
            file.truncate(journal.stat().st_size - 17)
        self.assertIn("torn", run(out).stderr)
        self.assertIn("torn", json.loads(out.read_text())["warnings"][0])
        self.assert_whole(out)

    def test_another_configuration_and_a_second_process_are_refused(self) -> None:
        out = self.place("other")
        journal = out.with_suffix(".journal")
        process = start(out)
        while not journal.exists() or journal.stat().st_size < 10_000:
            time.sleep(0.005)
        second = run(out)
        self.assertEqual(second.returncode, 2)
        self.assertIn("another process", second.stderr)
        process.kill()
        process.wait()
        other = run(out, "--q-min", "4")
        self.assertEqual(other.returncode, 2)
        self.assertIn("q_min: 1 in the journal, 4 here", other.stderr)
        self.assertEqual(run(out).returncode, 0)
        self.assert_whole(out)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    if len(sys.argv) > 1 and sys.argv[1].isdigit():
        KILLS = int(sys.argv.pop(1))
    unittest.main()
