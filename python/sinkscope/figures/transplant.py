"""Figure of `sinkscope transplant`: attention to token k and to token 0 when one's residual is put in the other's place,
by where in the pass, both ways."""

from __future__ import annotations

from collections.abc import Iterator

from matplotlib.figure import Figure

from sinkscope.figures.parts.levels import from_zero, held_against, legend_row, say, with_intervals, with_legend_row
from sinkscope.figures.parts.style import COLOURS, title
from sinkscope.figures.parts.trial_rows import level, mean, place
from sinkscope.results import Result
from sinkscope.results.findings import Findings

ORDER = 53


def one_way(axis, found: dict, origin: int, to: int) -> None:
    rows = [row for row in found["table"] if (row["from"], row["to"]) == (origin, to)]
    colours = dict(zip(found["tokens"]["tracked"], COLOURS))
    held_against(axis.axhline, found, colours)
    for number, (token, colour) in enumerate(colours.items()):
        places = [x + 0.12 * (number - 0.5) for x in range(len(rows))]
        with_intervals(axis, places, [level(row, token) for row in rows], color=colour, fmt="o-", label=f"to token {token}")
    axis.set_xticks(range(len(rows)), [place(row["site"]) for row in rows], rotation=90)
    axis.set(title=f"residual of token {origin} put in token {to}'s place", xlabel="after", ylabel="attention")


def draw(result: Result) -> Figure:
    found = result.results
    ways = list(dict.fromkeys((row["from"], row["to"]) for row in found["table"]))
    figure, axes = with_legend_row(1, len(ways), [3], sharey=True)
    for axis, (origin, to) in zip(axes[0], ways):
        one_way(axis, found, origin, to)
    from_zero(axes[0][0])
    legend_row(figure, axes[-1], axes[0][0])
    title(figure, result, "After which part of which block is the first token's residual complete")
    say(figure, result, "residuals come from samples of another document")
    return figure


def summary(result: Result, findings: Findings) -> Iterator[tuple[str, str]]:
    """After which part token 0's residual first gives the later token half of token 0's attention, or more."""
    k = result.results["tokens"]["tracked"][-1]
    half = next((row for row in result.results["table"] if row["to"] == k and mean(row, k) >= 0.5 * mean(row, 0)), None)
    what = f"  token 0's residual in token {k}'s place"
    if half:
        yield what, f"after {place(half['site'])} token {k} gets {mean(half, k):.3f}, token 0 {mean(half, 0):.3f}"
    else:
        yield what, f"gives token {k} less than half of token 0's attention, wherever it is put"
