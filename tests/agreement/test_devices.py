"""Every experiment on another device (SINKSCOPE_DEVICE=cuda), in batches of another size, against the CPU's result: on the
planted model, whose results are the same in float32 whatever the order of sums. On a CPU it is the batches that differ."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sinkscope import ROOT
from sinkscope.results.differences import differences
from support.program import DEVICE, Program

RELATIVE, ABSOLUTE = 1e-4, 2e-5  # float32 sums in another order; attention and losses are near 1, norms up to 10,000
PLANTED = ROOT / "models/planted"
OWN = {"intervene": "configs/demo/planted/intervene.json"}
FEWER = {"vocab-sweep": ("--ids", "0-63"), "identify": ("--samples", 8, "--controls", 2)}
EXPERIMENTS = sorted(path.stem for path in (ROOT / "configs/demo").glob("*.json"))


def words_of(experiment: str) -> Iterator[object]:
    yield from ("--config", OWN.get(experiment, f"configs/demo/{experiment}.json"), "--quiet", "--force", "--threads", 1)
    if experiment not in OWN:
        yield from ("--model", PLANTED)
        if '"text"' in (ROOT / f"configs/demo/{experiment}.json").read_text():
            yield from ("--text", PLANTED / "text.txt", "--length", 48, "--samples", 8)
    yield from FEWER.get(experiment, ())


def run(experiment: str, device: str, batch: object, program: Program, folder: Path) -> dict[str, Any]:
    folder.mkdir()
    return program.result(experiment, folder / "result.json", *words_of(experiment), "--device", device, "--batch-size", batch)


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_the_result_is_that_of_the_cpu(experiment: str, program: Program, tmp_path: Path) -> None:
    here, there = (run(experiment, device, batch, program, tmp_path / name)
                   for device, batch, name in (("cpu", 8, "cpu"), (DEVICE, 3, "other")))
    assert here["results"]
    assert list(differences(here["results"], there["results"], relative=RELATIVE, absolute=ABSOLUTE)) == []
