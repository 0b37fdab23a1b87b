"""Figure of `sinkscope head-attribution`: attention to token k and to token 0 with each head replaced, all heads beside."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sinkscope.figures.parts.colours import RULER, token_colours
from sinkscope.figures.parts.levels import from_zero, held_against, legend_row, say, with_intervals, with_legend_row
from sinkscope.figures.parts.style import title
from sinkscope.figures.parts.trial_rows import level, mean
from sinkscope.results import Result
from sinkscope.results.findings import Findings

ORDER = 52


def heads(axis, found: dict, layer: int, at: int) -> None:
    """One place per head, "all" apart from them; both tokens at each."""
    rows = [row for row in found["table"] if (row["layer"], row["at"]) == (layer, at)]
    count = sum(row["head"] != "all" for row in rows)
    place = [count + 0.5 if row["head"] == "all" else row["head"] for row in rows]
    tokens = found["tokens"]["tracked"]
    colours = token_colours(tokens)
    held_against(axis.axhline, found, colours)
    for number, token in enumerate(tokens):
        with_intervals(axis, [x + 0.2 * (number - 0.5) for x in place], [level(row, token) for row in rows], color=colours[token],
                       label=f"to token {token}")
    axis.axvline(count - 0.25, color=RULER, lw=0.6)
    step = -(-count // 16)
    axis.set_xticks([*range(0, count, step), count + 0.5], [*range(0, count, step), "all"])
    does = f"token {at} as if it saw itself alone" if at else f"token 0 as token {tokens[-1]} is on average"
    axis.set(title=f"layer {layer}: {does}", xlabel="head replaced", xlim=(-0.6, count + 1.1))


def panels(result: Result) -> dict[str, Callable[[Axes], None]]:
    found = result.results
    places = dict.fromkeys((row["layer"], row["at"]) for row in found["table"])
    return {f"layer_{layer}_token_{at}": lambda axis, layer=layer, at=at: alone(axis, found, layer, at) for layer, at in places}


def alone(axis, found: dict, layer: int, at: int) -> None:
    heads(axis, found, layer, at)
    axis.set_ylabel("attention")
    from_zero(axis)


def draw(result: Result) -> Figure:
    found = result.results
    layers = list(dict.fromkeys(row["layer"] for row in found["table"]))
    sides = list(dict.fromkeys(row["at"] for row in found["table"]))
    figure, axes = with_legend_row(len(layers), len(sides), [2.1] * len(layers), sharey=True)
    for row, layer in zip(axes, layers):
        for axis, at in zip(row, sides):
            heads(axis, found, layer, at)
        row[0].set_ylabel("attention")
    from_zero(axes[0][0])
    legend_row(figure, axes[-1], axes[0][0])
    title(figure, result, "Which heads give the first-token signal to a token that sees only itself")
    say(figure, result, "all: every head of that layer together")
    return figure


def summary(result: Result, findings: Findings) -> Iterator[tuple[str, str]]:
    """The head, and the layer, that give the later token most."""
    k = result.results["tokens"]["tracked"][-1]
    one, every = (max((row for row in result.results["table"] if row["at"] == k and (row["head"] == "all") == whole),
                      key=lambda row: mean(row, k)) for whole in (False, True))
    yield f"  heads of token {k} as if it saw itself alone", \
        f"layer {one['layer']}, head {one['head']} gives it {mean(one, k):.3f}, all heads of layer {every['layer']} {mean(every, k):.3f}"
