"""What --dry-run says, against what the run then takes: tokens within a factor of 1.5, by experiments of every kind."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sinkscope import ROOT
from support.demo import Demo
from support.program import DEVICE, QUIET, Program, text_of

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


def test_trials_say_first_what_they_cost(program: Program, tmp_path: Path) -> None:
    """Once the sink is found, by what a dry run plans; quiet says nothing."""
    words = ("zero-sweep", *text_of(ROOT / "models/planted", 12, 48), "--device", DEVICE, "--out", tmp_path / "a.json")
    planned = int(re.search(r"^tokens +(\d+)", program.output(*words, "--dry-run"), re.M)[1])
    said = program.run(*words).stderr
    line = r"^zero-sweep: about (\d+) passes over 12 samples of up to 48 tokens, (\S+) tokens in all: \d.* s on \S.*$"
    (found,) = re.finditer(line, said, re.M)
    assert float(found[2]) == pytest.approx(planned, rel=0.1) and int(found[1]) == pytest.approx(planned / (12 * 48), rel=0.1)
    assert program.run(*words, "--force", "--quiet").stderr.count("passes") == 0
