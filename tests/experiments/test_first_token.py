"""The first-token atlas: transformers' numbers for every id, the law that token 0 sees only itself, and what was planted.
Run: first_token.py PROGRAM"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file
from transformers import Qwen3ForCausalLM

from planted_cases import SETS
from reference_model import SHAPES, Recorder, make_model, visible
from sinkscope.planted.make import make_planted
from sinkscope.results.schemas import validate

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = "sinkscope"
MODELS = {name: ROOT / "models" / name for name in ("demo", "planted")}
TOLERANCE = 1e-5  # float32 sums in another order, relative
# The planted gate reads E - θ, 10.2 - 9.7: a last bit of E is twenty times as large in the spike (1.3e-5 seen).
RESIDUAL_TOLERANCE = {MODELS["demo"]: TOLERANCE, MODELS["planted"]: 2 * TOLERANCE}
TENSORS = ["norm", "max_abs", "max_dimension", "key_norm", "value_norm", "key_cosine"]


def atlas(model: Path, out: Path, *options: object) -> dict:
    """The whole result, held against its schema, with the sidecar's arrays under `arrays`."""
    words = [PROGRAM, "first-token", "--model", model, "--out", out, "--device", "cpu", "--quiet", "--force", *options]
    subprocess.run([str(word) for word in words], check=True)
    result = json.loads(out.read_text())
    validate(result)
    places = result["results"]["by_id_layer"]
    assert sorted(places) == sorted(TENSORS)
    result["arrays"] = {name: load_file(out.parent / place["file"])[place["tensor"]] for name, place in places.items()}
    return result


def setUpModule() -> None:
    global made
    temporary = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(temporary.cleanup)
    made = {name: atlas(model, Path(temporary.name) / f"{name}.json") for name, model in MODELS.items()}


class Atlas(unittest.TestCase):
    def each(self):
        for name, result in made.items():
            yield MODELS[name], result["results"], result["arrays"]

    def assert_close(self, ours: np.ndarray, theirs: np.ndarray, tolerance: float = TOLERANCE) -> None:
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=0)


