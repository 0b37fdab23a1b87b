#!/usr/bin/env python3
"""Figure of `sinkscope gate-readout`: how far tokens stand along what is read, how far samples agree in it, the neurons'
gradients, and what the sink does when it is taken away or given."""

import numpy as np
from figures.style import COLOURS, arguments, caption, floats, new, nothing, save, title

FIRST, LATER = COLOURS[0], COLOURS[1]
SHOWN = 10  # read-outs and trials named in a panel


def projections(axis, read: dict | None, group: str) -> None:
    """A point a sample, the mean with one standard deviation, by token."""
    if read is None:
        return nothing(axis, f"no read-out of {group}")
    for token in read["tokens"]:
        colour = FIRST if token["token"] == 0 else "#999999"
        values = floats(token["by_sample"])
        axis.plot(token["token"] + np.linspace(-0.25, 0.25, len(values)), values, ".", color=colour, ms=2.5, alpha=0.6, rasterized=True)
        axis.errorbar(token["token"], token["mean"], yerr=token["sd"] or 0, fmt="_", color="black", ms=8, elinewidth=0.8)
    axis.set_xticks([token["token"] for token in read["tokens"]])
    axis.set(xlabel="token", ylabel="projection", title=f"rows along what {short(read)} reads, AUC {read['auc']:.2f}")


def short(read: dict) -> str:
    return read["name"].replace("hook_", "").replace("blocks.", "")


def agreement(axis, found: dict) -> None:
    """Whether samples share one direction, and whether it tells token 0 from others."""
    reads = found["read_outs"][:SHOWN]
    place = np.arange(len(reads))
    axis.plot([read["consistency"] for read in reads], place, "o", color=FIRST, ms=4, label="consistency over samples")
    axis.plot([read["auc"] for read in reads], place, "D", color=LATER, mfc="none", ms=4, label="AUC, token 0 against later ones")
    chance = 1 / np.sqrt(len(reads[0]["tokens"][0]["by_sample"]))
    axis.axvline(chance, color="#666666", ls=":", lw=1, label="1/√n: no sample agrees with another")
    axis.set_yticks(place, [short(read) for read in reads], fontsize=6)
    more = len(found["read_outs"]) - len(reads)
    axis.set(xlim=(0, 1.05), ylim=(len(reads) - 0.5, -0.5), xlabel="value", title="read-outs" + (f" (first {len(reads)} of {len(reads) + more})" if more else ""))
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.24), fontsize=6)


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
    axis.set(xlabel=f"energies {energies}; effective rank {one['effective_rank']:.2f}", title="cosines of neurons' mean gradients")


def edit_name(row: dict) -> str:
    """"neurons (3): from 0": which directions, how many, and whether they leave token 0 or come to another."""
    group, which = row["of"].rsplit(", ", 1)
    many = f" ({row['rank']})" if which == "span" else ", first"
    return f"{group.removeprefix('blocks.')}{many}: {'from' if row['operation'] == 'project_out' else 'to'} {row['at']}"


def edits(axis, found: dict) -> None:
    rows = found["table"][:SHOWN]
    if not rows:
        return nothing(axis, found["no_trials"])
    unedited = {one["token"]: one["unedited"] for one in found["trials"][0]["mean_attention"]}
    for offset, (token, colour) in zip((-0.15, 0.15), ((0, FIRST), (found["token"], LATER))):
        levels = [next(one["level"] for one in row["sink"] if one["token"] == token) for row in rows]
        mean, bounds = floats([level["mean"] for level in levels]), floats([level["ci95"] for level in levels])
        reach = np.nan_to_num([np.maximum(mean - bounds[:, 0], 0), np.maximum(bounds[:, 1] - mean, 0)])
        axis.errorbar(mean, np.arange(len(rows)) + offset, xerr=reach, fmt="o", color=colour, ms=3, elinewidth=1, label=f"to token {token}")
        axis.axvline(unedited[token], color=colour, ls="--", lw=0.8, label=f"token {token}, unedited")
    axis.axvline(found["trials"][0]["ordinary"]["unedited"], color="#666666", ls=":", lw=1, label="ordinary token, unedited")
    axis.set_yticks(range(len(rows)), [edit_name(row) for row in rows], fontsize=6)
    axis.set(ylim=(len(rows) - 0.5, -0.5), xlabel="attention", title="the sink when these directions are taken from token 0, or given to the later one")
    axis.legend(loc="upper center", bbox_to_anchor=(0.45, -0.24), ncols=5, fontsize=6)


def first_of(found: dict, neurons: bool) -> dict | None:
    return next((read for read in found["read_outs"] if (read["group"] == "neurons") == neurons), None)


def main() -> None:
    result, args = arguments("gate-readout", __doc__)
    found = result["results"]
    if not found["read_outs"]:
        figure, axes = new(1, 1, height=1.2)
        nothing(axes[0][0], found["no_trials"])
    else:
        figure, axes = new(3, 2, height=2.5)
        projections(axes[0][0], first_of(found, neurons=True), "neurons")
        projections(axes[0][1], first_of(found, neurons=False), "written dimensions")
        agreement(axes[1][0], found)
        gram(axes[1][1], found)
        grid = axes[2][0].get_gridspec()
        for axis in axes[2]:
            axis.remove()
        edits(figure.add_subplot(grid[2, :]), found)
    title(figure, result, "What pattern is read to write the spike")
    at = f"mean_attention at layer {found['sink_layer']}, queries q ≥ {found['tokens']['first_queries'][0]}; bars: 95 % interval, bootstrap by document; " if found["trials"] else ""
    caption(figure, result, f"{at}directions: mean unit gradients at token 0; projections of the rows that are read; lines: mean and sd")
    save(figure, args.output)


if __name__ == "__main__":
    main()
