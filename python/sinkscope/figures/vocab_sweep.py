"""Figure of `sinkscope vocab-sweep`: histogram of scores, rank curve with its ends named, box plot by kind of token. With an
atlas of `sinkscope first-token` the scores are drawn against the norm that each id gets alone."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from sinkscope.figures.parts.atlas import (
    ATLAS,
    after_growth,
    atlas_of,
    by_growth,
    lacks_growth,
    legend,
    name_points,
    norm_axis,
    plain_numbers,
)
from sinkscope.figures.parts.colours import FIRST, MEASURED, SAMPLES, TEXT, UNIFORM, WITHOUT_MASSIVE
from sinkscope.figures.parts.style import caption, floats, new, shown, title, wide
from sinkscope.results import Result
from sinkscope.results.findings import Findings

ORDER = 30
BELOW_LEGEND = 0.75  # of the histogram's height


def histogram(axis, found: dict) -> None:
    """Bars and lines end below the legend, which has the top of the panel to itself."""
    edges, counts = floats(found["histogram"]["edges"]), floats(found["histogram"]["counts"])
    axis.stairs(counts, edges, fill=True, color=FIRST)
    axis.axvline(found["mean"], ymax=BELOW_LEGEND, color=TEXT, label=f"mean {found['mean']:.3f}")
    axis.axvline(found["uniform"], ymax=BELOW_LEGEND, color=UNIFORM, ls=":", label=f"uniform {found['uniform']:.3f}")
    axis.set(xlabel=f"mean attention to token {found['position']}", ylabel="token ids", yscale="symlog", title="every id")
    scale = axis.yaxis.get_transform()
    axis.set_ylim(0, scale.inverted().transform(scale.transform(counts.max()) / BELOW_LEGEND))
    axis.legend(loc="upper center", borderaxespad=0)


def screened_ranks(axis, found: dict, order: np.ndarray, ranks: np.ndarray) -> None:
    """Predictions with their intervals, and what was measured in full."""
    screen, scores = found["screen"], floats(found["score"])
    exact = np.array(screen["exact"])[order]
    low, high = floats(screen["low"])[order], floats(screen["high"])[order]
    axis.fill_between(ranks, low, high, color=SAMPLES, alpha=0.4, lw=0, label="95 % interval")
    axis.plot(ranks[~exact], scores[order][~exact], ".", ms=1.5, color=FIRST, label=f"screened ({(~exact).sum()})", rasterized=True)
    axis.plot(ranks[exact], scores[order][exact], ".", ms=3, color=MEASURED, label=f"in full ({exact.sum()})", rasterized=True)
    axis.legend(loc="lower left", markerscale=2)


def rank_curve(figure, axis, found: dict, atlas: dict | None) -> None:
    scores = floats(found["score"])
    order = np.argsort(-scores, kind="stable")
    ranks = np.arange(1, len(scores) + 1)
    if atlas:
        norm = after_growth(atlas, found["ids"], "norm")[order]
        dots = axis.scatter(ranks, scores[order], c=norm, s=4, lw=0, norm=LogNorm(), rasterized=True)
        bar = figure.colorbar(dots, ax=axis, label=f"norm after block {atlas['largest_growth']['complete_layer']}", fraction=0.05, pad=0.02)
        plain_numbers(bar.ax.yaxis)
        if "screen" in found:
            exact = np.array(found["screen"]["exact"])[order]
            axis.plot(ranks[exact], scores[order][exact], "o", ms=4, mfc="none", mew=0.5, mec=MEASURED, label="in full", rasterized=True)
            axis.legend(loc="lower left")
    elif "screen" in found:
        screened_ranks(axis, found, order, ranks)
    else:
        axis.plot(ranks, scores[order], color=FIRST)
    axis.axhline(found["uniform"], color=UNIFORM, ls=":")
    axis.set(xlabel="rank", ylabel=f"mean attention to token {found['position']}", title="by rank", ylim=(0, None))


def table(axis, found: dict, entries: list[dict], head: str, atlas: dict | None) -> None:
    """A ~ says that the score is predicted."""
    predicted = {i for i, exact in zip(found["ids"], found.get("screen", {}).get("exact", [])) if not exact}
    axis.axis("off")
    axis.set_title(head)
    lacks = [False] * len(entries)
    if atlas:
        lacks = lacks_growth(atlas, after_growth(atlas, [e["id"] for e in entries], "norm"))
    for row, (entry, fails) in enumerate(zip(entries, lacks)):
        y = 0.97 - row / max(len(entries), 12)
        look = {"va": "top", "fontsize": 6.5, "transform": axis.transAxes}
        axis.text(0.02, y, shown(entry["piece"], entry["id"]), **look)
        if fails:
            axis.text(0, y, "■", ha="right", color=WITHOUT_MASSIVE, **look)
        axis.text(0.98, y, f"{'~' if entry['id'] in predicted else ''}{entry['score']:.3f}", ha="right", **look)


def boxes(axis, found: dict) -> None:
    stats = [dict(label=f"{k['kind']} ({k['count']})", whislo=k["quantiles"][0], q1=k["quantiles"][1], med=k["quantiles"][2],
                  q3=k["quantiles"][3], whishi=k["quantiles"][4], mean=k["mean"]) for k in found["by_kind"]]
    if stats:
        axis.bxp(stats, showfliers=False, showmeans=True, orientation="horizontal",
                 medianprops=dict(color=FIRST), meanprops=dict(marker="D", ms=3, mfc=TEXT, mec=TEXT))
    axis.set(xlabel=f"mean attention to token {found['position']}", title="by kind (range, quartiles, median, mean)")
    axis.set_xlim(0, None)


def against_growth(axis, found: dict, atlas: dict) -> None:
    """The weakest sinks are named: left of the dotted line they do not grow."""
    norm, scores = after_growth(atlas, found["ids"], "norm"), floats(found["score"])
    by_growth(axis, atlas, norm, scores, norm)
    norm_axis(axis, atlas)
    axis.axhline(found["uniform"], color=UNIFORM, ls="--", lw=0.8, label="uniform")
    axis.set(ylabel="mean attention to token 0", title="do weak sinks lack the massive activation? (orange: they do)")
    legend(axis)
    weakest = found["bottom"][:14]
    places = after_growth(atlas, [e["id"] for e in weakest], "norm")
    name_points(axis, [(x, e["score"], shown(e["piece"], e["id"])) for x, e in zip(places, weakest)])


def against_key(axis, found: dict, atlas: dict) -> None:
    if atlas["after_growth"]["key_cosine"] is None:
        axis.axis("off")
        return
    cosine, norm = (after_growth(atlas, found["ids"], name) for name in ("key_cosine", "norm"))
    by_growth(axis, atlas, cosine, floats(found["score"]), norm)
    axis.axhline(found["uniform"], color=UNIFORM, ls="--", lw=0.8)
    axis.set(xlabel="cosine with the mean key", title=f"the key of layer {atlas['largest_growth']['key_layer']}")


def screening(found: dict) -> str:
    if "screen" not in found:
        return ""
    screen = found["screen"]
    return (f", {sum(screen['exact'])} measured in full and the others predicted from a pilot of {screen['pilot']['samples']} x "
            f"{screen['pilot']['length']} tokens ({100 * screen['token_share']:.1f} % of all tokens; "
            "histogram and mean corrected by the audit)")


def by_id(result: Result, layer: int) -> tuple[list[int], list[float], float]:
    """Ids, attention in one layer to each at the swept position, and to the samples' own token there."""
    found = result.results
    return found["ids"], result.array(found["by_layer_id"])[:, layer].tolist(), found["baseline"]["mean_attention"]["by_layer"][layer]


