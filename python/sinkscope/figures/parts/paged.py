"""The figure of a result, or some of its panels, at the width that is asked for; refused by name where it cannot be read there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sinkscope.figures import draw, module_of
from sinkscope.figures.parts.fit import fit
from sinkscope.figures.parts.legible import faults, sizes
from sinkscope.figures.parts.levels import legend_across, with_legend_row
from sinkscope.figures.parts.reflow import Rows, reflow
from sinkscope.figures.parts.style import wide
from sinkscope.figures.parts.widths import PANEL, SCREEN, TALLEST, WIDTHS, page_of
from sinkscope.figures.parts.words import settle_words
from sinkscope.results import Result, ResultError

PANEL_HEIGHT = 2.6  # inches
SMALLEST = 5.5  # points
DENSITIES = (Rows(0.76, 0.9), Rows(0.76, 0.8), Rows(1.0, 0.8), Rows(1.0, 0.7))  # that are tried, in this order


def panels_of(result: Result) -> dict[str, Callable[[Axes], None]]:
    module = module_of(result)
    return module.panels(result) if hasattr(module, "panels") else {}


def chosen(result: Result, names: Sequence[str]) -> list[Callable[[Axes], None]]:
    """The panels of these names; the only one where none is named. Raises ResultError, which says what there is."""
    found = panels_of(result)
    if not names and len(found) == 1:
        return list(found.values())
    missing = [name for name in names if name not in found]
    if missing or not names:
        asked = f"there is no panel {missing[0]}" if missing else "panel= must name the one to draw"
        raise ResultError(f"{result.path}: {asked}; the figure of {result.experiment} has "
                          f"{'the panels ' + ', '.join(found) if found else 'no panel that can stand alone'}")
    return [found[name] for name in names]


def whole(result: Result, width: float | None, options: dict[str, Any]) -> Figure:
    """With its title and note; `width` in inches, that of a screen where it is None."""
    if width is None:
        return draw(result, **options)
    return legible(lambda: draw(result, **options), width, result, [])


def of_panels(result: Result, names: Sequence[str], width: float | None) -> Figure:
    """These side by side, or below each other; without title and note, which are the whole figure's. Where `width` is None, one panel
    is small if it can be read so; nothing is refused then."""
    wanted = chosen(result, names)

    def drawn() -> Figure:
        return side_by_side(result, wanted)

    if width is not None:
        return legible(drawn, width, result, names)
    if len(wanted) == 1:
        figure, found = densest(drawn, PANEL)
        if not found:
            return figure
    return densest(drawn, SCREEN)[0]


def side_by_side(result: Result, wanted: Sequence[Callable[[Axes], None]]) -> Figure:
    """With what their symbols mean below them, where they do not say so."""
    figure, axes = with_legend_row(1, len(wanted), [PANEL_HEIGHT])
    for axis, panel in zip(axes[0], wanted):
        panel(axis)
    entries, below = unexplained(result, axes[0]), wide(figure, axes[1])
    below.axis("off")
    if entries:
        legend_across(figure, below, entries)
    settle_words(figure)
    return figure


def unexplained(result: Result, drawn: Sequence[Axes]) -> list[tuple]:
    """(symbol, text)... of panels that have no legend of their own."""
    module = module_of(result)
    if hasattr(module, "symbols") and any(axes.lines for axes in drawn):
        return [(one, one.get_label()) for one in module.symbols(result)]
    entries = {}
    for axes in drawn:
        if axes.get_legend() is None:
            entries |= {label: (symbol, label) for symbol, label in zip(*axes.get_legend_handles_labels())}
    return list(entries.values())


def legible(drawn: Callable[[], Figure], width: float, result: Result, names: Sequence[str]) -> Figure:
    """In the densest rows that can be read. Raises ResultError where none can, or would be higher than a page."""
    figure, found = densest(drawn, width)
    if found:
        raise ResultError(refusal(width, result, names, found))
    return figure


def densest(drawn: Callable[[], Figure], width: float) -> tuple[Figure, list[str]]:
    """In the densest rows that can be read; where none can, in those that come nearest, and what keeps it from being read there."""
    tried = []
    with page_of(width):
        for rows in DENSITIES:
            figure = drawn()
            tried.append((figure, fitted(figure, rows)))
            if not tried[-1][1]:
                break
    return min(tried, key=lambda one: len(one[1]))


def fitted(figure: Figure, rows: Rows) -> list[str]:
    """Puts its panels in rows that the page has room for; returns what keeps it from being read."""
    engine, dpi = figure.get_layout_engine(), figure.dpi
    figure.set_dpi(rcParams["savefig.dpi"])
    found = fitting(figure, rows)
    figure.set_layout_engine(engine)
    figure.set_dpi(dpi)
    return found


def fitting(figure: Figure, rows: Rows) -> list[str]:
    """As `fitted`, at the resolution that it is saved in."""
    reflow(figure, rows)
    if figure.get_figheight() > TALLEST:  # and no lower after all else
        return [too_high(figure)]
    figure.draw_without_rendering()
    fit(figure)
    found = faults(figure)
    found += [f"{size:.1f} points are too small to print: {words!r}" for words, size in sizes(figure) if size < SMALLEST]
    if figure.get_figheight() > TALLEST:
        found.insert(0, too_high(figure))
    return found


def too_high(figure: Figure) -> str:
    return f"it would be {figure.get_figheight():.1f} inches high, a page has {TALLEST:g}"


def refusal(width: float, result: Result, names: Sequence[str], found: list[str]) -> str:
    """What is wrong, and what would help."""
    there = panels_of(result)
    helps = []
    if there and len(names) != 1:
        helps.append(f"--panel draws some of {', '.join(there)}")
    helps += [f"--width {name} has {inches:g}" for name, inches in WIDTHS.items() if inches > width]
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    what = f"panel {', '.join(names)}" if names else "the figure"
    return (f"{result.path}: {what} of {result.experiment} cannot be read in {width:g} inches: {found[0]}{more}"
            + (f"; {'; '.join(helps)}" if helps else ""))
