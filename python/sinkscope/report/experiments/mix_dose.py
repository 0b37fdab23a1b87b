"""mix-dose on the page: attention to the edited token and to token 0, by how much of other tokens it sees."""

from __future__ import annotations

from collections.abc import Iterator

from sinkscope.figures.parts.colours import colour_of
from sinkscope.report.kinds.columns import first
from sinkscope.report.kinds.figure import Figure, axes
from sinkscope.report.kinds.trials import held_against, level_points, level_rows, strongest, trial_levels
from sinkscope.results.loaded import LoadedResult

TITLE = "How much mixing the first-token signal survives"
QUESTION = "How much mixing with other tokens does the signal survive?"
OVER = {"dose": ("Share of itself alone", "share of itself alone"), "predecessors": ("Few tokens seen before itself", "tokens seen"),
        "mean": ("Token 0 gets the mean of many", "tokens averaged")}


def figures(result: LoadedResult) -> Iterator[Figure]:
    frame = trial_levels(result)
    layer = f"attention in layer {result.results['sink_layer']}"
    for part, (title, across) in OVER.items():
        some = frame[frame["about_part"] == part].sort_values("about_value")
        if not some.empty:
            yield over_value(part, title, across, some, layer)
    rest = frame[~frame["about_part"].isin(list(OVER))]
    if not rest.empty:
        yield kinds(rest, layer)


def seen(frame) -> tuple[int, list[int]]:
    """The token that is edited, and the tokens that are shown: it and token 0."""
    at = first(frame)["about_at"]
    return at, sorted({at, 0}, reverse=True)


def over_value(part: str, title: str, across: str, frame, layer: str) -> Figure:
    at, tokens = seen(frame)
    traces = [level_points(rows, rows["about_value"].tolist(), f"to token {token}", colour_of(token), across, mode="lines+markers")
              for token in tokens if not (rows := frame[frame["token"] == token]).empty]
    return Figure(part, f"{title}: token {at}" if at else title, strongest(frame, at),
                  {"": held_against(traces, frame, {token: colour_of(token) for token in tokens})},
                  axes(across, layer, y_axis={"rangemode": "tozero"}))


def kinds(frame, layer: str) -> Figure:
    at, tokens = seen(frame)
    traces = [level_rows(rows, rows["name"].tolist(), f"to token {token}", colour_of(token))
              for token in tokens if not (rows := frame[frame["token"] == token]).empty]
    return Figure("kinds", "One key alone, and other contexts", strongest(frame, at),
                  {"": held_against(traces, frame, {token: colour_of(token) for token in tokens})},
                  axes(layer, "", x_axis={"rangemode": "tozero"}, y_axis={"type": "category", "autorange": "reversed"}))
