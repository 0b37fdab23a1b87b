"""Figure of `sinkscope transplant`: attention to token k and to token 0 when one's residual is put in the other's place,
by where in the pass, both ways."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sinkscope.figures.parts.colours import DARK_GREY, ORDINARY, token_colours
from sinkscope.figures.parts.levels import from_zero, held_against, legend_row, say, with_intervals, with_legend_row
from sinkscope.figures.parts.style import layers_axis, title
from sinkscope.figures.parts.trial_rows import layer_of, level, mean, part_of, place
from sinkscope.results import Result
from sinkscope.results.findings import Findings

ORDER = 53
FILLS = {"attention": None, "MLP": "white", "embedding": "white"}  # of markers after each part; none: in their own colour


def one_way(axis, found: dict, origin: int, to: int) -> None:
    rows = [row for row in found["table"] if (row["from"], row["to"]) == (origin, to)]
    colours = token_colours(found["tokens"]["tracked"])
    held_against(axis.axhline, found, colours)
    for token, colour in colours.items():
        axis.plot([along(row["site"]) for row in rows], [mean(row, token) for row in rows], color=colour, lw=1)
        for part, fill in FILLS.items():
            some = [row for row in rows if part in place(row["site"])]
            with_intervals(axis, [along(row["site"]) for row in some], [level(row, token) for row in some], color=colour,
                           mfc=fill or colour, label=None if fill else f"to token {token}")
    layers_axis(axis, 1 + int(max(along(row["site"]) for row in rows)))
    axis.set(title=f"residual of token {origin} put in token {to}'s place", xlabel="after block (−½: the embedding)")
    axis.set_xlim(-0.8, axis.get_xlim()[1] + 0.3)


def along(site: str) -> float:
    """Its place on an axis of blocks: the MLP is half a step after the attention."""
    return -0.5 if site == "hook_embed" else layer_of(site) + 0.5 * (part_of(site) == "MLP")


def ways_of(found: dict) -> list[tuple[int, int]]:
    return list(dict.fromkeys((row["from"], row["to"]) for row in found["table"]))


def panels(result: Result) -> dict[str, Callable[[Axes], None]]:
    found = result.results
    return {f"{origin}_to_{to}": lambda axis, origin=origin, to=to: alone(axis, found, origin, to) for origin, to in ways_of(found)}


def alone(axis, found: dict, origin: int, to: int) -> None:
    one_way(axis, found, origin, to)
    axis.set_ylabel("attention")
    from_zero(axis)


def parts() -> list[Line2D]:
    look = {"color": DARK_GREY, "marker": "o", "ms": 3, "ls": "none"}
    return [Line2D([], [], label="after attention", **look), Line2D([], [], label="after MLP, embedding", **look | {"mfc": "white"})]


def symbols(result: Result) -> list[Line2D]:
    colours = token_colours(result.results["tokens"]["tracked"])
    levels = [Line2D([], [], color=colour, marker="o", ms=3, lw=1, label=f"to token {token}") for token, colour in colours.items()]
    held = [Line2D([], [], color=colour, ls="--", lw=0.8, label=f"token {token}, unedited") for token, colour in colours.items()]
    return [*levels, *parts(), *held, Line2D([], [], color=ORDINARY, ls=":", lw=1, label="ordinary token, unedited")]


def draw(result: Result) -> Figure:
    found = result.results
    ways = ways_of(found)
    figure, axes = with_legend_row(1, len(ways), [3], sharey=True)
    for axis, (origin, to) in zip(axes[0], ways):
        one_way(axis, found, origin, to)
    from_zero(axes[0][0])
    axes[0][0].set_ylabel("attention")
    legend_row(figure, axes[-1], axes[0][0], parts())
    title(figure, result, "After which part of which block is the first token's residual complete")
    say(figure, result, "residuals come from samples of another document")
    return figure


def summary(result: Result, findings: Findings) -> Iterator[tuple[str, str]]:
    """After which part token 0's residual first gives the later token half of token 0's attention, or more."""
    k = result.results["tokens"]["tracked"][-1]
    half = next((row for row in result.results["table"] if row["to"] == k and mean(row, k) >= 0.5 * mean(row, 0)), None)
    what = f"  token 0's residual in token {k}'s place"
    if half:
        yield what, f"after {place(half['site'])} token {k} gets {mean(half, k):.3f}, token 0 {mean(half, 0):.3f}"
    else:
        yield what, f"gives token {k} less than half of token 0's attention, wherever it is put"
