"""The report in a real browser: it draws, answers to pointer and keyboard, asks nothing of a network, and shows words as words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

import sinkscope
from sinkscope import ROOT, load
from sinkscope.figures.parts.words import plain
from support import hostile
from support.browser import Page, start
from support.program import QUIET, Program

SMOLLM2, QWEN = ROOT / "results/smollm2-135m", ROOT / "results/qwen2.5-coder-0.5b"
PHONE = 375  # pixels
CONTRAST = 4.5  # WCAG 2 AA, of text


@pytest.fixture(scope="module")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module")
def page(downloads: Path) -> Iterator[Page]:
    browser = start(downloads)
    yield Page(browser)
    browser.quit()


@pytest.fixture(scope="module")
def report(page: Page, program: Program, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of most kinds of figure, with the text's own tokens."""
    folder = tmp_path_factory.mktemp("report")
    columns = folder / "attention.safetensors"
    program.output("activations", "--model", "models/demo", "--text", "models/demo/text.txt", "--samples", 2, "--length", 24,
                   "--columns", 0, "--out", columns, *QUIET)
    results = [SMOLLM2 / f"{name}.json" for name in ("scan", "rope-swap", "identify", "mlp-probe", "first-token", "path-split.layer-23")]
    return sinkscope.report([*results, columns], folder / "report.html")


def test_it_draws_all_without_an_error_or_a_request(page: Page, report: Path) -> None:
    page.open(report)
    page.draw_all()
    assert page.errors() == []
    assert page.js("return performance.getEntriesByType('resource').map((one) => one.name)") == []
    assert page.js("return document.querySelectorAll('.svg:disabled').length") == 0


def test_the_pointer_shows_layer_value_and_interval(page: Page, report: Path) -> None:
    page.open(report)
    holder = page.drawn("by-layer")
    layer = 23
    point(page, holder, 0, layer)
    text = page.until(lambda: hover(page, holder), "the hover")
    attention = load(SMOLLM2 / "scan.json").results["sink"][0]["mean_attention"]
    mean, half = attention["by_layer"][layer], attention["by_layer_ci95"][layer]
    assert f"layer {layer}" in text and "token 0" in text and f"{mean:.4g}" in text
    assert f"95 % interval {mean - half:.4g} to {mean + half:.4g}" in text


def test_the_pointer_shows_the_head(page: Page, report: Path) -> None:
    page.open(report)
    holder = page.drawn("by-head")
    place = page.js("const box = arguments[0].querySelector('.nsewdrag').getBoundingClientRect();"
                    "return [box.x + box.width / 60, box.y + box.height / 18]", holder)  # layer 0 of 30, the uppermost of 9 heads
    move(page, *place)
    text = page.until(lambda: hover(page, holder), "the hover")
    value = load(SMOLLM2 / "scan.json").results["sink"][0]["mean_attention"]["by_layer_head"][0][8]
    assert "layer 0" in text and "head 8" in text and f"{value:.4g}" in text and "95 % interval" in text


def point(page: Page, holder, trace: int, at: int) -> None:
    """The pointer goes to a point of a curve."""
    place = page.js("""const plot = arguments[0].querySelector('.drawing'), trace = plot.data[arguments[1]];
        const box = plot.querySelector('.nsewdrag').getBoundingClientRect(), {xaxis, yaxis} = plot._fullLayout;
        return [box.x + xaxis.d2p(trace.x[arguments[2]]), box.y + yaxis.d2p(trace.y[arguments[2]])]""", holder, trace, at)
    move(page, *place)


def move(page: Page, x: float, y: float) -> None:
    for step in (3, 0):  # it arrives from beside
        page.browser.execute_cdp_cmd("Input.dispatchMouseEvent", {"type": "mouseMoved", "x": x + step, "y": y})


def hover(page: Page, holder) -> str:
    """Its lines with a space between them."""
    lines = page.js("return [...arguments[0].querySelectorAll('.hovertext tspan.line')].map((one) => one.textContent)", holder)
    return " ".join(lines)


