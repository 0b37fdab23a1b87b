"""Figures of `mean_attention` by layer and by head, as scan, rope-swap, self-mask and vocab-sweep give it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sinkscope.report.kinds.columns import at_largest, ends, span, values
from sinkscope.report.kinds.figure import Trace
from sinkscope.report.kinds.heat_map import grid, heat_map
from sinkscope.report.kinds.points import curve

if TYPE_CHECKING:
    from pandas import DataFrame

BY_LAYER = {"x_axis": {"title": {"text": "layer"}}, "y_axis": {"rangemode": "tozero"}}


def layer_curve(frame: DataFrame, name: str, colour: str, **look: Any) -> Trace:
    """Of one condition and token: rows of a frame `attention_by_layer`."""
    return curve(name, values(frame["layer"]), values(frame["mean_attention"]), *ends(frame, "mean_attention"), colour=colour,
                 across="layer", value="mean attention", **look)


def head_map(frame: DataFrame, by_layer: DataFrame) -> Trace:
    """Of one condition and token: rows of a frame `attention`; the hover adds the layer's mean over heads with its interval."""
    z, layers, heads = grid(frame, "head", "layer", "mean_attention")
    said = [f"layer's mean {span(row, 'mean_attention')}" for row in by_layer.to_dict("records")]
    return heat_map(z, layers, heads, across="layer", up="head", value="mean attention", high=1, words=[said] * len(heads))


def largest(by_layer: DataFrame, to: str = "token 0") -> str:
    """A sentence: where attention to it is largest."""
    row = at_largest(by_layer, "mean_attention")
    return f"Mean attention to {to} is largest in layer {row['layer']}: {span(row, 'mean_attention')}."
