"""identify must name the planted carrier, and nothing else, on every variant; a wrong carrier that tells tokens apart
must be cleared, a channel that could act and never does must be flagged, and where there is no sink it must say so.
Prints the confusion table. Run: identify.py PROGRAM [VARIANT...]; by hand, on models that no one tuned anything to, every
variant in three other shapes, seeds from SEED on (6 minutes): identify.py PROGRAM --unseen SEED."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from planted_cases import SETS
from reference_model import SHAPES, make_model
from refusals import assert_refused
from results import result_of
from sinkscope.planted.make import make_planted
from sinkscope.planted.plan import VARIANTS, Options

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = "sinkscope"
SAMPLES, LENGTH = 48, 64
TEXT = (ROOT / "models/planted/text.txt").read_text(encoding="utf-8")
KINDS = {"split": "a set", "redundant": "redundant sets", "second-circuit": "circuits", "rotated": "a direction"}
OTHER_SHAPES = [dict(), dict(signs=28, layers=7, heads=8, kv_heads=4, head_dim=24), dict(signs=20, layers=6, vocab=640, average_layer=1)]


def unseen(seed: int) -> dict[str, Options]:
    grid = [(variant, shape) for variant in VARIANTS for shape in OTHER_SHAPES]
    options = [Options(seed=seed + i, variant=variant, **shape) for i, (variant, shape) in enumerate(grid)]
    return {f"{o.variant}, seed {o.seed}": o for o in options}


def identify(folder: Path, *options: object) -> dict:
    out = folder / "identify.json"
    words = [PROGRAM, "identify", "--model", folder, "--samples", SAMPLES, "--length", LENGTH, "--device", "cpu", "--threads", 1, "--controls", 10,
             "--no-frozen", "--no-loss", "--out", out, "--quiet", *options]
    return result_of(words, out)["results"]


class Identify(unittest.TestCase):
    models: dict[str, Options] = SETS
    table: list[tuple[str, str, str]] = []

    @classmethod
    def tearDownClass(cls) -> None:
        print("\nconfusion: what was planted | verdict")
        for name, truth, verdict in cls.table:
            print(f"  {name:28} {truth:48} | {verdict}")

    def check_mark(self, results: dict, truth: dict) -> None:
        verdict, circuits = results["verdict"], truth["circuits"]
        self.assertEqual(verdict["kind"], KINDS.get(truth["variant"], "one channel"))
        self.assertEqual(verdict["mark"]["site"], truth["carrier_sites"][0])
        together = truth["variant"] == "second-circuit"
        sets = [c["energy_dims"] for c in circuits] if together else circuits[0]["writing_makes_sink"]
        wanted = [sorted(sum(sets, []))] if together else sorted(map(sorted, sets))
        self.assertEqual(sorted(verdict["mark"]["sets"]), wanted or [[]])
        if truth["variant"] == "rotated":
            (sets,) = (c["sufficient"] for c in results["candidates"] if c["site"] == verdict["mark"]["site"])
            cosine = sum(a * b for a, b in zip(sets[0]["direction"], circuits[0]["energy_direction"]))
            self.assertGreater(abs(cosine), 0.97)
        if circuits[0]["removing_ends_sink"] and not together:
            self.assertIn(verdict["mark"]["needed"], circuits[0]["removing_ends_sink"])
        self.assertEqual(results["one_key"]["mark"], truth["mark"])

    def check_mediators(self, results: dict, truth: dict) -> None:
        """The carrier while it waits for the spike; then the spike's own dimensions, each of which the keys read."""
        sites = {m["site"]: m["sets"] for m in results["verdict"]["mediators"]}
        for site in truth["carrier_sites"][1:]:
            self.assertEqual(sites[site], results["verdict"]["mark"]["sets"])
        # beside the spike 10 random channels may hit another that works: its candidate is then open
        sites |= {c["site"]: [one["dimensions"] for one in c["sufficient"]] for c in results["candidates"] if not c["refuted"]}
        spikes = {d for c in truth["circuits"] for d in c["spike_dims"]}
        after = sites[f"blocks.{truth['layers']['spike']}.hook_resid_post"]
        self.assertTrue(spikes & {d for one in after for d in one})

    def check_flags(self, results: dict, truth: dict) -> None:
        suspects = {s["dimension"]: s["reading"] for s in results["suspects"]}
        for dimension in truth["answers"]["not_carriers"]:
            self.assertEqual(suspects[dimension], "does nothing", f"channel {dimension} was not cleared")
        self.assertEqual({d["dimension"] for d in results["dormant"]}, set(truth["answers"]["never_moves"]))
        backups = {n["layer"] for c in truth["circuits"] for n in c["backup_neurons"]}
        self.assertEqual({b["layer"] for b in results["backup"]["blocks"]}, backups)
        self.assertEqual(results["backup"]["flagged"], bool(backups))

    def test_every_planted_variant(self) -> None:
        for name, options in self.models.items():
            with self.subTest(name), tempfile.TemporaryDirectory() as folder:
                make_planted(options, Path(folder), TEXT)
                truth = json.loads((Path(folder) / "planted.json").read_text())
                results = identify(Path(folder), "--text", Path(folder) / "text.txt")
                verdict = results["verdict"]
                planted = f"{[c['energy_dims'] or 'direction' for c in truth['circuits']]} at {truth['carrier_sites'][0]}"
                self.table.append((name, "no sink" if truth["removed_stage"] else planted,
                                   f"{verdict['kind']} {verdict['mark'] and (verdict['mark']['sets'], verdict['mark']['site'])}"))
                page = (Path(folder) / "identify.txt").read_text()
                self.assertIn(verdict["statement"], page)
                if truth["removed_stage"]:
                    self.assertEqual((verdict["kind"], verdict["mark"]), ("no sink", None))
                    continue
                self.check_mark(results, truth)
                self.check_mediators(results, truth)
                self.check_flags(results, truth)

    def test_other_samples_give_the_same_answer(self) -> None:
        """Which documents choose, and which tokens are read, decide nothing."""
        with tempfile.TemporaryDirectory() as folder:
            make_planted(SETS["base"], Path(folder), TEXT)
            truth = json.loads((Path(folder) / "planted.json").read_text())
            for seed in (1, 2):
                self.check_mark(identify(Path(folder), "--force", "--seed", seed, "--text", Path(folder) / "text.txt", "--token", 12), truth)

    def test_a_random_checkpoint_has_nothing_to_explain(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            make_model(SHAPES[0], seed=3).save_pretrained(folder)
            results = identify(Path(folder), "--tokens", "random", "--samples", 12, "--length", 24)
            self.assertEqual(results["verdict"]["statement"], "No sink, nothing to explain.")
            self.assertEqual(results["candidates"], [])

    def test_figures_are_drawn_the_same_twice(self) -> None:
        """Of a mark, of a layer without a sink, and of a model without one."""
        for name, options, kind in (("base", (), "one channel"), ("base", ("--layer", 0), "no sink"), ("none: spike", (), "no sink")):
            with self.subTest(kind), tempfile.TemporaryDirectory() as folder:
                make_planted(SETS[name], Path(folder), TEXT)
                results = identify(Path(folder), "--text", Path(folder) / "text.txt", "--samples", 12, "--controls", 2, *options)
                self.assertEqual(results["verdict"]["kind"], kind)
                drawn = []
                for figure in (Path(folder) / "first.png", Path(folder) / "second.png"):
                    words = [sys.executable, ROOT / "scripts/plot.py", Path(folder) / "identify.json", "-o", figure]
                    done = subprocess.run(words, capture_output=True, text=True)
                    self.assertEqual((done.returncode, done.stderr), (0, ""))
                    drawn.append(figure.read_bytes())
                self.assertEqual(*drawn)

    def test_what_is_not_measured_is_open(self) -> None:
        """Without random moves nobody knows what they do: no mark, and no refusal of one."""
        with tempfile.TemporaryDirectory() as folder:
            make_planted(SETS["base"], Path(folder), TEXT)
            truth = json.loads((Path(folder) / "planted.json").read_text())
            results = identify(Path(folder), "--text", Path(folder) / "text.txt", "--controls", 0)
            self.assertEqual((results["verdict"]["kind"], results["verdict"]["mark"]), ("undecided", None))
            self.assertIn(truth["carrier_sites"][0], [one["site"] for one in results["verdict"]["open"]])
            (mark,) = (one for one in results["candidates"] if one["site"] == truth["carrier_sites"][0])
            self.assertEqual({one["name"] for one in mark["conditions"] if one["met"] != "yes"}, {"controls"})

    def test_bad_input(self) -> None:
        """What would leave no half to test on, no later token, no control, or another run's page in place of this one's."""
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            make_planted(SETS["base"], folder, TEXT)
            (folder / "there.txt").write_text("of another run")
            for out, options, *parts in [
                ("a", ("--token", 1), "--token", "2 to"), ("a", ("--token", 63), "token 63", "samples of 65"),
                ("a", ("--token", 6), "--other-token 6"), ("a", ("--layer", 5), "--layer 5", "0 to 4"),
                ("a", ("--samples", 3), "3 documents", "4 or more"), ("a", ("--records", "a.journal"), "--records"),
                ("there", (), "there.txt", "--force"),
            ]:
                with self.subTest(f"{options}"):
                    words = [PROGRAM, "identify", "--model", folder, "--text", folder / "text.txt", "--samples", 8, "--length", 64,
                             "--device", "cpu", "--quiet", "--out", folder / f"{out}.json", *options]
                    assert_refused(self, list(map(str, words)), folder / f"{out}.json", parts)
            self.assertEqual((folder / "there.txt").read_text(), "of another run")


if __name__ == "__main__":
    PROGRAM, wanted = sys.argv[1], sys.argv[2:]
    tests = []
    if wanted[:1] == ["--unseen"]:
        Identify.models, tests = unseen(int(wanted[1])), ["Identify.test_every_planted_variant"]
    elif wanted:
        Identify.models = {name: SETS[name] for name in wanted}
    unittest.main(argv=[*sys.argv[:1], *tests])
