"""Figure of `sinkscope zero-sweep`: the sink that is left without each attention and MLP output, and, with --pairs, without
two of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sinkscope.figures.parts.colours import FIRST, OPERATIONS, SHADE, SIGNED
from sinkscope.figures.parts.levels import from_zero, held_against, legend_row, say, with_intervals, with_legend_row
from sinkscope.figures.parts.site_names import name_sites
from sinkscope.figures.parts.style import floats, image, layers_axis, title, wide
from sinkscope.figures.parts.trial_rows import layer_of, level, mean, part_of, place, unedited
from sinkscope.figures.parts.widths import beside
from sinkscope.results import Result
from sinkscope.results.findings import Findings

ORDER = 50
LABELS = 1.5  # inches beside each map
AFTER = 2  # layers that are drawn of those that write after the sink was read, which change nothing


def of_part(axis, found: dict, part: str) -> None:
    """One operation a colour, side by side at its layer."""
    rows = [row for row in found["table"] if len(row["sites"]) == 1 and part_of(row["sites"][0]) == part]
    rows = [row for row in rows if layer_of(row["sites"][0]) < found["sink_layer"] + AFTER]
    names = [name for name in OPERATIONS if any(row["operation"] == name for row in rows)]
    count = 1 + max(layer_of(row["sites"][0]) for row in rows)
    axis.axvspan(found["sink_layer"] - 0.5, count - 0.5, color=SHADE, lw=0, zorder=0)
    for number, name in enumerate(names):
        some = [row for row in rows if row["operation"] == name]
        x = floats([layer_of(row["sites"][0]) for row in some]) + 0.2 * (number - (len(names) - 1) / 2)
        with_intervals(axis, x, [level(row, 0) for row in some], color=OPERATIONS[name], label=name)
    held_against(axis.axhline, found, {0: FIRST})
    axis.set(title=f"output of one {part} at token 0", ylabel="attention\nto token 0")
    from_zero(axis)
    layers_axis(axis, count)


def pairs(figure, axes, found: dict) -> None:
    """What is left without both outputs (on the diagonal without one), and how far that is from both losses together."""
    rows = [row for row in found["table"] if len(row["sites"]) == 2]
    operation = rows[0]["operation"]
    single = {row["sites"][0]: row for row in found["table"] if len(row["sites"]) == 1 and row["operation"] == operation}
    sites = list(dict.fromkeys(site for row in rows for site in row["sites"]))
    interaction = {trial["name"]: trial["interaction"][0]["mean"] for trial in found["trials"] if "interaction" in trial}
    left, beyond = np.full((2, len(sites), len(sites)), np.nan)
    for at, site in enumerate(sites):
        left[at, at] = level(single[site], 0)["mean"]
    for row in rows:
        a, b = (sites.index(site) for site in row["sites"])
        left[b, a] = level(row, 0)["mean"]
        beyond[b, a] = interaction[row["name"]]
    largest = max(np.nanmax(np.abs(beyond)), 1e-9)
    image(figure, axes[0], left, "attention to token 0", vmin=0)
    image(figure, axes[1], beyond, "(A and B) − A − B", cmap=SIGNED, vmin=-largest, vmax=largest)
    axes[0].set_title(f"{operation}: two outputs (diagonal: one)")
    axes[1].set_title("interaction of the two")
    names, room = [place(site) for site in sites], beside(2 * LABELS) / 2
    for axis in axes:
        axis.set_aspect("equal")
        name_sites(axis.set_xticks, sites, names, room, rotation=90, fontsize=6)
        name_sites(axis.set_yticks, sites, names, room, fontsize=6)


def shading(found: dict) -> str:
    layers = {layer_of(site) for row in found["table"] for site in row["sites"]}
    after = sum(layer >= found["sink_layer"] for layer in layers)
    many = f", the first {AFTER} layers of {after}" if after > AFTER else ""
    return f"shaded: outputs that come after it was read and change nothing{many}"


def panels(result: Result) -> dict[str, Callable[[Axes], None]]:
    return {part: lambda axis, part=part: of_part(axis, result.results, part) for part in ("attention", "MLP")}


def draw(result: Result) -> Figure:
    found = result.results
    has_pairs = any(len(row["sites"]) == 2 for row in found["table"])
    figure, axes = with_legend_row(2 + has_pairs, 2, [1.9, 1.9, 3.4][: 2 + has_pairs])
    for row, part in zip(axes, panels(result).values()):
        axis = wide(figure, row)
        part(axis)
    if has_pairs:
        pairs(figure, axes[2], found)
    legend_row(figure, axes[-1], axis)
    title(figure, result, "The sink without one part of the network at token 0")
    say(figure, result, shading(found))
    return figure


def summary(result: Result, findings: Findings) -> Iterator[tuple[str, str]]:
    found = result.results
    measured = {row["operation"] for row in found["table"]}
    if "zero" in measured:
        yield f"5 parts zeroed at token 0, sink of layer {found['sink_layer']}", without(found, "zero")
    if "resample" in measured:
        yield "5 parts resampled at token 0", without(found, "resample")


def without(found: dict, operation: str) -> str:
    """The parts that hold half of the sink or more, else the one that holds most."""
    sink = unedited(found)[0][0]
    rows = sorted((row for row in found["table"] if row["operation"] == operation and len(row["sites"]) == 1), key=lambda row: mean(row, 0))
    held = [row for row in rows if mean(row, 0) <= 0.5 * sink] or rows[:1]
    return f"{mean(held[0], 0):.3f} of {sink:.3f} without " + ", ".join(place(row["sites"][0]) for row in held)
