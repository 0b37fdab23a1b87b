"""stat-match and mix-dose, run as a user runs them, must find what was planted. Every sample's attention in every trial is
worked out in numpy from the planted weights (planted_by_hand.py), and who is a sink from the energy's closed form: a token
is one where the energy of its averaged signs passes the threshold. Run: mixing.py PROGRAM."""

from __future__ import annotations

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
from sinkscope.planted.plan import Options  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = "sinkscope"
# Where the threshold is low, token 1 passes it in some samples: then predecessors and means do so too, in some.
CASES = {name: SETS[name] for name in ("base", "itself", "wider", "later", "split", "later stages")} | {"low": Options(seed=3, threshold=7.14)}
DOSES = "0.1,0.4,0.6,0.65,0.7,0.75,0.8,0.9,0.92,0.94,0.95,0.96,0.98,1"
LENGTH, SAMPLES, K, P = 64, 12, 8, 33
NEAR = 0.01  # float32, and what rotary position turns
CLEAR = 0.01  # an energy this far from the threshold leaves no doubt


def command(folder: Path, name: str, *options: object) -> list[str]:
    words = [PROGRAM, name, "--model", folder, "--text", folder / "text.txt", "--samples", SAMPLES, "--length", LENGTH, "--device", "cpu",
             "--threads", 1, "--controls", 2, "--out", folder / f"{name}.json", "--quiet", "--force", *options]
    return [str(word) for word in words]


def run(folder: Path, name: str, *options: object) -> dict:
    result = result_of(command(folder, name, *options), folder / f"{name}.json")
    assert not (folder / f"{name}.journal").exists()
    return result


def signed_permutation(width: int) -> tuple[np.ndarray, np.ndarray]:
    """The fixed rotation: 64-bit Mersenne Twister seeded with the width (its definition, as the C++ standard has it), then
    a shuffle from the end, then a sign a dimension. A row becomes row[order] * signs."""
    mask, state = 2**64 - 1, [width]
    for i in range(1, 312):
        state.append((6364136223846793005 * (state[-1] ^ (state[-1] >> 62)) + i) & mask)

    def numbers():
        while True:
            for i in range(312):
                x = (state[i] & 0xFFFFFFFF80000000) | (state[(i + 1) % 312] & 0x7FFFFFFF)
                state[i] = state[(i + 156) % 312] ^ (x >> 1) ^ (0xB5026F5AA96619E9 if x & 1 else 0)
            for x in list(state):
                x ^= (x >> 29) & 0x5555555555555555
                x ^= (x << 17) & 0x71D67FFFEDA60000
                x ^= (x << 37) & 0xFFF7EEE000000000
                yield x ^ (x >> 43)

    draw, order = numbers(), list(range(width))
    for i in range(width, 1, -1):
        j = next(draw) % i
        order[i - 1], order[j] = order[j], order[i - 1]
    return np.array(order), np.array([1.0 if next(draw) % 2 == 0 else -1.0 for _ in range(width)])


def only(key: int) -> np.ndarray:
    return np.eye(LENGTH)[key]


