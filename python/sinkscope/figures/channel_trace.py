"""Figure of `sinkscope channel-trace`: from which block part on a dimension tells token 0 from tokens 1 to 8, and what the
best ones hold at each token, in the unedited run and where every token sees only itself."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sinkscope.figures.parts.colours import DARK_GREY, FIRST, RANDOM, SELF_ONLY, UNEDITED
from sinkscope.figures.parts.levels import legend_outside, legend_row, with_legend_row
from sinkscope.figures.parts.site_names import name_sites
from sinkscope.figures.parts.style import caption, floats, title, wide
from sinkscope.figures.parts.trial_rows import place
from sinkscope.figures.parts.widths import beside
from sinkscope.results import Result, ResultError
from sinkscope.results.findings import Findings

ORDER = 70
LABELS = 1.5  # inches beside the panels by site
SHOWN = 4  # dimensions: by site, and with bars of their own
NAMES = {"hook_attn_out": "attention out", "hook_mlp_out": "MLP out", "hook_resid_mid": "after attention", "hook_resid_post": "after MLP",
         "ln1.hook_out": "attention in", "ln2.hook_out": "MLP in"}


def name(site: str) -> str:
    if site == "hook_embed":
        return "embedding"
    _, block, part = site.split(".", 2)
    return f"{NAMES[part]} {block}"


def effect(dimension: dict) -> float:
    """Its size; none where only the means differ, which is more than any."""
    tested = dimension["effect_size"]["tested"]
    return np.inf if tested is None else abs(tested)


def ranked_first(axis, sites: list[dict], values: Callable[[dict], float], top: float = np.inf) -> None:
    """The dimensions that rank first, in the order of the pass; line: the first of each site. Above `top`: the edge."""
    ranked = [site["dimensions"][:SHOWN] for site in sites]
    x = np.array([place for place, some in enumerate(ranked) for _ in some])
    first = np.array([rank == 0 for some in ranked for rank in range(len(some))])
    certain = np.array([one["p"] <= 0.05 for some in ranked for one in some])
    y = floats([values(one) for some in ranked for one in some])
    beyond, y = y > top, np.minimum(y, top)
    axis.plot(x[first], y[first], color=FIRST, lw=0.8)
    for of, fill, text in ((certain, FIRST, "p ≤ 0.05"), (~certain, "none", "p > 0.05")):
        for chosen, ms, alpha in ((of & first, 3.5, 1), (of & ~first, 2.2, 0.6)):
            axis.plot(x[chosen], y[chosen], "o", color=FIRST, mfc=fill, mew=0.7, ms=ms, alpha=alpha,
                      label=f"{'ranks first' if ms > 3 else f'second to {SHOWN}th'}, {text}")
    if beyond.any():
        axis.plot(x[beyond], y[beyond], "^", color=FIRST, ms=5, label="beyond the scale")
    axis.set_xlim(-0.5, len(sites) - 0.5)
    name_places(axis, [site["site"] for site in sites])


def name_places(axis, places: list[str]) -> None:
    if not name_sites(axis.set_xticks, places, list(map(name, places)), beside(LABELS), rotation=90, fontsize=6):
        axis.set_xlabel("sites in the order of the pass; of a block the first is named")


def effect_size(axis, sites: list[dict]) -> None:
    sizes = floats([effect(one) for site in sites for one in site["dimensions"][:SHOWN]])
    top = 1.15 * max(sizes[sizes < 1e3], default=1)  # a massive activation that is all token 0's is beyond any scale
    ranked_first(axis, sites, effect, top)
    axis.set(ylabel="|effect size|", ylim=(-0.04 * top, 1.06 * top), title="dimensions that rank first (▲: beyond the scale)")


def auc(axis, sites: list[dict]) -> None:
    ranked_first(axis, sites, lambda one: one["auc"])
    chance = [site["largest_auc_by_chance"]["p95"] for site in sites]
    axis.plot(range(len(sites)), chance, color=RANDOM, ls="--", lw=1, label="largest by chance, 95 %")
    axis.set(ylabel="AUC", ylim=(0.47, 1.03))


def shown(sites: list[dict], wanted: list[int] | None) -> list[tuple[dict, dict]]:
    """(site, dimension): the wanted ones where they are certain first, or tell most; else the best of the residuals."""
    if wanted:
        found = []
        for dimension in wanted:
            there = [(site, one) for site in sites for one in site["dimensions"] if one["dimension"] == dimension]
            if not there:
                raise ResultError(f"--dimensions: {dimension}: the result does not tell of it; "
                                  f"run channel-trace with --dimensions {dimension}")
            certain = [pair for pair in there if pair[1]["p"] <= 0.05]
            found.append(certain[0] if certain else max(there, key=lambda pair: pair[1]["auc"]))
        return found
    found, seen = [], set()
    for site in (site for site in sites if site["site"].endswith("hook_resid_post")):
        for one in site["dimensions"]:
            if one["p"] <= 0.05 and one["dimension"] not in seen and len(found) < SHOWN:
                seen.add(one["dimension"])
                found.append((site, one))
                break  # the best of this site that was not yet shown
    return found or [(site, site["dimensions"][0]) for site in sites if site["site"].endswith("hook_resid_post")][:1]


def bars(axis, site: dict, one: dict) -> None:
    x = np.arange(len(one["mean"]))
    axis.bar(x - 0.2, one["mean"], 0.4, color=UNEDITED, label="unedited")
    axis.bar(x + 0.2, one["mean_self_only"], 0.4, color=SELF_ONLY, label="every token self-only")
    axis.axhline(0, color=DARK_GREY, lw=0.6)
    axis.set_xticks(x)
    axis.set(xlabel="token", title=f"dimension {one['dimension']}\n{name(site['site'])}\n"
             f"AUC {one['auc']:.2f}, rank {one['rank_by_magnitude'] + 1}")
    axis.title.set_fontsize(7)


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dimensions", type=lambda text: [int(one) for one in text.split(",")],
                        help="whose means are drawn, such as 2276,1838; each where it first tells with p ≤ 0.05")


def panels(result: Result) -> dict[str, Callable[[Axes], None]]:
    sites = result.results["sites"]
    of_dimensions = {f"dimension_{one['dimension']}": lambda axis, site=site, one=one: alone(axis, site, one)
                     for site, one in shown(sites, None)}
    return {"effect_size": lambda axis: effect_size(axis, sites), "auc": lambda axis: auc(axis, sites), **of_dimensions}


def alone(axis, site: dict, one: dict) -> None:
    bars(axis, site, one)
    axis.set_ylabel("mean")


def draw(result: Result, dimensions: list[int] | None = None) -> Figure:
    sites = result.results["sites"]
    pairs = shown(sites, dimensions)
    columns = max(2, len(pairs))
    figure, axes = with_legend_row(3, columns, [1.7, 2.3, 2.2])
    above, below = (wide(figure, row) for row in axes[:2])
    effect_size(above, sites)
    above.set_xlabel(None)
    above.tick_params(labelbottom=False)
    auc(below, sites)
    legend_outside(below, 5, loc="lower center", bbox_to_anchor=(0.5, 0.98), fontsize=6)
    for axis, pair in zip(axes[2], pairs):
        bars(axis, *pair)
    for axis in axes[2][len(pairs):]:
        axis.axis("off")
    axes[2][0].set_ylabel("mean")
    legend_row(figure, axes[-1], axes[2][0])
    title(figure, result, "Which dimensions tell the first token from tokens 1 to 8")
    layers = ", ".join(map(str, result.results["self_only_layers"]))
    caption(figure, result, "first by effect size on half of the documents, tested on the others; rank: by magnitude, of "
            f"{sites[0]['width']}; by chance: the largest AUC over all dimensions with the first token drawn at random; self-only: every "
            f"token sees only itself in layers {layers}")
    return figure


def summary(result: Result, findings: Findings) -> Iterator[tuple[str, str]]:
    for site in result.results["sites"]:
        one = site["dimensions"][0]
        if site["site"].endswith("hook_resid_post") and one["p"] <= 0.05:
            where = f"{one['dimension']} after {place(site['site'])}"
            yield "7 first dimension that tells token 0", f"{where}: AUC {one['auc']:.2f}, p {one['p']:.3f}"
            return