def test_the_legend_takes_a_condition_away_and_brings_it_back(page: Page, report: Path) -> None:
    page.open(report)
    holder = page.drawn("by-layer")
    visible = "return arguments[0].querySelectorAll('.scatterlayer .trace').length"
    button = page.js("return arguments[0].querySelector('.legend button')", holder)
    before = page.js(visible, holder)
    assert page.js("return [arguments[0].getAttribute('aria-pressed'), arguments[0].textContent]", button) == ["true", "token 0"]
    button.send_keys(" ")  # by the keyboard
    page.until(lambda: page.js(visible, holder) == before - 1, "the curve to go")
    assert page.js("return arguments[0].getAttribute('aria-pressed')", button) == "false"
    button.click()
    page.until(lambda: page.js(visible, holder) == before, "the curve to come back")


def test_zoom_and_back(page: Page, report: Path) -> None:
    page.open(report)
    holder = page.drawn("by-layer")
    span = "const [low, high] = arguments[0].querySelector('.drawing')._fullLayout.xaxis.range; return high - low"
    buttons = {one.text: one for one in holder.find_elements("css selector", ".buttons button")}
    before = page.js(span, holder)
    buttons["Zoom in"].click()
    page.until(lambda: page.js(span, holder) == pytest.approx(before / 2), "half the range")
    buttons["Reset zoom"].click()
    page.until(lambda: page.js(span, holder) == pytest.approx(before), "the whole range")


def test_sliders_move_the_token_strip(page: Page, report: Path) -> None:
    """Values by the keyboard as by the pointer, and the words of the text."""
    page.open(report)
    holder = page.js("const all = document.querySelectorAll('figure[data-key=strip]'); return all[all.length - 1]")
    page.js("arguments[0].scrollIntoView()", holder)
    page.until(lambda: page.js("return arguments[0].querySelector('.strip li')", holder), "the strip")
    figure = json.loads(page.js("return arguments[0].querySelector('script').textContent", holder))
    assert page.js("return [...arguments[0].querySelectorAll('.strip li')].map((one) => one.textContent)", holder) == figure["tokens"][0]
    sliders = dict(zip((one["name"] for one in figure["sliders"]), holder.find_elements("css selector", ".slider input")))
    colours = "return [...arguments[0].querySelectorAll('.strip li')].map((one) => one.style.backgroundColor)"
    before = page.js(colours, holder)
    sliders["layer"].send_keys("\ue011")  # Home
    sliders["head"].send_keys("\ue011")
    page.until(lambda: page.js(colours, holder) != before, "other colours")
    page.js("arguments[0].querySelector('.strip').focus()", holder)
    page.browser.switch_to.active_element.send_keys("\ue014" * 3)  # to the right
    said = page.js("return arguments[0].querySelector('[role=status]').textContent", holder)
    token, value = figure["tokens"][0][3], figure["values"][0][0][0][3]
    assert said == f"sample 0, layer 0, head 0: token 3, “{token}”: attention to token 0 {value:.4f}"


@pytest.mark.parametrize(("key", "title"), [("by-layer", "Mean attention by layer"), ("by-head", "Mean attention by layer and head"),
                                            ("strip", "What each place pays to token 0; condition baseline")])
def test_a_figure_is_saved_as_svg(page: Page, report: Path, downloads: Path, key: str, title: str) -> None:
    for old in downloads.iterdir():
        old.unlink()
    page.open(report)
    holder = page.drawn(key)
    page.js("arguments[0].querySelector('.svg').click()", holder)
    path = page.until(lambda: next((one for one in downloads.glob("*.svg") if one.stat().st_size), None), "the file")
    drawn = ElementTree.parse(path).getroot()
    assert drawn.tag == "{http://www.w3.org/2000/svg}svg" and path.name.startswith("smollm2-135m-")
    assert title in " ".join(drawn.itertext())
    assert len(list(drawn.iter())) > 40


