"""Results of one experiment beside each other: figures on one scale, and what differs where they can be paired by sample."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

from sinkscope.report.kinds.figure import Figure, Strip, Trace
from sinkscope.report.tables import Table, table_of
from sinkscope.results.loaded import LoadedResult
from sinkscope.results.reading import ResultError

MOST_ROWS = 400  # of a comparison
PAD = 0.05  # of the span, on each side


def one_scale(figures: list[Figure | Strip]) -> list[Figure | Strip]:
    """The same figures with one range of the value's axis, and of colours."""
    if len(figures) < 2 or not all(isinstance(one, Figure) for one in figures):
        return figures
    traces = [trace for one in figures for some in one.options.values() for trace in some]
    if traces[0]["type"] == "heatmap":
        return [with_colours(one, traces) for one in figures]
    axis = "x" if any(isinstance(y, str) for trace in traces for y in trace["y"] or []) else "y"
    name = f"{axis}axis"
    if any("range" in one.layout[name] for one in figures):
        return figures
    kinds = {one.layout[name].get("type", "linear") for one in figures}
    zero = any(trace["type"] == "bar" for trace in traces) or "rangemode" in figures[0].layout[name]
    found = span(traces, axis, "log" in kinds, zero)
    if found is None or len(kinds) > 1:
        return figures
    return [replace(one, layout=one.layout | {name: one.layout[name] | {"range": found}}) for one in figures]


def span(traces: list[Trace], axis: str, logarithmic: bool, zero: bool) -> list[float] | None:
    numbers = list(chain.from_iterable(numbers_of(trace, axis) for trace in traces))
    if logarithmic:
        numbers = [math.log10(one) for one in numbers if one > 0]
    if not numbers:
        return None
    low, high = min(numbers), max(numbers)
    low = min(low, 0) if zero and not logarithmic else low
    pad = PAD * ((high - low) or 1)
    return [0 if low == 0 and zero else low - pad, high + pad]


def numbers_of(trace: Trace, axis: str) -> Iterator[float]:
    """Of the value's axis, with the ends of intervals along it."""
    ends = chain.from_iterable(trace.get("customdata", [])) if trace.get("meta", {}).get("along") == axis else ()
    for one in chain(trace[axis], ends):
        if isinstance(one, (int, float)) and math.isfinite(one):
            yield one


def with_colours(figure: Figure, traces: list[Trace]) -> Figure:
    if any("zmin" in trace or "zmid" in trace for trace in traces):
        return figure
    found = [cell for trace in traces for row in trace["z"] for cell in row if cell is not None and math.isfinite(cell)]
    ends = {"zmin": min(found), "zmax": max(found)}
    return replace(figure, options={name: [trace | ends for trace in some] for name, some in figure.options.items()})


def comparison(this: LoadedResult, other: LoadedResult) -> tuple[Table | None, str]:
    """A table of the paired differences, and what is to be said of it: where they cannot be paired, why."""
    try:
        frame = this.compare(other)
    except ResultError as error:
        return None, str(error)
    cut = f" The {MOST_ROWS} largest of {len(frame)} rows." if len(frame) > MOST_ROWS else ""
    frame = frame.reindex(frame["difference"].abs().sort_values(ascending=False).index).head(MOST_ROWS)
    keys: list[Any] = [name for name in frame.columns if frame[name].notna().any()]
    words = f"Differences are {other.path.name} less {this.path.name}, paired by sample; 95 % bootstrap over documents.{cut}"
    return table_of(frame[keys], "Paired differences"), words
