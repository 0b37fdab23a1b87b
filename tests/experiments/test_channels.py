"""channel-trace and channel-patch, run as a user runs them, must find what was planted: which channels carry the energy, which
sets make a sink and which end it (planted.json), and at which dose, by the energy's closed form (planted_by_hand.py).
Run: channels.py PROGRAM."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the products are tiny: a second thread costs more than it gives
import numpy as np  # noqa: E402

from planted_by_hand import ByHand, uniform  # noqa: E402
from planted_cases import SETS  # noqa: E402
from reference_model import SHAPES, make_model  # noqa: E402
from refusals import assert_refused  # noqa: E402
from results import result_of  # noqa: E402
from sinkscope.planted.make import make_planted  # noqa: E402
from sinkscope.results.schemas import validate  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = "sinkscope"
CASES = ["base", "split", "redundant", "decoy", "wider", "rotated", "later stages", "later", "second-circuit"]
# Where the energy passes its threshold: a removal ends the sink at about 0.07, a write makes one at 0.91 to 0.95.
DOSES = [-1.0, 0.05, 0.06, 0.08, 0.5, 0.9, 0.92, 0.93, 0.94, 0.96, 1.0, 2.0]
LENGTH, SAMPLES, K, DRAWS = 64, 16, 8, 200
NEAR = 0.01  # a planted sink takes 0.99 and more, so halves and wholes are met within this
CLEAR = 0.01  # an energy this far from the threshold leaves no doubt


def command(folder: Path, name: str, *options: object) -> list[str]:
    words = [PROGRAM, name, "--model", folder, "--text", folder / "text.txt", "--samples", SAMPLES, "--length", LENGTH, "--device", "cpu",
             "--threads", 1, "--out", folder / f"{name}.json", "--quiet", "--force"]
    words += ["--controls", 2, "--no-frozen", "--no-loss"] if name == "channel-patch" else ["--draws", DRAWS]
    return [str(word) for word in [*words, *options]]


def run(folder: Path, name: str, *options: object) -> dict:
    result = result_of(command(folder, name, *options), folder / f"{name}.json")
    assert not (folder / f"{name}.journal").exists()
    return result


def levels(row: dict) -> dict[int, float]:
    return {sink["token"]: sink["level"]["mean"] for sink in row["sink"]}


class Case:
    """A planted model with both results: the energy stands after the MLP that makes it, up to the spike's MLP."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder, self.by_hand = name, folder, ByHand(folder)
        self.truth = self.by_hand.truth
        self.circuits, self.variant = self.truth["circuits"], self.truth["variant"]
        self.sites = [*self.truth["carrier_sites"], f"blocks.{self.truth['layers']['spike']}.hook_resid_mid"]
        self.trace = run(folder, "channel-trace", "--top", self.truth["hidden"])["results"]
        patched = run(folder, "channel-patch", "--sites", ",".join(self.sites), "--doses", ",".join(map(str, DOSES)))
        self.patch = patched["results"]
        self.ids = self.by_hand.samples(patched)
        self.tested = np.array([x is not None for x in self.patch["trials"][0]["mean_attention"][0]["by_sample"]["edited"]])
        self.energy = self.by_hand.energies(self.ids, uniform(LENGTH))

    def channels(self) -> list[int]:
        """All that hold an energy, read or not."""
        return sorted([d for c in self.circuits for d in c["energy_dims"]] + self.truth["answers"]["not_carriers"])

    def traced(self, site: str) -> dict:
        return next(found for found in self.trace["sites"] if found["site"] == site)

    def patched(self, site: str) -> dict:
        return next(found for found in self.patch["sites"] if found["site"] == site)

    def rows(self, site: str, edit: str, of: str) -> dict[float, tuple[dict, dict]]:
        """By dose: (row of the table, trial)."""
        pairs = zip(self.patch["table"], self.patch["trials"], strict=True)
        found = {row["dose"]: (row, trial) for row, trial in pairs if (row["site"], row["edit"], row["of"]) == (site, edit, of)}
        assert found and all(row["name"] == trial["name"] for row, trial in found.values()), (site, edit, of)
        return found

    def level(self, site: str, edit: str, of: str) -> dict[int, float]:
        return levels(self.rows(site, edit, of)[1.0][0])


