"""What --dry-run says, against what the run then takes: tokens within a factor of 1.5, by experiments of every kind."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support.demo import Demo
from support.program import DEVICE, QUIET, Program

FACTOR = 1.5
EXPERIMENTS = ["scan", "rope-swap", "self-mask", "mlp-probe", "first-token", "channel-trace", "zero-sweep", "transplant", "stat-match",
               "mix-dose", "path-split", "head-attribution", "intervene", "identify", "channel-patch", "vocab-sweep",
               "magc", "gate-readout"]


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_a_plan_holds(experiment: str, demo: Demo, program: Program, tmp_path: Path) -> None:
    printed = program.output(experiment, "--config", f"configs/demo/{experiment}.json", *QUIET, "--out",
                             tmp_path / "out.json", "--dry-run")
    planned, took = int(re.search(r"^tokens +(\d+)", printed, re.M)[1]), demo.result(experiment).document["timing"]["tokens"]
    assert 1 / FACTOR < planned / took < FACTOR, f"planned {planned}, took {took}"
    assert list(tmp_path.iterdir()) == []


def test_a_named_layer_needs_no_look_at_the_weights(program: Program, tmp_path: Path) -> None:
    options = ("zero-sweep", "--config", "configs/demo/zero-sweep.json", "--device", DEVICE, "--out", tmp_path / "out.json", "--dry-run")
    looked, named = program.output(*options), program.output(*options, "--layer", 4)
    assert re.search(r"^sink +in layer 4 of the first batch$", looked, re.M)
    assert "sink" not in named
    assert re.search(r"^tokens.*$", looked, re.M)[0] == re.search(r"^tokens.*$", named, re.M)[0]
