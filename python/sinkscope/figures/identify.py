"""Figure of `sinkscope identify`, one a stage of the sink: what every residual below it says and which conditions it meets, how
the sink answers to the signal, and what the other channels that tell token 0 apart do."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sinkscope.figures.parts.chain import chain
from sinkscope.figures.parts.chain import rows as chain_of
from sinkscope.figures.parts.colours import DARK_GREY, FIRST, ORDINARY, TEXT, colour_of
from sinkscope.figures.parts.levels import legend_row, with_intervals, with_legend_row
from sinkscope.figures.parts.lines import wrapped
from sinkscope.figures.parts.signal_levels import Rows, levels, name_of
from sinkscope.figures.parts.sites import height, matrix, shown_candidate
from sinkscope.figures.parts.style import caption, layers_axis, new, nothing, wide
from sinkscope.figures.parts.trial_rows import of_token, place
from sinkscope.figures.parts.which_trial import candidate_trials, headline
from sinkscope.figures.parts.widths import beside
from sinkscope.figures.parts.words import plain
from sinkscope.results import Result
from sinkscope.results.findings import Findings
from sinkscope.results.stages import stage_of

ORDER = 80


def suspects(axis, found: dict, candidate: dict | None) -> None:
    """A row a channel, the signal's first: what writing it gives the later token and what removing it takes from token 0."""
    list_ = sorted(found["suspects"], key=lambda one: -abs(one["effect_size"] or 0))
    if not list_:
        return nothing(axis, "no signal that other channels could be held against")
    remove, _, ((write, _), *_) = candidate_trials(found, candidate)
    later = found["self_only"]["token"]
    for token, colour, key, trial, shift in ((later, colour_of(later), "written", write, -0.15), (0, FIRST, "removed", remove, 0.15)):
        each = [of_token(trial["mean_attention"], token)["difference"], *(one[key] for one in list_)]
        with_intervals(axis, np.arange(len(each)) + shift, each, "horizontal", color=colour, label=f"{key} at token {token}")
    axis.axvline(0, color=DARK_GREY, ls=":", lw=1)
    axis.axhline(0.5, color=TEXT, lw=0.6)
    names = [f"{one['dimension']}: {one['reading']}, d = {number(one['effect_size'], '+.2g')}" for one in list_]
    axis.set_yticks(range(len(names) + 1), ["the signal", *names], fontsize=6.5)
    reach = 1.05 * max(map(abs, axis.get_xlim()))
    axis.set(ylim=(len(names) + 0.5, -0.5), xlim=(-reach, reach), xlabel="change of attention")


def number(value: float | None, form: str) -> str:
    return "none" if value is None else format(value, form).replace("-", "−")


def flags(found: dict) -> list[str]:
    """What else was measured, a line each."""
    alone, one_key, backup, dormant = (found[key] for key in ("self_only", "one_key", "backup", "dormant"))
    makes = "becomes" if alone["makes_sink"] else "does not become"
    lines = [f"token {alone['token']} {makes} a sink when it sees only itself in layers 0 to {alone['last_layer']}"
             + (f"; what gives the signal is: {one_key['given_by']}" if alone["makes_sink"] else "")]
    if dormant:
        moves = ", ".join(f"channel {one['dimension']} by {number(one['moved_by'], '+.3g')} ({number(one['natural_share'], '.2g')})"
                          for one in dormant)
        lines.append(f"dormant: makes a sink when moved, and natural tokens move it by the share in brackets: {moves}")
    if backup and backup["sink_stays"]:
        layers = ", ".join(f"layer {one['layer']} (norm {number(one['written'], '.3g')})" for one in backup["blocks"])
        then = f"one is then written in {layers}" if layers else "no later layer then writes one"
        flag = "backup: " if backup["flagged"] else ""
        written, left = place(found["massive_activation"]["site"]), number(backup["sink_left"]["mean"], ".3g")
        lines.append(f"{flag}with the massive activation of {written} clamped token 0 keeps {left}; {then}")
    return [line for one in lines for line in wrapped(one, beside(2.4), 6.5)]


def no_sink(axis, found: dict) -> None:
    """Attention by layer, where nothing is left to explain."""
    attention = found["sink_baseline"]["mean_attention"]
    axis.plot(attention["first"], "o-", ms=3, color=FIRST, label="attention to token 0")
    axis.plot(attention["ordinary"], "D:", ms=3, mfc="none", color=ORDINARY, label="attention to an ordinary token")
    layers_axis(axis, len(attention["first"]))
    axis.set(ylabel="attention", ylim=(0, max(0.1, 1.1 * axis.get_ylim()[1])))
    axis.legend()


