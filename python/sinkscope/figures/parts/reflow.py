"""Panels that were drawn for a wide page, in as many a row as a narrower one has room for."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate, chain, groupby
from math import gcd
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.ticker import FixedFormatter

from sinkscope.figures.parts.lines import LINE, POINTS
from sinkscope.figures.parts.widths import SCREEN

UNITS = 12  # of a page's width: rows of 1, 2, 3, 4 and 6 panels end at the same edges
LEGEND_MARGIN = 0.12  # inches above and below a legend that has a row to itself
PAD = 0.05  # inches above the title, and between words and panels


class Rows(NamedTuple):
    """Shares of what panels were drawn for: the least width that one gets, the height of a row."""

    squeezed: float
    height: float


class Cell(NamedTuple):
    axes: Axes
    width: float  # inches that it was drawn for
    height: float
    row: tuple[int, int]  # in the grid that it was drawn in, and in the grid within that
    beside: int  # panels that one row of the grid within that has; 0: it is in none


def cells(figure: Figure) -> list[Cell]:
    """Panels in reading order; colour bars go with theirs."""
    found = []
    for axes in figure.axes:
        spec = axes.get_subplotspec()
        if spec is None:
            continue
        top = spec.get_topmost_subplotspec()
        grid = top.get_gridspec()
        ratios = grid.get_height_ratios()
        height = figure.get_figheight() * sum(ratios[row] for row in top.rowspan) / sum(ratios)
        width = SCREEN * len(top.colspan) / grid.ncols
        within, beside = (0, 0), 0
        if spec is not top:
            inner = spec.get_gridspec()
            height, width = height / inner.nrows, width * len(spec.colspan) / inner.ncols
            within, beside = (spec.rowspan.start, spec.colspan.start), inner.ncols
        row = (top.rowspan.start, within[0])
        found.append(((*row, top.colspan.start, within[1]), Cell(axes, width, height, row, beside)))
    return [cell for _, cell in sorted(found, key=lambda one: one[0])]


def empty(axes: Axes) -> bool:
    return not axes.axison and axes.get_legend() is None and not any(text.get_text() for text in (*axes.texts, axes.title))


def rows_of(found: list[Cell], page: float, squeezed: float) -> list[tuple[list[Cell], list[float]]]:
    """As few rows as have room, those of one row filled evenly; with the inches that the panels of a full row were drawn for."""
    rows = []
    for _, some in groupby(found, key=lambda cell: cell.row):
        row = list(some)
        widths = [row[0].width] * row[0].beside or [cell.width for cell in row]
        most = len(widths)
        while most > 1 and any(sum(part) * squeezed > page for part in parts(widths, most)):
            most -= 1
        most = -(-len(widths) // -(-len(widths) // most))
        rows += [(part, widths[:most] if row[0].beside else [cell.width for cell in part]) for part in parts(row, most)]
    return rows


def parts(row: list, most: int) -> list[list]:
    return [row[start : start + most] for start in range(0, len(row), most)]


def height_of(row: list[Cell], share: float) -> float:
    """Inches: about as it was drawn for, or what a legend needs that stands alone."""
    if all(not cell.axes.axison and cell.axes.get_legend() for cell in row):
        legends = [cell.axes.get_legend().get_window_extent().height for cell in row]
        return max(legends) / row[0].axes.figure.dpi + 2 * LEGEND_MARGIN
    return share * max(cell.height for cell in row)


def said(figure: Figure) -> float:
    """Inches that the title and the note need."""
    title, note = (len(text.splitlines()) for text in (figure.get_suptitle(), figure.get_supxlabel()))
    return (title * 9 + note * 6.5) * LINE / POINTS + 4 * PAD


def reflow(figure: Figure, into: Rows) -> None:
    """As many panels a row as the figure's width has room for; its height follows."""
    for cell in cells(figure):
        if empty(cell.axes):
            cell.axes.remove()
    found = cells(figure)
    rows = rows_of(found, figure.get_figwidth(), into.squeezed)
    first_of = {cell.row: cell.axes for cell in reversed(found)}
    heights = [height_of(row, into.height) for row, _ in rows]
    ends = [edges(widths) for _, widths in rows]
    each = gcd(*chain.from_iterable(ends))  # the coarsest grid, since labels have their room within one of its columns
    grid = GridSpec(len(rows), UNITS // each, figure=figure, height_ratios=heights)
    for at, (row, _) in enumerate(rows):
        for cell, start, stop in zip(row, ends[at], ends[at][1:]):
            cell.axes.set_subplotspec(grid[at, start // each : stop // each])
        begin(row[0].axes, first_of[row[0].row])
    name_lowest(cell.axes for cell in found)
    figure.set_figheight(sum(heights) + said(figure))


def edges(widths: list[float]) -> list[int]:
    """Of the panels of a full row, in UNITS of the page."""
    ends = [0, *accumulate(widths)]
    return [round(UNITS * end / ends[-1]) for end in ends]


def begin(axes: Axes, first: Axes) -> None:
    """The first panel of a row has the labels that the first one of its old row had for all."""
    if axes.axison and axes is not first:
        axes.tick_params(labelleft=True)
        if axes in axes.get_shared_y_axes().get_siblings(first):
            axes.tick_params(axis="y", labelsize=first.get_yticklabels()[0].get_fontsize())
        if not axes.get_ylabel() and not isinstance(axes.yaxis.get_major_formatter(), FixedFormatter):
            axes.set_ylabel(first.get_ylabel())


def name_lowest(some: Iterable[Axes]) -> None:
    """Of panels that share what lies along x, the lowest of each column says so."""
    lowest: dict[tuple, Axes] = {}
    sharing = [axes for axes in some if len(axes.get_shared_x_axes().get_siblings(axes)) > 1]
    for axes in sharing:
        lowest[axes.get_subplotspec().colspan.start, min(map(id, axes.get_shared_x_axes().get_siblings(axes)))] = axes
    label = next((axes.get_xlabel() for axes in sharing if axes.get_xlabel()), "")
    for axes in sharing:
        axes.tick_params(labelbottom=axes in lowest.values())
        axes.set_xlabel(label if axes in lowest.values() else None)
