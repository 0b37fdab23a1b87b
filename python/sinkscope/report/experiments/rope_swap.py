"""rope-swap on the page: attention by condition, and maps of a few heads."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sinkscope.figures.parts.colours import ROTARY_FIRST, SERIES, UNEDITED
from sinkscope.figures.rope_swap import NAMES
from sinkscope.report.kinds.attention import head_map, largest, layer_curve
from sinkscope.report.kinds.figure import Figure, Strip, axes
from sinkscope.report.kinds.heat_map import grid, heat_map
from sinkscope.results.loaded import LoadedResult

TITLE = "Rotary positions moved, the causal mask in place"
QUESTION = "Does the sink follow the first token's rotary position?"
DASHES = ["solid", "dash", "dashdot", "dot", "longdash", "longdashdot"]  # of conditions, as in the printed figure


def figures(result: LoadedResult) -> Iterator[Figure | Strip]:
    by_layer = result.frame("attention_by_layer")
    baseline = by_layer[(by_layer["condition_kind"] == "baseline") & (by_layer["token"] == 0)]
    yield by_condition(result, by_layer, baseline)
    yield by_head(result, by_layer)
    if result.results.get("maps"):
        yield maps(result)
        yield strip(result)


def by_condition(result: LoadedResult, by_layer, baseline) -> Figure:
    """An option a kind of condition; to token 0 in colour, to the token that is first by rotary position in grey."""
    options = {}
    for kind, name in NAMES.items():
        some = by_layer[by_layer["condition_kind"] == kind]
        traces = [layer_curve(baseline, "unchanged", UNEDITED, width=3)]
        for number, (condition, rows) in enumerate(some.groupby("condition", sort=False)):
            dash = DASHES[number % len(DASHES)]
            for token, one in rows.groupby("token"):
                colour = SERIES[number % len(SERIES)] if token == 0 else ROTARY_FIRST
                traces.append(layer_curve(one, condition if token == 0 else f"{condition}: to token {token}", colour, dash=dash))
        if len(traces) > 1:
            options[name] = traces
    control = result.results["shift_control"]
    says = (f"Unchanged: {largest(baseline)} Colour: attention to token 0; grey: to the token that rotary position says is first. "
            f"The control {control['condition']} differs from unchanged by at most {control['largest_difference']:.1e}.")
    return Figure("by-layer", "Attention by layer, by condition", says, options,
                  axes("layer", "mean attention", y_axis={"rangemode": "tozero"}), choice="conditions", height=420)


def by_head(result: LoadedResult, by_layer) -> Figure:
    frame, options = result.frame("attention").query("token == 0"), {}
    of_first = by_layer[by_layer["token"] == 0]
    for condition, some in frame.groupby("condition", sort=False):
        options[condition] = [head_map(some, of_first[of_first["condition"] == condition])]
    return Figure("by-head", "Attention to token 0 by layer and head, by condition",
                  "One map a condition; compare a condition with baseline by the list above the map.", options, axes("layer", "head"),
                  choice="condition")


def head_name(layer: int, head: int) -> str:
    return f"layer {layer}, head {head}"


def maps(result: LoadedResult) -> Figure:
    """Cells of later keys are left out: each row ends at its query."""
    options = {}
    for (condition, layer, head), some in result.frame("maps").groupby(["condition", "layer", "head"], sort=False):
        z, keys, queries = grid(some, "query", "key", "pattern")
        z = [[round(cell, 3) for cell in row[:query + 1]] for row, query in zip(z, queries)]
        options[f"{condition}: {head_name(layer, head)}"] = [
            heat_map(z, keys, queries, across="key", up="query", value="attention", high=1)]
    return Figure("maps", "Attention patterns of a few heads", "Attention of every query to every key, mean over samples.", options,
                  axes("key", "query", y_axis={"autorange": "reversed"}), choice="condition and head", height=460)


def strip(result: LoadedResult) -> Strip:
    """Column 0 of the maps. Samples are different texts, so that places have no token of their own."""
    frame = result.frame("maps").query("key == 0")
    conditions = frame["condition"].unique().tolist()
    heads = list(frame[["layer", "head"]].drop_duplicates().itertuples(index=False, name=None))
    length = frame["query"].max() + 1
    values = np.full((len(conditions), len(heads), length), np.nan)
    for (condition, layer, head), some in frame.groupby(["condition", "layer", "head"], sort=False):
        values[conditions.index(condition), heads.index((layer, head)), some["query"]] = some["pattern"]
    return Strip("strip", "What each place pays to token 0",
                 "Mean over samples, so that a box is a place in the text and no token of one. The first box attends to itself alone.",
                 values.round(4).tolist(), [("condition", conditions), ("layer and head", [head_name(*one) for one in heads])],
                 [[str(place) for place in range(length)]])