class Transformers(Atlas):
    """Passes of one token in transformers, for every id."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.seen = {}
        for name, path in MODELS.items():
            model = Qwen3ForCausalLM.from_pretrained(path, dtype=torch.float32, attn_implementation="eager").eval()
            ids = torch.tensor(made[name]["results"]["ids"])[:, None]
            masks = [visible(1)] * model.config.num_hidden_layers
            seen = Recorder(model).run(ids, torch.arange(1), masks)
            cls.seen[path] = {site: x[:, 0].double().numpy() for site, x in seen.items() if not site.endswith("scores")}

    def residual(self, model: Path, layers: int) -> np.ndarray:
        """[ids, L + 1, D]"""
        sites = ["hook_embed"] + [f"blocks.{layer}.hook_resid_post" for layer in range(layers)]
        return np.stack([self.seen[model][site] for site in sites], axis=1)

    def heads(self, model: Path, point: str, layers: int) -> np.ndarray:
        """[ids, L, K, h]"""
        return np.stack([self.seen[model][f"blocks.{layer}.attn.{point}"] for layer in range(layers)], axis=1)

    def test_residual(self) -> None:
        for model, _, arrays in self.each():
            x = self.residual(model, arrays["key_norm"].shape[1])
            norm, largest, tolerance = np.linalg.norm(x, axis=-1), np.abs(x).max(-1), RESIDUAL_TOLERANCE[model]
            self.assert_close(arrays["norm"], norm, tolerance)
            self.assertLess((np.abs(arrays["max_abs"] - largest) / norm).max(), tolerance)  # a dimension's error is of its row's size
            there = np.take_along_axis(np.abs(x), arrays["max_dimension"][..., None], -1)[..., 0]
            self.assertLess(((largest - there) / norm).max(), tolerance)

    def test_keys_and_values(self) -> None:
        for model, _, arrays in self.each():
            layers = arrays["key_norm"].shape[1]
            keys = self.heads(model, "hook_rot_k", layers)
            self.assert_close(arrays["key_norm"], np.linalg.norm(keys, axis=-1).mean(-1))
            self.assert_close(arrays["value_norm"], np.linalg.norm(self.heads(model, "hook_v", layers), axis=-1).mean(-1))
            unit = keys / np.maximum(np.linalg.norm(keys, axis=-1, keepdims=True), 1e-30)
            mean = keys.mean(0)
            mean /= np.maximum(np.linalg.norm(mean, axis=-1, keepdims=True), 1e-30)
            np.testing.assert_allclose(arrays["key_cosine"], (unit * mean).sum(-1).mean(-1), atol=TOLERANCE)

    def test_the_vocabulary(self) -> None:
        for model, found, arrays in self.each():
            x = self.residual(model, arrays["key_norm"].shape[1])
            norm = np.linalg.norm(x, axis=-1)
            medians = np.median(norm, axis=0)
            spike, growth = found["spike"], medians[1:] / medians[:-1]
            self.assertEqual(spike["layer"], growth.argmax())
            tolerance = RESIDUAL_TOLERANCE[model]
            self.assertAlmostEqual(spike["growth"] / growth.max(), 1, delta=tolerance)
            quantiles = np.quantile(norm, found["norm_quantiles"]["p"], axis=0).T
            self.assert_close(np.array(found["norm_quantiles"]["by_layer"]), quantiles, tolerance)
            after = x[:, spike["layer"] + 1]
            order = np.argsort(-np.abs(after).mean(0))
            shares = (after**2).mean(0)[order] / (after**2).mean(0).sum()
            count = min(16, int(np.searchsorted(np.cumsum(shares), 0.9)) + 1)
            self.assertEqual([d["dimension"] for d in spike["dimensions"]], order[:count].tolist())
            self.assert_close(np.array([d["mean"] for d in spike["dimensions"]]), after.mean(0)[order[:count]], tolerance)
            self.assertAlmostEqual(spike["share"], shares[:count].sum(), delta=TOLERANCE)
            own = norm[:, 1:] / norm[:, :-1]
            self.assert_close(np.take_along_axis(own, np.array(found["spike_layer"])[:, None], 1)[:, 0], own.max(1), tolerance)

    def test_the_table_repeats_the_arrays(self) -> None:
        for _, found, arrays in self.each():
            after, at = found["spike"]["layer"] + 1, found["at_spike"]
            self.assertEqual(at["norm"], arrays["norm"][:, after].tolist())
            self.assertEqual(at["max_dimension"], arrays["max_dimension"][:, after].tolist())
            self.assertEqual(at["key_cosine"], arrays["key_cosine"][:, found["spike"]["key_layer"]].tolist())
            lacks = [i for i, norm in zip(found["ids"], at["norm"]) if norm < found["without_spike"]["norm_below"]]
            self.assertEqual(len(lacks), found["without_spike"]["count"])
            named = found["without_spike"]["ids"]
            self.assertLessEqual({entry["id"] for entry in named}, set(lacks))
            self.assertEqual(len(named), min(100, len(lacks)))
            norms = [entry["norm"] for entry in named]
            self.assertEqual(norms, sorted(norms))


class Law(Atlas):
    def test_what_follows_does_not_matter(self) -> None:
        """Token 0 of samples of 16 tokens, by `activations`, is its id's row."""
        for model, found, arrays in self.each():
            rows = np.random.default_rng(0).choice(found["ids"], (8, 16)).tolist()
            layers = arrays["key_norm"].shape[1]
            with tempfile.TemporaryDirectory() as place:
                tokens, out = Path(place) / "tokens.json", Path(place) / "a.safetensors"
                tokens.write_text(json.dumps(rows))
                subprocess.run([PROGRAM, "activations", "--model", model, "--tokens", tokens, "--out", out, "--device", "cpu", "--quiet",
                                "--sites", "hook_embed,blocks.*.hook_resid_post,blocks.*.attn.hook_rot_k,blocks.*.attn.hook_v"], check=True)
                seen = {site: x[:, 0].astype(float) for site, x in load_file(out).items()}
            row = [found["ids"].index(ids[0]) for ids in rows]
            for layer in range(layers):
                x = seen[f"blocks.{layer}.hook_resid_post"]
                self.assert_close(arrays["norm"][row, layer + 1], np.linalg.norm(x, axis=-1))
                error = np.abs(arrays["max_abs"][row, layer + 1] - np.abs(x).max(-1)) / np.linalg.norm(x, axis=-1)
                self.assertLess(error.max(), TOLERANCE)
                for name, point in (("key_norm", "hook_rot_k"), ("value_norm", "hook_v")):
                    heads = seen[f"blocks.{layer}.attn.{point}"]
                    self.assert_close(arrays[name][row, layer], np.linalg.norm(heads, axis=-1).mean(-1))
            self.assert_close(arrays["norm"][row, 0], np.linalg.norm(seen["hook_embed"], axis=-1))

    def test_batches_change_only_rounding(self) -> None:
        with tempfile.TemporaryDirectory() as place:
            small = atlas(MODELS["planted"], Path(place) / "a.json", "--batch-size", 100)["arrays"]
        for name, values in made["planted"]["arrays"].items():
            np.testing.assert_allclose(small[name], values, rtol=TOLERANCE, atol=1e-6, err_msg=name)


