"""Levels of attention under trials: the edited level of every tracked token with its interval, and what it is held against."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sinkscope.report.kinds.columns import at_largest, short, values
from sinkscope.report.kinds.figure import MUTED, Figure, Trace, axes
from sinkscope.report.kinds.points import points
from sinkscope.results.loaded import LoadedResult

if TYPE_CHECKING:
    from pandas import DataFrame

LEVEL = "attention"
ROW = 19  # pixels of a trial's line


def trial_levels(result: LoadedResult) -> DataFrame:
    """The frame `trials`, a row a trial and token, with `level`, `low` and `high`: the edited attention and its interval (the
    table's own, else the unedited level with the interval of the paired difference), and `words` for the hover."""
    frame = result.frame("trials")
    own = frame.get("mean_attention_edited_ci95_low")
    for end in ("low", "high"):
        moved = frame["mean_attention_unedited"] + frame[f"mean_attention_difference_ci95_{end}"]
        frame[end] = moved if own is None else frame[f"mean_attention_edited_ci95_{end}"].fillna(moved)
    frame["level"] = frame["mean_attention_edited"]
    frame["words"] = [said(row) for row in frame.to_dict("records")]
    return frame


def said(row: Mapping[str, Any]) -> str:
    reading, p95 = row.get("reading"), row.get("random_p95")
    parts = [row["name"], f"unedited {short(row['mean_attention_unedited'])}, difference {short(row['mean_attention_difference'], '+.3g')}"]
    if isinstance(reading, str):
        parts.append(reading)
    if isinstance(p95, float) and p95 == p95:
        parts.append(f"95 % of random moves within {p95:.2g}")
    return "; ".join(parts)


def level_points(frame: DataFrame, places: Sequence[Any], name: str, colour: str, across: str | None, **look: Any) -> Trace:
    """The rows of one token over `places`, which are a number or a name a row."""
    return points(name, places, values(frame["level"]), values(frame["low"]), values(frame["high"]), colour=colour, across=across,
                  value=LEVEL, words=values(frame["words"]), **look)


def level_rows(frame: DataFrame, names: Sequence[str], name: str, colour: str, **look: Any) -> Trace:
    """The same with a line a trial, from above."""
    return points(name, values(frame["level"]), names, values(frame["low"]), values(frame["high"]), colour=colour, across=None,
                  value=LEVEL, words=values(frame["words"]), **look)


def held_against(traces: list[Trace], frame: DataFrame, colours: Mapping[int, str]) -> list[Trace]:
    """The traces of some levels with lines at the unedited levels of these tokens and of an ordinary one, as wide as they are."""
    levels = frame.drop_duplicates("token").set_index("token")["mean_attention_unedited"]
    lines = [(f"token {token}, unedited", levels[token], colour, "dash") for token, colour in colours.items()]
    lines.append(("ordinary token, unedited", frame["ordinary_unedited"].tolist()[0], MUTED, "dot"))
    sideways = any(isinstance(place, str) for trace in traces for place in trace["y"])
    places = list(dict.fromkeys(place for trace in traces for place in trace["y" if sideways else "x"]))
    if not places:
        return traces
    if not isinstance(places[0], str):
        places.sort()
    ends = [places[0], places[-1]]
    return [*traces, *(across_levels(name, ends, level, colour, dash, sideways) for name, level, colour, dash in lines)]


def across_levels(name: str, ends: list[Any], level: float, colour: str, dash: str, sideways: bool) -> Trace:
    x, y = ([level] * 2, ends) if sideways else (ends, [level] * 2)
    return points(name, x, y, colour=colour, across=None, value=LEVEL, mode="lines+markers", dash=dash, width=1, size=12,
                  symbol="line-ns-open" if sideways else "line-ew-open")


def over_trials(result: LoadedResult, frame: DataFrame, colours: Mapping[int, str], key: str = "trials",
                title: str = "Attention under each trial", name: Callable[[Any], str] = str) -> Figure:
    """A line a trial, whatever they are of; a colour a token."""
    traces = []
    for token, some in frame.groupby("token", sort=False):
        if token in colours:
            traces.append(level_rows(some, [name(one) for one in some["name"]], f"to token {token}", colours[token]))
    layout = axes(f"attention in layer {result.results['sink_layer']}", "", y_axis={"autorange": "reversed", "type": "category"},
                  x_axis={"rangemode": "tozero"})
    return Figure(key, title, strongest(frame), {"": held_against(traces, frame, colours)}, layout,
                  height=150 + ROW * frame["name"].nunique())


def strongest(frame: DataFrame, token: int | None = None) -> str:
    """A sentence: the trial that moves a token most."""
    token = frame["token"].tolist()[0] if token is None else token
    some = frame[(frame["token"] == token) & frame["mean_attention_difference"].notna()]
    if some.empty:
        return f"No trial has a difference for token {token}."
    row = at_largest(some.assign(moved=some["mean_attention_difference"].abs()), "moved")
    return (f"Of {some['name'].nunique()} trials, {row['name']} moves attention to token {token} most: from "
            f"{short(row['mean_attention_unedited'])} to {short(row['level'])} (95 % interval {short(row['low'])} to "
            f"{short(row['high'])}).")
