"""The first-token atlas in figures: its arrays, its place beside a sweep of the same model, and names at its points."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.ticker import LogFormatter

from sinkscope.figures.parts.colours import DARK_GREY, FIRST, GREY, WITHOUT_MASSIVE
from sinkscope.figures.parts.style import floats
from sinkscope.results import Result, ResultError, read

ATLAS = "first-token"  # the experiment that makes it
MOST_NAMES = 16  # a panel's height holds as many


def atlas_of(sweep: Result, path: Path | None) -> dict | None:
    """What the first-token result in `path` found, checked to be of the sweep's model, its position and all its ids. Without a
    path: of the result beside the sweep, where there is one that fits."""
    if path is not None:
        return fitting(read(path, ATLAS), sweep)
    try:
        beside = sweep.beside(f"{ATLAS}.json")
        return fitting(read(beside, ATLAS), sweep) if beside.exists() else None
    except ResultError:
        return None


def fitting(atlas: Result, sweep: Result) -> dict:
    for key in ("config_sha256", "weights_sha256"):
        if atlas.model[key] != sweep.model[key]:
            raise ResultError(f"{atlas.path}: is of another model: {key} {atlas.model[key][:12]} of {atlas.model['name']}, "
                              f"the sweep's {sweep.model[key][:12]} of {sweep.model['name']}")
    if sweep.results["position"] != 0:
        raise ResultError(f"{atlas.path}: tells of token 0, the sweep put its ids at position {sweep.results['position']}")
    missing = set(sweep.results["ids"]) - set(atlas.results["ids"])
    if missing:
        raise ResultError(f"{atlas.path}: lacks {len(missing)} of the sweep's ids, the first is {min(missing)}")
    return atlas.results


def after_growth(atlas: dict, ids: list[int], name: str) -> np.ndarray:
    """One of the values when the growth is complete, by these ids."""
    value = dict(zip(atlas["ids"], atlas["after_growth"][name]))
    return floats([value[i] for i in ids])


def norm_axis(axis, atlas: dict) -> None:
    """x: the norm when the growth is complete, with its limit, and room on the left for names."""
    norms = [norm for norm in atlas["after_growth"]["norm"] if norm > 0]
    span = max(max(norms) / min(norms), 1.1)
    axis.set(xscale="log", xlim=(min(norms) / span**0.2, max(norms) * span**0.05),
             xlabel=f"norm of the residual after block {atlas['largest_growth']['complete_layer']}, the id alone")
    plain_numbers(axis.xaxis)
    if atlas["without_growth"]:
        axis.axvline(atlas["without_growth"]["norm_below"], color=DARK_GREY, ls=":", lw=1, label="between the medians before, after")


def failing(atlas: dict) -> list[dict]:
    """The ids without a massive activation, as the result lists them; none where no block writes one."""
    return atlas["without_growth"]["ids"] if atlas["without_growth"] else []


def lacks_growth(atlas: dict, norm: np.ndarray) -> np.ndarray:
    """Of each of these norms, whether it is that of an id without a massive activation."""
    return norm < (atlas["without_growth"]["norm_below"] if atlas["without_growth"] else 0)


def by_growth(axis, atlas: dict, x: np.ndarray, y: np.ndarray, norm: np.ndarray) -> None:
    """One point per id, coloured by whether it grows."""
    lacks = lacks_growth(atlas, norm)
    for which, colour, name in ((~lacks, FIRST, "massive"), (lacks, WITHOUT_MASSIVE, "not")):
        axis.scatter(x[which], y[which], s=5, color=colour, alpha=0.6, lw=0, rasterized=True, label=name)


def legend(axis) -> None:
    axis.legend(fontsize=6, loc="lower right", frameon=True, framealpha=0.9, edgecolor="none")


def plain_numbers(log_axis) -> None:
    log_axis.set_major_formatter(LogFormatter())
    log_axis.set_minor_formatter(LogFormatter())


def name_points(axis, points: list[tuple[float, float, str]]) -> None:
    """Texts at the panel's left edge, apart from each other, with a line from each to its point (x, y in data)."""
    axis.get_xlim(), axis.get_ylim()  # settles the limits
    points = sorted(points[:MOST_NAMES], key=lambda p: -p[1])
    heights = [(axis.transScale + axis.transLimits).transform((x, y))[1] for x, y, _ in points]
    gap = 1 / MOST_NAMES
    for i in range(1, len(heights)):
        heights[i] = min(heights[i], heights[i - 1] - gap)
    floor = 0.03
    for i in reversed(range(len(heights))):
        heights[i] = max(heights[i], floor)
        floor = heights[i] + gap
    line = {"arrowstyle": "-", "lw": 0.4, "color": GREY, "shrinkA": 0, "shrinkB": 1, "relpos": (1, 0.5)}
    for (x, y, text), height in zip(points, heights):
        axis.annotate(text, (x, y), (0.01, height), textcoords="axes fraction", fontsize=6, va="center", arrowprops=line)
