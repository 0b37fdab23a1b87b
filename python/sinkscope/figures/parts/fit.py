"""Texts and legends of panels that became narrower: titles and labels in more lines, legends in fewer columns with room made above."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text

from sinkscope.figures.parts.legible import under
from sinkscope.figures.parts.lines import LINE, POINTS, inches, wrapped
from sinkscope.figures.parts.style import raise_top

MARGIN = 0.06  # inches between a text and its cell's edge
AT_TOP = {"loc": "upper left", "borderaxespad": 0, "columnspacing": 0.8, "handlelength": 1.5, "handletextpad": 0.5}
LEAST = 0.5  # inches of a line
GAP = 0.02  # of a panel's height, between curves and the legend


def fit(figure: Figure) -> None:
    """After a first drawing, which says how large panels became."""
    wrap(figure)
    for axes in figure.axes:
        if axes.axison and axes.get_legend() and axes.bbox.overlaps(axes.get_legend().get_window_extent()):
            legend_within(axes)
    figure.draw_without_rendering()
    wrap(figure)


def wrap(figure: Figure) -> None:
    """Titles and labels; twice, since what one takes others lack. Rows become higher by the lines that are added."""
    for _ in range(2):
        added: dict[int, float] = {}
        for axes in figure.axes:
            if axes.axison and axes.get_subplotspec() is not None:
                row = axes.get_subplotspec().rowspan.start
                added[row] = max(added.get(row, 0), sum(in_lines(text, room) for text, room in rooms(axes)))
                in_lines(axes.yaxis.label, axes.bbox.height / figure.dpi)
        if not any(added.values()):
            return
        grow(figure, added)
        figure.draw_without_rendering()


def in_lines(text: Text, room: float) -> float:
    """Inches that the lines which it is broken into add."""
    lines = text.get_text().splitlines()
    broken = [part for line in lines for part in fitting(line, room, text.get_fontsize())]
    text.set_text("\n".join(broken))
    return (len(broken) - len(lines)) * text.get_fontsize() * LINE / POINTS


def grow(figure: Figure, added: dict[int, float]) -> None:
    """`added`: inches by row of the grid, whose ratios of height are inches too."""
    grid = next(axes.get_subplotspec() for axes in figure.axes if axes.get_subplotspec() is not None).get_gridspec()
    grid.set_height_ratios([height + added.get(row, 0) for row, height in enumerate(grid.get_height_ratios())])
    figure.set_figheight(figure.get_figheight() + sum(added.values()))


def fitting(line: str, room: float, size: float) -> list[str]:
    room = max(room, LEAST)
    return wrapped(line, room, size) if inches(line, size) > room else [line]


def rooms(axes: Axes) -> Iterator[tuple[Text, float]]:
    """Titles of a panel and its label below, with the inches that each may take."""
    figure, spec = axes.figure, axes.get_subplotspec()
    ends = np.array([spec.colspan.start, spec.colspan.stop]) / spec.get_gridspec().ncols * figure.get_figwidth() + [MARGIN, -MARGIN]
    left, right = axes.bbox.x0 / figure.dpi, axes.bbox.x1 / figure.dpi
    middle = (left + right) / 2
    centred = 2 * min(middle - ends[0], ends[1] - middle)
    for loc, room in (("center", centred), ("left", ends[1] - left)):
        words = axes.get_title(loc)
        yield from ((text, room) for text in axes.findobj(Text) if words and text.get_text() == words)
    yield axes.xaxis.label, centred


def legend_within(axes: Axes) -> None:
    """As it is where it has room and covers nothing; else at the top, with the limits moved so that nothing is there."""
    legend = axes.get_legend()
    box = legend.get_window_extent()
    inside = box.x0 >= axes.bbox.x0 and box.x1 <= axes.bbox.x1
    if inside and not list(under(axes, box)) and not any(text.get_window_extent().overlaps(box) for text in axes.texts):
        return
    handles, labels = axes.get_legend_handles_labels()
    size = legend.get_texts()[0].get_fontsize()
    for columns in range(min(4, len(labels)), 0, -1):
        legend = axes.legend(handles, labels, ncols=columns, fontsize=size, **AT_TOP)
        if legend.get_window_extent().width <= axes.bbox.width:
            break
    make_room(axes, legend)
    if list(under(axes, legend.get_window_extent())):
        legend_below(axes, handles, labels, size)


def make_room(axes: Axes, legend: Legend) -> None:
    """Moves the upper limit, so that what is drawn ends below the legend."""
    share = legend.get_window_extent().height / axes.bbox.height + GAP
    top = (highest(axes) - axes.bbox.y0) / axes.bbox.height
    if top > 1 - share:
        raise_top(axes, top / (1 - share))


def legend_below(axes: Axes, handles: list, labels: list[str], size: float) -> None:
    """Where a line goes through the whole panel: beneath the axis's label."""
    axes.get_legend().remove()
    figure = axes.figure
    reach = (axes.bbox.y0 - axes.get_tightbbox().y0) / axes.bbox.height
    legend = axes.legend(handles, labels, loc="upper center", bbox_to_anchor=(0.5, -reach), fontsize=size, borderaxespad=0.4)
    figure.set_figheight(figure.get_figheight() + legend.get_window_extent().height / figure.dpi)


def highest(axes: Axes) -> float:
    """Pixels, of what is drawn in data's own y."""
    spans = axes.get_xaxis_transform()
    drawn = (*axes.lines, *axes.collections, *axes.patches, *axes.texts)
    tops = [one.get_window_extent().y1 for one in drawn if one.get_visible() and one.get_transform() != spans]
    return min(max((top for top in tops if np.isfinite(top)), default=axes.bbox.y0), axes.bbox.y1)