class Planted(unittest.TestCase):
    """The spike's block and dimensions, and the ids that lack it, in variants whose answers are known."""

    CASES = ["base", "wider", "later stages", "some heads", "narrow heads", "high threshold", "no weak ids", "itself", "second-circuit", "backup"]

    def test_the_spike_is_found(self) -> None:
        text = (ROOT / "models/planted/text.txt").read_text(encoding="utf-8")
        for name in self.CASES:
            with self.subTest(name), tempfile.TemporaryDirectory() as place:
                make_planted(SETS[name], Path(place), text)
                truth = json.loads((Path(place) / "planted.json").read_text())
                result = atlas(Path(place), Path(place) / "atlas.json")
                self.check(result["results"], truth)
                self.check_keys(result, truth)

    def check(self, found: dict, truth: dict) -> None:
        answers, circuits = truth["answers"]["first_token_atlas"], truth["circuits"]
        self.assertEqual((found["spike"]["layer"], found["spike"]["key_layer"]), (answers["layer"], answers["layer"] + 1))
        dimensions = [d["dimension"] for d in found["spike"]["dimensions"]]
        planted = {d for circuit in circuits for d in circuit["spike_dims"]}
        ups = {circuit["spike_dims"][0] for circuit in circuits}
        weak = set(answers["without_spike"])
        for token, layer, dimension in zip(found["ids"], found["spike_layer"], found["at_spike"]["max_dimension"], strict=True):
            if token not in weak or len(circuits) > 1:
                self.assertEqual(layer, answers["layer"])
                self.assertIn(dimension, ups)
        if len(circuits) > 1:  # one of two spikes is 0.7 of the norm, and three of the four dimensions hold 90 %
            self.assertEqual(found["without_spike"]["count"], 0)
            self.assertLess(set(dimensions), planted)
            return
        self.assertEqual(dimensions, circuits[0]["spike_dims"])
        first, second = (d["mean"] for d in found["spike"]["dimensions"])
        self.assertAlmostEqual(first / second, circuits[0]["spike_ratio"], delta=0.01)
        lacking = found["without_spike"]["ids"]
        self.assertEqual({entry["id"] for entry in lacking}, weak)
        for entry in lacking:
            self.assertEqual(entry["piece"], found["pieces"][found["ids"].index(entry["id"])])

    def check_keys(self, result: dict, truth: dict) -> None:
        """In a layer that sinks an id without the spike has another key than the rest, in every head that sinks."""
        cosine = result["arrays"]["key_cosine"][:, truth["layers"]["sink"][0]]
        weak = np.isin(result["results"]["ids"], truth["answers"]["first_token_atlas"]["without_spike"])
        if weak.any():
            self.assertLess(cosine[weak].max(), cosine[~weak].min() - 0.2)

    def test_no_dimensions_hold_a_random_model(self) -> None:
        with tempfile.TemporaryDirectory() as place:
            make_model(SHAPES[6], seed=9).save_pretrained(place)
            found = atlas(Path(place), Path(place) / "atlas.json")["results"]
        self.assertEqual(len(found["spike"]["dimensions"]), 16)
        self.assertLess(found["spike"]["share"], 0.9)
        self.assertEqual((found["pieces"], found["kinds"]), (None, None))


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    torch.set_grad_enabled(False)
    unittest.main()
