"""sinkscope.plot: whole figures and panels, which leave the caller's style alone."""

from __future__ import annotations

import matplotlib
import pytest
from matplotlib.figure import Figure

from sinkscope import ROOT, ResultError, load, plot
from sinkscope.figures import module_of, names
from sinkscope.results import Result

SMOLLM2 = ROOT / "results/smollm2-135m"
WITH_PANELS = tuple(name.replace("_", "-") for name in names() if name not in ("emergence", "intervene"))


def test_a_whole_figure_leaves_no_style_behind() -> None:
    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # a caller's, whatever drew before
        before = dict(matplotlib.rcParams)
        figure = plot(load(SMOLLM2 / "scan.json"))
        assert isinstance(figure, Figure) and figure.get_suptitle().startswith("Attention to the first token")
        assert dict(matplotlib.rcParams) == before and before["font.size"] != 8
    assert figure.axes[0].xaxis.label.get_size() == 8


@pytest.mark.parametrize("experiment", WITH_PANELS)
def test_panels_go_where_they_are_told(experiment: str) -> None:
    result = load(SMOLLM2 / f"{experiment}.json")
    panels = module_of(result).panels(result)
    figure = Figure(figsize=(4 * len(panels), 3))
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for ax, name in zip(axes, panels):
        assert plot(result, ax=ax, panel=name) is figure
        assert ax.lines or ax.images or ax.collections or ax.patches, name
    figure.draw_without_rendering()


def test_a_panel_alone_is_in_the_style_of_figures() -> None:
    figure = plot(load(SMOLLM2 / "scan.json"), panel="profile")
    assert len(figure.axes) == 1 and figure.axes[0].xaxis.label.get_size() == 8


@pytest.mark.parametrize(("file", "panel", "words"), [
    ("scan", None, "panel= must name the one to draw; the figure of scan has the panels by_layer_head, by_layer, profile, resid_post"),
    ("scan", "heads", "there is no panel heads; the figure of scan has the panels by_layer_head"),
    ("stat-match", "x", "there is no panel x; the figure of stat-match has the panels token_8, token_0, factor"),
])  # fmt: skip
def test_panels_that_are_not_there_are_refused(file: str, panel: str | None, words: str) -> None:
    with pytest.raises(ResultError) as refused:
        plot(load(SMOLLM2 / f"{file}.json"), ax=Figure().subplots(), panel=panel)
    assert words in str(refused.value)


@pytest.mark.parametrize(("tokens", "title", "uniform"), [
    ([8, 0], "Attention to the first token", 0), ([8, 4], "Attention to tokens 8, 4", 8), ([], "Profile, norms by layer", None)])
def test_a_scan_says_whose_attention_it_shows(tokens: list[int], title: str, uniform: int | None) -> None:
    committed = load(SMOLLM2 / "scan.json")
    by_token = {one["token"]: one for one in committed.results["sink"]}
    found = committed.results | {"sink": [by_token[token] for token in tokens], "measures": ["profile", "norms"]}
    figure = plot(Result(committed.path, committed.document | {"results": found}))
    assert figure.get_suptitle() == f"{title} — smollm2-135m"
    line = next((line for axes in figure.axes for line in axes.lines if str(line.get_label()).startswith("uniform")), None)
    assert (line and (line.get_label(), line.get_ydata()[0])) == (
        None if uniform is None else (f"uniform, token {uniform}", by_token[uniform]["uniform"]))
