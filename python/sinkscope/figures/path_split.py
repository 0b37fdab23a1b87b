"""Figure of `sinkscope path-split`: the sink that is left when a written vector is hidden from one reader, by layer and route."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sinkscope.figures.parts.colours import FIRST, PARTS, TEXT
from sinkscope.figures.parts.levels import from_zero, held_against, legend_row, say, with_intervals, with_legend_row
from sinkscope.figures.parts.style import layers_axis, title
from sinkscope.figures.parts.trial_rows import layer_of, level, mean, part_of, place, unedited
from sinkscope.results import Result
from sinkscope.results.findings import Findings

ORDER = 51
ROUTES = ["attention", "bypass of attention", "MLP", "bypass of MLP"]  # of one layer, in the order of the pass


def route(row: dict) -> str:
    """Which kind of reader loses the vector."""
    at = row["taken_away_at"]
    if at == row["written"]:
        return "any reader"
    return f"{'bypass of ' if 'hook_resid_' in at else ''}{part_of(at)}"


def panel(axis, found: dict, written: str) -> None:
    """Readers side by side at their layer, and in black what is left where none reads it."""
    rows = [row for row in found["table"] if row["written"] == written]
    layers = [layer_of(row["taken_away_at"]) for row in rows if route(row) in ROUTES]
    for number, name in enumerate(ROUTES):
        some = [row for row in rows if route(row) == name]
        colour = PARTS[name.split()[-1]]
        places = [layer_of(row["taken_away_at"]) + 0.15 * (number - 1.5) for row in some]
        with_intervals(axis, places, [level(row, 0) for row in some], color=colour, mfc="white" if "bypass" in name else colour, label=name)
    from_any(axis, next(level(row, 0) for row in rows if route(row) == "any reader"))
    held_against(axis.axhline, found, {0: FIRST})
    axis.set(ylabel="attention\nto token 0", title=f"output of {place(written)} hidden from")
    layers_axis(axis, 1 + max(layers) - min(layers), min(layers))
    from_zero(axis)


def from_any(axis, found: dict) -> None:
    axis.axhline(found["mean"], color=TEXT, lw=1.2, label="any reader")
    low, high = found["ci95"]
    if low is not None:
        axis.axhspan(low, high, color=TEXT, alpha=0.12, lw=0)


def panels(result: Result) -> dict[str, Callable[[Axes], None]]:
    found = result.results
    written = dict.fromkeys(row["written"] for row in found["table"])
    return {site: lambda axis, site=site: panel(axis, found, site) for site in written}


def draw(result: Result) -> Figure:
    drawn = panels(result).values()
    figure, axes = with_legend_row(len(drawn), 1, [1.9] * len(drawn))
    for row, one in zip(axes, drawn):
        one(row[0])
    legend_row(figure, axes[-1], axes[0][0])
    title(figure, result, "By which route a vector written at token 0 reaches the sink")
    say(figure, result, "bypass: hidden from all that comes after that part, which itself still reads it")
    return figure


def summary(result: Result, findings: Findings) -> Iterator[tuple[str, str]]:
    """The one reader that the sink loses most without, of the vector that was asked for first."""
    found = result.results
    written = found["table"][0]["written"]
    row = min((row for row in found["table"] if row["written"] == written != row["taken_away_at"]), key=lambda row: mean(row, 0))
    yield f"  output of {place(written)} hidden from one reader", \
        f"{mean(row, 0):.3f} of {unedited(found)[0][0]:.3f} without {row['route']}"
