"""Frames of `sinkscope magc`."""

from collections.abc import Iterator

from sinkscope.frames.frame import Frame
from sinkscope.frames.parts.blocks import Block, long, table
from sinkscope.frames.parts.trials import TRIAL_FRAMES
from sinkscope.results.reading import Result


def channels(result: Result) -> Iterator[Block]:
    if found := result.results.get("by_channel"):
        yield long(found, {"channel": None})


def candidates(result: Result) -> Iterator[Block]:
    yield from table(result.results.get("candidates") or [])


def neurons(result: Result) -> Iterator[Block]:
    yield from table(result.results.get("neurons") or [])


FRAMES = TRIAL_FRAMES | {
    "channels": Frame("channels of the MLP's normalised input: a row a channel", channels),
    "candidates": Frame("the channels that may gate the massive activation: a row a channel", candidates),
    "neurons": Frame("the neurons that write the massive activation: a row a neuron", neurons),
}
