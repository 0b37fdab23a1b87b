"""The experiments made of trials, run as a user runs them, must find what was planted. What is wanted follows from
planted.json: which block parts stand between first token and sink, by which route, and where the mark is complete.
Also: a run that is killed goes on to the same numbers, what cannot be is refused, and a model without a sink says so.
Run: trials.py PROGRAM."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from planted_cases import SETS
from reference_model import SHAPES, make_model
from refusals import assert_refused
from results import result_of
from sinkscope.planted.make import make_planted

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = "sinkscope"
CASES = ["base", "wider", "later stages", "narrow heads", "later", "decoy"]
LENGTH = 64
NEAR = 0.02  # a planted sink takes 0.99 and more, so halves and wholes are met within this


def command(folder: Path, name: str, *options: object) -> list[str]:
    words = [PROGRAM, name, "--model", folder, "--text", folder / "text.txt", "--samples", 12, "--length", LENGTH, "--device", "cpu",
             "--threads", 1, "--controls", 3, "--other-token", 5, "--out", folder / f"{name}.json", "--quiet", *options]
    return [str(word) for word in words]


def run(folder: Path, name: str, *options: object) -> dict:
    result = result_of(command(folder, name, "--force", *options), folder / f"{name}.json")
    assert not (folder / f"{name}.journal").exists()
    return result["results"]


def levels(row: dict) -> dict[int, float]:
    return {sink["token"]: sink["level"]["mean"] for sink in row["sink"]}


def uniform(first: int) -> float:
    return sum(1 / (q + 1) for q in range(first, LENGTH)) / (LENGTH - first)


class Trials(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        text = (ROOT / "models/planted/text.txt").read_text(encoding="utf-8")
        cls.models = {}
        for name in CASES:
            out = Path(cls.folder.name) / name.replace(" ", "-")
            make_planted(SETS[name], out, text)
            cls.models[name] = (out, json.loads((out / "planted.json").read_text()))

    @classmethod
    def tearDownClass(cls) -> None:
        cls.folder.cleanup()

    def each(self, claim) -> None:
        """claim(folder, truth) on every model."""
        for name, (folder, truth) in self.models.items():
            with self.subTest(name):
                claim(folder, truth)

    def assert_level(self, found: float, truth: dict, share: float | None, first: int, what: str) -> None:
        """`share` of the sink, which stands in some heads; None: no sink is left. Every other head attends uniformly."""
        heads = len(truth["circuits"][0]["sink_heads"]) / truth["options"]["heads"]
        wanted = uniform(first) if share is None else heads * share + (1 - heads) * uniform(first)
        self.assertAlmostEqual(found, wanted, delta=NEAR, msg=what)

    def test_zero_sweep_names_the_three_parts_and_no_other(self) -> None:
        def claim(folder: Path, truth: dict) -> None:
            at, results = truth["layers"], run(folder, "zero-sweep")
            self.assertEqual(results["sink_layer"], at["sink"][0])
            self.assertEqual(results["facts"]["spike"]["site"], f"blocks.{at['spike']}.hook_mlp_out")
            needed = {f"blocks.{at['average']}.hook_attn_out", f"blocks.{at['energy']}.hook_mlp_out", f"blocks.{at['spike']}.hook_mlp_out"}
            own = {f"blocks.{at['average']}.hook_attn_out"}  # signs: their mean over samples is no one's
            for row in results["table"]:
                (site,) = row["sites"]
                lost = {"zero": needed, "mean": own, "resample": set()}[row["operation"]]
                self.assert_level(levels(row)[0], truth, None if site in lost else 1, 1, row["name"])
            for trial in results["trials"]:
                self.assertEqual(trial["controls"]["no_op_largest_difference"], 0)

        self.each(claim)

    def test_pairs_interact_as_two_needed_parts_do(self) -> None:
        folder, truth = self.models["base"]
        at = truth["layers"]
        results = run(folder, "zero-sweep", "--pairs", "--operations", "zero", "--no-loss")
        pair = {f"blocks.{at['energy']}.hook_mlp_out", f"blocks.{at['spike']}.hook_mlp_out"}
        (found,) = (t for t in results["trials"] if {e["site"] for e in t["edits"]} == pair)
        # Each ends the sink alone and both together no more: (A∪B) - A - B is minus one such effect.
        self.assertAlmostEqual(found["interaction"][0]["mean"], -found["mean_attention"][0]["difference"]["mean"], delta=0.01)

    def test_path_split_follows_the_energy_to_the_spike(self) -> None:
        def claim(folder: Path, truth: dict) -> None:
            at = truth["layers"]
            written = f"blocks.{at['energy']}.hook_mlp_out"
            for row in run(folder, "path-split", "--written", written)["table"]:
                layer, part = int(row["taken_away_at"].split(".")[1]), row["taken_away_at"].split("hook_")[1]
                # the spike's MLP reads it, and until there the residual carries it
                lost = part == "mlp_in" and layer == at["spike"]
                lost |= part in ("resid_mid", "resid_post", "mlp_out") and layer < at["spike"]
                lost |= part == "resid_mid" and layer == at["spike"]
                self.assert_level(levels(row)[0], truth, None if lost else 1, 1, row["name"])

        self.each(claim)

    def test_transplant_is_complete_from_the_average_on(self) -> None:
        def claim(folder: Path, truth: dict) -> None:
            for row in run(folder, "transplant", "--token", 8)["table"]:
                layer = -1 if row["site"] == "hook_embed" else int(row["site"].split(".")[1])
                complete, level = layer >= truth["layers"]["average"], levels(row)
                if row["to"] == 8:
                    shares = {0: 0.5, 8: 0.5} if complete else {0: 1, 8: 0}
                else:
                    shares = {0: None if complete else 1}
                for token, share in shares.items():
                    self.assert_level(level[token], truth, share, 9, f"{row['name']}, token {token}")

        self.each(claim)

    def test_head_attribution_wants_all_heads(self) -> None:
        folder, truth = self.models["base"]
        rows = run(folder, "head-attribution", "--token", 8)["table"]
        for row in (row for row in rows if row["at"] == 8):
            wanted = 0.5 if row["head"] == "all" and row["layer"] == truth["layers"]["average"] else 0
            self.assertAlmostEqual(levels(row)[8], wanted, delta=NEAR)

    def test_an_edit_after_the_sink_layers_attention(self) -> None:
        """Controls end there, so they see nothing of it; what comes later does."""
        folder, truth = self.models["base"]
        at = truth["layers"]
        sites = {"early": f"blocks.{at['spike']}.hook_mlp_out", "late": f"blocks.{at['sink'][0]}.attn.hook_z"}
        edits = {name: {"site": site, "tokens": 0, "operation": "zero"} for name, site in sites.items()}
        trials = [*({"name": name, "edits": [edit]} for name, edit in edits.items()), {"name": "both", "edits": list(edits.values())}]
        early, late, both = run(folder, "intervene", "--trials", json.dumps(trials))["trials"]
        for name in ("mean_attention", "frozen", "controls"):
            self.assertEqual(both[name], early[name])
        self.assertEqual([control["largest"] for control in late["controls"]["random"]], [0])
        self.assertEqual(late["mean_attention"][0]["difference"]["ci95"], [0, 0])

    def test_shards_make_the_same_result(self) -> None:
        folder, _ = self.models["base"]
        options = ["--operations", "zero", "--pairs"]
        whole = run(folder, "zero-sweep", *options)
        (folder / "zero-sweep.json").unlink()
        for shard in range(3):
            done = subprocess.run(command(folder, "zero-sweep", *options, "--shard", f"{shard}/3"), capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertFalse((folder / "zero-sweep.json").exists())
        journals = sorted(folder.glob("zero-sweep.*-of-3.journal"))
        self.assertEqual(len(journals), 3)
        refused = subprocess.run(command(folder, "zero-sweep", *options, "--seed", 5, "--records", journals[0]), capture_output=True, text=True)
        self.assertEqual((refused.returncode, "seed" in refused.stderr), (2, True), refused.stderr)
        joined = run(folder, "zero-sweep", *options, "--records", ",".join(map(str, journals)))
        self.assertEqual(joined, whole)
        for journal in journals:
            journal.unlink()

    def test_conditions_and_edits_together(self) -> None:
        folder, truth = self.models["base"]
        at, circuit = truth["layers"], truth["circuits"][0]
        alone = f"layers={at['average']};tokens=8"
        level = {"site": f"blocks.{at['energy']}.hook_resid_post", "operation": "mean", "tokens": 8, "dimensions": circuit["energy_dims"],
                 "from": {"tokens": [20]}}
        copy = {**level, "operation": "copy", "from": {"run": "alone"}}
        trials = [{"name": "alone", "attention": alone}, {"name": "alone, clamped", "attention": alone, "edits": [level]},
                  {"name": "copied", "edits": [copy]}]
        results = run(folder, "intervene", "--track", "0,8", "--trials", json.dumps(trials), "--runs", json.dumps({"alone": alone}))
        found = {t["name"]: t["mean_attention"][1]["edited"] for t in results["trials"]}
        for name, wanted in {"alone": 0.5, "alone, clamped": 0, "copied": 0.5}.items():
            self.assertAlmostEqual(found[name], wanted, delta=NEAR, msg=name)
        both = results["trials"][1]  # what its edit does is told from what its condition does
        self.assertAlmostEqual(both["from_condition"][1]["mean"], -0.5, delta=NEAR)
        self.assertAlmostEqual(both["controls"]["other_position"]["difference"][1]["mean"], 0, delta=NEAR)
        self.assertIsNone(results["trials"][0]["from_condition"])
        # by itself, where no other trial keeps the place that its no-op begins at
        (single,) = run(folder, "intervene", "--track", "0,8", "--trials", json.dumps(trials[1:2]))["trials"]
        self.assertEqual(single["controls"]["no_op_largest_difference"], 0)

    def test_batches_change_no_number(self) -> None:
        folder, _ = self.models["base"]
        whole, parts = (run(folder, "transplant", "--batch-size", size) for size in (12, 5))
        for a, b in zip(whole["table"], parts["table"], strict=True):
            for token in (0, 8):
                self.assertAlmostEqual(levels(a)[token], levels(b)[token], delta=1e-5)

    def test_a_killed_run_goes_on_to_the_same_numbers(self) -> None:
        folder, _ = self.models["wider"]
        wanted = run(folder, "zero-sweep", "--controls", 40)
        (folder / "zero-sweep.json").unlink()
        kills = 0
        for stop in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
            process = subprocess.Popen(command(folder, "zero-sweep", "--controls", 40), stderr=subprocess.DEVNULL)
            journal, before = folder / "zero-sweep.journal", 0
            before = journal.stat().st_size if journal.exists() else 0
            while process.poll() is None and (not journal.exists() or journal.stat().st_size < before + 20_000):
                time.sleep(0.01)
            if process.poll() is None:
                process.send_signal(stop)
            kills += process.wait() in (-signal.SIGKILL, 75)
        self.assertGreater(kills, 1)
        self.assertEqual(run(folder, "zero-sweep", "--controls", 40), wanted)

    def test_figures_are_drawn_the_same_twice(self) -> None:
        folder, _ = self.models["base"]
        trials = [{"name": "alone", "attention": "layers=0;tokens=8"},
                {"name": "zero", "edits": [{"site": "blocks.0.hook_mlp_out", "tokens": 0, "operation": "zero"}]}]
        runs = {"intervene": ["--track", "0,8", "--trials", json.dumps(trials)], "zero-sweep": ["--pairs", "--operations", "zero,mean"],
                "path-split": [], "head-attribution": [], "transplant": []}
        for name, options in runs.items():
            run(folder, name, *options)
            script = ROOT / "scripts/plot.py"
            drawn = []
            for figure in (folder / f"{name}.png", folder / f"{name}-again.png"):
                done = subprocess.run([sys.executable, script, folder / f"{name}.json", "-o", figure], capture_output=True, text=True)
                self.assertEqual((done.returncode, done.stderr), (0, ""), name)
                drawn.append(figure.read_bytes())
            self.assertEqual(*drawn, name)

    def test_bad_input(self) -> None:
        folder, _ = self.models["decoy"]
        for file in folder.glob("*-*.json"):
            file.unlink()
        late = [{"name": "late", "edits": [{"site": "blocks.4.hook_mlp_out", "tokens": 0, "operation": "zero"}]}]
        trials = ("--trials", json.dumps(late))
        for name, options, *parts in [
            ("intervene", (*trials, "--track", "8"), "tracked tokens 8", "token 0 first"),
            ("intervene", (*trials, "--no-loss"), "'late'", "nothing would see"),
            ("intervene", ("--trials", "[]"), "not empty"), ("intervene", ("--trials", "{"), "not JSON"),
            ("intervene", ("--trials", "no-such-file"), "cannot be read"),
            ("zero-sweep", ("--operations", "zeor"), "zeor", "'zero'"), ("zero-sweep", ("--layer", 5), "--layer 5", "0 to 4"),
            ("zero-sweep", ("--shard", "2/2"), "--shard", "shard 2 of 2"), ("identify", ("--shard", "1/2"), "--shard"),
            ("zero-sweep", ("--shard", "0/2", "--records", "a.journal"), "--records", "no --shard"),
            ("zero-sweep", ("--records", "no-such.journal"), "--records no-such.journal", "not there"), ("path-split", ("--written", "hook_embed"), "no output of an attention"),
            ("path-split", ("--written", "blocks.3.hook_mlp_out"), "the sink appears in layer"),
            ("transplant", ("--token", 63), "token 63", "samples of 65"), ("transplant", ("--other-token", 8), "--other-token 8"),
            ("zero-sweep", ("--other-token", 63), "token 63", "samples of 65"),
            ("head-attribution", ("--layers", "0,5"), "layer 5", "0 to 4"),
        ]:
            with self.subTest(f"{name} {options}"):
                assert_refused(self, command(folder, name, *options), folder / f"{name}.json", parts)

    def test_a_random_model_has_no_sink(self) -> None:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            make_model(SHAPES[0], seed=5).save_pretrained(folder)
            words = [PROGRAM, "zero-sweep", "--model", place, "--tokens", "random", "--samples", "6", "--length", "40", "--device", "cpu",
                     "--controls", "1", "--quiet", "--out", str(folder / "out.json")]
            done = subprocess.run(words, capture_output=True, text=True)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn("no sink", done.stderr)
            self.assertFalse((folder / "out.journal").exists())
            done = subprocess.run([*words, "--layer", "1"], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
