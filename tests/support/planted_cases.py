"""The planted models that are tested, each run once unchanged, and what the tests of their answers share."""

import sys
import tempfile
import unittest
from collections.abc import Callable
from functools import wraps
from pathlib import Path

import torch

from planted_reference import Reference, Run
from sinkscope.planted.make import make_planted
from sinkscope.planted.plan import STAGES, Options

ROOT = Path(__file__).resolve().parent.parent
T, SAMPLES = 64, 8
SETS = {
    "base": Options(),
    "wider": Options(seed=1, signs=32, layers=6, heads=4, kv_heads=1, head_dim=64, vocab=576),
    "later stages": Options(seed=2, signs=40, layers=9, average_layer=1, energy_layer=2, spike_layer=4, sink_from=6),
    "some heads": Options(seed=3, threshold=9.3, weak_ids=12, sink_heads=(0, 3), average_heads=(1, 2)),
    "narrow heads": Options(seed=4, signs=22, heads=8, kv_heads=4, head_dim=16, average_heads=(1, 5), sink_heads=(2, 7)),
    "high threshold": Options(seed=5, threshold=9.9, heads=2, kv_heads=2, head_dim=48, weak_ids=1, vocab=640),
    "no weak ids": Options(seed=6, weak_ids=0, layers=4, spike_layer=2),
    **{v: Options(seed=10, variant=v) for v in ("itself", "split", "redundant", "later", "decoy", "bystander")},
    **{v: Options(seed=20, variant=v) for v in ("second-circuit", "rotated", "dormant", "backup")},
    "itself, other seed": Options(seed=21, variant="itself", signs=32, threshold=None, layers=6),
    "second-circuit, other seed": Options(seed=22, variant="second-circuit", heads=6, kv_heads=3, sink_heads=(0, 2, 3)),
    "rotated, other seed": Options(seed=23, variant="rotated", signs=32, average_layer=1, layers=6),
    **{f"none: {s}": Options(seed=30, variant="none", remove=s) for s in STAGES},
}


def on(wanted: Callable[[dict], bool]) -> Callable:
    """Makes of `claim(self, model, plain run)` a test over every set whose truth is wanted; at least one must be."""

    def decorate(claim: Callable) -> Callable:
        @wraps(claim)
        def test(self) -> None:
            names = [name for name, m in self.models.items() if wanted(m.truth)]
            self.assertTrue(names)
            for name in names:
                with self.subTest(name):
                    claim(self, self.models[name], self.plain[name])

        return test

    return decorate


def every(truth: dict) -> bool:
    """Every set, those without a sink too."""
    return True


def sinks(truth: dict) -> bool:
    """The sets that have a sink."""
    return bool(truth["layers"]["sink"])


class PlantedCase(unittest.TestCase):
    """Plants every set and runs it; a test is one claim, over every set to which the claim applies."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        text = (ROOT / "models/planted/text.txt").read_text(encoding="utf-8")
        cls.models, cls.plain = {}, {}
        for name, options in SETS.items():
            out = Path(cls.folder.name) / name
            make_planted(options, out, text)
            cls.models[name] = Reference(out)
            cls.plain[name] = cls.models[name](cls.models[name].windows(SAMPLES, T))

    @classmethod
    def tearDownClass(cls) -> None:
        cls.folder.cleanup()

    def assert_near(self, found: torch.Tensor, wanted, tolerance: float) -> None:
        worst = (found - wanted).abs().max().item()
        self.assertLessEqual(worst, tolerance)

    def assert_no_sink(self, m: Reference, run: Run, circuit: dict, token: int) -> None:
        """Later rows give `token` no more than the uniform value, or nothing where another token holds the sink."""
        rows = torch.arange(token + 1, T)
        excess = m.attention(run, circuit, token, token + 1) - 1.0 / (rows + 1)
        # A token just under the threshold leaks a little, which shifts the others by thousandths.
        self.assertLess(excess.max().item(), 5e-3)
