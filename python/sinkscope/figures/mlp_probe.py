"""Figure of `sinkscope mlp-probe`: the massive activation by dimension, magnitudes and parts by layer, neurons' energy; with
--self-only the comparison of layers 0 and 1."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sinkscope.figures.parts.colours import DARK_GREY, FIRST, PARTS, REST, RULER, shades, token_colours
from sinkscope.figures.parts.levels import legend_row, with_legend_row
from sinkscope.figures.parts.style import caption, floats, layers_axis, legend_above, log_scale, new, nothing, signed, title
from sinkscope.results import Result, ResultError
from sinkscope.results.findings import Findings

ORDER = 45


def site(layer: dict, name: str) -> list[dict]:
    return next(s["tokens"] for s in layer["sites"] if s["site"] == name)


def magnitudes(axis, found: dict) -> None:
    colours = token_colours(found["tokens"])
    for number, token in enumerate(found["tokens"]):
        values = [site(layer, "resid_post")[number]["max_abs"] for layer in found["layers"]]
        axis.plot(floats(values), color=colours[token], marker="o", ms=2, label=f"token {token}")
    medians = [site(layer, "resid_post")[0]["median_abs"] for layer in found["layers"]]
    axis.plot(floats(medians), color=DARK_GREY, ls=":", label="median |x|")
    log_scale(axis, floats(medians))
    axis.set(ylabel="largest |x| of resid_post", title="largest magnitude")
    layers_axis(axis, len(found["layers"]))
    legend_above(axis)


def parts(axis, found: dict) -> None:
    """Norms at token 0: what comes in, what attention and the MLP write."""
    for name, text in (("resid_pre", "residual"), ("attn_out", "attention"), ("mlp_out", "MLP")):
        colour = PARTS[text]
        axis.plot(floats([site(layer, name)[0]["norm"]["mean"] for layer in found["layers"]]), color=colour, marker="o", ms=2, label=text)
        axis.plot(floats([site(layer, name)[-1]["norm"]["mean"] for layer in found["layers"]]), color=colour, ls=":", lw=1)
    log_scale(axis, np.concatenate([line.get_ydata() for line in axis.lines]))
    axis.set(ylabel="mean norm", title=f"parts of the residual: token 0 (solid), {found['tokens'][-1]} (dotted)")
    layers_axis(axis, len(found["layers"]))
    legend_above(axis)


def massive_activation(axis, found: dict) -> None:
    if found["massive_activation"] is None:
        return nothing(axis, "no dimension of mlp_out meets the outlier rule")
    dimensions = found["massive_activation"]["dimensions"][:10]
    place = np.arange(len(dimensions))
    axis.bar(place - 0.2, [abs(d["mean"]) for d in dimensions], 0.4, color=FIRST, label="token 0")
    axis.bar(place + 0.2, [d["others"] for d in dimensions], 0.4, color=REST, label="other tokens")
    axis.set_xticks(place, [f"{d['dimension']} ({'+' if d['mean'] > 0 else '−'})" for d in dimensions],
                    rotation=90 if len(dimensions) > 5 else 0)
    axis.set(yscale="symlog", xlabel="dimension (sign)", ylabel="mean |x| of mlp_out",
             title=f"massive activation, written at {found['massive_activation']['site'].replace('hook_', '')}")
    axis.set_ylim(0, 30 * abs(dimensions[0]["mean"]))
    axis.legend(loc="upper right")


def energy(axis, found: dict) -> None:
    if found["neurons"] is None:
        return nothing(axis, "no massive activation, so no neurons to name")
    tokens = found["neurons"]["tokens"]
    place = np.arange(len(tokens))
    for offset, (share, colour) in zip((-0.29, 0, 0.29), zip(("25", "75", "99"), shades(3))):
        bars = axis.bar(place + offset, [t["energy"][share] for t in tokens], 0.29, color=colour, label=f"{share} %")
        axis.bar_label(bars, fontsize=6)
    axis.set_xticks(place, [f"token {t['token']}" for t in tokens])
    axis.set(yscale="log", ylabel="neurons", title="neurons that hold the energy")
    axis.set_ylim(top=1.6 * axis.get_ylim()[1])  # room for the numbers
    legend_above(axis)


def neurons(axis, found: dict) -> None:
    if found["neurons"] is None:
        return nothing(axis, "")
    top = [n for n in found["neurons"]["tokens"][0]["top"] if (n["energy_share"] or 0) > 1e-6]
    shares = [n["energy_share"] or 0 for n in top]
    axis.barh(range(len(top)), shares, color=FIRST)
    labels = [f"{n['neuron']}" + (f"  cos {signed(n['cosine_to_first'])}" if n["cosine_to_first"] is not None else "") for n in top]
    axis.set_yticks(range(len(top)), labels, fontsize=6)
    axis.invert_yaxis()
    axis.set(xlabel="share of energy at token 0", title="strongest neurons (cosine of columns to the first)")


def direction(axis, found: dict) -> None:
    if found["direction"] is None:
        return nothing(axis, "")
    way = found["direction"]
    for column, token in enumerate(way["tokens"]):
        colour = token_colours(way["tokens"])[token]
        axis.plot(way["layers"], floats(way["before_gain"])[:, column], color=colour, label=f"token {token}")
        axis.plot(way["layers"], floats(way["after_gain"])[:, column], color=colour, ls="--", lw=0.9)
    axis.set(xlabel="layer", ylabel="cosine", title="along the massive activation (dashed: after gain)", ylim=(-1.05, 1.05))
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    legend_above(axis, columns=4, row=0.12)


def beside_self_only(axes, found: dict) -> None:
    """Norms and outliers at every hook point of layers 0 and 1, as they are and self-only; tokens below each other."""
    sites = found["self_only"]["sites"]
    tokens = [t["token"] for t in sites[0]["tokens"]]
    names = [s["site"].replace("blocks.", "").replace("hook_", "") for s in sites]
    for axis, key, label in zip(axes, ("norm", "outliers"), ("mean norm", "outlier dimensions")):
        for number, token in enumerate(tokens):
            colour = token_colours(tokens)[token]
            for case, marker in (("normal", "o"), ("self_only", "x")):
                rows = [next(t[case] for t in s["tokens"] if t["token"] == token) for s in sites]
                values = [r["norm"]["mean"] if key == "norm" else len(r["outliers"]) for r in rows]
                places = np.arange(len(sites)) + 0.2 * (number - (len(tokens) - 1) / 2)
                axis.plot(floats(values), places, marker, color=colour, ms=3, mfc="none",
                          label=f"token {token}, {'self-only' if case == 'self_only' else 'as it is'}")
        axis.set(xlabel=label, ylim=(len(sites) - 0.5, -0.5))
        axis.hlines(np.arange(1, len(sites)) - 0.5, 0, 1, transform=axis.get_yaxis_transform(), color=RULER, lw=0.3)
    axes[0].set_xscale("symlog")
    axes[0].set_xlim(-0.3, 1.4 * axes[0].dataLim.xmax)
    axes[1].xaxis.set_major_locator(MaxNLocator(integer=True))
    axes[0].set_yticks(range(len(sites)), names, fontsize=6)
    for axis in axes:
        axis.tick_params(axis="y", length=0)


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--self-only", action="store_true", help="draw the comparison of layers 0 and 1")


def more(result: Result) -> dict[str, dict[str, Any]]:
    return {"self-only": {"self_only": True}} if result.results["self_only"] else {}


def panels(result: Result) -> dict[str, Callable[[Axes], None]]:
    drawn = (massive_activation, magnitudes, parts, energy, neurons, direction)
    return {one.__name__: lambda axis, one=one: one(axis, result.results) for one in drawn}


def draw(result: Result, self_only: bool = False) -> Figure:
    return comparison(result) if self_only else probe(result)


def probe(result: Result) -> Figure:
    figure, axes = new(3, 2, height=2.5)
    for axis, panel in zip(axes.flat, panels(result).values()):
        panel(axis)
    title(figure, result, "What the MLPs write at the first token")
    caption(figure, result, "means over samples")
    return figure


def comparison(result: Result) -> Figure:
    found = result.results
    if found["self_only"] is None:
        raise ResultError(f"{result.path}: the run had no --self-only")
    figure, axes = with_legend_row(1, 2, [6.5], sharey=True)
    beside_self_only(axes[0], found)
    legend_row(figure, axes[1], axes[0][0])
    title(figure, result, "Layers 0 and 1: self-only rows beside the others")
    caption(figure, result, f"self-only: {found['self_only']['spec']}; outliers: |mean| ≥ 50 × global mean |x| and ≥ 5 × tokens 1 to 8")
    return figure


def summary(result: Result, findings: Findings) -> Iterator[tuple[str, str]]:
    found = result.results["massive_activation"]
    if found is None:
        yield "massive activation", "no block before the sink writes one"
        return
    dimensions = ", ".join(f"{d['dimension']} ({d['mean']:+.0f})" for d in found["dimensions"][:4])
    yield "massive activation", f"written at {found['site'].replace('hook_', '')} into dimensions {dimensions}"
