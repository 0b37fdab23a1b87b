"""What stands beside a trial's effect: natural range, ordinary level, the same edit elsewhere, interactions, published numbers.
Each on a planted model, where what it must say is known. Run: trial_readings.py PROGRAM."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import trials
from planted_cases import SETS
from refusals import assert_refused
from sinkscope.planted.make import make_planted
from trials import NEAR, ROOT, command, run

TEXT = (ROOT / "models/planted/text.txt").read_text(encoding="utf-8")

LENGTHS = (40, 21)  # of the ragged samples


class Readings(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.place = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.place.cleanup)
        cls.folder = Path(cls.place.name) / "base"
        make_planted(SETS["base"], cls.folder, TEXT)
        cls.truth = json.loads((cls.folder / "planted.json").read_text())
        cls.at = cls.truth["layers"]
        (cls.energy,) = cls.truth["circuits"][0]["energy_dims"]
        cls.site = f"blocks.{cls.at['energy']}.hook_resid_post"

    def intervene(self, *edits: dict, track: str = "0,8") -> list[dict]:
        """A trial an edit, by number."""
        listed = [{"name": str(i), "edits": [{"site": self.site, **edit}]} for i, edit in enumerate(edits)]
        return run(self.folder, "intervene", "--track", track, "--trials", json.dumps(listed))["trials"]

    def test_what_no_natural_token_holds_is_flagged_by_its_dimension(self) -> None:
        far = [0.0] * self.truth["hidden"]
        far[40] = 1e6
        level = {"operation": "mean", "dimensions": [self.energy]}
        found = self.intervene(
            {"tokens": 20, "operation": "add", "dimensions": [40], "values": 1e6},
            {"tokens": 20, "operation": "add", "values": far},  # one value of many
            {"tokens": 0, **level, "from": {"tokens": [8]}},  # natural where it comes from
            {"tokens": 8, **level, "from": {"tokens": [0]}},
            {"all_but": 0, **level, "from": {"tokens": [8]}})
        outside = [trial["outside_natural_range"] for trial in found]
        for one in outside[:2]:
            self.assertEqual((one["flagged"], one["largest"], one["dimension"]), (True, 1, 40))
        self.assertAlmostEqual(outside[1]["share"], 1 / self.truth["hidden"], delta=0.05)
        for one in outside[2:4]:
            self.assertEqual((one["flagged"], one["largest"], one["dimension"]), (False, 0, None))
        self.assertIsNone(outside[4])

    def test_back_at_the_ordinary_level(self) -> None:
        ended, kept = self.intervene({"tokens": 0, "operation": "zero", "dimensions": [self.energy]},
                                     {"tokens": 0, "operation": "zero", "dimensions": [40]})
        for trial, wanted in ((ended, "yes"), (kept, "no")):
            self.assertEqual(trial["mean_attention"][0]["is_ordinary"], wanted)
        self.assertAlmostEqual(kept["mean_attention"][0]["above_ordinary"]["mean"], 1, delta=NEAR)

    def test_an_ordinary_token_is_one_that_is_not_edited(self) -> None:
        results = run(self.folder, "intervene", "--trials", json.dumps(
            [{"name": "a second sink", "edits": [{"site": self.site, "tokens": 4, "operation": "copy", "from": {"tokens": [0]}}]}]))
        self.assertEqual(results["tokens"]["ordinary"], [5, 6, 7, 8])
        (trial,) = results["trials"]
        self.assertAlmostEqual(trial["mean_attention"][0]["edited"], 0.5, delta=2 * NEAR)  # three queries do not see token 4
        self.assertAlmostEqual(trial["ordinary"]["edited"], 0, delta=NEAR)

    def test_the_same_edit_elsewhere_does_nothing(self) -> None:
        """A mean or another sample's output there is that token's own; a value keeps its source, and makes token 5 a sink."""
        for row in run(self.folder, "zero-sweep")["trials"]:
            other = row["controls"]["other_position"]["difference"]
            if int(row["edits"][0]["site"].split(".")[1]) >= self.at["sink"][0]:
                self.assertIsNone(other, row["name"])  # the sink is read before the edit
            else:
                self.assertAlmostEqual(other[0]["mean"], 0, delta=NEAR, msg=row["name"])
        (written,) = self.intervene({"tokens": 8, "operation": "copy", "from": {"tokens": [0]}})
        self.assertAlmostEqual(written["controls"]["other_position"]["difference"][0]["mean"], -0.5, delta=NEAR)

    def test_a_condition_is_held_against_another_token(self) -> None:
        condition = f"layers=0-{self.at['average']};tokens=8"
        (alone,) = run(self.folder, "intervene", "--track", "0,8", "--trials", json.dumps([{"name": "alone", "attention": condition}]))["trials"]
        own, other = (each[1]["mean"] for each in ([one["difference"] for one in alone["mean_attention"]],
                                                   alone["controls"]["other_position"]["difference"]))
        self.assertAlmostEqual(own, 0.5, delta=NEAR)
        self.assertAlmostEqual(other, 0, delta=NEAR)

    def test_an_edit_in_every_layer(self) -> None:
        (trial,) = run(self.folder, "intervene", "--trials", json.dumps(
            [{"name": "no MLP", "edits": [{"site": "blocks.*.hook_mlp_out", "tokens": 0, "operation": "zero"}]}]))["trials"]
        self.assertEqual([edit["site"] for edit in trial["edits"]], [f"blocks.{i}.hook_mlp_out" for i in range(5)])
        self.assertEqual(trial["mean_attention"][0]["is_ordinary"], "yes")

    def test_compare_finds_rows_by_name(self) -> None:
        table = {row["name"]: row for row in run(self.folder, "zero-sweep", "--operations", "zero")["table"]}
        reference = json.loads((ROOT / "configs/reference/qwen3-8b.json").read_text()) | {"shape": {}}
        (self.folder / "reference.json").write_text(json.dumps(reference))
        words = [trials.PROGRAM, "compare", self.folder / "zero-sweep.json", "--reference", self.folder / "reference.json"]
        printed = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=True).stdout
        for name in ("zero blocks.0.attn_out", "zero blocks.4.mlp_out"):
            (line,) = (line for line in printed.splitlines() if line.startswith(name + " "))
            self.assertAlmostEqual(float(line[len(name) :].split()[0]), table[name]["sink"][0]["level"]["mean"], places=3)
        (line,) = (line for line in printed.splitlines() if line.startswith("zero blocks.6.mlp_out "))
        self.assertIn("none", line)  # the planted model has five layers

    def test_refused(self) -> None:
        zero = {"site": "blocks.0.hook_mlp_out", "tokens": 0, "operation": "zero"}
        other = {**zero, "site": "blocks.1.hook_mlp_out"}
        pair = [{"name": "a", "edits": [zero]}, {"name": "b", "edits": [other]}, {"name": "ab", "edits": [zero], "interaction_of": ["a", "b"]}]
        everywhere = [{"name": "m", "edits": [{"site": "blocks.0.hook_mlp_out", "all_but": 0, "operation": "mean"}]}]
        ragged = self.folder / "ragged.json"
        ragged.write_text(json.dumps([[1 + i + j for j in range(LENGTHS[i % 2])] for i in range(12)]))
        for name, options, *parts in [
            ("intervene", ("--trials", json.dumps(pair)), "'ab'", "of both and no other"),
            ("intervene", ("--trials", json.dumps(everywhere), "--tokens", ragged), "'m'", "one length", "21 to 40"),
            ("head-attribution", ("--layers", f"0,{self.at['sink'][0]}"), f"layer {self.at['sink'][0]}", "does not reach"),
        ]:
            with self.subTest(f"{name} {parts}"):
                words = command(self.folder, name, *options)
                if "--tokens" in options:
                    words = [word for i, word in enumerate(words) if "--text" not in words[max(i - 1, 0) : i + 1]]
                (self.folder / f"{name}.json").unlink(missing_ok=True)
                assert_refused(self, words, self.folder / f"{name}.json", parts)

    def test_no_sink_is_said_as_such(self) -> None:
        folder = Path(self.place.name) / "none"
        make_planted(SETS["none: spike"], folder, TEXT)
        assert_refused(self, command(folder, "path-split"), folder / "path-split.json", ("no sink",))

    def test_status_reads_no_journal_of_trials(self) -> None:
        (self.folder / "zero-sweep.json").unlink(missing_ok=True)
        subprocess.run(command(self.folder, "zero-sweep", "--shard", "0/2"), capture_output=True, check=True)
        journal = self.folder / "zero-sweep.0-of-2.journal"
        done = subprocess.run([trials.PROGRAM, "status", journal], capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("zero-sweep", done.stderr)
        journal.unlink()


if __name__ == "__main__":
    trials.PROGRAM = sys.argv.pop(1)
    unittest.main()
