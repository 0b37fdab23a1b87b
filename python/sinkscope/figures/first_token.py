"""Figure of `sinkscope first-token`: the residual's norm by layer over the vocabulary, its dimensions after the block in which
it grows most, and a map of the ids whose norm does not grow, once that growth is complete."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sinkscope.figures.parts.atlas import by_growth, failing, legend, name_points, norm_axis
from sinkscope.figures.parts.colours import DARK_GREY, FIRST, WITHOUT_MASSIVE
from sinkscope.figures.parts.style import caption, floats, new, shown, title, wide
from sinkscope.results import Result
from sinkscope.results.findings import Findings

ORDER = 35


def norms(axis, found: dict) -> None:
    """Bands between quantiles over ids; what is at -1 is the embedding."""
    quantiles = dict(zip(found["norm_quantiles"]["p"], floats(found["norm_quantiles"]["by_layer"]).T))
    places = np.arange(len(quantiles[0.5])) - 1
    for low, high, alpha, name in ((0, 1, 0.15, "all ids"), (0.05, 0.95, 0.25, "5 to 95 %"), (0.25, 0.75, 0.4, "quartiles")):
        axis.fill_between(places, quantiles[low], quantiles[high], color=FIRST, alpha=alpha, lw=0, label=name)
    axis.plot(places, quantiles[0.5], color=FIRST, label="median")
    for number, entry in enumerate(failing(found)):
        axis.plot(places, entry["norm_by_layer"], color=WITHOUT_MASSIVE, lw=0.5, alpha=0.7, label="not massive" if number == 0 else None)
    axis.axvline(found["largest_growth"]["layer"], color=DARK_GREY, ls=":", lw=1)
    axis.set(xlabel="after block (−1: embedding)", ylabel="norm of the residual", yscale="log", title="every id, alone in the model")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.legend(fontsize=6)


def dimensions(axis, found: dict) -> None:
    largest = found["largest_growth"]
    means = floats([d["mean"] for d in largest["dimensions"]])
    axis.bar(range(len(means)), means, color=FIRST)
    axis.axhline(0, color=DARK_GREY, lw=0.6)
    axis.set_xlim(-0.6, max(len(means), 4) - 0.4)
    axis.set_xticks(range(len(means)), [str(d["dimension"]) for d in largest["dimensions"]], rotation=90 if len(means) > 6 else 0)
    axis.set(xlabel="dimension", ylabel="mean over ids",
             title=f"block {largest['layer']}: median norm × {largest['growth']:.3g}, {100 * largest['share']:.0f} % of the energy")


def growth_map(axis, found: dict) -> None:
    largest, at = found["largest_growth"], found["after_growth"]
    if at["key_cosine"] is None:
        axis.axis("off")
        text = f"no layer reads what block {largest['complete_layer']} writes"
        axis.text(0.5, 0.5, text, ha="center", transform=axis.transAxes, color=DARK_GREY)
        return
    norm = floats(at["norm"])
    by_growth(axis, found, norm, floats(at["key_cosine"]), norm)
    norm_axis(axis, found)
    axis.set(ylabel="cosine with the mean key", title=f"the norm and the key of layer {largest['key_layer']} that is made of it, by id")
    legend(axis)
    name_points(axis, [(e["norm"], e["key_cosine"], shown(e["piece"], e["id"])) for e in failing(found)])


def told(result: Result) -> str:
    lacking, largest = result.results["without_growth"], result.results["largest_growth"]
    if not lacking:
        return "no block makes the median norm four times as long"
    limit = float(f"{lacking['norm_below']:.3g}")
    first, last = largest["layer"], largest["complete_layer"]
    before = "it" if first == last else f"block {first}"
    return (f"not massive: norm after block {last} below {limit:g}, the geometric mean of the median norms then and before {before}, "
            f"{lacking['count']} of {result.data['samples']} ids")


def summary(result: Result, findings: Findings) -> Iterator[tuple[str, str]]:
    found = result.results
    largest, lacking = found["largest_growth"], found["without_growth"]
    what = f"3 every id alone ({result.data['samples']} ids)"
    if not lacking:
        yield what, told(result)
        return
    dimensions = ", ".join(f"{one['dimension']} ({one['mean']:+.0f})" for one in largest["dimensions"][:4])
    yield what, f"block {largest['layer']} makes the median norm {largest['growth']:.3g} times as long: dimensions {dimensions}"
    names = " ".join(shown(one["piece"], one["id"]) for one in lacking["ids"][:8])
    yield "  ids that get none of it", f"{lacking['count']}: {names}{' ...' if lacking['count'] > 8 else ''}"


def panels(result: Result) -> dict[str, Callable[[Axes], None]]:
    found = result.results
    return {"norms": lambda axis: norms(axis, found), "dimensions": lambda axis: dimensions(axis, found),
            "growth_map": lambda axis: growth_map(axis, found)}


def draw(result: Result) -> Figure:
    found = result.results
    figure, axes = new(2, 2, height=2.8)
    norms(axes[0][0], found)
    dimensions(axes[0][1], found)
    growth_map(wide(figure, axes[1]), found)
    title(figure, result, "What every token id becomes when it is first")
    caption(figure, result, f"{told(result)}; mean key: by head, over the ids")
    return figure
