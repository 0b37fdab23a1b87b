"""Figures of results. A module here draws one experiment and has its name, with underscores; it is found by that name:

    draw(result, **options) -> Figure                the figure; every option has a default
    panels(result) -> {name: draw(axis)}             where it has panels that can stand alone, for `sinkscope.plot(..., ax=...)`
    symbols(result) -> [Line2D]                      where those do not say what their symbols mean
    options(parser)                                  where it has options: declares them for scripts/plot.py
    more(result) -> {name: options}                  where it has more than one figure: the others, as options of draw
    ORDER; summary(result, findings) -> (what, value)...   where it has rows in the summary: their place there, and the rows

What several of them share is in parts/.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import TYPE_CHECKING

from sinkscope.results import Result, ResultError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def import_matplotlib() -> None:
    """Before all else here. matplotlib does not start where MPLBACKEND names a backend that is not installed, as a notebook's
    does in another environment; figures need none, and whoever does keeps the one that is named."""
    named = os.environ.pop("MPLBACKEND", None)
    import matplotlib
    if named is None:
        return
    os.environ["MPLBACKEND"] = named
    try:
        matplotlib.rcParams["backend"] = named
    except ValueError:
        return


if "matplotlib" not in sys.modules:
    import_matplotlib()


def names() -> list[str]:
    """Of the modules that draw, sorted."""
    return sorted(module.name for module in iter_modules(__path__) if not module.ispkg)


def module_of(result: Result) -> ModuleType:
    """The module that draws a result; raises ResultError where there is none."""
    name = result.experiment.replace("-", "_")
    if name not in names():
        raise ResultError(f"{result.path}: no figure is known for results of {result.experiment}")
    return import_module(f"{__name__}.{name}")


def draw(result: Result, **options) -> Figure:
    from sinkscope.figures.parts.words import settle_words

    figure = module_of(result).draw(result, **options)
    settle_words(figure)
    return figure
