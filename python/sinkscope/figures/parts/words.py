"""Words that come from users in a figure: taken as they are, in whatever installed font has their characters."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache

import matplotlib
from matplotlib import font_manager
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text
from matplotlib.ticker import FixedFormatter, FuncFormatter

from sinkscope.figures.parts.colours import NOTE

# Where several installed fonts have a character, the first of these; then those without serifs, by name.
PREFERRED = ("Noto Sans CJK JP", "Noto Sans CJK SC", "Noto Sans", "Noto Sans Arabic", "Noto Sans Devanagari", "Noto Emoji")
INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # controls, format characters, lone surrogates, separators of lines


def escape(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def plain(text: str) -> str:
    """A name with what nobody would see of it escaped."""
    return "".join(escape(c) if unicodedata.category(c) in INVISIBLE else c for c in text)


def font_of(family: str) -> FT2Font | None:
    try:
        return font_manager.get_font(font_manager.findfont(family, fallback_to_default=False))
    except (ValueError, RuntimeError, OSError):  # not installed; made of bitmaps; broken
        return None


def draws(font: FT2Font, character: str) -> bool:
    """Whether its glyph is an outline: fonts of coloured pictures have empty ones."""
    if ord(character) not in font.get_charmap():
        return False
    try:
        font.set_size(12, 72)
        glyph = font.load_char(ord(character))
    except RuntimeError:
        return False
    return character.isspace() or (glyph.width > 0 and glyph.height > 0)


def rank(family: str) -> tuple:
    place = PREFERRED.index(family) if family in PREFERRED else len(PREFERRED)
    return place, "Sans" not in family, family


@cache
def families() -> tuple[str, ...]:
    """Of all installed fonts, those too that were installed after matplotlib listed them."""
    listed = {entry.fname for entry in font_manager.fontManager.ttflist}
    for path in sorted(set(font_manager.findSystemFonts()) - listed):
        try:
            font_manager.fontManager.addfont(path)
        except (RuntimeError, OSError, KeyError, ValueError):  # no font that can be read
            continue
    names = {entry.name for entry in font_manager.fontManager.ttflist}
    return tuple(sorted((name for name in names if not name.startswith(".") and "Last Resort" not in name), key=rank))


@cache
def family_with(character: str) -> str | None:
    """The style's own where it can, else the first other; nothing where no installed font has the character."""
    for family in (*matplotlib.rcParams["font.family"], *families()):
        font = font_of(family)
        if font is not None and draws(font, character):
            return family
    return None


@cache
def in_style(character: str) -> bool:
    """Whether the style's own fonts draw it; most texts need no look at others."""
    fonts = [font_of(family) for family in matplotlib.rcParams["font.family"]]
    return any(font is not None and draws(font, character) for font in fonts)


def beyond_style(text: str) -> list[str]:
    return [c for c in dict.fromkeys(text) if c != "\n" and not in_style(c)]


def readable(text: str) -> str:
    """With the escapes of what no installed font has."""
    for character in beyond_style(text):
        if family_with(character) is None:
            text = text.replace(character, escape(character))
    return text


def fallbacks(text: str) -> list[str]:
    """Families beside the style's own that a text needs."""
    found = (family_with(character) for character in beyond_style(text))
    return [family for family in dict.fromkeys(found) if family is not None]


def worded_axes(panels: list[Axes]) -> Iterator[Axis]:
    """Axes whose ticks have names; others' formatters write mathtext of their own."""
    for panel in panels:
        for axis in (panel.xaxis, panel.yaxis):
            if isinstance(axis.get_major_formatter(), (FixedFormatter, FuncFormatter)):
                yield axis


def settle(texts: Iterable[Artist], said: dict[str, None]) -> None:
    for text in texts:
        words = text.get_text()
        text.set_parse_math(False)
        if needed := fallbacks(words):
            text.set_family([*matplotlib.rcParams["font.family"], *needed])
            said.update(dict.fromkeys(needed))
        if readable(words) != words:
            text.set_text(readable(words))
            said[""] = None


def settle_words(figure: Figure) -> None:
    """Makes every text of a figure mean what it says: no $ begins mathematics, a character comes from the first installed
    font that has it, and is its escape where none does. The caption names those fonts."""
    add_to_caption(figure, settle_within(figure, figure.axes))


def settle_within(drawn: Artist, panels: list[Axes]) -> dict[str, None]:
    """The same for the texts of a figure or of one of its panels; returns the families that were needed."""
    said: dict[str, None] = {}
    ticks = set()
    for axis in (one for panel in panels for one in (panel.xaxis, panel.yaxis)):
        ticks.update(axis.get_ticklabels(which="both"))
    for axis in worded_axes(panels):
        formatter = axis.get_major_formatter()
        names = [label.get_text() for label in axis.get_majorticklabels()]
        settle(axis.get_majorticklabels(), said)
        if any(readable(name) != name for name in names):
            axis.set_major_formatter(FuncFormatter(lambda x, at, own=formatter: readable(own(x, at))))
    settle((text for text in drawn.findobj(Text) if text not in ticks), said)
    return said


def add_to_caption(figure: Figure, said: dict[str, None]) -> None:
    others = [family for family in said if family]
    notes = [f"characters beyond {matplotlib.rcParams['font.family'][0]} in {', '.join(others)}"] if others else []
    if "" in said:
        notes.append(r"\u…: no installed font has the character")
    caption = figure.get_supxlabel()
    if notes and notes[-1] not in caption:
        figure.supxlabel("\n".join([caption, "; ".join(notes)]), fontsize=6.5, color=NOTE).set_parse_math(False)