def explanation(found: dict) -> str:
    return (f"mean_attention at layer {found['sink_layer']}: mean over heads and queries q ≥ {found['tokens']['first_queries'][0]}; "
            f"levels, changes and conditions are those of {found['one_key']['itself']['n']} samples that did not choose, with 95 % "
            "intervals of the difference from the unedited run, bootstrap by document; the rule's level: half of what token 0 gets in that "
            "run; removed: 0.1 of the sink is left; clamped: 0.2 of the self-only token's; "
            f"(c) to token {found['self_only']['token']} when written there, to token 0 when removed there; "
            "d: effect size, token 0 against tokens 1 to 8; ?: the interval holds 0, so that these samples do not tell")


def say_beside(axis, lines: list[str]) -> None:
    axis.axis("off")
    axis.text(0, 1, "\n".join(lines), fontsize=6.5, va="top", transform=axis.transAxes)


def name_panels(top, left, right, candidate: dict | None, found: dict) -> None:
    top.annotate("(a) sites", (-0.01, 1.03), xycoords="axes fraction", ha="right", va="bottom", fontsize=8)
    if candidate is None:
        which = "without a candidate"
    else:
        sets = candidate["sufficient"]
        what = name_of(sets[0]) if len(sets) == 1 else f"{len(sets)} sets"
        which = f"{'the signal' if found['verdict']['signal'] else 'nearest'}: {what} after {place(candidate['site'])}"
    left.set_title(f"(b) {which}", loc="left")
    right.set_title("(c) other channels", loc="left")


def attention_by_layer(result: Result) -> Figure:
    """Where there is nothing to explain."""
    figure, axes = new(1, 1)
    no_sink(axes[0][0], result.results)
    caption(figure, result, f"mean_attention by layer. A sink: {result.results['sink_baseline']['sink_layer_rule']}")
    return figure


def evidence(result: Result) -> Figure:
    found = result.results
    candidate = shown_candidate(found)
    rows, lines = Rows(found, candidate), flags(found)
    figure, axes = with_legend_row(3, 2, [height(found), max(0.7 + 0.21 * len(rows), 2), 0.1 + 0.13 * len(lines)])
    top = wide(figure, axes[0])
    matrix(top, found)
    levels(axes[1][0], found, rows)
    suspects(axes[1][1], found, candidate)
    below = wide(figure, axes[2])
    say_beside(below, lines)
    legend_row(figure, axes[-1], axes[1][0])
    name_panels(top, *axes[1], candidate, found)
    caption(figure, result, explanation(found))
    return figure


def panels(result: Result) -> dict[str, Callable[[Axes], None]]:
    stages = result.results["stages"]
    if not stages:
        return {"by_layer": lambda axis: no_sink(axis, result.results)}
    drawn = {}
    for number, one in enumerate(stages):
        drawn |= {f"stage_{number}_{name}": panel for name, panel in of_stage(stage_of(result, number).results).items()}
        drawn[f"stage_{number}_chain"] = lambda axis, one=one: chain_of(axis, one)
    return drawn


def of_stage(found: dict) -> dict[str, Callable[[Axes], None]]:
    candidate = shown_candidate(found)
    return {"sites": lambda axis: matrix(axis, found), "levels": lambda axis: levels(axis, found, Rows(found, candidate)),
            "channels": lambda axis: suspects(axis, found, candidate)}


def draw(result: Result, stage: int = 0, of_chain: bool = False) -> Figure:
    stages = result.results["stages"]
    if of_chain and stages:
        return chain(result)
    one = stage_of(result, stage) if stages else result
    verdict = one.results["verdict"] if stages else {"kind": "no sink", "statement": result.results["statement"]}
    figure = attention_by_layer(one) if verdict["kind"] == "no sink" else evidence(one)
    which = f"stage {stage}, layers {stages[stage]['first']} to {stages[stage]['last']}: " if len(stages) > 1 else ""
    figure.suptitle("\n".join(wrapped(f"{which}{headline(verdict)} — {plain(result.model_name)}", beside(0.4), 9)), fontsize=9)
    return figure


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--stage", type=int, default=0, help="which stage of the sink, the first is 0")
    parser.add_argument("--chain", action="store_true", dest="of_chain", help="what makes the sink, step by step, in all stages")


def more(result: Result) -> dict[str, dict[str, Any]]:
    stages = result.results["stages"]
    others = {f"stage-{number}": {"stage": number} for number in range(1, len(stages))}
    return others | ({"chain": {"of_chain": True}} if stages else {})


def summary(result: Result, findings: Findings) -> Iterator[tuple[str, str]]:
    stages = result.results["stages"]
    kinds = "; then ".join(one["verdict"]["kind"] for one in stages) or "no sink"
    yield "8 what tells which token is first", f"{kinds}: {result.results['statement']}"
