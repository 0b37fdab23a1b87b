"""Every figure of a committed result can be read, and those of deep models' sites: no text leaves it or lies over another, no
legend lies over a curve."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sinkscope import ROOT
from sinkscope.figures import module_of, names
from sinkscope.figures.parts.legible import faults, sizes
from sinkscope.figures.parts.lines import inches, wrapped
from sinkscope.figures.parts.paged import SMALLEST, of_panels, panels_of, whole
from sinkscope.figures.parts.style import new
from sinkscope.figures.parts.widths import PANEL, SCREEN, TALLEST, WIDTHS
from sinkscope.results import ResultError, read
from support.deep_results import DEEP
from support.figure_cases import result_of

RESULTS = sorted([*ROOT.glob("results/*/*.json"), *ROOT.glob("models/demo/emergence*.json")])
PAGE = 11  # inches
TOO_MUCH = {"column": {"channel_patch", "channel_trace", "gate_readout", "identify", "magc", "mix_dose", "mlp_probe",
                       "rope_swap", "scan", "self_mask", "vocab_sweep"}, "text": {"rope_swap"}}
MOST_PANELS = 6  # of one figure that are drawn here: the others are like them


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_committed_figure_is_legible(path: Path) -> None:
    result = read(path)
    module = module_of(result)
    for options in ({}, *(module.more(result).values() if hasattr(module, "more") else ())):
        figure = module.draw(result, **options)
        assert faults(figure) == []
        assert figure.get_figheight() <= PAGE


@pytest.mark.parametrize(("width", "name"), [*product(("column", "text"), names()), *product(["page"], TOO_MUCH["text"])])
def test_a_figure_is_legible_in_a_paper_or_names_what_would_be(width: str, name: str) -> None:
    result = result_of(name)
    if name in TOO_MUCH.get(width, ()):
        with pytest.raises(ResultError, match=f"cannot be read in {WIDTHS[width]:g} inches: .*--panel draws some of "):
            whole(result, WIDTHS[width], {})
        return
    figure = whole(result, WIDTHS[width], {})
    assert faults(figure) == []
    assert figure.get_figwidth() == WIDTHS[width] and figure.get_figheight() <= TALLEST
    assert all(SMALLEST <= size <= 9 for _, size in sizes(figure))


@pytest.mark.parametrize("name", names())
def test_every_panel_is_legible_in_a_column(name: str) -> None:
    result = result_of(name)
    panels = [panel for panel in panels_of(result) if not panel.endswith("_sites")]  # a column a residual: those are many
    assert panels
    for panel in panels[:MOST_PANELS]:
        figure = of_panels(result, [panel], WIDTHS["column"])
        assert faults(figure) == [], panel
        assert (figure.get_suptitle(), figure.get_supxlabel()) == ("", "")


def test_without_a_width_a_panel_is_drawn_whatever_it_looks_like() -> None:
    """Small where it can be read so."""
    result = result_of("identify")
    with pytest.raises(ResultError, match=r"cannot be read in 3\.5 inches"):
        of_panels(result, ["stage_1_sites"], 3.5)
    widths = [of_panels(result, [panel], None).get_figwidth() for panel in ("stage_1_sites", "stage_1_levels")]
    assert widths == [SCREEN, PANEL]


def test_panels_stand_side_by_side_where_they_have_room() -> None:
    result = result_of("scan")
    for width, rows in (("column", 2), ("text", 1), ("page", 1)):
        figure = of_panels(result, ["by_layer", "profile"], WIDTHS[width])
        assert len({round(axes.get_position().y0, 3) for axes in figure.axes}) == rows


@pytest.mark.parametrize("blocks", [24, 36])
@pytest.mark.parametrize("name", DEEP)
def test_a_figure_by_site_is_legible_at_any_depth(name: str, blocks: int, tmp_path: Path) -> None:
    document = json.loads((ROOT / f"results/smollm2-135m/{name}.json").read_text())
    DEEP[name](document["results"], blocks)
    deep = tmp_path / f"{name}.json"
    deep.write_text(json.dumps(document))
    result = read(deep)
    assert faults(module_of(result).draw(result)) == []


def fine() -> Figure:
    figure, axes = new(1, 2)
    for axis in axes.flat:
        axis.plot([0, 1], [0, 1], label="a line")
        axis.legend(loc="upper left")
    figure.supxlabel("a note\nover 2 samples")
    return figure


def abut(_: Figure, axis: Axes) -> None:
    axis.set_xticks([0.5, 0.5001], ["12", "15"])
    for label, side in zip(axis.get_xticklabels(), ("right", "left")):
        label.set_ha(side)


def test_a_plain_figure_has_no_faults() -> None:
    assert faults(fine()) == []


@pytest.mark.parametrize(("spoil", "said"), [
    (lambda figure, axis: axis.set_xticks(range(40), [f"attention {x}" for x in range(40)], rotation=90), "lies over"),
    (abut, "touches it"),
    (lambda figure, axis: figure.suptitle("long " * 40), "leaves the figure"),
    (lambda figure, axis: axis.set_ylabel("long " * 12), "longer than its panel"),
    (lambda figure, axis: axis.legend(loc="lower left"), "a legend lies over a line, 'a line'"),
    (lambda figure, axis: axis.legend(loc="upper left", bbox_to_anchor=(0.9, 1)), "a legend reaches past its panel"),
    (lambda figure, axis: figure.supxlabel("words " * 20 + "\nalone\nover 2 samples"), "a line of few words: 'alone'"),
], ids=["ticks", "ticks that touch", "title", "label", "legend over a line", "legend past its panel", "note"])  # fmt: skip
def test_a_fault_is_named(spoil, said: str) -> None:
    figure = fine()
    spoil(figure, figure.axes[0])
    assert any(said in fault for fault in faults(figure)), faults(figure)


def test_lines_have_place_and_are_even() -> None:
    text = "mean over heads and queries; " * 8 + "and sd"
    lines = wrapped(text, 5, 6.5)
    widths = [inches(line, 6.5) for line in lines]
    assert " ".join(lines) == text
    assert max(widths) <= 5 < sum(widths)
    assert min(widths) > 0.7 * max(widths)
    assert wrapped("short", 5, 6.5) == ["short"]
