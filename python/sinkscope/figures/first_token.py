"""Figure of `sinkscope first-token`: the residual's norm by layer over the vocabulary, the spike's dimensions, and a map of
the ids that fail to spike."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sinkscope.figures.parts.atlas import FAILS, by_spike, legend, name_points, norm_axis
from sinkscope.figures.parts.style import COLOURS, caption, floats, new, shown, title, wide
from sinkscope.results import Result


def norms(axis, found: dict, norm: np.ndarray) -> None:
    """Bands between quantiles over ids; what stands at -1 is the embedding."""
    quantiles = dict(zip(found["norm_quantiles"]["p"], floats(found["norm_quantiles"]["by_layer"]).T))
    places = np.arange(len(quantiles[0.5])) - 1
    for low, high, alpha, name in ((0, 1, 0.15, "all ids"), (0.05, 0.95, 0.25, "5 to 95 %"), (0.25, 0.75, 0.4, "quartiles")):
        axis.fill_between(places, quantiles[low], quantiles[high], color=COLOURS[0], alpha=alpha, lw=0, label=name)
    axis.plot(places, quantiles[0.5], color=COLOURS[0], label="median")
    row = {i: n for n, i in enumerate(found["ids"])}
    for number, entry in enumerate(found["without_spike"]["ids"]):
        axis.plot(places, norm[row[entry["id"]]], color=FAILS, lw=0.5, alpha=0.7, label="without spike" if number == 0 else None)
    axis.axvline(found["spike"]["layer"], color="#666666", ls=":", lw=1)
    axis.set(xlabel="after block (−1: embedding)", ylabel="norm of the residual", yscale="log", title="every id, alone in the model")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.legend(fontsize=6)


def dimensions(axis, found: dict) -> None:
    spike = found["spike"]
    means = floats([d["mean"] for d in spike["dimensions"]])
    axis.bar(range(len(means)), means, color=COLOURS[0])
    axis.axhline(0, color="#666666", lw=0.6)
    axis.set_xticks(range(len(means)), [str(d["dimension"]) for d in spike["dimensions"]], rotation=90 if len(means) > 6 else 0)
    axis.set(xlabel="dimension", ylabel="mean over ids",
             title=f"block {spike['layer']}: median norm × {spike['growth']:.3g}, {100 * spike['share']:.0f} % of the energy")


def spike_map(axis, found: dict) -> None:
    spike, failing, at = found["spike"], found["without_spike"], found["at_spike"]
    if at["key_cosine"] is None:
        axis.axis("off")
        axis.text(0.5, 0.5, f"no layer reads what block {spike['layer']} writes", ha="center", transform=axis.transAxes, color="#666666")
        return
    norm = floats(at["norm"])
    by_spike(axis, found, norm, floats(at["key_cosine"]), norm)
    norm_axis(axis, found)
    axis.set(ylabel="cosine with the mean key", title=f"the spike and the key of layer {spike['key_layer']} that is made of it, by id")
    legend(axis)
    name_points(axis, [(e["norm"], e["key_cosine"], shown(e["piece"], e["id"])) for e in failing["ids"]])


def draw(result: Result) -> Figure:
    found = result.results
    figure, axes = new(2, 2, height=2.8)
    norms(axes[0][0], found, result.array(found["by_id_layer"]["norm"]))
    dimensions(axes[0][1], found)
    spike_map(wide(figure, axes[1]), found)
    title(figure, result, "What every token id becomes when it stands first")
    failing = found["without_spike"]
    caption(figure, result, f"without spike: norm after block {found['spike']['layer']} below half of the median, {failing['count']} ids; "
                            "mean key: by head, over the ids")
    return figure
