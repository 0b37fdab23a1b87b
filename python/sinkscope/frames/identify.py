"""Frames of `sinkscope identify`: the trials, and what the verdict was made of."""

from collections.abc import Iterator

from sinkscope.frames.frame import Frame
from sinkscope.frames.parts.blocks import Block, flat, only, table, without
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


def signals(result: Result) -> Iterator[Block]:
    for one in result.results.get("signals", []):
        yield {**only(one, "candidate", "set", "site"), "basis_rank": one["rank"],
               "tensor": one["basis"]["tensor"].removesuffix(".basis")}


FRAMES = TRIAL_FRAMES | SEARCH_FRAMES | {
    "candidates": Frame("places where the signal may be: a row a site", candidates),
    "conditions": Frame("what a candidate was asked on the half that tests: a row a site and condition", conditions),
    "suspects": Frame("dimensions that tell token 0 from others: a row a site and dimension", suspects),
    "signals": Frame("what each candidate's sets are in the file beside the result: a row a candidate and set", signals),
    "blocks": Frame("block outputs replaced at token 0 by the later token's mean: a row a site", blocks),
}
