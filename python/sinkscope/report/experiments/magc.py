"""magc on the page: which channel gates the massive activation, the neurons, and what the sink does as its value changes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sinkscope.figures.parts.colours import FIRST, MEASURED, REST, colour_of
from sinkscope.report.kinds.columns import first, short, values
from sinkscope.report.kinds.figure import Figure, axes, figure, level_line
from sinkscope.report.kinds.points import bars, points
from sinkscope.report.kinds.trials import LEVEL, held_against, level_points, strongest, trial_levels
from sinkscope.results.loaded import LoadedResult

TITLE = "Which channel gates the massive activation"
QUESTION = "Which channel gates the massive activation, by weights, and which neurons carry it?"


def figures(result: LoadedResult) -> Iterator[Figure]:
    if result.results["channel"] is None:
        return
    yield channels(result)
    if result.results["neurons"]:
        yield neurons(result)
    if result.results["trials"]:
        yield sweep(result)


def channels(result: LoadedResult) -> Figure:
    frame, one = result.frame("channels"), result.results["channel"]
    r = np.where(frame["difference"] >= 0, frame["R_plus"], frame["R_minus"])
    words = [f"channel {channel}" for channel in frame["channel"]]
    traces = [points("channels", values(frame["difference"]), [None if value != value else value for value in r.tolist()], colour=REST,
                     across="difference", value="R", words=words, size=4),
              points(f"i* = {one['channel']}", [one["difference"]], [one["R"]], colour=MEASURED, across="difference", value="R",
                     words=[f"channel {one['channel']}"], size=10)]
    says = (f"Channel {one['channel']} sets token 0 apart and drives few neurons: its mean is {one['difference']:+.3g} beyond token 1's, "
            f"R {one['R'] or 0:.3g} of at most {one['log_neurons']:.3g}.")
    return figure("channels", "Channels of the MLP's input", says, traces, "mean input at token 0 less token 1", "R",
                  shapes=[level_line(one["log_neurons"], "log m: one neuron alone")])


def neurons(result: LoadedResult) -> Figure:
    frame = result.frame("neurons")
    names = [f"neuron {one}" for one in frame["neuron"]]
    words = [f"cosine with what the MLP writes {short(one)}" for one in frame["cosine_to_written"]]
    traces = [bars(text, names, values(frame[key]), colour=colour, across="", value="share", words=words)
              for key, text, colour in (("alpha_share", "of ‖alpha‖² (weights)", REST), ("energy_share", "of energy at token 0", FIRST))]
    row = first(frame)
    weights, energy = (short(row[key], ".0%") for key in ("alpha_share", "energy_share"))
    says = f"Neuron {row['neuron']}: {weights} of the weights and {energy} of the energy at token 0."
    return figure("neurons", "The neurons that answer to it", says, traces, "", "share", x_axis={"type": "category"}, height=340,
                  barmode="group")


def sweep(result: LoadedResult) -> Figure:
    """A curve a token whose channel is overwritten; diamonds: with the other token's own value."""
    found, frame = result.results, trial_levels(result)
    natural, traces = found["channel"]["mean"], []
    for token in (0, found["token"]):
        colour = colour_of(token)
        own = frame[(frame["about_at"] == token) & (frame["token"] == token)]
        swept = own[own["about_operation"] == "set"].sort_values("about_value")
        copied = own[own["about_operation"] == "copy"]
        traces.append(level_points(swept, swept["about_value"].tolist(), f"token {token}, its channel overwritten", colour, "value",
                                   mode="lines+markers"))
        at, whose = (natural["first"], 0) if token else (natural["later"], found["token"])
        traces.append(level_points(copied, [at] * len(copied), f"token {token} with token {whose}'s own value", colour, "value",
                                   symbol="diamond-open", size=10))
    traces = held_against(traces, frame, {})
    top = frame["high"].max()
    for name, token in (("first", 0), ("later", found["token"])):
        traces.append(points(f"token {token}'s natural mean", [natural[name]] * 2, [0, top], colour=colour_of(token), across="value",
                             value=LEVEL, mode="lines", dash="dash", width=1))
    return Figure("sweep", f"Attention as input channel {found['channel']['channel']} changes",
                  f"{strongest(frame, 0)} Upright lines: natural means of the channel.", {"": traces},
                  axes(f"input channel {found['channel']['channel']} becomes", f"attention in layer {found['sink_layer']}",
                       y_axis={"rangemode": "tozero"}), height=420)
