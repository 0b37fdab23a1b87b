"""Frames of `sinkscope gate-readout`. The directions themselves are in the sidecar."""

from collections.abc import Iterator
from typing import Any

from sinkscope.frames.frame import Frame
from sinkscope.frames.parts.blocks import Block, flat, long, only, table, without
from sinkscope.frames.parts.trials import TRIAL_FRAMES
from sinkscope.results.reading import Result


def read_outs_of(result: Result) -> list[dict[str, Any]]:
    return result.results["read_outs"] or []


def named(one: dict[str, Any]) -> Block:
    return {"read_out": one["name"], **only(one, "group", "reader", "site")}


def read_outs(result: Result) -> Iterator[Block]:
    for one in read_outs_of(result):
        yield {**named(one), **flat(only(one, "auc", "consistency", "effective_rank"))}


def projections(result: Result) -> Iterator[Block]:
    for one in read_outs_of(result):
        for token in one["tokens"]:
            yield {**named(one), "token": token["token"], **flat(without(token, "token", "by_sample"), "projection")}


def by_sample(result: Result) -> Iterator[Block]:
    samples = result.results["selection_split"]["testing"]
    for one in read_outs_of(result):
        for token in one["tokens"]:
            yield long({"projection": token["by_sample"]}, {"sample": samples}, {**named(one), "token": token["token"]})


def components(result: Result) -> Iterator[Block]:
    for one in read_outs_of(result):
        yield from table(one["channels"], named(one), number="rank")


def gram(result: Result) -> Iterator[Block]:
    if found := result.results["gram"]:
        yield long({"cosine": found["cosines"]}, {"read_out": found["of"], "other_read_out": found["of"]})


FRAMES = TRIAL_FRAMES | {
    "read_outs": Frame("the directions that neurons read along: a row a read-out", read_outs),
    "projections": Frame("what tokens have along them: a row a read-out and token", projections),
    "projections_by_sample": Frame("the same: a row a read-out, token and sample", by_sample, paired=("projection",)),
    "components": Frame("the largest channels of a direction: a row a read-out and rank", components),
    "gram": Frame("cosines between the directions of the first neurons: a row a pair", gram),
}
