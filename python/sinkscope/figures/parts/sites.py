"""What identify says of every residual below the sink: a column a site, the signal's framed; and which candidate comes nearest."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from sinkscope.figures.parts.colours import ANSWERS
from sinkscope.figures.parts.site_names import name_sites
from sinkscope.figures.parts.style import nothing
from sinkscope.figures.parts.trial_rows import place
from sinkscope.figures.parts.widths import beside

LABELS = 2.4  # inches of the rows' names
NAME = 0.57  # inches of a site's
QUESTIONS = {"own_suffices": "token 0's own row makes a sink", "level_suffices": "its mean level makes a sink",
             "removal_ends": "removal ends the sink"}
SETS = ["channels of the smallest set", "sets that suffice"]
CONDITIONS = ["removed", "written", "written, over competition", "copied from self-only", "copied from self-only, over competition",
              "controls", "predicted by self-only", "clamped under self-only"]
SIGN_OF = {True: "✓", False: "✗", None: ""}


def met(candidate: dict) -> dict[str, bool | str]:
    """Conditions by name, "?" for an open one; what is asked of several sets is as the set that does worst."""
    worst: dict[str, str] = {}
    for one in candidate["conditions"]:
        name = one["name"]
        worst[name] = min(worst.get(name, "yes"), one["met"], key=["no", "open", "yes"].index)
    return {name: {"yes": True, "no": False, "open": "?"}[answer] for name, answer in worst.items()}


def set_sizes(site: dict) -> list[str]:
    """Of the smallest sufficient set, and how many sets suffice."""
    sets = site["sufficient"]
    if not sets:
        return ["–", "–"]
    if not sets[0]["directions"]:
        return [str(min(one["rank"] for one in sets)), str(len(sets))]
    return ["dir." if sets[0]["rank"] == 1 else f"{sets[0]['rank']} dir.", str(len(sets))]


def column(site: dict, candidates: dict[str, dict]) -> list[bool | str | None]:
    answers = met(candidates[site["site"]]) if site["site"] in candidates else {}
    return [*(site[key] for key in QUESTIONS), *set_sizes(site), *(answers.get(name) for name in CONDITIONS)]


def roles(found: dict) -> dict[str, str]:
    verdict = found["verdict"]
    found = {one["site"]: "mediator" for one in verdict["mediators"]}
    return found | {verdict["signal"]["site"]: "signal"} if verdict["signal"] else found


def turned(found: dict) -> int:
    """Degrees of the columns' names: upright where many stand side by side."""
    return 90 if len(found["sites"]) * NAME > beside(LABELS) else 0


def height(found: dict) -> float:
    """Inches that the matrix needs."""
    if not found["sites"]:
        return 0.6
    return 4.2 if turned(found) else 3.4


def matrix(axis, found: dict) -> None:
    """A column a site, in the order of the pass: the answers of the half that chooses, below them those of the half that tests."""
    if not found["sites"]:
        return nothing(axis, "no residual comes before the sink's layer")
    candidates = {one["site"]: one for one in found["candidates"]}
    cells = [column(site, candidates) for site in found["sites"]]
    colours = [[to_rgb(ANSWERS[None if isinstance(cell, str) else cell]) for cell in row] for row in zip(*cells)]
    axis.imshow(np.array(colours), aspect="auto", alpha=0.75)
    size = min(7, 250 / len(cells))
    for x, cells_of_site in enumerate(cells):
        for y, cell in enumerate(cells_of_site):
            text = cell if isinstance(cell, str) else SIGN_OF[cell]
            axis.text(x, y, text, ha="center", va="center", fontsize=size, rotation=turned(found) if len(text) > 1 else 0,
                      color="black" if isinstance(cell, str) else "white")
    names = [*QUESTIONS.values(), *SETS, *CONDITIONS]
    axis.set_yticks(range(len(names)), names, fontsize=6.5)
    axis.set_xlabel("residual after")
    name_below(axis, found, size)
    axis.tick_params(length=0)
    axis.hlines(np.arange(len(names) + 1) - 0.5, -0.5, len(cells) - 0.5, color="white", lw=1)
    axis.vlines(np.arange(len(cells) + 1) - 0.5, -0.5, len(names) - 0.5, color="white", lw=1)
    first_tested = len(QUESTIONS) + len(SETS) - 0.5
    axis.axhline(first_tested, color="black", lw=0.8)
    for text, middle in (("half that\nchooses", first_tested / 2 - 0.25), ("half that\ntests", (first_tested + len(names) - 0.5) / 2)):
        axis.text(1.01, middle, text, transform=axis.get_yaxis_transform(), rotation=90, ha="left", va="center", fontsize=6.5)
    name_columns(axis, found, len(names), size)
    axis.spines[:].set_visible(False)


def name_below(axis, found: dict, size: float) -> None:
    sites = [site["site"] for site in found["sites"]]
    names = list(map(place, sites))
    if not turned(found):
        axis.set_xticks(range(len(sites)), names, fontsize=size)
    elif not name_sites(axis.set_xticks, sites, names, beside(LABELS), fontsize=6, rotation=90):
        axis.set_xlabel("residual after (of each block attention, then MLP)")


def name_columns(axis, found: dict, rows: int, size: float) -> None:
    """The signal's column is framed; it and its mediators are named above."""
    role = roles(found)
    for x, site in enumerate(found["sites"]):
        if site["site"] not in role:
            continue
        name = role[site["site"]]
        axis.text(x, -0.65, name, ha="center", va="bottom", fontsize=size, rotation=turned(found),
                  fontweight="bold" if name == "signal" else "normal")
        if name == "signal":
            axis.add_patch(Rectangle((x - 0.5, -0.5), 1, rows, fill=False, lw=1.8, ec="black", clip_on=False, zorder=5))


def shown_candidate(found: dict) -> dict | None:
    """The signal; without one the candidate that meets the most conditions, the earliest of several."""
    role = roles(found)
    signals = [one for one in found["candidates"] if role.get(one["site"]) == "signal"]
    return signals[0] if signals else max(found["candidates"], key=lambda one: list(met(one).values()).count(True), default=None)
