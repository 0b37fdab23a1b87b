"""Figure of `sinkscope channel-patch`: at each site, attention to token k and to token 0 when token 0's level is written into
token k, and to token 0 when token k's is written into it; and the dose of the smallest set, or of named channels."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sinkscope.figures.parts.colours import RANDOM, RULER, SAMPLES, UNEDITED, colour_of
from sinkscope.figures.parts.later_token import draw_levels
from sinkscope.figures.parts.levels import LEGEND_HEIGHT, from_zero, legend_across, say
from sinkscope.figures.parts.style import new, nothing, title
from sinkscope.figures.parts.trial_rows import TrialRow, of_token, place, trial_rows
from sinkscope.results import Result, ResultError
from sinkscope.results.findings import Findings

WRITTEN = {"own row": "own row", "whole vector": "whole vector", "smallest set": "smallest set", "all but the smallest set": "all but it"}
REMOVED = {"whole vector": "whole vector", "smallest set": "smallest set", "every set": "every set", "needed set": "needed set"}
ORDER = 71
MOST = 3  # dose curves
NAMED = 4  # channels that a label spells


def signal(site: dict) -> str:
    """What suffices there, short."""
    if not site["sufficient"]:
        return "–"
    sets = []
    for one in site["sufficient"]:
        dimensions = one["dimensions"]
        if one["directions"]:
            sets.append("a direction")
        elif len(dimensions) > NAMED:
            sets.append(f"{len(dimensions)} channels")
        else:
            sets.append(" + ".join(map(str, dimensions)))
    return " or ".join(sets)


def grid(axis, rows: list[TrialRow], sites: list[dict], role: str, columns: dict[str, str], token: int) -> None:
    """A cell a site and set at dose 1, coloured up to the unedited sink; empty: there is no such set."""
    found = {(row["site"], row["of"]): row.level(token)[0] for row in rows if row["role"] == role and row["dose"] == 1}
    columns = {of: name for of, name in columns.items() if any(of == one for _, one in found)}
    levels = np.array([[found.get((site["site"], of), np.nan) for of in columns] for site in sites], dtype=float)
    top = max(rows[0].unedited(0), np.nanmax(levels))
    axis.imshow(np.ma.masked_invalid(levels), aspect="auto", vmin=0, vmax=top)
    for (y, x), value in np.ndenumerate(levels):
        if np.isfinite(value):
            axis.text(x, y, f"{value:.2f}", ha="center", va="center", fontsize=6, color="white" if value < 0.55 * top else "black")
    axis.set_xticks(range(len(columns)), columns.values(), rotation=90, fontsize=6)
    axis.set_yticks(range(len(sites)), [f"after {place(one['site'])}: {signal(one)}" for one in sites], fontsize=6)
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)


def curve(axis, rows: list[TrialRow], at: int, tokens: tuple[int, ...], of: str) -> None:
    """Over the dose; thin: samples; dotted: as many random dimensions moved as far, 95 % of them."""
    rows = sorted(rows, key=lambda row: row["dose"])
    dose = np.array([row["dose"] for row in rows])
    place_of_0 = int(np.searchsorted(dose, 0))

    def line(unedited, values: list, **look) -> None:
        """Through the unedited run, which is dose 0."""
        axis.plot(np.insert(dose, place_of_0, 0), [*values[:place_of_0], unedited, *values[place_of_0:]], **look)

    line(rows[0].unedited_by_sample(at), [row.by_sample(at) for row in rows], color=SAMPLES, lw=0.4, alpha=0.5, zorder=0)
    for token in tokens:
        line(rows[0].unedited(token), [row.level(token)[0] for row in rows], color=colour_of(token), lw=1)
        draw_levels(axis, dose, rows, token, ls="none")
        axis.plot(0, rows[0].unedited(token), "D", color=colour_of(token), mfc="white", ms=4)
    random = [row.trial["controls"]["random"] for row in rows]
    if all(random):
        reach = np.array([of_token(some, at)["p95"] for some in random])
        for side in (reach, -reach):
            level = rows[0].unedited(at)
            line(level, list(np.clip(level + side, 0, 1)), color=RANDOM, ls=":", lw=1)
    axis.axvline(1, color=RULER, lw=0.8, zorder=-1)
    axis.set(title=of, xlabel="dose (1: the other token's mean level)", ylabel="attention")
    from_zero(axis)


def small(site: dict) -> bool:
    return bool(site["sufficient"]) and not site["sufficient"][0]["directions"] and len(site["sufficient"][0]["dimensions"]) <= 16


def curves(results: dict, site: str | None) -> list[tuple[str, str]]:
    """(site, what is moved): the smallest set of the first site that has a small one, a direction where none has, and the
    named channels there."""
    sites = results["sites"]
    if site is not None and site not in [one["site"] for one in sites]:
        raise ResultError(f"--site: {site}: expected one of {', '.join(one['site'] for one in sites)}")
    with_set = [one for one in sites if small(one)] or [one for one in sites if one["sufficient"] and one["sufficient"][0]["directions"]]
    chosen = site or (with_set[0]["site"] if with_set else sites[-1]["site"])
    moved = dict.fromkeys(row["of"] for row in results["table"] if row["site"] == chosen and row["named_channel"] is not None)
    if chosen in [one["site"] for one in with_set]:
        moved = {"smallest set": None} | moved
    return [(chosen, of) for of in moved][:MOST]


def what(results: dict, site: str, of: str) -> str:
    if of == "smallest set":
        first = next(one for one in results["sites"] if one["site"] == site)["sufficient"][:1]
        of = signal({"sufficient": first})
        of = of if of[-1].isalpha() else f"channel{'s' if '+' in of else ''} {of}"
    return f"{of} after {place(site)}"


def merged(figure, axes) -> list[list]:
    """Three panels in the first row, two in each other, one in the last, in place of six per row."""
    spec = axes[0][0].get_gridspec()
    for axis in axes.flat:
        axis.remove()
    counts = [3, *[2] * (len(axes) - 2), 1]
    return [[figure.add_subplot(spec[row, i * 6 // n : (i + 1) * 6 // n]) for i in range(n)] for row, n in enumerate(counts)]


def symbols(result: Result) -> list[Line2D]:
    later = result.results["tokens"]["tracked"][1]
    return [Line2D([], [], color=colour_of(later), marker="o", ms=3.5, lw=1, label=f"attention to token {later}"),
            Line2D([], [], color=colour_of(0), marker="o", ms=3.5, lw=1, label="attention to token 0"),
            Line2D([], [], color=UNEDITED, marker="D", mfc="white", ms=4, ls="none", label="unedited"),
            Line2D([], [], color=RANDOM, ls=":", lw=1, label="random dimensions, 95 %"),
            Line2D([], [], color=SAMPLES, lw=0.6, label="samples")]


def grids_of(result: Result) -> dict[str, Callable[[Axes], None]]:
    found, rows = result.results, trial_rows(result)
    later = found["tokens"]["tracked"][1]

    def of(axis, role: str, columns: dict[str, str], token: int) -> None:
        grid(axis, rows, found["sites"], role, columns, token)
        axis.set_title(f"{f'written at {later}' if role == 'writing' else 'removed at 0'}: to token {token}")

    return {"written": lambda axis: of(axis, "writing", WRITTEN, later), "written_to_first": lambda axis: of(axis, "writing", WRITTEN, 0),
            "removed": lambda axis: of(axis, "removal", REMOVED, 0)}


def doses_of(result: Result, site: str, moved: str) -> list[Callable[[Axes], None]]:
    """Of what is moved there: written at the later token, removed at token 0."""
    found, later = result.results, result.results["tokens"]["tracked"][1]

    def of(axis, role: str, at: int, tokens: tuple[int, ...], done: str) -> None:
        doses = [row for row in trial_rows(result) if (row["site"], row["of"], row["role"]) == (site, moved, role)]
        curve(axis, doses, at, tokens, f"{what(found, site, moved)}, {done}")

    return [lambda axis: of(axis, "writing", later, (later, 0), f"written at token {later}"),
            lambda axis: of(axis, "removal", 0, (0,), "removed at token 0")]


def panels(result: Result) -> dict[str, Callable[[Axes], None]]:
    drawn = [one for site, moved in curves(result.results, None)[:1] for one in doses_of(result, site, moved)]
    return grids_of(result) | dict(zip(("dose_written", "dose_removed"), drawn))


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--site", help="whose doses are drawn, such as blocks.0.hook_resid_post")


def draw(result: Result, site: str | None = None) -> Figure:
    drawn = curves(result.results, site)
    heights = [0.8 + 0.17 * len(result.results["sites"]), *[1.9] * max(1, len(drawn)), LEGEND_HEIGHT]
    figure, axes = new(len(heights), 6, height=sum(heights) / len(heights), height_ratios=heights)
    grids, *pairs, below = merged(figure, axes)
    for axis, panel in zip(grids, grids_of(result).values()):
        panel(axis)
        axis.tick_params(labelleft=axis is grids[0])
    for pair, (at, moved) in zip(pairs, drawn):
        for axis, panel in zip(pair, doses_of(result, at, moved)):
            panel(axis)
        pair[1].set_ylabel(None)
    legend_across(figure, below[0], [(one, one.get_label()) for one in symbols(result)])
    if not drawn:
        for axis in pairs[0]:
            nothing(axis, "no set of at most 16 channels, and no direction, suffices at any site")
    title(figure, result, "Which dimensions make the sink when moved, and which end it")
    say(figure, result, "sets chosen on half of the documents, levels on the others; own row: of the same sample, all else mean levels; "
        "empty: no such set")
    return figure


def summary(result: Result, findings: Findings) -> Iterator[tuple[str, str]]:
    sets = [(site["site"], site["sufficient"][0]) for site in result.results["sites"] if site["sufficient"]]
    few = [(site, one) for site, one in sets if not one["directions"] and len(one["dimensions"]) <= 16]
    told = dict(sets[:1] + few[:1])  # the earliest, and the earliest of few channels
    yield "  smallest set that makes a sink", "; ".join(f"{size(one)} after {place(site)}" for site, one in told.items()) or "none"


def size(signal: dict) -> str:
    dimensions = signal["dimensions"]
    if signal["directions"]:
        return "a direction"
    return "+".join(map(str, dimensions)) if len(dimensions) <= NAMED else f"{len(dimensions)} channels"
