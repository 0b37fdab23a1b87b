"""Figure of `sinkscope self-mask`: attention to the masked token beside the first token's, one panel a set of layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sinkscope.figures.parts.colours import DARK_GREY, token_colours
from sinkscope.figures.parts.levels import legend_across, with_legend_row
from sinkscope.figures.parts.style import caption, floats, layers_axis, split, title
from sinkscope.results import Result
from sinkscope.results.findings import Findings

ORDER = 40
COLUMNS = 4  # panels beside each other
HEIGHT, HEIGHT_OF_SETS = 1.3, 2.5  # inches: of a row of them, and of the panels over the sets of layers


def panel(axis, found: dict, layers: str) -> None:
    """Solid: to the masked token; dashed: to token 0 from the same queries; dotted: the control."""
    runs = [r for r in found["runs"] if r["layers"] == layers and len(r["tokens"]) == 1]
    for token, colour in token_colours(found["tokens"]).items():
        for run in (r for r in runs if r["tokens"] == [token]):
            masked = floats(run["masked"][0]["mean_attention"]["by_layer"])
            if run["mode"] == "not_self":
                axis.plot(masked, color=colour, ls=":", lw=1)
                continue
            axis.plot(masked, color=colour)
            axis.plot(floats(run["first"][0]["mean_attention"]["by_layer"]), color=colour, ls="--", lw=0.9)
    axis.set_title(f"in layers {layers}")
    layers_axis(axis, len(runs[0]["masked"][0]["mean_attention"]["by_layer"]), ticks=5)


def by_layer_set(axes, found: dict) -> None:
    """On one scale; the layers are named below the lowest panel of each column."""
    names = [one["name"] for one in found["layer_sets"]]
    for axis, name in zip(axes.flat, names):
        panel(axis, found, name)
    axes[0][0].set_ylim(-0.02, None)
    for row in axes:
        row[0].set_ylabel("attention")
    for number, axis in enumerate(axes.flat):
        if number >= len(names):
            axis.axis("off")
        elif number + COLUMNS < len(names):
            axis.set_xlabel(None)
        else:
            axis.tick_params(labelbottom=True)


def symbols(result: Result) -> list[Line2D]:
    look = {"color": DARK_GREY, "lw": 1}
    return [*(Line2D([], [], color=colour, label=f"token {token} masked")
                 for token, colour in token_colours(result.results["tokens"]).items()),
            Line2D([], [], **look, label="attention to it"), Line2D([], [], **look, ls="--", label="to token 0"),
            Line2D([], [], **look, ls=":", label="to it, when it may not see itself")]


def ratios(axis, found: dict) -> None:
    names = [s["name"] for s in found["layer_sets"]]
    for token, colour in token_colours(found["tokens"]).items():
        values = [next(r["ratio"][0] for r in found["runs"]
                       if r["mode"] == "self_only" and r["tokens"] == [token] and r["layers"] == name) for name in names]
        axis.plot(floats(values), color=colour, marker="o", ms=3, lw=0.8)
    axis.axhline(1, color=DARK_GREY, ls=":", lw=1)
    axis.set(ylabel="masked / token 0", xlabel="layers with self-only rows", title="ratio to the first token")
    axis.set_ylim(0, max(1.05, axis.get_ylim()[1]))
    axis.set_xticks(range(len(names)), names, rotation=90)


def changes(axis, found: dict) -> None:
    """A column a set of layers, a point a token."""
    names = list(dict.fromkeys(row["layers"] for row in found["paired"]))
    for number, (token, colour) in enumerate(token_colours(found["tokens"]).items()):
        rows = [row for row in found["paired"] if row["tokens"] == [token]]
        means = floats([row["change_of_first"]["mean"] for row in rows])
        limits = floats([row["change_of_first"]["ci95"] for row in rows]).reshape(-1, 2).T
        places = [names.index(row["layers"]) + 0.2 * (number - (len(found["tokens"]) - 1) / 2) for row in rows]
        axis.errorbar(places, means, np.nan_to_num(np.abs(limits - means)), fmt="o", ms=2.5, lw=1, color=colour)
    axis.axhline(0, color=DARK_GREY, ls=":", lw=1)
    axis.set_xticks(range(len(names)), names, rotation=90)
    axis.set(ylabel="change (95 %)", xlabel="layers with self-only rows", title="what the first token loses, paired")


def self_only(result: Result, layer: int, token: int, layers: str) -> tuple[float, float]:
    """Attention to a token that attends only to itself in these layers, and to the first token, same queries."""
    run = next(r for r in result.results["runs"] if r["mode"] == "self_only" and r["tokens"] == [token] and r["layers"] == layers)
    masked, first = (run[which][0]["mean_attention"]["by_layer"][layer] for which in ("masked", "first"))
    return masked, first


def panels(result: Result) -> dict[str, Callable[[Axes], None]]:
    found = result.results
    of_sets = {f"layers_{one['name']}": lambda axis, name=one["name"]: of_set(axis, found, name) for one in found["layer_sets"]}
    return {"ratios": lambda axis: ratios(axis, found), "changes": lambda axis: changes(axis, found), **of_sets}


def of_set(axis, found: dict, layers: str) -> None:
    panel(axis, found, layers)
    axis.set(ylabel="attention", ylim=(-0.02, None))


def draw(result: Result) -> Figure:
    found = result.results
    rows = -(-len(found["layer_sets"]) // COLUMNS)
    figure, axes = with_legend_row(2, 1, [0.3 + HEIGHT * rows, HEIGHT_OF_SETS])
    of_sets = split(axes[1][0], 1, 2)[0]
    by_layer_set(split(axes[0][0], rows, COLUMNS, sharex=True, sharey=True), found)
    ratios(of_sets[0], found)
    changes(of_sets[1], found)
    legend_across(figure, axes[-1][0], [(one, one.get_label()) for one in symbols(result)])
    title(figure, result, "Tokens that attend only to themselves")
    caption(figure, result, "masked: token k attends only to itself; mean_attention of the same queries, q > k; dotted: the control")
    return figure


def summary(result: Result, findings: Findings) -> Iterator[tuple[str, str]]:
    """In the first layer alone, in as many of the first layers as bring most, and in the layers that bring most of all."""
    found = result.results
    tokens = found["tokens"]
    shares = {}  # of what the first token gets
    for one in found["layer_sets"]:
        pairs = (self_only(result, findings.layer, token, one["name"]) for token in tokens)
        shares[one["name"]] = [masked / first for masked, first in pairs]
    first_layers = [one["name"] for one in found["layer_sets"] if one["layers"] == list(range(len(one["layers"])))]
    shown = ["0"] + [max(names, key=lambda name: sum(shares[name])) for names in (first_layers, list(shares)) if names]
    for layers in dict.fromkeys(shown):
        if layers in shares:
            yield f"4 tokens {', '.join(map(str, tokens))} self-only in layers {layers}", \
                f"get {', '.join(format(share, '.2f') for share in shares[layers])} of what the first token gets"
