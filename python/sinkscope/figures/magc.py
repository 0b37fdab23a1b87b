"""Figure of `sinkscope magc`: which channel sets token 0 apart and how few neurons answer to it, those neurons, and what
the sink and the massive activation do as the channel's value changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sinkscope.figures.parts.colours import DARK_GREY, FIRST, MEASURED, ORDINARY, REST, colour_of
from sinkscope.figures.parts.levels import from_zero, legend_row, say, with_legend_row
from sinkscope.figures.parts.lines import kept
from sinkscope.figures.parts.style import caption, floats, new, nothing, signed, title
from sinkscope.figures.parts.trial_rows import TrialRow, level, mean, of_token, trial_rows, unedited
from sinkscope.results import Result
from sinkscope.results.findings import Findings

ORDER = 62


def channels(axis, found: dict) -> None:
    """Every channel by how token 0 differs in it, and R of its own direction."""
    of = found["by_channel"]
    difference = floats(of["difference"])
    r = np.where(difference >= 0, floats(of["R_plus"]), floats(of["R_minus"]))
    known = np.isfinite(r)
    axis.scatter(difference[known], r[known], s=5, color=REST, lw=0, rasterized=True, label="channels")
    if not known.all():
        axis.plot(difference[~known], np.zeros((~known).sum()), "|", color=REST, ms=6, label="alpha is 0")
    one = found["channel"]
    axis.plot(one["difference"], one["R"] or 0, "o", color=MEASURED, ms=5,
              label=f"i* = {one['channel']} ({'+' if one['direction'] > 0 else '−'})")
    axis.axhline(one["log_neurons"], color=DARK_GREY, ls=":", lw=1, label="log m: one neuron alone")
    axis.set(xlabel="mean input at token 0 less token 1", ylabel="R", title="channels of the MLP's input",
             ylim=(-0.05 * one["log_neurons"], 1.35 * one["log_neurons"]))
    axis.legend(loc="upper center", ncols=2, fontsize=6)


def neurons(axis, found: dict) -> None:
    """By the weights of i* alone, and by what they do at token 0."""
    rows = found["neurons"][:8]
    if not rows:
        return nothing(axis, "no neuron is active at token 0")
    for offset, key, colour, text in ((-0.2, "alpha_share", REST, "of ‖alpha‖² (weights)"),
                                      (0.2, "energy_share", FIRST, "of energy at token 0")):
        shares = np.nan_to_num(floats([row[key] for row in rows]))
        axis.barh(np.arange(len(rows)) + offset, shares, 0.4, color=colour, label=text)
    cosine = [f"cos {signed(row['cosine_to_written'])}" if row["cosine_to_written"] is not None else "cos –" for row in rows]
    names = [f"{row['neuron']}{', J' if row['neuron'] in found['J'] else ''}, {c}" for row, c in zip(rows, cosine)]
    axis.set_yticks(range(len(rows)), names, fontsize=6)
    axis.invert_yaxis()
    axis.set(xlabel="share", xlim=(0, 1), title="neurons (cosine with what the MLP writes)")
    axis.legend(loc="lower right", fontsize=6)


def sweep(axis, result: Result, outcome: Callable[[TrialRow, int], tuple]) -> None:
    """`outcome`: mean, low, high. The token whose channel is overwritten, by the value it gets."""
    found = result.results
    for token in (0, found["token"]):
        colour = colour_of(token)
        rows = [row for row in trial_rows(result) if row["at"] == token]
        swept = sorted((row["value"], *outcome(row, token)) for row in rows if row["operation"] == "set")
        if swept:
            x, value, low, high = floats(swept).T
            axis.plot(x, value, "o-", color=colour, ms=3, label=f"token {token}, its channel overwritten")
            axis.fill_between(x, low, high, color=colour, alpha=0.2, lw=0)
        natural = found["channel"]["mean"]
        for row in (row for row in rows if row["operation"] == "copy"):
            value = outcome(row, token)[0]
            at, whose = (natural["first"], 0) if token else (natural["later"], found["token"])
            axis.plot(at, value, "D", color=colour, mfc="none", ms=6, label=f"token {token} with token {whose}'s own value")
    for name, token in (("first", 0), ("later", found["token"])):
        axis.axvline(found["channel"]["mean"][name], color=colour_of(token), ls="--", lw=0.8, label=f"token {token}'s natural mean")


def sink_level(row: TrialRow, token: int) -> tuple:
    found = level(row.row, token)
    return found["mean"], *found["ci95"]


def massive_norm(row: TrialRow, token: int) -> tuple:
    one = of_token(row.trial["massive_activation"], token)
    before, change = one["unedited"], one["difference"]["ci95"]
    return one["edited"], *((before + edge if edge is not None else None) for edge in change)


def sink(axis, result: Result) -> None:
    found = result.results
    if not found["trials"]:
        return nothing(axis, found["no_trials"])
    sweep(axis, result, sink_level)
    axis.axhline(unedited(found)[1], color=ORDINARY, ls=":", lw=1, label="ordinary token")
    axis.set(xlabel=f"input channel {found['channel']['channel']} becomes", ylabel="attention", title="the sink")
    from_zero(axis)


def massive_activation(axis, result: Result) -> None:
    found = result.results
    if not found["trials"] or found["trials"][0]["massive_activation"] is None:
        return nothing(axis, "" if not found["trials"] else "no massive activation")
    sweep(axis, result, massive_norm)
    top = max(line.get_ydata().max() for line in axis.lines if line.get_marker() != "None")
    axis.set(yscale="symlog", xlabel=f"input channel {found['channel']['channel']} becomes", ylabel="norm",
             title="the massive activation's dimensions", ylim=(-0.2, 3 * top))


def panels(result: Result) -> dict[str, Callable[[Axes], None]]:
    found = result.results
    if found["channel"] is None:
        return {}
    return {"channels": lambda axis: channels(axis, found), "neurons": lambda axis: neurons(axis, found),
            "sink": lambda axis: sink(axis, result), "massive_activation": lambda axis: massive_activation(axis, result)}


def draw(result: Result) -> Figure:
    found = result.results
    if found["channel"] is None:
        figure, axes = new(1, 1, height=1.2)
        nothing(axes[0][0], found["no_trials"])
    else:
        figure, axes = with_legend_row(2, 2, [2.6, 2.6])
        channels(axes[0][0], found)
        neurons(axes[0][1], found)
        sink(axes[1][0], result)
        massive_activation(axes[1][1], result)
        legend_row(figure, axes[-1], axes[1][0])
    title(figure, result, "Which channel gates the massive activation" + (f": MLP {found['layer']}" if found["layer"] is not None else ""))
    text = f"{kept('R = log m + Σ p log p')} of {kept('p = alpha²/‖alpha‖²')}, m neurons"
    (say if found["trials"] else caption)(figure, result, text)
    return figure


def summary(result: Result, findings: Findings) -> Iterator[tuple[str, str]]:
    found = result.results
    copied = next((row for row in found["table"] if row["operation"] == "copy" and row["at"] == 0), None)
    if copied:
        got, k = mean(copied, 0), found["token"]
        yield f"  channel that gates MLP {found['layer']}", \
            f"{found['channel']['channel']}: with token {k}'s value there token 0 gets {got:.3f} of {unedited(found)[0][0]:.3f}"
