"""Figure of `sinkscope path-split`: the sink that is left when a written vector is hidden from one reader, by route."""

from __future__ import annotations

from collections.abc import Iterator

from matplotlib.figure import Figure

from sinkscope.figures.parts.levels import held_against, legend_row, say, with_intervals, with_legend_row
from sinkscope.figures.parts.style import COLOURS, title
from sinkscope.figures.parts.trial_rows import level, mean, place, unedited
from sinkscope.results import Result
from sinkscope.results.findings import Findings

ORDER = 51
KINDS = {"any": "#000000", "attention": COLOURS[0], "MLP": COLOURS[1], "bypass": COLOURS[2]}


def route(row: dict) -> tuple[str, str]:
    """Which kind of reader loses the vector, and which one."""
    at = row["taken_away_at"]
    if at == row["written"]:
        return "any", "any reader"
    if "hook_resid_" in at:
        return "bypass", f"bypass of {place(at)}"
    return place(at).split()[0], place(at)


def bars(axis, found: dict, written: str) -> None:
    """From above in the order of the pass; what the first row takes away from everyone, the others take from one."""
    rows = [row for row in found["table"] if row["written"] == written]
    for kind, colour in KINDS.items():
        y = [at for at, row in enumerate(rows) if route(row)[0] == kind]
        if not y:
            continue
        levels = [level(rows[at], 0) for at in y]
        axis.barh(y, [one["mean"] for one in levels], color=colour, alpha=0.45, height=0.7)
        with_intervals(axis, y, levels, orientation="horizontal", color=colour)
    held_against(axis.axvline, found, {0: "#000000"})
    axis.set_yticks(range(len(rows)), [route(row)[1] for row in rows])
    axis.set_ylim(len(rows) - 0.4, -0.6)
    axis.set(xlabel="attention to token 0", title=f"output of {place(written)} hidden from", xlim=(0, None))


def draw(result: Result) -> Figure:
    found = result.results
    written = list(dict.fromkeys(row["written"] for row in found["table"]))
    most = max(sum(row["written"] == one for row in found["table"]) for one in written)
    columns = min(2, len(written))
    rows = -(-len(written) // columns)
    figure, axes = with_legend_row(rows, columns, [0.9 + 0.17 * most] * rows)
    panels = list(axes[:-1].flat)
    for axis, one in zip(panels, written):
        bars(axis, found, one)
    for axis in panels[len(written):]:
        axis.axis("off")
    legend_row(figure, axes[-1], panels[0])
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
