"""Texts of several lines that fill their room evenly, by the width that they are drawn at."""

from __future__ import annotations

import textwrap
from functools import cache

from matplotlib import font_manager

FAMILY = "DejaVu Sans"  # of the style
POINTS = 72  # of an inch
LINE = 1.2  # of a font's size: from one line to the next
FINE = 1200  # dots an inch, so that hinting rounds nothing


@cache
def inches(text: str, size: float) -> float:
    """Width of one line in the style's font, which nearly all of it is in."""
    font = font_manager.get_font(font_manager.findfont(FAMILY))
    font.set_size(size, FINE)
    known = font.get_charmap()
    font.set_text("".join(one if ord(one) in known else "—" for one in text))  # another font's are about as wide
    return font.get_width_height()[0] / 64 / FINE


def wrapped(text: str, room: float, size: float) -> list[str]:
    """As few lines as have place in `room` inches, all about as long; a no-break space keeps words together."""
    most = min(len(text) + 1, int(4 * room * POINTS / size))  # a character is wider than a quarter of its height
    while most > 10 and any(inches(line, size) > room for line in cut(text, most)):
        most -= 1
    lines = cut(text, most)
    while most > 10 and len(cut(text, most - 1)) == len(lines):
        most -= 1
    return cut(text, most)


def kept(formula: str) -> str:
    """A formula on one line, wherever it comes to stand."""
    return formula.replace(" ", "\u00a0")


def cut(text: str, characters: int) -> list[str]:
    return textwrap.wrap(text, characters, break_on_hyphens=False)
