"""The record of a training run on the page: loss, sink and massive activation by step."""

from __future__ import annotations

from collections.abc import Iterator

from sinkscope.figures.parts.colours import GREY, SERIES
from sinkscope.report.kinds.columns import first, values
from sinkscope.report.kinds.figure import Figure, figure
from sinkscope.report.kinds.heat_map import grid, heat_map
from sinkscope.report.kinds.points import curve
from sinkscope.results.loaded import LoadedResult

TITLE = "The sink through training"
QUESTION = "When does the sink emerge?"


def figures(result: LoadedResult) -> Iterator[Figure]:
    steps, by_layer = result.frame("checkpoints"), result.frame("checkpoints_by_layer")
    last = first(steps.tail(1))
    traces = [curve(text, values(steps["step"]), values(steps[column]), colour=colour, across="step", value="nats")
              for (column, text), colour in zip((("train_loss", "training"), ("held_out_loss", "held out")), (GREY, SERIES[0]))]
    says = f"After {last['step']:,} steps: held-out loss {last['held_out_loss']:.3g} nats."
    yield figure("loss", "Loss by step", says, traces, "step", "nats")
    z, at, layers = grid(by_layer, "layer", "step", "mean_attention")
    drawn = heat_map(z, at, layers, across="step", up="layer", value="attention to token 0")
    yield figure("sink", "Mean attention to token 0, by step and layer", f"{len(at)} checkpoints.", [drawn], "step", "layer")
