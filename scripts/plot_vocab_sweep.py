#!/usr/bin/env python3
"""Figure of `sinkscope vocab-sweep`: histogram of scores, rank curve with its ends named, box plot by kind of token."""

import numpy as np
from figures.style import COLOURS, arguments, caption, floats, new, save, shown, title


def histogram(axis, found: dict) -> None:
    edges, counts = floats(found["histogram"]["edges"]), floats(found["histogram"]["counts"])
    axis.stairs(counts, edges, fill=True, color=COLOURS[0])
    axis.axvline(found["mean"], color=COLOURS[1], label=f"mean {found['mean']:.3f}")
    axis.axvline(found["uniform"], color="#666666", ls=":", label=f"uniform {found['uniform']:.3f}")
    axis.set(xlabel=f"mean attention to token {found['position']}", ylabel="token ids", yscale="symlog", title="every id")
    axis.set_ylim(0, None)
    axis.legend(loc="upper center")


def rank_curve(axis, found: dict) -> None:
    scores = np.sort(floats(found["score"]))[::-1]
    axis.plot(np.arange(1, len(scores) + 1), scores, color=COLOURS[0])
    axis.axhline(found["uniform"], color="#666666", ls=":")
    axis.set(xlabel="rank", ylabel=f"mean attention to token {found['position']}", title="by rank", ylim=(0, None))


def table(axis, entries: list[dict], head: str) -> None:
    axis.axis("off")
    axis.set_title(head)
    for row, entry in enumerate(entries):
        y = 0.97 - row / max(len(entries), 12)
        axis.text(0.02, y, shown(entry["piece"], entry["id"]), va="top", fontsize=6.5, transform=axis.transAxes)
        axis.text(0.98, y, f"{entry['score']:.3f}", va="top", ha="right", fontsize=6.5, transform=axis.transAxes)


def boxes(axis, found: dict) -> None:
    stats = [dict(label=f"{k['kind']} ({k['count']})", whislo=k["quantiles"][0], q1=k["quantiles"][1], med=k["quantiles"][2],
                  q3=k["quantiles"][3], whishi=k["quantiles"][4], mean=k["mean"]) for k in found["by_kind"]]
    if stats:
        axis.bxp(stats, showfliers=False, showmeans=True, orientation="horizontal",
                 medianprops=dict(color=COLOURS[1]), meanprops=dict(marker="D", ms=3, mfc=COLOURS[2], mec=COLOURS[2]))
    axis.set(xlabel=f"mean attention to token {found['position']}", title="by kind (range, quartiles, median, mean)")
    axis.set_xlim(0, None)


def main() -> None:
    result, args = arguments("vocab-sweep", __doc__)
    found = result["results"]
    figure, axes = new(2, 3, height=2.7)
    histogram(axes[0][0], found)
    rank_curve(axes[0][1], found)
    table(axes[0][2], found["top"][:14], "strongest")
    grid = axes[1][0].get_gridspec()
    for axis in axes[1][:2]:
        axis.remove()
    boxes(figure.add_subplot(grid[1, :2]), found)
    table(axes[1][2], found["bottom"][:14], "weakest")
    title(figure, result, f"Every token id at position {found['position']}")
    caption(figure, result, f"score: mean over layers, heads and queries q ≥ {found['baseline']['first_query']}; {len(found['ids'])} ids")
    save(figure, args.output)


if __name__ == "__main__":
    main()
