"""intervene on the page: a line a trial, with its controls."""

from __future__ import annotations

from collections.abc import Iterator

from sinkscope.figures.intervene import of_trials
from sinkscope.figures.parts.colours import OTHER_POSITION, RANDOM, colour_of
from sinkscope.report.kinds.columns import ends, values
from sinkscope.report.kinds.figure import Figure, axes, level_line
from sinkscope.report.kinds.points import points
from sinkscope.report.kinds.trials import ROW, strongest, trial_levels
from sinkscope.results.loaded import LoadedResult

TITLE = "What the sink does under declared edits"
QUESTION = "What does the sink do under any declared edits?"


def figures(result: LoadedResult) -> Iterator[Figure]:
    """An option a tracked token. Ticks: 95 % of random moves as large; crosses: the same edit at another token."""
    frame, options = trial_levels(result), {}
    for token, some in frame.groupby("token", sort=False):
        names = some["name"].tolist()
        traces = [points(of_trials(token), values(some["mean_attention_difference"]), names, *ends(some, "mean_attention_difference"),
                         colour=colour_of(token), across="trial", value="difference", words=values(some["words"]))]
        if some["random_p95"].notna().any():
            for sign in (1, -1):
                p95 = [None if one is None else sign * one for one in values(some["random_p95"])]
                traces.append(points("random moves of its size, 95 %", p95, names, colour=RANDOM, symbol="line-ns-open", across="trial",
                                     value="random", legendgroup="random", showlegend=sign > 0, size=9))
        if "other_position_difference" in some and some["other_position_difference"].notna().any():
            traces.append(points("the same edits at another token", values(some["other_position_difference"]), names, colour=OTHER_POSITION,
                                 symbol="x", across="trial", value="difference"))
        options[f"token {token}"] = traces
    yield Figure("trials", "Difference from the unedited run", strongest(frame), options,
                 axes("difference of attention from the unedited run", "", shapes=[level_line(0, "", along="y")],
                      y_axis={"type": "category", "autorange": "reversed"}),
                 choice="attention to", height=150 + ROW * frame["name"].nunique())