class Channels(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        text = (ROOT / "models/planted/text.txt").read_text(encoding="utf-8")
        cls.cases = {}
        for name in CASES:
            folder = Path(cls.folder.name) / name.replace(" ", "-")
            make_planted(SETS[name], folder, text)
            cls.cases[name] = Case(name, folder)

    @classmethod
    def tearDownClass(cls) -> None:
        cls.folder.cleanup()

    def at_each_site(self, claim, but: tuple[str, ...] = ()) -> None:
        """claim(case, site) wherever the energy stands."""
        for name, case in self.cases.items():
            for site in case.sites if name not in but else ():
                with self.subTest(f"{name}: {site}"):
                    claim(case, site)

    def test_the_trace_covers_every_part_below_the_sink(self) -> None:
        for name, case in self.cases.items():
            sink = case.truth["layers"]["sink"][0]
            parts = ["ln1.hook_out", "hook_attn_out", "hook_resid_mid", "ln2.hook_out", "hook_mlp_out", "hook_resid_post"]
            wanted = ["hook_embed", *(f"blocks.{b}.{part}" for b in range(sink) for part in parts), f"blocks.{sink}.ln1.hook_out"]
            self.assertEqual([found["site"] for found in case.trace["sites"]], wanted, name)
            self.assertEqual(case.trace["sink_layer"], sink)
            for found in case.trace["sites"]:
                dimensions = range(case.truth["hidden"])
                self.assertEqual(sorted(one["dimension"] for one in found["dimensions"]), list(dimensions))
                self.assertEqual(sorted(one["rank_by_magnitude"] for one in found["dimensions"]), list(dimensions))

    def test_energy_channels_rank_first(self) -> None:
        def claim(case: Case, site: str) -> None:
            first = case.traced(site)["dimensions"][: len(case.channels())]
            self.assertEqual(sorted(one["dimension"] for one in first), case.channels())
            for one in first:
                self.assertAlmostEqual(one["p"], 1 / (1 + DRAWS))
                self.assertGreater(one["auc"], 0.99)
                # a token that sees only itself has token 0's energy, whichever it is
                np.testing.assert_allclose(one["mean_self_only"], one["mean"][0], rtol=1e-4)
                self.assertTrue((np.array(one["mean"][1:]) < 0.9 * one["mean"][0]).all())

        self.at_each_site(claim, but=("rotated",))

    def test_numbers_of_the_trace_are_those_of_the_closed_form(self) -> None:
        def claim(case: Case, site: str) -> None:
            energy = case.energy[case.tested, : K + 1]
            first, others = energy[:, 0], energy[:, 1:]
            pooled = np.sqrt((len(first) * first.var() + others.size * others.var()) / energy.size)
            for dimension in case.channels():
                (found,) = (one for one in case.traced(site)["dimensions"] if one["dimension"] == dimension)
                np.testing.assert_allclose(found["mean"], energy.mean(0), rtol=1e-4)
                self.assertAlmostEqual(found["effect_size"]["tested"], (first.mean() - others.mean()) / pooled, places=3)
                self.assertAlmostEqual(found["auc"], (first[:, None, None] > others).mean())
                # 10 of it where embeddings have about a length of 7: the largest at token 0
                self.assertLess(found["rank_by_magnitude"], len(case.channels()))

        self.at_each_site(claim, but=("split", "rotated", "second-circuit"))

    def test_embeddings_tell_nothing(self) -> None:
        for name, case in self.cases.items():
            for found in case.traced("hook_embed")["dimensions"]:
                self.assertGreater(found["p"], 0.05, f"{name}: {found}")

    def test_a_rotated_energy_shows_in_many_channels_with_its_direction(self) -> None:
        case = self.cases["rotated"]
        direction = np.array(case.circuits[0]["energy_direction"])
        for site in case.sites:
            certain = [one for one in case.traced(site)["dimensions"] if one["p"] <= 0.01]
            self.assertGreater(len(certain), 3)
            for one in certain:
                self.assertGreater(one["effect_size"]["tested"] * direction[one["dimension"]], 0, one)

    def test_the_smallest_sets_are_those_planted(self) -> None:
        def claim(case: Case, site: str) -> None:
            found, (circuit, *others) = case.patched(site), case.circuits
            for fact in ("own_suffices", "level_suffices", "removal_ends"):
                self.assertTrue(found[fact], fact)
            sets = [one["dimensions"] for one in found["sufficient"]]
            self.assertTrue(all(one["direction"] is None for one in found["sufficient"]))
            # circuits of their own: together, as one takes a part of the heads
            self.assertEqual(sorted(sets), [case.channels()] if others else sorted(circuit["writing_makes_sink"]))
            self.assertEqual(found["apart"], bool(others))
            self.assertTrue(found["each_needed"])
            self.assertIn(found["needed"], [case.channels()] if others else circuit["removing_ends_sink"])

        self.at_each_site(claim, but=("rotated",))

    def test_a_rotated_energy_is_a_direction(self) -> None:
        case = self.cases["rotated"]
        for site in case.sites:
            (one,) = case.patched(site)["sufficient"]
            self.assertEqual(one["dimensions"], [])
            self.assertGreater(np.dot(one["direction"], case.circuits[0]["energy_direction"]), 0.9)
            self.assertAlmostEqual(np.linalg.norm(one["direction"]), 1, places=5)

    def test_levels_are_half_and_half_or_none(self) -> None:
        def claim(case: Case, site: str) -> None:
            no_sink = sum(1 / (q + 1) for q in range(K + 1, LENGTH)) / (LENGTH - K - 1)
            for of in ("own row", "whole vector", "smallest set"):
                # a direction that is estimated from eight samples may miss one of the other eight
                near = 0.07 if (case.variant, of) == ("rotated", "smallest set") else NEAR
                for token in (0, K):
                    self.assertAlmostEqual(case.level(site, "write", of)[token], 0.5, delta=near, msg=of)
            self.assertAlmostEqual(case.level(site, "remove", "whole vector")[0], no_sink, delta=NEAR)
            if case.variant == "rotated":
                return
            rest = case.level(site, "write", "all but the smallest set")
            self.assertLess(rest[K], NEAR)
            self.assertGreater(rest[0], 1 - NEAR)
            self.assertAlmostEqual(case.level(site, "remove", "needed set")[0], no_sink, delta=NEAR)
            alone = case.level(site, "remove", "smallest set")[0]
            if case.variant == "redundant":
                self.assertGreater(alone, 1 - NEAR)
                self.assertGreater(case.level(site, "remove", "another set 1")[0], 1 - NEAR)
                for token in (0, K):
                    self.assertAlmostEqual(case.level(site, "write", "another set 1")[token], 0.5, delta=NEAR)
                self.assertAlmostEqual(case.level(site, "remove", "every set")[0], no_sink, delta=NEAR)
            else:
                self.assertAlmostEqual(alone, no_sink, delta=NEAR)

        self.at_each_site(claim)

    def assert_sinks(self, rows: dict, token: int, energy: np.ndarray, moved: np.ndarray, threshold: float, case: Case) -> int:
        """Energies between `energy` and `moved` by the dose: a sink where they pass. How many of the doses' samples do."""
        passes = 0
        for dose, (_, trial) in rows.items():
            reached = (energy + dose * (moved - energy))[case.tested]
            sample = np.array(trial["mean_attention"][(0, K).index(token)]["by_sample"]["edited"], dtype=float)[case.tested]
            clear = np.abs(reached - threshold) > CLEAR
            self.assertGreater(clear.sum(), len(clear) / 2)
            np.testing.assert_array_equal((sample > 0.25)[clear], (reached > threshold)[clear], err_msg=f"{case.name} {trial['name']}")
            passes += int((reached > threshold)[clear].sum())
        return passes

    def test_the_dose_has_the_threshold_of_the_energies(self) -> None:
        def claim(case: Case, site: str) -> None:
            threshold, first, later = case.circuits[0]["threshold"], case.energy[:, 0], case.energy[:, K]
            every = len(DOSES) * case.tested.sum()
            level_first, level_later = first[~case.tested].mean(), later[~case.tested].mean()  # of the half that chooses
            written = case.rows(site, "write", "smallest set")
            self.assertEqual(sorted(written), DOSES)
            made = self.assert_sinks(written, K, later, level_first, threshold, case)
            self.assertTrue(0 < made < every, made)
            removed = case.rows(site, "remove", "smallest set")
            if case.variant == "redundant":  # the other set keeps it
                for _, trial in removed.values():
                    kept = np.array(trial["mean_attention"][0]["by_sample"]["edited"], dtype=float)[case.tested]
                    self.assertTrue((kept > 0.25).all())
                return
            kept = self.assert_sinks(removed, 0, first, level_later, threshold, case)
            self.assertTrue(0 < kept < every, kept)

        self.at_each_site(claim, but=("rotated", "second-circuit"))

    def test_named_channels_are_moved_alone(self) -> None:
        case = self.cases["decoy"]
        ((energy,), (decoy,)) = case.circuits[0]["energy_dims"], case.truth["answers"]["not_carriers"]
        site = case.truth["carrier_sites"][0]
        named = run(case.folder, "channel-patch", "--sites", site, "--dimensions", f"{decoy},{energy},{decoy}", "--doses", "")["results"]
        found = {(row["edit"], row["of"]): levels(row) for row in named["table"]}
        self.assertAlmostEqual(found["write", f"channel {energy}"][K], 0.5, delta=NEAR)
        self.assertLess(found["write", f"channel {decoy}"][K], NEAR)
        self.assertLess(found["remove", f"channel {energy}"][0], 0.1)
        self.assertGreater(found["remove", f"channel {decoy}"][0], 1 - NEAR)
        (named_trace,) = (site for site in run(case.folder, "channel-trace", "--top", 1, "--dimensions", energy)["results"]["sites"]
                          if site["site"] == "hook_embed")
        self.assertEqual(named_trace["dimensions"][-1]["dimension"], energy)

    def test_batches_change_no_number(self) -> None:
        case = self.cases["base"]
        options = ("--sites", case.sites[0], "--doses", "0.92,2")
        whole, parts = (run(case.folder, "channel-patch", *options, "--batch-size", size)["results"] for size in (SAMPLES, 5))
        self.assertEqual(whole["sites"], parts["sites"])
        for a, b in zip(whole["table"], parts["table"], strict=True):
            for token in (0, K):
                self.assertAlmostEqual(levels(a)[token], levels(b)[token], delta=1e-5)

    def test_figures_are_drawn_the_same_twice(self) -> None:
        for name in ("redundant", "rotated"):
            folder = self.cases[name].folder
            channel = str(self.cases["redundant"].channels()[0])
            for experiment, options in (("channel-trace", []), ("channel-trace", ["--dimensions", channel]), ("channel-patch", [])):
                run(folder, experiment, *(("--doses", "0.5,2") if experiment == "channel-patch" else ("--dimensions", channel)))
                script, drawn = ROOT / "scripts/plot.py", []
                for figure in (folder / "a.png", folder / "b.png"):
                    words = [sys.executable, script, folder / f"{experiment}.json", "-o", figure, *options]
                    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
                    self.assertEqual((done.returncode, done.stderr), (0, ""), (name, experiment))
                    drawn.append(figure.read_bytes())
                self.assertEqual(*drawn, (name, experiment))

    def test_bad_input_is_refused_by_name(self) -> None:
        folder = self.cases["base"].folder
        for name, options, *parts in [
            ("channel-patch", ("--dimensions", "3,96"), "--dimensions", "96", "0 to 95"),
            ("channel-trace", ("--dimensions", "-1"), "--dimensions", "-1", "0 to 95"),
            ("channel-patch", ("--sites", "blocks.0.hook_mlp_out"), "--sites", "blocks.0.hook_mlp_out", "hook_resid_post"),
            ("channel-patch", ("--sites", "blocks.5.hook_resid_mid"), "layer 5", "0 to 4"),
            ("channel-patch", ("--sites", "blocks.2.hook_resid_mid"), "--sites", "blocks.2.hook_resid_mid", "appears in layer 2"),
            ("channel-patch", ("--layer", 0), "layer 0", "nothing to patch"),
            ("channel-patch", ("--doses", "1,0"), "--doses", "0 changes nothing"), ("channel-patch", ("--doses", "one"), "--doses", "one"),
            ("channel-patch", ("--doses", "2,1,2.0"), "--doses", "2 stands twice"),
            ("channel-patch", ("--token", 63), "token 63", "samples of 65"), ("channel-patch", ("--token", 6), "--other-token 6"),
            ("channel-patch", ("--samples", 3), "3 documents", "4 or more"),
            ("channel-trace", ("--samples", 3), "3 documents", "4 or more"),
            ("channel-trace", ("--self-only-layers", "0,5"), "--self-only-layers", "layer 5", "0 to 4"),
            ("channel-trace", ("--self-only-layers", ""), "--self-only-layers", "empty"),
            ("channel-trace", ("--length", 9), "token 8", "samples of 10"), ("channel-trace", ("--draws", 0), "--draws"),
        ]:
            with self.subTest(f"{name} {options}"):
                refused = folder / "refused.json"
                assert_refused(self, command(folder, name, "--out", refused, *options), refused, parts)

    def test_without_a_sink_the_trace_tells_of_all_blocks_and_nothing_is_patched(self) -> None:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            make_model(SHAPES[0], seed=5).save_pretrained(folder)
            (folder / "ids.json").write_text(json.dumps(np.random.default_rng(3).integers(0, 100, (12, 40)).tolist()))
            words = ["--model", place, "--tokens", folder / "ids.json", "--device", "cpu", "--threads", 1, "--quiet"]

            def made(name: str) -> subprocess.CompletedProcess:
                command = [PROGRAM, name, *words, "--out", folder / f"{name}.json"]
                return subprocess.run([str(word) for word in command], capture_output=True, text=True)

            patched, traced = made("channel-patch"), made("channel-trace")
            self.assertEqual(patched.returncode, 2, patched.stderr)
            self.assertIn("no sink", patched.stderr)
            self.assertFalse((folder / "channel-patch.json").exists() or (folder / "channel-patch.journal").exists())
            self.assertEqual(traced.returncode, 0, traced.stderr)
            result = json.loads((folder / "channel-trace.json").read_text())
            validate(result)
            self.assertIsNone(result["results"]["sink_layer"])
            layers = len(result["results"]["facts"]["mean_attention"]["first"])
            self.assertEqual(result["results"]["sites"][-1]["site"], f"blocks.{layers - 1}.hook_resid_post")


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
