"""Figure of `sinkscope stat-match`: attention to token k and to token 0 when one's attention output takes a statistic of the
other's, and by the factor of its deviation."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sinkscope.figures.parts.colours import DARK_GREY, MASSIVE, colour_of
from sinkscope.figures.parts.later_token import LEVELS, draw_levels, draw_massive_activation, draw_unedited
from sinkscope.figures.parts.later_token import symbols as symbols_of
from sinkscope.figures.parts.style import caption, new, title
from sinkscope.figures.parts.trial_rows import TrialRow, mean, trial_rows
from sinkscope.results import Result
from sinkscope.results.findings import Findings

ORDER = 60


def statistics(axis, rows: list[TrialRow], at: int, later: int) -> None:
    """One line a statistic; dashed: the unedited levels."""
    for place, row in enumerate(rows):
        for token, shift in ((later, -0.15), (0, 0.15)):
            mean, low, high = row.level(token)
            axis.plot([low, high], [place + shift] * 2, color=colour_of(token), lw=0.8)
            axis.plot(mean, place + shift, "o", color=colour_of(token), ms=3.5)
        axis.plot(row.massive_activation(at), place, "x", color=MASSIVE, ms=4)
    for token in (later, 0):
        axis.axvline(rows[0].unedited(token), color=colour_of(token), ls="--", lw=0.8)
    axis.set_yticks(range(len(rows)), [row["statistic"] for row in rows])
    axis.invert_yaxis()
    axis.set(title=f"token {at}: as at token {later if at == 0 else 0}, or replaced", xlabel=LEVELS, xlim=(-0.03, None))


def by_factor(axis, rows: list[TrialRow], later: int) -> None:
    """The factors of the deviation, 1 being the unedited run; dotted: that which matches token 0's."""
    (matched,) = (row for row in rows if row["statistic"] == "variance" and row["at"] == later)
    scaled = sorted((row for row in rows if row["statistic"] == "variance scaled"), key=lambda row: row["factors"][0])
    if scaled:
        places = [row["factors"][0] for row in scaled]
        for token in (later, 0):
            draw_levels(axis, places, scaled, token)
        draw_massive_activation(axis, places, scaled, later)
    draw_unedited(axis, 1, matched, later)
    axis.axvline(matched["factors"][0], color=DARK_GREY, ls=":", lw=1)
    axis.set(title=f"token {later}: deviation scaled", xlabel="factor (dotted: as token 0's)", ylabel=LEVELS)


def panels(result: Result) -> dict[str, Callable[[Axes], None]]:
    rows, later = trial_rows(result), result.results["tokens"]["tracked"][1]
    of_later = [row for row in rows if row["at"] == later and row["statistic"] != "variance scaled"]
    of_first = [row for row in rows if row["at"] == 0]
    return {f"token_{later}": lambda axis: statistics(axis, of_later, later, later),
            "token_0": lambda axis: statistics(axis, of_first, 0, later), "factor": lambda axis: by_factor(axis, rows, later)}


def symbols(result: Result) -> list[Line2D]:
    return symbols_of([result.results["tokens"]["tracked"][1]])


def draw(result: Result) -> Figure:
    later = result.results["tokens"]["tracked"][1]
    figure, axes = new(2, 2, height=2.3)
    for axis, panel in zip(axes.flat, panels(result).values()):
        panel(axis)
    axes[1][1].axis("off")
    axes[1][1].legend(handles=symbols(result), loc="center left")
    layers = ", ".join(str(found["layer"]) for found in result.results["statistics"])
    title(figure, result, f"Statistics of the attention output of layer {layers}")
    caption(figure, result, f"mean attention in layer {result.results['sink_layer']} by queries after token {later}, "
            "with 95 % over documents; dashed and hollow: unedited; norm: of the massive activation, over that of the unedited token 0")
    return figure


def summary(result: Result, findings: Findings) -> Iterator[tuple[str, str]]:
    k = result.results["tokens"]["tracked"][1]
    given = [row for row in result.results["table"] if row["at"] == k and row["statistic"] in ("norm", "variance", "mean", "own value")]
    yield f"6 token {k}'s attention output as token 0's", ", ".join(f"{row['statistic']} {mean(row, k):.3f}" for row in given)
