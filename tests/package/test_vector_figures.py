"""Vector figures go into a paper as they are: a PDF holds its fonts as TrueType and none as drawings (Type 3), an SVG needs no font; the
page is as wide as was asked for."""

from __future__ import annotations

import re
import zlib
from pathlib import Path
from xml.etree import ElementTree

import pytest
from matplotlib import rcdefaults

import sinkscope
from sinkscope import ROOT, ResultError
from sinkscope.figures.parts.widths import WIDTHS
from sinkscope.plotting import main

SCAN = ROOT / "results/smollm2-135m/scan.json"
SWEEP = ROOT / "results/smollm2-135m/vocab-sweep.json"  # with pieces that DejaVu Sans lacks


def objects(pdf: bytes) -> list[bytes]:
    """Dictionaries, those within compressed object streams too."""
    found = re.findall(rb"\d+ 0 obj\s(.*?)endobj", pdf, re.DOTALL)
    packed = [one for one in found if b"/ObjStm" in one]
    return found + [zlib.decompress(re.search(rb"stream\r?\n(.*)\r?\nendstream", one, re.DOTALL)[1]) for one in packed]


def check_fonts(path: Path) -> None:
    found = objects(path.read_bytes())
    assert not any(b"/Type3" in one for one in found)
    descriptors = [one for one in found if re.search(rb"/Type /FontDescriptor", one)]
    programs = [one for one in descriptors if b"/FontFile2" in one]
    assert descriptors and len(programs) == len(descriptors)
    fonts = [one for one in found if re.search(rb"/Subtype /(TrueType|CIDFontType2|Type1)\b", one)]
    assert fonts and all(b"/FontDescriptor" in one for one in fonts)


@pytest.mark.parametrize("words", [[SCAN], [SCAN, "--width", "text"], [SWEEP]], ids=["whole", "for a page", "many characters"])
def test_a_pdf_has_all_of_its_fonts(words: list, tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    main([*map(str, words), "-o", str(path)])
    check_fonts(path)


def test_a_figure_saved_under_another_style_has_them_too(tmp_path: Path) -> None:
    figure = sinkscope.plot(sinkscope.load(SCAN), panel="by_layer")
    rcdefaults()  # pdf.fonttype 3
    figure.savefig(tmp_path / "theirs.pdf")
    with pytest.raises(AssertionError):
        check_fonts(tmp_path / "theirs.pdf")
    sinkscope.save(figure, tmp_path / "ours.pdf")
    check_fonts(tmp_path / "ours.pdf")


def test_an_svg_draws_its_letters(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    main([str(SCAN), "-o", str(path)])
    names = {element.tag.split("}")[1] for element in ElementTree.parse(path).iter()}
    assert "text" not in names and "path" in names


@pytest.mark.parametrize(("width", "inches"), [*WIDTHS.items(), ("4.5", 4.5)])
def test_the_page_is_as_wide_as_was_asked_for(width: str, inches: float, tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    main([str(SCAN), "--panel", "by_layer", "--width", width, "-o", str(path)])
    box = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+) ", path.read_bytes())
    assert float(box[1]) == pytest.approx(72 * inches)


@pytest.mark.parametrize(("words", "said"), [
    (["--width", "wide"], "--width: wide: expected column (3.25 in), text (5.5 in), page (6.75 in), or inches from 2.5 to 20"),
    (["--width", "1"], "--width: 1: expected column"),
    (["--width", "nan"], "--width: nan: expected column"),
    (["--panel", "heads"], "there is no panel heads; the figure of scan has the panels by_layer_head, by_layer"),
    (["--panel", "by_layer,"], "there is no panel ;"),
    (["--width", "column"], "cannot be read in 3.25 inches: it would be"),
])  # fmt: skip
def test_what_no_page_has_room_for_is_refused(words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as ended:
        main([str(SCAN), *words, "-o", str(tmp_path / "a.pdf")])
    error = capsys.readouterr().err
    assert ended.value.code == 2 and said in error and len(error.splitlines()) == 1
    assert not (tmp_path / "a.pdf").exists()


def test_a_refusal_says_what_would_help() -> None:
    with pytest.raises(ResultError, match="--panel draws some of by_layer_head, .*; --width text has 5.5; --width page has 6.75"):
        sinkscope.plot(sinkscope.load(SCAN), width="column")


def test_a_bare_figure_says_its_words_instead(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    main([str(SCAN), "--bare", "-o", str(tmp_path / "a.png")])
    title, *note = capsys.readouterr().out.splitlines()
    assert title == "Attention to the first token — smollm2-135m"
    assert note[0].startswith("mean_attention: queries") and note[-1].endswith("float32")
