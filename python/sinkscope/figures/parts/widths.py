"""Widths of figures, so that their text has its own size where a paper shows them, and is not scaled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from sinkscope.results import ResultError

# Inches. A column and the text of a page of ICML, as of most papers in two columns: 6.75 wide, 0.25 between columns (ICML 2025, example
# paper, section 3.1); the text of NeurIPS and ICLR: 5.5 wide (NeurIPS 2025, formatting instructions, section 2).
WIDTHS = {"column": 3.25, "text": 5.5, "page": 6.75}
SCREEN = 7.0  # of figures that are for no page
PANEL = 3.5  # of a panel alone that is for no page
TALLEST = 9.0  # the text's height in both
NARROWEST, WIDEST = 2.5, 20.0

_of_this_figure: ContextVar[float] = ContextVar("width", default=SCREEN)


def inches_of(width: str | float) -> float:
    """Of a name in WIDTHS, or a number of inches. Raises ResultError.

    >>> inches_of("column"), inches_of("6.5")
    (3.25, 6.5)
    """
    if width in WIDTHS:
        return WIDTHS[width]
    try:
        inches = float(width)
    except ValueError:
        inches = 0.0
    if not NARROWEST <= inches <= WIDEST:
        names = ", ".join(f"{name} ({inches:g} in)" for name, inches in WIDTHS.items())
        raise ResultError(f"--width: {width}: expected {names}, or inches from {NARROWEST:g} to {WIDEST:g}")
    return inches


def page_width() -> float:
    """Inches of the figure that is being drawn."""
    return _of_this_figure.get()


def beside(labels: float) -> float:
    """Inches that a panel as wide as the page has beside labels of these inches."""
    return max(page_width() - labels, 0.5)


@contextmanager
def page_of(inches: float) -> Iterator[None]:
    """What is drawn within is that wide."""
    token = _of_this_figure.set(inches)
    try:
        yield
    finally:
        _of_this_figure.reset(token)
