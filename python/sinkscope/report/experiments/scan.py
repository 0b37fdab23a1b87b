"""scan on the page: attention by layer and head, key profile, norms, sink rate."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import numpy as np

from sinkscope.figures.parts.colours import REST, shades, token_colours
from sinkscope.figures.scan import NORMS
from sinkscope.report.kinds.attention import BY_LAYER, head_map, largest, layer_curve
from sinkscope.report.kinds.columns import at_largest, first, short, values
from sinkscope.report.kinds.figure import Figure, axes, figure, level_line
from sinkscope.report.kinds.heat_map import grid, heat_map
from sinkscope.report.kinds.points import curve
from sinkscope.results.loaded import LoadedResult

TITLE = "Attention and norms by layer"
QUESTION = "Where is the sink?"


def figures(result: LoadedResult) -> Iterator[Figure]:
    measured = result.results["measures"]
    if "sink" in measured:
        yield from sink(result)
    if "profile" in measured:
        yield profile(result)
    if "norms" in measured:
        yield norms(result)


def sink(result: LoadedResult) -> Iterator[Figure]:
    by_layer, by_head = result.frame("attention_by_layer"), result.frame("attention")
    tokens = by_layer["token"].unique().tolist()
    token = 0 if 0 in tokens else tokens[0]  # that words tell of
    of = {token: by_layer[by_layer["token"] == token] for token in tokens}
    traces = [layer_curve(of[token], f"token {token}", colour) for token, colour in token_colours(tokens).items()]
    uniform = level_line(first(of[token])["uniform"], f"uniform, token {token}")
    yield figure("by-layer", "Mean attention by layer", largest(of[token], f"token {token}") + " Bars: 95 % over samples.",
                 traces, "layer", "mean attention", y_axis={"rangemode": "tozero"}, shapes=[uniform])
    yield Figure("by-head", "Mean attention by layer and head", head_words(by_head[by_head["token"] == token]),
                 {str(one): [head_map(by_head[by_head["token"] == one], of[one])] for one in tokens},
                 axes("layer", "head"), choice="attention to token", first=str(token))
    yield rates(result, token)


def head_words(by_head) -> str:
    row = at_largest(by_head, "mean_attention")
    return (f"Layer {row['layer']}, head {row['head']} gives token {row['token']} most: {row['mean_attention']:.3g}. "
            "Heads have no interval of their own; the layer's mean has one.")


def rates(result: LoadedResult, token: int) -> Figure:
    frame = result.frame("sink_rate").query("token == @token")
    traces = [curve(f"ε = {epsilon:g}", values(some["layer"]), values(some["sink_rate"]), colour=colour, across="layer", value="sink rate")
              for (epsilon, some), colour in zip(frame.groupby("epsilon"), shades(frame["epsilon"].nunique()))]
    row = at_largest(frame, "sink_rate")
    says = (f"Share of samples and heads whose attention to token {token} is above ε; largest in layer {row['layer']}: "
            f"{row['sink_rate']:.3g} at ε = {row['epsilon']:g}. Shares have no interval in the result.")
    return figure("sink-rate", "Sink rate by layer", says, traces, "layer", "sink rate", **{"y_axis": BY_LAYER["y_axis"]})


def profile(result: LoadedResult) -> Figure:
    """Colours by the logarithm, since keys differ by orders of magnitude."""
    frame = result.frame("profile")
    z, keys, layers = grid(frame, "layer", "key", "profile")
    found = np.array(z)
    logarithm = np.log10(np.where(found > 0, found, np.nan))
    ticks = np.arange(np.floor(np.nanmin(logarithm)), 1)
    bar = {"colorbar": {"title": {"text": "attention", "side": "right"}, "thickness": 12, "len": 1, "tickvals": ticks.tolist(),
                        "ticktext": [f"{10.0 ** tick:g}" for tick in ticks]}}
    drawn = heat_map(logarithm, keys, layers, across="key", up="layer", value="attention", shown="%{customdata:.4~g}",
                     customdata=z, **bar)
    row = at_largest(frame, "profile")
    says = f"Attention that each key gets from later queries; most by key {row['key']} in layer {row['layer']}: {row['profile']:.3g}."
    return figure("profile", "Key profile by layer", says, [drawn], "key position", "layer")


def norms(result: LoadedResult) -> Figure:
    frame = result.frame("norms")
    options, largest_of = {}, []
    for site, some in frame.groupby("site", sort=False):
        tracked, others = some[some["token_set"] == "tracked"], some[some["token_set"] != "tracked"]
        colours = token_colours(sorted(tracked["token"].unique().tolist()))
        options[NORMS[site]] = [
            *(curve(f"token {token}", values(one["layer"]), values(one["norm"]), colour=colours[token], across="layer",
                    value="mean norm") for token, one in tracked.groupby("token")),
            curve("other tokens", values(others["layer"]), values(others["norm"]), colour=REST, dash="dot", marks=False, across="layer",
                  value="mean norm")]
        row = at_largest(tracked, "norm")
        largest_of.append(f"{site}: {short(row['norm'])} at token {row['token']}, layer {row['layer']}")
    positive = all(value is None or value > 0 for trace in chain.from_iterable(options.values()) for value in trace["y"])
    return Figure("norms", "Norms by layer", f"Largest mean norms: {'; '.join(largest_of)}.", options,
                  axes("layer", "mean norm", y_axis={"type": "log"} if positive else {}), choice="of")
