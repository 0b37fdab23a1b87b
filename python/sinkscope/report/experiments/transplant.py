"""transplant on the page: attention when one token's residual is put in another's place, by the block after which."""

from __future__ import annotations

from collections.abc import Iterator

from sinkscope.figures.parts.colours import token_colours
from sinkscope.figures.parts.trial_rows import place
from sinkscope.report.kinds.figure import Figure, axes
from sinkscope.report.kinds.trials import held_against, level_points, strongest, trial_levels
from sinkscope.results.loaded import LoadedResult

TITLE = "After which block the first token's residual is complete"
QUESTION = "After which block does token 0's residual make a sink elsewhere?"


def figures(result: LoadedResult) -> Iterator[Figure]:
    """An option a way: from which token to which."""
    frame, tokens = trial_levels(result), result.results["tokens"]["tracked"]
    colours, options = token_colours(tokens), {}
    for (origin, to), some in frame.groupby(["about_from", "about_to"], sort=False):
        options[f"residual of token {origin} in token {to}'s place"] = held_against([
            level_points(rows, list(map(place, rows["about_site"])), f"to token {token}", colour, "after", mode="lines+markers")
            for token, colour in colours.items() if not (rows := some[some["token"] == token]).empty], frame, colours)
    yield Figure("transplants", "Attention by the place of the transplant", strongest(frame, tokens[-1]), options,
                 axes("after", f"attention in layer {result.results['sink_layer']}", x_axis={"type": "category"},
                      y_axis={"rangemode": "tozero"}), choice="put")
