"""The stages of the sink in a result of identify: each as a result of its own, so that what reads trials reads it too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from sinkscope.results.reading import Result, ResultError

Kind = TypeVar("Kind", bound=Result)


def stage_of(result: Kind, number: int) -> Kind:
    """What was found for one stage, its layer as `sink_layer`, alone in `stages`; `every_signal` has those of all stages, which its
    trials may name. Raises ResultError where the result has fewer."""
    stages = result.results["stages"]
    if not 0 <= number < len(stages):
        raise ResultError(f"{result.path}: stage {number}: the sink has {len(stages)} stages here, the first is stage 0")
    stage = stages[number]
    every = [signal for one in stages for signal in one["signals"]]
    found = result.results | stage | {"sink_layer": stage["layer"], "stages": [stage], "every_signal": every}
    return type(result)(result.path, result.document | {"results": found})


def stages_of(result: Kind) -> Iterator[tuple[int, Kind]]:
    """All of them with their numbers; none where the model has no sink."""
    for number in range(len(result.results["stages"])):
        yield number, stage_of(result, number)