def mixed(row: dict, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What a trial of mix-dose makes of ids and attention rows."""
    part, value, rows, ids = row["part"], row["value"], uniform(LENGTH), ids.copy()
    if part == "dose":
        rows[K] = (1 - value) * rows[K] + value * only(K)
    elif part == "predecessors":
        rows[P] = sum(only(key) for key in range(P - value, P + 1)) / (value + 1)
    elif part == "itself":
        rows[K] = only(K)
    elif part == "one key":
        rows[K] = only(value)
    elif part == "mean":
        rows[0] = sum(only(key) for key in range(value)) / value
    elif part == "repeated":
        ids[:, 1 : K + 1] = ids[:, :1]
    elif part == "distinct":
        ids[:, 1 : K + 1] = ids[:, K + 1 : 2 * K + 1]
    else:
        raise AssertionError(part)
    return ids, rows


def deviation(rows: np.ndarray) -> float:
    return np.sqrt(((rows - rows.mean(0)) ** 2).sum(1).mean())


def matched(row: dict, natural: np.ndarray, alone: np.ndarray) -> np.ndarray:
    """What a trial of stat-match makes of the attention output; `alone`: of every token that sees only itself."""
    at, statistic, output = row["at"], row["statistic"], natural.copy()
    own, other = natural[:, at], natural[:, K if at == 0 else 0]
    order, signs = signed_permutation(natural.shape[-1])
    match statistic:
        case "norm":
            output[:, at] *= np.linalg.norm(other, axis=1, keepdims=True) / np.linalg.norm(own, axis=1, keepdims=True)
        case "variance":
            output[:, at] = own.mean(0) + deviation(other) / deviation(own) * (own - own.mean(0))
        case "variance scaled":
            output[:, at] = own.mean(0) + row["factors"][0] * (own - own.mean(0))
        case "mean":
            output[:, at] += other.mean(0) - own.mean(0)
        case "own value":
            output[:, at] = alone[:, at]
        case "own value rotated":
            output[:, at] = alone[:, at][:, order] * signs
        case "rotated":
            output[:, at] = own[:, order] * signs
        case _:
            raise AssertionError(statistic)
    return output


class Mixing(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        text = (ROOT / "models/planted/text.txt").read_text(encoding="utf-8")
        cls.models, cls.results = {}, {}
        for name, options in CASES.items():
            folder = Path(cls.folder.name) / name.replace(" ", "-")
            make_planted(options, folder, text)
            cls.models[name] = ByHand(folder)
            layers = ("--layers", cls.models[name].layers["average"])
            cls.results[name] = {"stat-match": run(folder, "stat-match", *layers), "mix-dose": run(folder, "mix-dose", *layers, "--doses", DOSES)}

    @classmethod
    def tearDownClass(cls) -> None:
        cls.folder.cleanup()

    def rows(self, case: str, command: str, **wanted: object) -> list[tuple[dict, dict]]:
        """(row of the table, trial) where the row says what is wanted; at least one."""
        results = self.results[case][command]["results"]
        pairs = list(zip(results["table"], results["trials"], strict=True))
        self.assertTrue(all(row["name"] == trial["name"] for row, trial in pairs))
        found = [(row, trial) for row, trial in pairs if all(row[key] == value for key, value in wanted.items())]
        self.assertTrue(found, wanted)
        return found

    def by_sample(self, case: str, command: str, trial: dict, token: int) -> np.ndarray:
        tracked = self.results[case][command]["results"]["tokens"]["tracked"]
        return np.array(trial["mean_attention"][tracked.index(token)]["by_sample"]["edited"])

    def sinks(self, case: str, trial: dict, token: int, command: str = "mix-dose") -> np.ndarray:
        """[n] bool: whether the token gets more than an ordinary one, by far."""
        return self.by_sample(case, command, trial, token) > 0.06

    def assert_as_worked_out(self, case: str, command: str, trial: dict, ids: np.ndarray, output: np.ndarray) -> None:
        tracked = self.results[case][command]["results"]["tokens"]["tracked"]
        wanted = self.models[case].sink(ids, output)[:, :, max(tracked) + 1 :].mean((1, 2))  # [n, key]
        for token in tracked:
            np.testing.assert_allclose(self.by_sample(case, command, trial, token), wanted[:, token], atol=NEAR, rtol=0,
                                       err_msg=f"{case}: {trial['name']}, token {token}")

    def assert_passes(self, case: str, trial: dict, token: int, energy: np.ndarray) -> None:
        """A sink exactly in the samples where the energy passes the threshold."""
        threshold = self.models[case].circuit["threshold"]
        clear = np.abs(energy - threshold) > CLEAR
        self.assertGreater(clear.sum(), SAMPLES / 2)
        np.testing.assert_array_equal(self.sinks(case, trial, token)[clear], (energy > threshold)[clear],
                                      err_msg=f"{case}: {trial['name']}, token {token}")

    def assert_share(self, case: str, command: str, trial: dict, energies: np.ndarray) -> None:
        """Tokens 0 and k share the sink with all that pass the threshold, evenly: half and half if no other token does."""
        model = self.models[case]
        threshold, count = model.circuit["threshold"], (energies > model.circuit["threshold"]).sum(1)
        self.assertEqual(len(model.circuit["sink_heads"]), model.o["heads"])
        clear = (np.abs(energies - threshold) > CLEAR).all(1)
        self.assertGreater(clear.sum(), SAMPLES / 2)
        for token in (0, K):
            self.assertTrue((energies[:, token] > threshold).all())
            np.testing.assert_allclose(self.by_sample(case, command, trial, token)[clear], 1 / count[clear], atol=NEAR, rtol=0,
                                       err_msg=f"{case}: {trial['name']}, token {token}")

    def test_the_closed_form_is_the_plan(self) -> None:
        for case, model in self.models.items():
            signs = np.ones(model.o["signs"])
            self.assertAlmostEqual(model.energy(signs, signs), model.circuit["first_energy"], places=4, msg=case)

    def test_mix_dose_is_as_worked_out(self) -> None:
        for case, model in self.models.items():
            ids = model.samples(self.results[case]["mix-dose"])
            for row, trial in self.rows(case, "mix-dose"):
                changed, rows = mixed(row, ids)
                self.assert_as_worked_out(case, "mix-dose", trial, changed, model.averages(changed, rows))
                self.assert_passes(case, trial, row["at"], model.energies(changed, rows)[:, row["at"]])

    def test_stat_match_is_as_worked_out(self) -> None:
        for case, model in self.models.items():
            ids = model.samples(self.results[case]["stat-match"])
            natural, alone = model.averages(ids, uniform(LENGTH)), model.averages(ids, np.eye(LENGTH))
            for row, trial in self.rows(case, "stat-match"):
                self.assert_as_worked_out(case, "stat-match", trial, ids, matched(row, natural, alone))
            (found,) = self.results[case]["stat-match"]["results"]["statistics"]
            for name, rows in {"first": natural[:, 0], "later": natural[:, K], "later_alone": alone[:, K]}.items():
                self.assertAlmostEqual(found[name]["deviation"], deviation(rows), places=4)
                self.assertAlmostEqual(found[name]["norm"], np.linalg.norm(rows, axis=1).mean(), places=4)
            self.assertAlmostEqual(found["factor"], deviation(natural[:, 0]) / deviation(natural[:, K]), places=4)

    def test_its_own_value_makes_a_sink_and_the_same_rotated_does_not(self) -> None:
        for case, model in self.models.items():
            ids = model.samples(self.results[case]["stat-match"])
            order, signs = signed_permutation(model.truth["hidden"])
            ((_, trial),) = self.rows(case, "stat-match", statistic="own value")
            self.assert_share(case, "stat-match", trial, model.energies(*mixed({"part": "itself", "value": None}, ids)))
            # Of the rotated signs few fall into dimensions whose average the energy reads.
            rotated = model.averages(ids, np.eye(LENGTH))[:, K][:, order] * signs
            energy = model.energy(model.embedding[ids[:, K]][:, model.circuit["sign_dims"]],
                                  rotated[:, model.circuit["average_dims"]] / model.size_of_sign)
            self.assertTrue((energy < model.circuit["threshold"] - CLEAR).all(), case)
            ((_, trial),) = self.rows(case, "stat-match", statistic="own value rotated")
            # Far from half: the permutation may put a sign into the spike's own dimensions, which keys read a little.
            self.assertTrue((self.by_sample(case, "stat-match", trial, K) < 0.2).all(), case)

    def test_the_norm_is_the_energy_but_in_itself(self) -> None:
        for case, model in self.models.items():
            ((_, trial),) = self.rows(case, "stat-match", statistic="norm", at=K)
            found = self.sinks(case, trial, K, "stat-match")
            # An average of nine, made as long as one token's signs, agrees with its own signs in few more than half.
            self.assertEqual(found.all(), case != "itself", case)
            self.assertEqual(found.any(), case != "itself", case)

    def test_one_other_key_marks_unless_the_mark_is_itself(self) -> None:
        for case, model in self.models.items():
            ((_, itself),) = self.rows(case, "mix-dose", part="itself")
            ((_, other),) = self.rows(case, "mix-dose", part="one key")
            self.assertTrue(self.sinks(case, itself, K).all(), case)
            wanted = model.truth["mark"] == "one key"
            self.assertEqual(self.sinks(case, other, K).mean() > 0.5, wanted, case)  # a sample's token 1 may be token k again

    def test_repeats_share_the_sink_and_distinct_tokens_do_not(self) -> None:
        for case, model in self.models.items():
            ids = model.samples(self.results[case]["mix-dose"])
            ((_, repeated),) = self.rows(case, "mix-dose", part="repeated")
            ((_, distinct),) = self.rows(case, "mix-dose", part="distinct")
            self.assert_share(case, "mix-dose", repeated, model.energies(*mixed({"part": "repeated", "value": None}, ids)))
            self.assertFalse(self.sinks(case, distinct, K).any(), case)
            # edits of several tokens have no one other position
            for trial in (repeated, distinct):
                self.assertIsNone(trial["controls"]["other_position"]["difference"])

    def test_the_dose_has_the_threshold_of_the_construction(self) -> None:
        """|mean + t (own - mean)|^2 reaches what the threshold asks for at one t, a root of a quadratic."""
        for case, model in self.models.items():
            if case == "itself":
                continue
            ids = model.samples(self.results[case]["mix-dose"])
            signs = model.embedding[ids][..., model.circuit["sign_dims"]]
            mean, own = signs[:, : K + 1].mean(1), signs[:, K]
            # theta = weight c^2 N d / (R^2 + c^2 N), solved for N, the squared length of the averaged signs
            c2, theta = model.size_of_sign**2, model.circuit["threshold"]
            wanted = theta * model.squared_length / (c2 * (model.energy_weight * model.truth["hidden"] - theta))
            a, b, c = ((own - mean) ** 2).sum(1), 2 * (mean * (own - mean)).sum(1), (mean**2).sum(1) - wanted
            root = (-b + np.sqrt(b**2 - 4 * a * c)) / (2 * a)
            self.assertTrue(((0 < root) & (root < 1)).all(), root)
            for row, trial in self.rows(case, "mix-dose", part="dose"):
                clear = np.abs(root - row["value"]) > 0.002
                np.testing.assert_array_equal(self.sinks(case, trial, K)[clear], (row["value"] > root)[clear], err_msg=f"{case} {row}")

    def test_predecessors_and_means_end_the_mark(self) -> None:
        for case, model in self.models.items():
            ids, theta = model.samples(self.results[case]["mix-dose"]), model.circuit["threshold"]
            found = {row["value"]: self.sinks(case, trial, P) for row, trial in self.rows(case, "mix-dose", part="predecessors")}
            self.assertTrue(found[0].all(), case)
            self.assertFalse(any(found[m].any() for m in (8, 16, 32)), case)
            means = self.rows(case, "mix-dose", part="mean")
            most = max(m for m in range(1, 33) if (model.energies(ids, mixed({"part": "mean", "value": m}, ids)[1])[:, 0] > theta).any())
            self.assertTrue(self.sinks(case, means[0][1], 0).all(), case)
            for row, trial in means:
                if row["value"] > most:
                    self.assertFalse(self.sinks(case, trial, 0).any(), f"{case} {row}")
            self.assertGreater(max(row["value"] for row, _ in means), most)

    def test_the_spike_goes_with_the_sink(self) -> None:
        for case in self.models:
            for row, trial in self.rows(case, "mix-dose"):
                tracked = self.results[case]["mix-dose"]["results"]["tokens"]["tracked"]
                spike = trial["spike"][tracked.index(row["at"])]
                first = trial["spike"][0]["unedited"]
                if (row["part"], row["value"]) in (("itself", None), ("repeated", None), ("dose", 1), ("predecessors", 0), ("mean", 1)):
                    self.assertAlmostEqual(spike["edited"] / first, 1, delta=1e-3, msg=f"{case} {row}")
                elif not self.sinks(case, trial, row["at"]).any():
                    self.assertLess(spike["edited"], 0.1 * first, f"{case} {row}")

    def test_bad_input_is_refused_by_name(self) -> None:
        folder = Path(self.folder.name) / "base"
        for name, options, *parts in [
            ("stat-match", ("--layers", "0,5"), "--layers", "layer 5", "0 to 4"),
            ("stat-match", ("--layers", "2"), "--layers", "layer 2"), ("mix-dose", ("--layers", "0,3"), "--layers", "layer 3"),
            ("stat-match", ("--layers", "0,1"), "blocks.1.hook_attn_out", "the same in all samples"),
            ("stat-match", ("--factors", "2,1"), "--factors", "changes nothing"), ("stat-match", ("--factors", "two"), "--factors", "two"),
            ("stat-match", ("--factors", "2,2"), "variance scaled by 2", "stands twice"),
            ("stat-match", ("--token", 63), "token 63", "samples of 65"), ("mix-dose", ("--doses", "0,0.5"), "--doses", "found 0"),
            ("mix-dose", ("--doses", "1.5"), "--doses", "1.5"), ("mix-dose", ("--predecessors", "33"), "--predecessors", "33", "0 to 32"),
            ("mix-dose", ("--predecessors-token", 63), "--predecessors-token 63", "samples of 65"),
            ("mix-dose", ("--one-key", "8"), "--one-key", "0 to 7"), ("mix-dose", ("--means", "0"), "--means", "0"),
            ("mix-dose", ("--means", "65"), "--means 65", "samples of 65"), ("mix-dose", ("--token", 32), "--token 32", "samples of 65"),
        ]:
            with self.subTest(f"{name} {options}"):
                refused = folder / "refused.json"
                assert_refused(self, command(folder, name, "--out", refused, *options), refused, parts)

    def test_a_random_model_has_no_sink(self) -> None:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            make_model(SHAPES[0], seed=5).save_pretrained(folder)
            for name in ("stat-match", "mix-dose"):
                words = [PROGRAM, name, "--model", place, "--tokens", "random", "--samples", "6", "--length", "40", "--device", "cpu",
                         "--threads", "1", "--controls", "1", "--quiet", "--out", str(folder / "out.json")]
                done = subprocess.run(words, capture_output=True, text=True)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn("no sink", done.stderr)
                self.assertFalse((folder / "out.journal").exists() or (folder / "out.json").exists())


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
