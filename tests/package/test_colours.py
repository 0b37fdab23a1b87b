"""A colour means the same in every figure and in the HTML report, and comes from one table."""

from __future__ import annotations

import re
from collections.abc import Iterator

import matplotlib
import pytest
from matplotlib.colors import to_hex, to_rgba
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.figure import Figure

from sinkscope import ROOT
from sinkscope.figures import draw, names
from sinkscope.figures.parts import colours
from sinkscope.figures.parts.colours import OPERATIONS, PARTS, SERIES, TOKENS, colour_of, shades, token_colours
from sinkscope.figures.parts.lines import FAMILY
from sinkscope.figures.parts.style import STYLE, use_style
from sinkscope.report.experiments import figures_of
from sinkscope.report.kinds.figure import INK, MUTED
from sinkscope.report.reading import loaded
from support.figure_cases import result_of

PYTHON = ROOT / "python/sinkscope"
DRAWS = [path for folder in ("figures", "report") for path in PYTHON.glob(f"{folder}/**/*.py") if path.name != "colours.py"]
OF_A_TOKEN = re.compile(r"(?:attention )?(?:to )?token (\d+)\b")  # begins the names of what is a token's

BY_MASKED_TOKEN = ("self_mask", "to token 0")  # there a colour says which token is masked


def of_legends(figure: Figure) -> Iterator[tuple[str, str]]:
    """(text, colour)... of everything that has a name."""
    for axes in figure.axes:
        for symbol, label in zip(*axes.get_legend_handles_labels()):
            yield label, to_hex(colour_in(symbol))
        legend = axes.get_legend()
        for symbol, text in zip(legend.legend_handles, legend.get_texts()) if legend else ():
            if hasattr(symbol, "get_color") and not hasattr(symbol, "get_paths"):
                yield text.get_text(), to_hex(symbol.get_color())


def colour_in(symbol) -> tuple:
    if isinstance(symbol, ErrorbarContainer):
        return to_rgba(symbol.lines[0].get_color())
    if isinstance(symbol, BarContainer):
        return symbol.patches[0].get_facecolor()
    for name in ("get_color", "get_facecolor"):
        if hasattr(symbol, name):
            found = getattr(symbol, name)()
            return found if isinstance(found, str) or len(found) != 1 else found[0]
    raise TypeError(f"{symbol}: no colour is known of it")


def of_page(name: str) -> Iterator[tuple[str, str]]:
    """The same of the report's figures."""
    for figure in figures_of(loaded(result_of(name))):
        for traces in getattr(figure, "options", {}).values():
            for trace in traces:
                colour = trace.get("line", {}).get("color") or trace.get("marker", {}).get("color")
                if "name" in trace and isinstance(colour, str):
                    yield trace["name"], to_hex(colour)


@pytest.mark.parametrize("name", names())
def test_the_report_and_the_figure_agree(name: str) -> None:
    figure, page = dict(of_legends(draw(result_of(name)))), dict(of_page(name))
    assert {text: page[text] for text in page if text in figure} == {text: figure[text] for text in page if text in figure}


@pytest.mark.parametrize("name", names())
def test_a_token_has_its_colour_everywhere(name: str) -> None:
    result = result_of(name)
    for text, colour in [*of_legends(draw(result)), *of_page(name)]:
        found = OF_A_TOKEN.match(text)
        if found and int(found[1]) in TOKENS and (name, text[:10]) != BY_MASKED_TOKEN:
            assert colour == TOKENS[int(found[1])].lower(), text


@pytest.mark.parametrize("path", DRAWS, ids=lambda path: str(path.relative_to(PYTHON)))
def test_no_module_has_colours_of_its_own(path) -> None:
    text = path.read_text()
    assert not re.findall(r"#[0-9A-Fa-f]{6}\b", text) or path.name == "identify.py" and path.parent.name == "experiments"
    assert not re.findall(r"SERIES\[\d\]", text) or path.name == "emergence.py"
    assert not re.findall(r"""["'](?:C\d|tab:\w+|red|green|blue|orange|purple)["']""", text)


def test_what_stands_together_differs() -> None:
    for together in (SERIES, TOKENS.values(), OPERATIONS.values(), PARTS.values(), [colours.UNEDITED, colours.SELF_ONLY],
                     [colours.FIRST, colours.WITHOUT_MASSIVE], [colours.FIRST, *OPERATIONS.values()], [colours.FIRST, *PARTS.values()],
                     list(token_colours([0, 1, 2, 4, 8, 33]).values()), shades(6)):
        assert len(set(together)) == len(list(together))


def test_other_tokens_keep_away_from_those_beside_them() -> None:
    assert token_colours([0, 8])[8] == token_colours([0, 1, 4, 8])[8] == colour_of(8)
    assert len(set(token_colours(range(6)).values())) == 6


def test_the_style_file_has_the_table_s_colours_and_font() -> None:
    with matplotlib.rc_context():
        use_style()
        cycle = matplotlib.rcParams["axes.prop_cycle"].by_key()["color"]
        assert [f"#{colour.removeprefix('#')}" for colour in cycle] == SERIES
        assert matplotlib.rcParams["image.cmap"] == colours.SEQUENTIAL
        assert matplotlib.rcParams["font.family"] == [FAMILY]


def test_a_researcher_s_own_figure_takes_the_style() -> None:
    import matplotlib.style

    with matplotlib.style.context("sinkscope.figures.sinkscope"):
        assert matplotlib.rcParams["pdf.fonttype"] == 42 and matplotlib.rcParams["font.size"] == 8
    assert STYLE.exists()


def test_the_page_s_script_knows_ink_and_muted() -> None:
    script = (PYTHON / "report/assets/theme.js").read_text()
    assert f'INK = "{INK}", MUTED = "{MUTED}"' in script