def test_tables_are_sorted_and_copied(page: Page, report: Path) -> None:
    page.open(report)
    holder = page.drawn("by-layer")
    page.js("arguments[0].querySelector('.numbers').open = true", holder)
    column = "return [...arguments[0].querySelectorAll('.numbers tbody tr')].map((row) => Number(row.cells[2].textContent))"
    page.until(lambda: page.js(column, holder), "the table")
    head = page.js("return arguments[0].querySelectorAll('.numbers th button')[2]", holder)
    page.js("arguments[0].click(); arguments[0].click()", head)
    values = page.js(column, holder)
    assert values == sorted(values, reverse=True) and len(values) == 4 * 30
    assert page.js("return arguments[0].closest('th').getAttribute('aria-sort')", head) == "descending"
    page.browser.execute_cdp_cmd("Browser.grantPermissions", {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]})
    page.js("arguments[0].querySelector('.copy-table').click()", holder)
    copied = page.until(lambda: page.browser.execute_async_script(
        "const done = arguments[0]; navigator.clipboard.readText().then(done, () => done(''))"), "the clipboard")
    assert copied.splitlines()[0].split("\t")[:2] == ["series", "layer"]


def test_a_choice_moves_both_results(page: Page, tmp_path: Path) -> None:
    page.open(sinkscope.report([SMOLLM2 / "scan.json", QWEN / "scan.json"], tmp_path / "two.html"))
    first, second = page.drawn("norms"), page.drawn("norms", 1)
    tops = page.js("return [...arguments].map((one) => one.getBoundingClientRect()).map((box) => [box.top, box.left])", first, second)
    assert tops[0][0] == tops[1][0] and tops[0][1] < tops[1][1]  # beside each other
    page.js("const choice = arguments[0].querySelector('.choice'); choice.value = 2; choice.dispatchEvent(new Event('change'))", first)
    assert page.js("return arguments[0].querySelector('.choice').value", second) == "2"
    ranges = "return [...arguments].map((one) => one.querySelector('.drawing')._fullLayout.yaxis.range)"
    assert page.js(ranges, first, second)[0] == page.js(ranges, first, second)[1]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_phone_needs_no_sideways_scrolling(page: Page, report: Path, dark: bool) -> None:
    page.open(report, width=PHONE, dark=dark)
    page.draw_all()
    page.js("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert page.js("return [document.documentElement.scrollWidth, innerWidth]") == [PHONE, PHONE]
    assert page.errors() == []


def test_the_theme_is_the_system_s_or_the_reader_s(page: Page, report: Path) -> None:
    paper = "return getComputedStyle(document.body).backgroundColor"
    ink = "return document.querySelector('figure[data-key=by-layer] .xtitle').style.fill"
    page.open(report, dark=True)
    page.drawn("by-layer")
    assert page.js(paper) == "rgb(22, 25, 29)" and page.js(ink) == "rgb(230, 232, 235)"
    page.js("const choice = document.getElementById('theme'); choice.value = 'light'; choice.dispatchEvent(new Event('change'))")
    assert page.js(paper) == "rgb(255, 255, 255)"
    page.until(lambda: page.js(ink) == "rgb(27, 31, 36)", "the figure to follow")
    page.js("localStorage.clear()")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_words_can_be_read(page: Page, report: Path, dark: bool) -> None:
    """Contrast of every text with what lies behind it."""
    page.open(report, dark=dark)
    page.draw_all()
    found = page.js("""const seen = {};
        const behind = (one) => {
          for (; one; one = one.parentElement) {
            const colour = getComputedStyle(one).backgroundColor;
            if (!colour.endsWith(', 0)')) return colour;
          }
        };
        const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (walk.nextNode()) {
          const one = walk.currentNode.parentElement;
          if (!walk.currentNode.textContent.trim() || one.closest('script, style, svg, [disabled]') || !one.checkVisibility()) continue;
          seen[[getComputedStyle(one).color, behind(one)].join(';')] = walk.currentNode.textContent.trim().slice(0, 40);
        }
        for (const one of document.querySelectorAll('.main-svg .xtick text, .main-svg .xtitle'))
          seen[[getComputedStyle(one).fill, behind(one)].join(';')] = one.textContent;
        return seen""")
    assert len(found) > 6
    for pair, text in found.items():
        assert contrast(*pair.split(";")) >= CONTRAST, (pair, text)


def test_curves_can_be_seen_in_the_dark(page: Page, report: Path) -> None:
    page.open(report, dark=True)
    page.draw_all()
    seen = page.js("return [...document.querySelectorAll('.swatch')].map((one) => getComputedStyle(one).borderTopColor)")
    assert len(set(seen)) > 6
    assert all(contrast(colour, "rgb(22, 25, 29)") >= 3 for colour in seen), sorted(set(seen))


def contrast(one: str, other: str) -> float:
    """WCAG 2's ratio of relative luminances.

    >>> contrast("rgb(0, 0, 0)", "rgb(255, 255, 255)")
    21.0
    """
    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    shares = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    return sum(weight * (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4)
               for weight, one in zip((0.2126, 0.7152, 0.0722), shares))


def test_the_keyboard_reaches_what_the_pointer_does(page: Page, report: Path) -> None:
    """In the order of the page; every control has a name."""
    page.open(report)
    page.drawn("by-layer")
    reached = []
    for _ in range(40):
        page.browser.switch_to.active_element.send_keys("\ue004")  # Tab
        reached.append(page.js("const one = document.activeElement; return [one.tagName, (one.ariaLabel ?? one.labels?.[0]?.textContent"
                               " ?? one.textContent).trim(), one.getBoundingClientRect().top + scrollY]"))
    assert reached[0][:2] == ["A", "Skip to the findings"] and reached[1][0] == "SELECT" and "Theme" in reached[1][1]
    assert all(name for _, name, _ in reached)
    names = [name for _, name, _ in reached]
    assert "token 0" in names and any(name.startswith("Download SVG of Mean attention by layer") for name in names)
    tops = [top for tag, _, top in reached[2:] if tag != "BODY"]
    assert all(below >= above - 80 for above, below in zip(tops, tops[1:]))  # down the page, rows of buttons apart


def test_hostile_words_are_shown_as_they_are(page: Page, tmp_path: Path) -> None:
    page.open(sinkscope.report(hostile.write_all(tmp_path), tmp_path / "report.html"))
    page.draw_all()
    assert page.errors() == []
    assert page.js("return document.title").startswith(f"sinkscope: {hostile.NAME}")
    made = "body img, body b, figure i, a[href^=javascript], svg a, [onload], [onerror]"
    assert page.js("return document.querySelectorAll(arguments[0]).length", made) == 0
    assert page.js("return document.querySelector('h1').textContent") == hostile.NAME
    assert hostile.WARNING in page.js("return document.body.innerText")

    swapped = page.drawn("by-layer", 1)
    legend = page.js("return [...arguments[0].querySelectorAll('.legend button')].map((one) => one.textContent)", swapped)
    assert hostile.CONDITION in legend
    point(page, swapped, legend.index(hostile.CONDITION), 20)
    assert hostile.CONDITION in page.until(lambda: hover(page, swapped), "the hover")

    swept = page.drawn("singles")
    point(page, swept, 0, 0)
    assert hostile.TRIAL in page.until(lambda: hover(page, swept), "the hover")

    norms = page.drawn("norms")
    assert any(plain(hostile.PIECE) in text for text in page.js(
        "return [...document.querySelectorAll('figure[data-key=norms] .legend button')].map((one) => one.textContent)"))
    assert page.js("return arguments[0].querySelectorAll('.drawing a').length", norms) == 0
