"""The chain of every stage of the sink: an arrow a row, from what comes first to the sink. What comes first is taken from token 0, and
given to the later token; both levels are shown as shares of what token 0 has without edits, so that arrows to norms and to attention
stand in one panel."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from sinkscope.figures.parts.colours import FIRST, colour_of
from sinkscope.figures.parts.levels import legend_row, with_intervals, with_legend_row
from sinkscope.figures.parts.style import caption, title
from sinkscope.figures.parts.trial_rows import place
from sinkscope.results import Result

EXPLANATION = (
    "arrows to the massive activation: norm in its dimensions where it is written; arrows to the sink: mean_attention in its layer; "
    "arrows to the signal and to the keys of that layer: how far they are from the later token's level (0) to token 0's (1). Samples that "
    "did not choose, 95 % intervals, bootstrap by document"
)
WHOLE = {"mean": 1.0}  # of an arrow that is read as a share of the way to token 0's level


def arrows_of(stage: dict[str, Any]) -> list[tuple[str, dict]]:
    """(name, arrow)... in the order of the pass, those from earlier stages' signals before the stage's own."""
    earlier = [(f"signal of stage {one['stage']} → sink", one) for one in stage["earlier"]]
    own = [(f"{one['from']} → {one['to']}", one) for one in stage["chain"]]
    return [*earlier, *own]


def share(level: dict[str, Any], whole: float) -> dict[str, Any]:
    return {"mean": level["mean"] / whole, "ci95": [None if end is None else end / whole for end in level["ci95"]]}


def rows(axis, stage: dict[str, Any]) -> None:
    arrows, later = arrows_of(stage), stage["self_only"]["token"]
    of_later = colour_of(later)
    asked = [(y, arrow["removed"], arrow["written"]) for y, (_, arrow) in enumerate(arrows) if arrow["written"]]
    whole = {y: (removed["unedited"] if removed else WHOLE)["mean"] for y, removed, _ in asked}
    taken = [(y, share(removed["edited"], whole[y])) for y, removed, _ in asked if removed]
    given = [(y, share(written["edited"], whole[y])) for y, _, written in asked]
    before = [share(written["unedited"], whole[y])["mean"] for y, _, written in asked]
    for each, shift, colour, label in ((taken, -0.14, FIRST, "token 0, what comes first taken from it"),
                                       (given, 0.14, of_later, f"token {later}, what comes first given to it")):
        with_intervals(axis, np.array([y for y, _ in each]) + shift, [one for _, one in each], "horizontal", color=colour, label=label)
    axis.plot(before, [y + 0.14 for y, _, _ in asked], "o", ms=3, mfc="none", mec=of_later, ls="none", label=f"token {later}, unedited")
    axis.axvline(1, color=FIRST, ls="--", lw=0.8, label="token 0, unedited")
    axis.set_yticks(range(len(arrows)), [name for name, _ in arrows], fontsize=7)
    axis.set(xlabel="share of what token 0 has without edits", ylim=(len(arrows) - 0.5, -0.5),
             xlim=(min(-0.04, axis.get_xlim()[0]), max(1.1, 1.04 * axis.get_xlim()[1])))


def heading(number: int, stage: dict[str, Any]) -> str:
    verdict = stage["verdict"]
    where = f" after {place(verdict['signal']['site'])}" if verdict["signal"] else ""
    return f"stage {number}, layers {stage['first']} to {stage['last']}, read in layer {stage['layer']}: {verdict['kind']}{where}"


def chain(result: Result) -> Figure:
    stages = result.results["stages"]
    figure, axes = with_legend_row(len(stages), 1, [0.9 + 0.24 * len(arrows_of(stage)) for stage in stages])
    for number, (row, stage) in enumerate(zip(axes, stages)):
        rows(row[0], stage)
        row[0].set_title(heading(number, stage), loc="left")
    for row in axes[: len(stages) - 1]:
        row[0].set_xlabel(None)
    legend_row(figure, axes[-1], axes[0][0])
    title(figure, result, "what makes the sink, step by step")
    caption(figure, result, EXPLANATION)
    return figure
