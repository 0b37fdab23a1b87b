"""path-split on the page: the sink that is left when a written vector is hidden from one reader."""

from __future__ import annotations

from collections.abc import Iterator

from sinkscope.figures.parts.colours import FIRST, PARTS
from sinkscope.figures.parts.trial_rows import layer_of, place
from sinkscope.figures.path_split import ROUTES, route
from sinkscope.report.kinds.figure import INK, Figure, axes
from sinkscope.report.kinds.points import points
from sinkscope.report.kinds.trials import held_against, level_points, strongest, trial_levels
from sinkscope.results.loaded import LoadedResult

TITLE = "By which route a written vector reaches the sink"
QUESTION = "By which attention, MLP or bypass does a written vector reach the sink?"


def figures(result: LoadedResult) -> Iterator[Figure]:
    frame = trial_levels(result).query("token == 0")
    frame["route"] = [route({"taken_away_at": at, "written": written})
                      for at, written in zip(frame["about_taken_away_at"], frame["about_written"])]
    for number, (written, some) in enumerate(frame.groupby("about_written", sort=False)):
        yield of_vector(result, number, written, some)


def of_vector(result: LoadedResult, number: int, written: str, frame) -> Figure:
    traces = []
    for at, name in enumerate(ROUTES):
        rows = frame[frame["route"] == name]
        if not rows.empty:
            places = [layer_of(site) + 0.15 * (at - 1.5) for site in rows["about_taken_away_at"]]
            trace = level_points(rows, places, name, PARTS[name.split()[-1]], None,
                                 symbol="circle-open" if "bypass" in name else "circle")
            traces.append(trace)
    traces = held_against(traces, frame, {0: FIRST})
    for row in frame[frame["route"] == "any reader"].to_dict("records"):
        traces.append(points("hidden from any reader", [traces[-1]["x"][0]], [row["level"]], [row["low"]], [row["high"]], colour=INK,
                             across=None, value="attention", symbol="square", words=[row["words"]]))
    return Figure(f"written-{number}", f"Output of {place(written)} at token 0 hidden from one reader", strongest(frame, 0), {"": traces},
                  axes("layer of the reader", f"attention in layer {result.results['sink_layer']}", y_axis={"rangemode": "tozero"},
                       x_axis={"dtick": 1 if frame["about_taken_away_at"].nunique() < 40 else 5}))
