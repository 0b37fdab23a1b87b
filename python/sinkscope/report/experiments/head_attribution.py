"""head-attribution on the page: attention to token k and to token 0 with each head replaced."""

from __future__ import annotations

import math
from collections.abc import Iterator

from sinkscope.figures.parts.colours import token_colours
from sinkscope.report.kinds.figure import Figure, axes
from sinkscope.report.kinds.trials import held_against, level_points, strongest, trial_levels
from sinkscope.results.loaded import LoadedResult

TITLE = "Which heads give the first-token signal"
QUESTION = "Which heads of the first layers carry the signal to a token that sees only itself?"


def figures(result: LoadedResult) -> Iterator[Figure]:
    """An option a layer and edited token; "all" is every head of the layer together."""
    frame = trial_levels(result)
    tokens = result.results["tokens"]["tracked"]
    colours = token_colours(tokens)
    options = {}
    for (layer, at), some in frame.groupby(["about_layer", "about_at"], sort=False):
        does = f"token {at} as if it saw itself alone" if at else f"token 0 as token {tokens[-1]} is on average"
        some = some.sort_values("about_head", key=lambda heads: [math.inf if head == "all" else int(head) for head in heads])
        options[f"layer {layer}: {does}"] = held_against([
            level_points(rows, [f"head {head}" if head != "all" else "all" for head in rows["about_head"]], f"to token {token}", colour, "")
            for token, colour in colours.items() if not (rows := some[some["token"] == token]).empty], frame, colours)
    yield Figure("heads", "Attention with one head replaced", strongest(frame, tokens[-1]), options,
                 axes("head replaced", f"attention in layer {result.results['sink_layer']}", x_axis={"type": "category"},
                      y_axis={"rangemode": "tozero"}), choice="layer and edit")
