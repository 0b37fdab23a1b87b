"""What the figures of experiments made of trials share: levels with their intervals, the levels that they are held against,
and one legend for all panels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.container import Container
from matplotlib.transforms import ScaledTranslation

from sinkscope.figures.parts.colours import ORDINARY
from sinkscope.figures.parts.style import caption, floats, new, wide
from sinkscope.figures.parts.trial_rows import unedited
from sinkscope.results import Result

BELOW = 0.36  # inches beneath a panel: its ticks' and its axis's labels
LEGEND_HEIGHT = 0.4
OUTSIDE = 0.97  # of the figure: a legend that is beside its panel
LEGEND_WIDTH = 0.8  # of the figure: panels whose rows have names begin that far from its edge


def with_intervals(axis, x, levels: list[dict], orientation: str = "vertical", **options) -> None:
    """A point a level, with its 95 % interval; where there is none (one document), the point alone."""
    x, mean = floats(x), floats([one["mean"] for one in levels])
    low, high = floats([one["ci95"] for one in levels]).reshape(-1, 2).T
    reach = np.nan_to_num([np.maximum(mean - low, 0), np.maximum(high - mean, 0)])  # a mean may be outside by rounding
    options = {"fmt": "o", "ms": 3, "elinewidth": 1, **options}
    if orientation == "horizontal":
        axis.errorbar(mean, x, xerr=reach, **options)
    else:
        axis.errorbar(x, mean, yerr=reach, **options)


def held_against(draw, found: dict, colours: dict[int, str]) -> None:
    """`draw`: an axis's axhline or axvline. The tracked tokens' levels without edits, and an ordinary token's."""
    tokens, ordinary = unedited(found)
    for token, value in tokens.items():
        draw(value, color=colours[token], ls="--", lw=0.8, label=f"token {token}, unedited")
    draw(ordinary, color=ORDINARY, ls=":", lw=1, label="ordinary token, unedited")


def from_zero(axis) -> None:
    """y from a little under 0, where a token without a sink is; last, since axes that share it no longer fit themselves."""
    top = axis.get_ylim()[1]
    axis.set_ylim(-0.04 * top, top)


def with_legend_row(rows: int, columns: int, heights: list[float], **options):
    """A figure of panels, rows of these heights in inches, and one below for a legend that they share."""
    heights = [*heights, LEGEND_HEIGHT]
    return new(rows + 1, columns, height=sum(heights) / len(heights), height_ratios=heights, **options)


def legend_row(figure, row, axis, more: Sequence[Artist] = ()) -> None:
    """What the symbols in `axis` mean, for every panel, in the row that was left for it: what was measured, `more`, and what
    it is held against."""
    handles, labels = axis.get_legend_handles_labels()
    measured = [one for one in zip(handles, labels) if isinstance(one[0], Container)]
    against = [one for one in zip(handles, labels) if not isinstance(one[0], Container)]
    legend_across(figure, wide(figure, row), [*measured, *((one, one.get_label()) for one in more), *against])


def legend_across(figure, axis, entries: list[tuple]) -> None:
    """(symbol, text)... in as few rows as the figure's width allows, evenly filled."""
    axis.axis("off")

    def legend(columns: int):
        return axis.legend(*zip(*entries), loc="center", ncols=columns, columnspacing=1.4, borderaxespad=0)

    columns = len(entries)
    while columns > 1 and legend(columns).get_window_extent().width > LEGEND_WIDTH * figure.bbox.width:
        columns -= 1
    rows = -(-len(entries) // columns)
    legend(-(-len(entries) // rows))


def legend_below(axis, columns: int) -> None:
    """Beneath the label of x."""
    down = ScaledTranslation(0, -BELOW, axis.figure.dpi_scale_trans)
    legend_outside(axis, columns, loc="upper center", bbox_to_anchor=(0.45, 0), bbox_transform=axis.transAxes + down, fontsize=6)


def legend_outside(axis, columns: int, **look) -> None:
    """Beside its panel, in fewer columns where the page is narrow."""
    while columns > 1 and axis.legend(ncols=columns, **look).get_window_extent().width > OUTSIDE * axis.figure.bbox.width:
        columns -= 1
    axis.legend(ncols=columns, **look)


def say(figure, result: Result, text: str) -> None:
    """The caption: where the sink was read, by which queries, and what the intervals are."""
    found = result.results
    first = found["tokens"]["first_queries"][0]
    caption(figure, result, f"mean_attention at layer {found['sink_layer']}: mean over heads and queries q ≥ {first}; "
            f"bars: 95 % interval over samples, bootstrap by document; {text}")
