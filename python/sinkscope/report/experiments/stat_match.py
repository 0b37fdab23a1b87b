"""stat-match on the page: attention when one token's attention output takes a statistic of the other's."""

from __future__ import annotations

from collections.abc import Iterator

from sinkscope.figures.parts.colours import colour_of
from sinkscope.report.kinds.columns import first
from sinkscope.report.kinds.figure import Figure, axes, figure
from sinkscope.report.kinds.trials import held_against, level_points, level_rows, strongest, trial_levels
from sinkscope.results.loaded import LoadedResult

TITLE = "Statistics of the attention output"
QUESTION = "Is it norm, variance, mean or direction of the first attention's output that counts?"


def figures(result: LoadedResult) -> Iterator[Figure]:
    frame = trial_levels(result)
    tokens = result.results["tokens"]["tracked"][:2]
    colours = {token: colour_of(token) for token in tokens}
    layer = f"attention in layer {result.results['sink_layer']}"
    matched = frame[frame["about_statistic"] != "variance scaled"]
    options = {}
    for at, some in matched.groupby("about_at", sort=False):
        options[f"token {at} as token {tokens[1] if at == 0 else 0}"] = held_against([
            level_rows(rows, rows["about_statistic"].tolist(), f"to token {token}", colour_of(token))
            for token in tokens if not (rows := some[some["token"] == token]).empty], frame, colours)
    yield Figure("statistics", "Attention with one statistic of the attention output matched", strongest(matched, tokens[1]), options,
                 axes(layer, "", x_axis={"rangemode": "tozero"}, y_axis={"type": "category", "autorange": "reversed"}), choice="edited")
    scaled = frame[frame["about_statistic"] == "variance scaled"]
    if not scaled.empty:
        yield by_factor(scaled, colours, layer)


def by_factor(frame, colours: dict[int, str], layer: str) -> Figure:
    """Factors are text where there are several layers; the first counts, as in the printed figure."""
    frame = frame.assign(factor=[float(str(text).split(",")[0]) for text in frame["about_factors"]]).sort_values("factor")
    traces = [level_points(rows, rows["factor"].tolist(), f"to token {token}", colour, "factor", mode="lines+markers")
              for token, colour in colours.items() if not (rows := frame[frame["token"] == token]).empty]
    at = first(frame)["about_at"]
    return figure("factor", f"Deviation of token {at}'s attention output scaled", strongest(frame, max(colours)),
                  held_against(traces, frame, colours), "factor", layer, y_axis={"rangemode": "tozero"})
