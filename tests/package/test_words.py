"""Words of users in figures: what a notebook's environment, names with signs of TeX, and scripts that the style's font lacks do
to them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import matplotlib
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.text import Text

from sinkscope import ROOT
from sinkscope.figures.parts import words
from sinkscope.figures.parts.style import caption, new, save, settle, shown, title
from sinkscope.results import Result, read

RECORD = ROOT / "models/demo/emergence.json"
SIGNS = r"50%_of$a_1$ \frac{1}{2} \$5 $"
LACKED = "中क🦙"  # none of which DejaVu Sans has
NOBODYS = "\U00010840"  # Imperial Aramaic


@pytest.mark.parametrize("backend", ["module://matplotlib_inline.backend_inline", "no-such", "TkAgg", ""])
def test_a_figure_needs_neither_the_backend_that_is_named_nor_a_display(backend: str, tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")}
    done = subprocess.run([sys.executable, ROOT / "scripts/plot.py", RECORD, "-o", tmp_path / "a.png"], capture_output=True, text=True,
                          env=environment | {"MPLBACKEND": backend})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def named(name: str) -> Result:
    result = read(RECORD)
    result.document["model"]["name"] = name
    return result


def words_of(figure: Figure, path: Path) -> list[str]:
    """The texts of a figure's SVG that were drawn as text, which mathematics is not."""
    settle(figure)
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        figure.savefig(path)
    found = re.findall(r"<text[^>]*>([^<]*)</text>", path.read_text(encoding="utf-8"))
    return [text.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">") for text in found]


def figure_of(name: str, piece: str) -> Figure:
    figure, axes = new(1, 2)
    title(figure, named(name), "A title")
    caption(figure, named(name), f"a caption of {name}")
    axes[0][0].set(xlabel=name, ylabel=name)
    axes[0][0].plot([0, 1], label=name)
    axes[0][0].legend()
    axes[0][0].set_yticks([0, 1], [name, shown(piece, 7)])
    axes[0][1].text(0.5, 0.5, name)
    axes[0][1].set(xscale="log", xlim=(1, 1000))
    return figure


def test_signs_of_tex_are_themselves(tmp_path: Path) -> None:
    found = words_of(figure_of(SIGNS, "$x$"), tmp_path / "a.svg")
    assert found.count(SIGNS) == 5  # two axes' labels, a legend, a tick, a text
    assert {f"A title — {SIGNS}", f"a caption of {SIGNS}", "$x$"} <= set(found)
    assert "mathdefault" not in "".join(found)  # the powers of ten on the other axis are still mathematics


@pytest.fixture
def font(tmp_path: Path) -> Iterator[str]:
    """An installed font of squares that has what DejaVu Sans lacks."""
    pen = TTGlyphPen(None)
    for x, y in ((100, 0), (100, 700), (800, 700), (800, 0)):
        (pen.lineTo if (x, y) != (100, 0) else pen.moveTo)((x, y))
    pen.closePath()
    square = pen.glyph()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "square"])
    builder.setupCharacterMap({ord(c): "square" for c in LACKED})
    builder.setupGlyf({".notdef": square, "square": square})
    builder.setupHorizontalMetrics({".notdef": (900, 100), "square": (900, 100)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Squares", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(tmp_path / "squares.ttf")
    font_manager.fontManager.addfont(tmp_path / "squares.ttf")
    for function in (words.families, words.family_with, words.in_style):
        function.cache_clear()
    yield "Squares"
    font_manager.fontManager.ttflist = [entry for entry in font_manager.fontManager.ttflist if entry.name != "Squares"]
    for function in (words.families, words.family_with, words.in_style):
        function.cache_clear()


def test_a_character_is_shown_where_an_installed_font_has_it(font: str, tmp_path: Path) -> None:
    figure = figure_of(LACKED, LACKED)
    found = words_of(figure, tmp_path / "a.svg")
    assert found.count(LACKED) == 6
    assert any("characters beyond DejaVu Sans in" in text for text in found)
    families = [text.get_family() for text in figure.findobj(Text) if text.get_text() == LACKED]
    assert families
    assert all(len(family) > 1 and family[0] == "DejaVu Sans" for family in families)


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_a_figure_in_two_fonts_is_drawn_the_same_twice(font: str, suffix: str, tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    for name in "ab":
        save(figure_of(LACKED, NOBODYS), tmp_path / f"{name}.{suffix}")
    assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()
    assert [str(one.message) for one in recwarn if "Glyph" in str(one.message)] == []


def test_a_character_is_its_escape_where_no_font_has_it(tmp_path: Path) -> None:
    if words.family_with(NOBODYS) is not None:
        pytest.skip(f"{words.family_with(NOBODYS)} has even U+{ord(NOBODYS):x}")
    found = words_of(figure_of(f"a{NOBODYS}", NOBODYS), tmp_path / "a.svg")
    assert found.count(r"a\U00010840") == 5
    assert r"\U00010840" in found
    assert any(text.endswith(r"\u…: no installed font has the character") for text in found)


@pytest.mark.parametrize(("piece", "label"), [
    ("a\nb\t", r"a\u000ab\u0009"), ("\u200d", r"\u200d"), (None, "id 7"), ("x" * 20, "x" * 13 + "…")])
def test_what_nobody_would_see_is_escaped(piece: str | None, label: str) -> None:
    assert shown(piece, 7) == label


def test_results_with_such_names_are_drawn_by_the_command(tmp_path: Path) -> None:
    path = tmp_path / "a$_%.json"
    path.write_text(json.dumps(named(f"{SIGNS}{LACKED}{NOBODYS}").document), encoding="utf-8")
    done = subprocess.run([sys.executable, ROOT / "scripts/plot.py", path, "-o", tmp_path / "b$_%.png"], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
