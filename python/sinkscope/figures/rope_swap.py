"""Figure of `sinkscope rope-swap`: attention to the physical first and to the rotary-first token, and maps of heads."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sinkscope.figures.parts.colours import ROTARY_FIRST, SERIES, SHADE, UNEDITED
from sinkscope.figures.parts.style import caption, floats, layers_axis, legend_above, new, split, title
from sinkscope.results import Result
from sinkscope.results.findings import Findings

ORDER = 20
NAMES = {"first_moved": "first token moved", "other_to_zero": "another token at position 0", "swap": "swapped with token 0",
         "block": "first tokens moved as a block", "shift": "all shifted", "reverse": "order reversed"}
CURVES_HEIGHT, MAPS_HEIGHT = 1.9, 1.45  # of a row, in inches
STYLES = ["-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1))]


def curves(axis, kind: str, conditions: list[dict], early: int) -> None:
    """Solid colours: to token 0; the same in grey: to the token that rotary position says is first."""
    baseline = floats(conditions[0]["sink"][0]["mean_attention"]["by_layer"])
    axis.axvspan(-0.5, early - 0.5, color=SHADE, lw=0, zorder=0)
    axis.plot(baseline, color=UNEDITED, lw=2.4, alpha=0.35, label="unchanged")
    for number, condition in enumerate(c for c in conditions if c["kind"] == kind):
        style, colour = STYLES[number % len(STYLES)], SERIES[number % len(SERIES)]
        axis.plot(floats(condition["sink"][0]["mean_attention"]["by_layer"]), color=colour, ls=style, label=condition["name"])
        if len(condition["sink"]) > 1:
            axis.plot(floats(condition["sink"][1]["mean_attention"]["by_layer"]), color=ROTARY_FIRST, ls=style, lw=0.9)
    axis.set(title=NAMES[kind], ylabel="mean attention", ylim=(-0.02, None))
    layers_axis(axis, len(baseline))
    legend_above(axis, row=0.15)


def maps(figure, axes, found: dict) -> None:
    """One row per head, under one scale: unchanged, and the first condition of the kinds that move the first token."""
    drawn = None
    kinds = {c["name"]: c["kind"] for c in found["conditions"]}
    picked = [next((c for c in found["maps"]["conditions"] if kinds[c["name"]] == kind), None)
              for kind in ("baseline", "first_moved", "swap", "reverse")]
    for row, head in enumerate(found["maps"]["heads"]):
        for axis, condition in zip(axes[row], picked):
            if condition is None:
                axis.axis("off")
                continue
            drawn = axis.imshow(floats(condition["maps"][row]), vmin=0, vmax=1, interpolation="nearest")
            name = "unchanged" if kinds[condition["name"]] == "baseline" else condition["name"]
            if row == 0:
                axis.set_title(name)
        axes[row][0].set_ylabel(f"layer {head['layer']}, head {head['head']}\nquery", fontsize=7)
    if drawn:
        figure.colorbar(drawn, ax=axes, label="attention", fraction=0.05, pad=0.02, aspect=40)
    for axis in axes[-1]:
        axis.set_xlabel("key")


def attention_under(result: Result, layer: int, name: str) -> list[float]:
    """Attention in a condition, by that run's queries: to the physical first token and, where another has its place, to that one."""
    found = next(one for one in result.results["conditions"] if one["name"] == name)
    return [sink["mean_attention"]["by_layer"][layer] for sink in found["sink"]]


def panels(result: Result) -> dict[str, Callable[[Axes], None]]:
    found = result.results
    kinds = [kind for kind in NAMES if any(c["kind"] == kind for c in found["conditions"])]
    return {kind: lambda axis, kind=kind: curves(axis, kind, found["conditions"], found["early_layers"]) for kind in kinds}


def draw(result: Result) -> Figure:
    found, drawn = result.results, panels(result).values()
    curve_rows, map_rows = (len(drawn) + 1) // 2, len(found["maps"]["heads"])
    heights = [CURVES_HEIGHT * curve_rows, MAPS_HEIGHT * map_rows]
    figure, axes = new(2, 1, height=sum(heights) / 2, height_ratios=heights)
    places = list(split(axes[0][0], curve_rows, 2).flat)
    for axis, panel in zip(places, drawn):
        panel(axis)
    for axis in places[len(drawn):]:
        axis.axis("off")
    maps(figure, split(axes[1][0], map_rows, 4, sharex=True, sharey=True), found)
    title(figure, result, "Rotary positions moved, the causal mask in place")
    control = found["shift_control"]
    caption(figure, result, "colour: attention to token 0; grey: to the rotary-first token; shaded: early layers; "
            f"{control['condition']} differs from unchanged by at most {control['largest_difference']:.1e}")
    return figure


def summary(result: Result, findings: Findings) -> Iterator[tuple[str, str]]:
    there = {one["name"] for one in result.results["conditions"]}  # by the options of the run
    if "first-to-8" in there:
        (unmoved, *_), (moved, *_) = (attention_under(result, findings.layer, name) for name in ("baseline", "first-to-8"))
        yield "2 its rotary position moved to 8", f"gets {moved:.3f} where it got {unmoved:.3f}: {moved / unmoved:.2f} times"
    if "swap-0-8" in there:
        first, other = attention_under(result, findings.layer, "swap-0-8")
        yield "  rotary positions of 0 and 8 swapped", f"token 0 gets {first:.3f}, token 8 gets {other:.3f}"
