"""Figure of `sinkscope mix-dose`: attention to the edited token and to token 0, by how much of other tokens it sees."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sinkscope.figures.parts.colours import SAMPLES
from sinkscope.figures.parts.later_token import LEVELS, draw_levels, draw_massive_activation, draw_unedited
from sinkscope.figures.parts.later_token import symbols as symbols_of
from sinkscope.figures.parts.style import caption, new, title
from sinkscope.figures.parts.trial_rows import TrialRow, mean, trial_rows
from sinkscope.results import Result
from sinkscope.results.findings import Findings

ORDER = 61


def curve(axis, rows: list[TrialRow], places: list[float], unedited: float, ticks: list[str] | None = None) -> None:
    """Over a number; `unedited` is the place of the unedited levels. Thin: samples."""
    at = rows[0]["at"]
    for sample in zip(*(row.by_sample(at) for row in rows), strict=True):
        axis.plot(places, sample, color=SAMPLES, lw=0.4, alpha=0.5, zorder=0)
    for token in {at, 0}:
        draw_levels(axis, places, rows, token)
    draw_massive_activation(axis, places, rows, at)
    draw_unedited(axis, unedited, rows[0], at)
    if ticks:
        axis.set_xticks([*places, unedited], ticks)
    axis.set(ylabel=LEVELS)


def dose(axis, rows: list[TrialRow]) -> None:
    curve(axis, rows, [row["value"] for row in rows], 0)
    axis.set(title=f"row {rows[0]['at']} from softmax to itself", xlabel="share of itself alone")


def predecessors(axis, rows: list[TrialRow]) -> None:
    curve(axis, rows, list(range(len(rows))), len(rows), [*(str(row["value"]) for row in rows), "all"])
    axis.set(title=f"row {rows[0]['at']} sees few", xlabel="tokens seen before itself")


def means(axis, rows: list[TrialRow]) -> None:
    curve(axis, rows, list(range(1, len(rows) + 1)), 0, [*(str(row["value"]) for row in rows), "own"])
    axis.set(title="token 0 gets the mean of many", xlabel="tokens averaged")


def kinds(axis, rows: list[TrialRow], names: list[str], name: str) -> None:
    """Unedited levels, then one place per trial."""
    at, places = rows[0]["at"], range(1, len(rows) + 1)
    draw_unedited(axis, 0, rows[0], at, shift=0.1)
    for token, shift in ((at, -0.1), (0, 0.1)):
        draw_levels(axis, [place + shift for place in places], rows, token, ls="none")
    draw_massive_activation(axis, places, rows, at, ls="none")
    axis.set_xticks(range(len(rows) + 1), ["unedited", *names])
    axis.set(title=name, ylabel=LEVELS, xlim=(-0.5, len(rows) + 0.5))


def panels(result: Result) -> dict[str, Callable[[Axes], None]]:
    rows = trial_rows(result)

    def part(*names: str) -> list[TrialRow]:
        return sorted((row for row in rows if row["part"] in names), key=lambda row: (names.index(row["part"]), row["value"] or 0))

    keys, contexts = part("itself", "one key"), part("repeated", "distinct")
    names = ["itself" if row["part"] == "itself" else f"token {row['value']:.0f}" for row in keys]
    return {
        "dose": lambda axis: dose(axis, part("dose")),
        "predecessors": lambda axis: predecessors(axis, part("predecessors")),
        "mean": lambda axis: means(axis, part("mean")),
        "one_key": lambda axis: kinds(axis, keys, names, f"row {keys[0]['at']} sees one key alone"),
        "contexts": lambda axis: kinds(axis, contexts, [row["part"] for row in contexts], f"tokens 1 to {contexts[0]['at']} replaced"),
    }


def symbols(result: Result) -> list[Line2D]:
    return symbols_of(sorted({row["at"] for row in result.results["table"]} - {0}))


def draw(result: Result) -> Figure:
    figure, axes = new(2, 3, height=2.3)
    for axis, panel in zip(axes.flat, panels(result).values()):
        panel(axis)
    axes[1][2].axis("off")
    axes[1][2].legend(handles=symbols(result), loc="center left")
    title(figure, result, "How much mixing can the first-token signal survive?")
    caption(figure, result, f"mean attention in layer {result.results['sink_layer']} by "
            f"queries after token {max(result.results['tokens']['tracked'])}, with 95 % over documents; thin: samples; hollow: unedited; "
            "norm: of the massive activation, over that of the unedited token 0")
    return figure


def summary(result: Result, findings: Findings) -> Iterator[tuple[str, str]]:
    """From which share of itself on the later token gets half of what token 0 gets, or more."""
    doses = sorted((row for row in result.results["table"] if row["part"] == "dose"), key=lambda row: row["value"])
    k = doses[0]["at"]
    enough = [row["value"] for row in doses if mean(row, k) >= 0.5 * mean(row, 0)]
    alone = f"gets {mean(doses[-1], k):.3f} when it sees itself alone"
    yield f"  token {k} sees more of itself", f"half of token 0's attention from a share of {enough[0]:g} on" if enough else alone
