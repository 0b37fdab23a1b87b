"""first-token as a process: dry run, lists of ids, its figures, and its atlas in the figure of a sweep.
Run: first_token_command.py PROGRAM"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import first_token
from first_token import MODELS, ROOT, atlas


class FirstToken(unittest.TestCase):
    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def draw(self, *words: object) -> subprocess.CompletedProcess:
        return subprocess.run([sys.executable, *map(str, (ROOT / "scripts/plot.py", *words))], capture_output=True, text=True)

    def sweep(self, model: str, *options: str) -> Path:
        out = self.folder / f"{model}-sweep.json"
        subprocess.run([first_token.PROGRAM, "vocab-sweep", "--model", MODELS[model], "--text", MODELS[model] / "text.txt", "--samples", "2",
                        "--length", "24", "--out", out, "--quiet", "--device", "cpu", "--force", *options], check=True)
        return out

    def test_a_dry_run_writes_nothing(self) -> None:
        done = subprocess.run([first_token.PROGRAM, "first-token", "--model", MODELS["planted"], "--out", self.folder / "a.json", "--dry-run"],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("tokens        1024 ", done.stdout)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_a_list_of_ids(self) -> None:
        result = atlas(MODELS["planted"], self.folder / "a.json", "--ids", "7,3-5")
        self.assertEqual(result["results"]["ids"], [7, 3, 4, 5])
        self.assertEqual((result["data"]["slice"], result["data"]["samples"], result["data"]["length"]), ("vocabulary", 4, 1))

    def test_figures_are_drawn_the_same_twice(self) -> None:
        for name, model in MODELS.items():
            result = self.folder / f"{name}.json"
            atlas(model, result)
            sweep = self.sweep(name, "--ids", "130-160")
            for suffix in ("png", "pdf", "svg"):
                for words in ((result,), (sweep, "--atlas", result)):
                    drawn = []
                    for _ in range(2):
                        figure = self.folder / f"figure.{suffix}"
                        done = self.draw(*words, "-o", figure)
                        self.assertEqual((done.returncode, done.stderr), (0, ""), words)
                        drawn.append(figure.read_bytes())
                    self.assertEqual(*drawn)

    def test_an_atlas_that_does_not_fit_is_refused(self) -> None:
        whole, part = self.folder / "whole.json", self.folder / "part.json"
        atlas(MODELS["planted"], whole)
        atlas(MODELS["planted"], part, "--ids", "0-9")
        cases = {"of another model": (self.sweep("demo", "--ids", "0-9"), whole), "lacks 3 of": (self.sweep("planted", "--ids", "7-12"), part)}
        for words, (sweep, result) in cases.items():
            done = self.draw(sweep, "--atlas", result, "-o", self.folder / "x.png")
            self.assertEqual(done.returncode, 2)
            self.assertIn(words, done.stderr)
            self.assertEqual(len(done.stderr.splitlines()), 1)
        later = self.sweep("planted", "--ids", "0-9", "--at", "3")
        self.assertIn("position 3", self.draw(later, "--atlas", whole, "-o", self.folder / "x.png").stderr)


if __name__ == "__main__":
    first_token.PROGRAM = sys.argv.pop(1)
    unittest.main()
