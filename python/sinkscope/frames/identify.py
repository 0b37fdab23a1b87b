"""Frames of `sinkscope identify`: the trials, and what the verdict was made of."""

from collections.abc import Iterator

from sinkscope.frames.frame import Frame
from sinkscope.frames.parts.blocks import Block, flat, table, without
from sinkscope.frames.parts.trials import SEARCH_FRAMES, TRIAL_FRAMES
from sinkscope.results.reading import Result


def candidates(result: Result) -> Iterator[Block]:
    yield from table(without(one, "conditions", "trials", "sufficient") for one in result.results["candidates"])


def conditions(result: Result) -> Iterator[Block]:
    for candidate in result.results["candidates"]:
        for one in candidate["conditions"]:
            yield {"site": candidate["site"], "condition": one["name"], **flat(without(one, "name"))}


def suspects(result: Result) -> Iterator[Block]:
    yield from table(result.results["suspects"])


def blocks(result: Result) -> Iterator[Block]:
    yield from table(result.results["blocks"])


FRAMES = TRIAL_FRAMES | SEARCH_FRAMES | {
    "candidates": Frame("places where the signal may be: a row a site", candidates),
    "conditions": Frame("what a candidate was asked on the half that tests: a row a site and condition", conditions),
    "suspects": Frame("dimensions that tell token 0 from others: a row a site and dimension", suspects),
    "blocks": Frame("block outputs replaced at token 0 by the later token's mean: a row a site", blocks),
}
