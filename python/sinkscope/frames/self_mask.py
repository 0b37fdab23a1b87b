"""Frames of `sinkscope self-mask`."""

from collections.abc import Iterator
from typing import Any

from sinkscope.frames.frame import Frame
from sinkscope.frames.parts.attention import attention_frames
from sinkscope.frames.parts.blocks import Block, flat, long, only, without
from sinkscope.results.reading import Result


def of_run(run: dict[str, Any]) -> Block:
    return {"mode": run["mode"], **flat(only(run, "layers", "tokens"))}


def sinks(result: Result) -> Iterator[tuple[Block, dict[str, Any]]]:
    """A masked token, and the first token from the same queries."""
    for one in result.results["baseline"]:
        for measured in ("masked", "first"):
            yield {"mode": "baseline", "layers": None, "tokens": str(one["token"]), "measured": measured}, one[measured]
    for run in result.results["runs"]:
        for measured in ("masked", "first"):
            for sink in run[measured]:
                yield {**of_run(run), "measured": measured}, sink


def ratio(result: Result) -> Iterator[Block]:
    for run in result.results["runs"]:
        yield long({"ratio": run["ratio"]}, {"token": run["tokens"]}, of_run(run))


def ratio_by_layer(result: Result) -> Iterator[Block]:
    for run in result.results["runs"]:
        yield long({"ratio": run["ratio_by_layer"]}, {"token": run["tokens"], "layer": None}, of_run(run))


def changes(result: Result) -> Iterator[Block]:
    for one in result.results["paired"]:
        yield {**flat(only(one, "layers", "tokens")), **flat(without(one["change_of_first"], "by_layer"), "change_of_first")}


def changes_by_layer(result: Result) -> Iterator[Block]:
    for one in result.results["paired"]:
        yield long({"change_of_first": one["change_of_first"]["by_layer"]}, {"layer": None}, flat(only(one, "layers", "tokens")))


FRAMES = attention_frames(sinks) | {
    "ratio": Frame("a masked token beside the first: a row a run and masked token", ratio),
    "ratio_by_layer": Frame("the same by layer", ratio_by_layer),
    "change_of_first": Frame("what the first token loses, paired by sample: a row a self-only run", changes),
    "change_of_first_by_layer": Frame("the same by layer", changes_by_layer),
}
