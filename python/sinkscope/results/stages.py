"""The stages of the sink in a result of identify: each as a result of its own, so that what reads trials reads it too."""

from __future__ import annotations

from collections.abc import Iterator

from sinkscope.results.reading import Result, ResultError


def stage_of(result: Result, number: int) -> Result:
    """What was found for one stage, its layer as `sink_layer`. Raises ResultError where the result has fewer stages."""
    stages = result.results["stages"]
    if not 0 <= number < len(stages):
        raise ResultError(f"{result.path}: stage {number}: the sink has {len(stages)} stages here, the first is stage 0")
    found = result.results | stages[number] | {"sink_layer": stages[number]["layer"]}
    return Result(result.path, result.document | {"results": found})


def stages_of(result: Result) -> Iterator[tuple[int, Result]]:
    """All of them with their numbers; none where the model has no sink."""
    for number in range(len(result.results["stages"])):
        yield number, stage_of(result, number)
