"""Figure of `sinkscope scan`: the sink by layer and head, the key profile, the norms by layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sinkscope.figures.parts.colours import REST, UNIFORM, shades, token_colours
from sinkscope.figures.parts.style import caption, floats, image, layers_axis, legend_above, log_scale, new, title
from sinkscope.results import Result
from sinkscope.results.findings import Findings, Sink

ORDER = 10
TITLE = "Attention to the first token"
NORMS = {"resid_post": "residual (resid_post)", "rot_k": "keys (rot_k, mean over heads)", "v": "values (v, mean over heads)"}


def shown(sinks: list[dict]) -> dict:
    """The token that one panel can show: token 0, or the first where it is not tracked."""
    return next((sink for sink in sinks if sink["token"] == 0), sinks[0])


def heading(found: dict) -> str:
    tokens = [sink["token"] for sink in found["sink"] or []]
    if 0 in tokens:
        return TITLE
    if tokens:
        return f"Attention to token{'s' * (len(tokens) > 1)} {', '.join(map(str, tokens))}"
    return f"{', '.join(found['measures']).capitalize()} by layer"


def heat_map(axis, sink: dict) -> None:
    values = floats(sink["mean_attention"]["by_layer_head"]).T
    image(axis.figure, axis, values, f"mean attention to token {sink['token']}", vmin=0, vmax=1, origin="lower")
    axis.set(xlabel="layer", ylabel="head", title="by layer and head")
    axis.yaxis.set_major_locator(MaxNLocator(integer=True))
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))


def by_layer(axis, sinks: list[dict]) -> None:
    for sink, colour in zip(sinks, token_colours(sink["token"] for sink in sinks).values()):
        attention = sink["mean_attention"]
        mean, half = floats(attention["by_layer"]), floats(attention["by_layer_ci95"])
        axis.plot(mean, color=colour, label=f"token {sink['token']}", marker="o", ms=2)
        axis.fill_between(range(len(mean)), mean - half, mean + half, color=colour, alpha=0.2, lw=0)
    uniform = shown(sinks)
    axis.axhline(uniform["uniform"], color=UNIFORM, ls=":", lw=1, label=f"uniform, token {uniform['token']}")
    axis.set(ylabel="mean attention", title="by layer, 95 % interval over samples", ylim=(0, None))
    layers_axis(axis, len(sinks[0]["mean_attention"]["by_layer"]))
    legend_above(axis)


def profile(axis, values: dict) -> None:
    rows = floats(values["by_layer"])
    picked = sorted({0, len(rows) // 3, 2 * len(rows) // 3, len(rows) - 1})
    for row, colour in zip(picked, shades(len(picked))):
        axis.plot(floats(values["keys"]) + 1, rows[row], color=colour, label=f"layer {row}")
    axis.set(xscale="log", yscale="log", xlabel="key position + 1", ylabel="attention from later queries", title="key profile")
    legend_above(axis)


def norms(axis, values: dict, site: dict, name: str) -> None:
    for column, (token, colour) in enumerate(token_colours(values["tokens"]).items()):
        axis.plot(floats(site["by_layer_token"])[:, column], color=colour, label=f"token {token}", marker="o", ms=2)
    axis.plot(floats(site["others_by_layer"]), color=REST, ls=":", label="other tokens")
    shown = np.concatenate([floats(site["by_layer_token"]).ravel(), floats(site["others_by_layer"])])
    axis.set(ylabel="mean norm", title=name)
    if shown.max() > 10 * max(shown.min(), 1e-9):
        log_scale(axis, shown)
    else:
        axis.set_ylim(0, 1.05 * shown.max())
    layers_axis(axis, len(site["others_by_layer"]))
    legend_above(axis)


def panels(result: Result) -> dict[str, Callable[[Axes], None]]:
    found, drawn = result.results, {}
    if found["sink"]:
        drawn["by_layer_head"] = lambda axis: heat_map(axis, shown(found["sink"]))
        drawn["by_layer"] = lambda axis: by_layer(axis, found["sink"])
    if found["profile"]:
        drawn["profile"] = lambda axis: profile(axis, found["profile"])
    for site in (found["norms"] or {"sites": []})["sites"]:
        drawn[site["site"]] = lambda axis, site=site: norms(axis, found["norms"], site, NORMS[site["site"]])
    return drawn


def draw(result: Result) -> Figure:
    found, drawn = result.results, panels(result).values()
    loss = found["loss"]
    note = f"next-token loss {loss['mean']:.3f} nats" if loss else "mean_attention: see the result's metrics"
    figure, axes = new(max(1, (len(drawn) + 1) // 2), 2)
    for axis, panel in zip(axes.flat, drawn):
        panel(axis)
    for axis in list(axes.flat)[len(drawn):]:
        axis.axis("off")
    title(figure, result, heading(found))
    first = shown(found["sink"])["first_query"] if found["sink"] else 1
    caption(figure, result, f"mean_attention: queries q ≥ {first}, all heads; {note}")
    return figure


def summary(result: Result, findings: Findings) -> Iterator[tuple[str, str]]:
    sink = Sink(result)
    interval = "" if sink.half_width is None else f" ± {sink.half_width:.3f}"
    yield f"1 attention to the first token, layer {sink.layer}", \
        f"{sink.level:.3f}{interval}, uniform {sink.uniform:.3f}; layers above the first third {sink.upper:.3f}"
