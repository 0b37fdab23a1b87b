"""Frames of `sinkscope stat-match`."""

from collections.abc import Iterator

from sinkscope.frames.frame import Frame
from sinkscope.frames.parts.blocks import Block, flat, only
from sinkscope.frames.parts.trials import TRIAL_FRAMES
from sinkscope.results.reading import Result


def statistics(result: Result) -> Iterator[Block]:
    for one in result.results["statistics"]:
        for row in ("first", "later", "later_alone"):
            if row in one:
                yield {**only(one, "layer", "factor"), "row": row, **flat(one[row] or {})}


FRAMES = TRIAL_FRAMES | {"statistics": Frame("of the natural attention output: a row a layer and row of attention", statistics)}
