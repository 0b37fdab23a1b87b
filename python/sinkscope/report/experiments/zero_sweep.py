"""zero-sweep on the page: the sink that is left without each attention and MLP output, and without two of them."""

from __future__ import annotations

from collections.abc import Iterator

from sinkscope.figures.parts.colours import FIRST, OPERATIONS
from sinkscope.figures.parts.trial_rows import layer_of, part_of, place
from sinkscope.report.kinds.figure import Figure, axes, figure
from sinkscope.report.kinds.heat_map import SIGNED, heat_map
from sinkscope.report.kinds.trials import held_against, level_points, strongest, trial_levels
from sinkscope.results.loaded import LoadedResult

TITLE = "The sink without one part of the network at token 0"
QUESTION = "Which attention and MLP outputs does the sink need at token 0?"


def figures(result: LoadedResult) -> Iterator[Figure]:
    frame = trial_levels(result).query("token == 0")
    single = frame[~frame["about_sites"].str.contains(",")]
    yield singles(result, single)
    if len(single) < len(frame):
        yield from pairs(frame[frame["about_sites"].str.contains(",")])


def singles(result: LoadedResult, frame) -> Figure:
    """An option a part; a colour an operation, beside each other at their layer."""
    options = {}
    for part in ("MLP", "attention"):
        some = frame[frame["about_sites"].map(part_of) == part]
        if some.empty:
            continue
        traces = []
        for shift, (name, colour) in zip((-0.2, 0, 0.2), OPERATIONS.items()):
            rows = some[some["about_operation"] == name]
            traces.append(level_points(rows, [layer_of(site) + shift for site in rows["about_sites"]], name, colour, None))
        options[f"{part} output"] = held_against([trace for trace in traces if trace["x"]], frame, {0: FIRST})
    layer = result.results["sink_layer"]
    says = f"{strongest(frame, 0)} The sink is read in layer {layer}; outputs that come after it change nothing."
    return Figure("singles", "Attention to token 0 without one output", says, options,
                  axes("layer of the output", f"attention in layer {layer}", y_axis={"rangemode": "tozero"}),
                  choice="without")


def pairs(frame) -> Iterator[Figure]:
    sites = list(dict.fromkeys(site for both in frame["about_sites"] for site in both.split(",")))
    for value, title, look in (("level", "Attention to token 0 without two outputs", {}),
                               ("interaction", "Interaction of the two: (A and B) − A − B", {"colours": SIGNED, "low": None, "zmid": 0})):
        if value not in frame:
            continue
        z = [[None] * len(sites) for _ in sites]
        for both, number in zip(frame["about_sites"], frame[value]):
            a, b = map(sites.index, both.split(","))
            z[max(a, b)][min(a, b)] = number
        names = list(map(place, sites))
        yield figure(f"pairs-{value}", title, f"{len(frame)} pairs of outputs.", [
            heat_map(z, names, names, across="output", up="and", value="attention" if value == "level" else value, **look)],
            "", "", x_axis={"type": "category"}, y_axis={"type": "category", "autorange": "reversed"}, height=460)
