"""Results as tidy pandas frames: a row an observation, a column a variable, no lists in cells. `python -m sinkscope.frames` lists them.

A module here has the name of an experiment, with underscores, and FRAMES, the main one first; it is found by that name. Experiments
that are made of trials have their frames without one. What a column means is in columns.py, what modules share in parts/.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from sinkscope.frames.frame import Frame, data_frame
from sinkscope.frames.parts.blocks import Block, length_of
from sinkscope.frames.parts.trials import TRIAL_FRAMES
from sinkscope.results.documents import texts_of
from sinkscope.results.reading import Result, ResultError, reading

if TYPE_CHECKING:
    from pandas import DataFrame


def samples(result: Result) -> Iterator[Block]:
    data = result.data
    lengths, starts = data.get("lengths", []), data.get("starts", [])
    if len(lengths) == data["samples"]:
        half = {sample: half for half, those in result.results.get("selection_split", {}).items() for sample in those}
        names = [text["name"] for text in data.get("texts", [])]
        yield {"sample": list(range(len(lengths))), **({"text": [names[number] for number in texts_of(result)]} if names else {}),
               **({"start": starts} if starts else {}), "length": lengths,
               **({"half": [half.get(sample) for sample in range(len(lengths))]} if half else {})}


SHARED = {"samples": Frame("what was measured on: a row a sample", samples)}


def of_experiment(experiment: str) -> dict[str, Frame]:
    """Own frames of an experiment, the main one first; those of trials where it has no module."""
    module = f"{__name__}.{experiment.replace('-', '_')}"
    return getattr(import_module(module), "FRAMES", {}) if find_spec(module) else {}


def declared(result: Result) -> dict[str, Frame]:
    own = of_experiment(result.experiment) or (TRIAL_FRAMES if "trials" in result.results else {})
    return own | SHARED


def frames_of(result: Result) -> dict[str, Frame]:
    """Those that have a row, the main one first."""
    with reading(result):
        return {name: frame for name, frame in declared(result).items() if any(length_of(block) for block in frame.blocks(result))}


def frame(result: Result, name: str | None = None) -> DataFrame:
    """A frame by its name, or the main one. Raises ResultError where the result has none of that name."""
    if name is None:
        name = next(iter(frames_of(result) or declared(result)))
    if name not in declared(result):
        raise ResultError(f"{result.path}: results of {result.experiment} have no frame {name}; they have {', '.join(frames_of(result))}")
    return data_frame(result, declared(result)[name])
