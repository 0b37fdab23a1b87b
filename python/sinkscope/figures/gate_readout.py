"""Figure of `sinkscope gate-readout`: how far along what is read tokens are, how far samples agree in it, the neurons'
gradients, and what the sink does when it is taken away or given."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sinkscope.figures.parts.colours import DARK_GREY, FIRST, REST, TEXT, token_colours
from sinkscope.figures.parts.levels import held_against, legend_below, say, with_intervals
from sinkscope.figures.parts.style import caption, floats, new, nothing, title, wide
from sinkscope.figures.parts.trial_rows import level, mean, unedited
from sinkscope.results import Result
from sinkscope.results.findings import Findings

ORDER = 63
SHOWN, EACH = 14, 4  # trials named in a panel; read-outs of a group


def projections(axis, read: dict | None, group: str) -> None:
    """A point per sample, the mean with one standard deviation, by token."""
    if read is None:
        return nothing(axis, f"no read-out of {group}")
    for token in read["tokens"]:
        colour = FIRST if token["token"] == 0 else REST
        values = floats(token["by_sample"])
        axis.plot(token["token"] + np.linspace(-0.25, 0.25, len(values)), values, ".", color=colour, ms=2.5, alpha=0.6, rasterized=True)
        axis.errorbar(token["token"], token["mean"], yerr=token["sd"] or 0, fmt="_", color=TEXT, ms=8, elinewidth=0.8)
    axis.set_xticks([token["token"] for token in read["tokens"]])
    axis.set(xlabel="token", ylabel="projection")
    axis.set_title(f"what {short(read)} reads: AUC {read['auc']:.2f}")


def short(read: dict) -> str:
    return read["name"].replace("hook_", "").replace("blocks.", "").replace("by the attention", "by attn")


def agreement(axis, found: dict) -> None:
    """Whether samples share one direction, and whether it tells token 0 from others."""
    groups = dict.fromkeys(read["group"] for read in found["read_outs"])
    reads = [read for group in groups for read in [one for one in found["read_outs"] if one["group"] == group][:EACH]]
    place = np.arange(len(reads))
    axis.plot([read["consistency"] for read in reads], place, "o", color=FIRST, ms=4, label="consistency over samples")
    axis.plot([read["auc"] for read in reads], place, "D", color=FIRST, mfc="none", ms=4, label="AUC, token 0 against later ones")
    chance = 1 / np.sqrt(len(found["selection_split"]["choosing"]))
    axis.axvline(chance, color=DARK_GREY, ls=":", lw=1, label="1/√n: no sample agrees with another")
    axis.set_yticks(place, [short(read) for read in reads], fontsize=6)
    more = len(found["read_outs"]) - len(reads)
    axis.set(xlim=(0, 1.05), ylim=(len(reads) - 0.5, -0.5), xlabel="value",
             title="read-outs" + (f" (the first {EACH} of a group; {more} more)" if more else ""))
    legend_below(axis, 1)


def gram(axis, found: dict) -> None:
    if found["gram"] is None:
        return nothing(axis, "no neurons")
    one = found["gram"]
    names = [name.removeprefix("neuron ") for name in one["of"]]
    axis.imshow(floats(one["cosines"]), vmin=-1, vmax=1)
    for (row, column), value in np.ndenumerate(floats(one["cosines"])):
        axis.text(column, row, f"{value:.2f}", ha="center", va="center", color="black" if value > 0.2 else "white", fontsize=7)
    axis.set_xticks(range(len(names)), names)
    axis.set_yticks(range(len(names)), names)
    energies = ", ".join(f"{energy:.3f}" for energy in one["eigen_energies"])
    axis.set_title("cosines of neurons' mean gradients", fontsize=8)
    axis.set_xlabel(f"energies {energies}; effective rank {one['effective_rank']:.2f}", fontsize=7)


def edit_name(row: dict) -> str:
    """"neurons (3): from 0": which directions, how many, and whether they leave token 0 or come to another."""
    many = f" ({row['rank']})" if row["directions"] == "span" else ", first"
    group = row["group"].removeprefix("blocks.").replace("by the attention", "by attn")
    return f"{group}{many}: {'from' if row['role'] == 'removal' else 'to'} {row['at']}"


def edits(axis, found: dict) -> None:
    rows = found["table"][:SHOWN]
    if not rows:
        return nothing(axis, found["no_trials"])
    colours = token_colours([0, found["token"]])
    held_against(axis.axvline, found, colours)
    for offset, (token, colour) in zip((-0.15, 0.15), colours.items()):
        levels = [level(row, token) for row in rows]
        with_intervals(axis, np.arange(len(rows)) + offset, levels, "horizontal", color=colour, label=f"to token {token}")
    axis.set_yticks(range(len(rows)), [edit_name(row) for row in rows], fontsize=6)
    axis.set(ylim=(len(rows) - 0.5, -0.5), xlabel="attention",
             title="the sink when these directions are taken from token 0, or given to the later one")
    legend_below(axis, 5)


def first_of(found: dict, reader: str) -> dict | None:
    return next((read for read in found["read_outs"] if read["reader"] == reader), None)


def panels(result: Result) -> dict[str, Callable[[Axes], None]]:
    found = result.results
    if not found["read_outs"]:
        return {}
    return {"neurons": lambda axis: projections(axis, first_of(found, "neurons"), "neurons"),
            "written_dimensions": lambda axis: projections(axis, first_of(found, "written dimensions"), "written dimensions"),
            "agreement": lambda axis: agreement(axis, found), "gram": lambda axis: gram(axis, found),
            "edits": lambda axis: edits(axis, found)}


def draw(result: Result) -> Figure:
    found = result.results
    if not found["read_outs"]:
        figure, axes = new(1, 1, height=1.2)
        nothing(axes[0][0], found["no_trials"])
    else:
        figure, axes = new(3, 2, height=2.5)
        projections(axes[0][0], first_of(found, "neurons"), "neurons")
        projections(axes[0][1], first_of(found, "written dimensions"), "written dimensions")
        agreement(axes[1][0], found)
        gram(axes[1][1], found)
        edits(wide(figure, axes[2]), found)
    title(figure, result, "What pattern is read to write the massive activation")
    text = "directions: mean unit gradients at token 0, half of the documents; upper panels: a point per sample of the others, mean and sd"
    (say if found["trials"] else caption)(figure, result, text)
    return figure


def summary(result: Result, findings: Findings) -> Iterator[tuple[str, str]]:
    found = result.results
    taken = next((row for row in found["table"] if row["reader"] == "neurons" and row["role"] == "removal"), None)
    if taken:
        yield "  what its neurons read, taken away", f"leaves token 0 {mean(taken, 0):.3f} of {unedited(found)[0][0]:.3f}"