def kept_half(result: Result, layer: int, without: Collection[int] = ()) -> float:
    """Share of the ids, but for those in `without`, that get at least half of what the own first tokens get."""
    ids, scores, own = by_id(result, layer)
    kept = [score >= 0.5 * own for token, score in zip(ids, scores) if token not in without]
    return sum(kept) / len(kept)


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--atlas", type=Path, help="result of `sinkscope first-token` on the same model, to colour the scores by "
                        f"({ATLAS}.json beside the sweep, where it is of that model)")


def panels(result: Result) -> dict[str, Callable[[Axes], None]]:
    found = result.results
    return {"histogram": lambda axis: histogram(axis, found), "by_kind": lambda axis: boxes(axis, found)}


def draw(result: Result, atlas: Path | None = None) -> Figure:
    found, beside = result.results, atlas_of(result, atlas)
    figure, axes = new(3 if beside else 2, 3, height=2.7)
    histogram(axes[0][0], found)
    rank_curve(figure, axes[0][1], found, beside)
    table(axes[0][2], found, found["top"][:14], "strongest", beside)
    boxes(wide(figure, axes[1][:2]), found)
    table(axes[1][2], found, found["bottom"][:14], "weakest (orange: none)" if beside else "weakest", beside)
    if beside:
        against_growth(wide(figure, axes[2][:2]), found, beside)
        against_key(axes[2][2], found, beside)
    title(figure, result, f"Every token id at position {found['position']}")
    caption(figure, result, f"score: mean over layers, heads and queries q ≥ {found['baseline']['first_query']}; "
            f"{len(found['ids'])} ids{screening(found)}")
    return figure


def summary(result: Result, findings: Findings) -> Iterator[tuple[str, str]]:
    ids, scores, own = by_id(result, findings.layer)
    kept = kept_half(result, findings.layer)
    yield f"3 every id first ({len(ids)} ids)", \
        f"mean {sum(scores) / len(scores):.3f}, the samples' own first tokens {own:.3f}; {kept:.1%} keep half of that"
