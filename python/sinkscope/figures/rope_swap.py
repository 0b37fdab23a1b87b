"""Figure of `sinkscope rope-swap`: attention to the physical first and to the rotary-first token, and maps of heads."""

from sinkscope.figures.parts.style import COLOURS, arguments, caption, floats, image, layers_axis, new, save, title

NAMES = {"first_moved": "first token moved", "other_to_zero": "another token at position 0", "swap": "swapped with token 0",
         "block": "first tokens moved as a block", "shift": "all shifted", "reverse": "order reversed"}
STYLES = ["-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1))]


def curves(axis, kind: str, conditions: list[dict], early: int) -> None:
    """Solid colours: to token 0; the same in grey: to the token that rotary position says is first."""
    baseline = floats(conditions[0]["sink"][0]["mean_attention"]["by_layer"])
    axis.axvspan(-0.5, early - 0.5, color="#eeeeee", lw=0, zorder=0)
    axis.plot(baseline, color="#000000", lw=2.4, alpha=0.35, label="unchanged")
    for number, condition in enumerate(c for c in conditions if c["kind"] == kind):
        style, colour = STYLES[number % len(STYLES)], COLOURS[number % len(COLOURS)]
        axis.plot(floats(condition["sink"][0]["mean_attention"]["by_layer"]), color=colour, ls=style, label=condition["name"])
        if len(condition["sink"]) > 1:
            axis.plot(floats(condition["sink"][1]["mean_attention"]["by_layer"]), color="#888888", ls=style, lw=0.9)
    axis.set(title=NAMES[kind], ylabel="mean attention", ylim=(-0.02, None))
    layers_axis(axis, len(baseline))
    axis.legend(fontsize=5.5, ncols=2)


def maps(figure, axes, found: dict) -> None:
    """One row a head: unchanged, and the first condition of the kinds that move the first token."""
    kinds = {c["name"]: c["kind"] for c in found["conditions"]}
    picked = [next((c for c in found["maps"]["conditions"] if kinds[c["name"]] == kind), None)
              for kind in ("baseline", "first_moved", "swap", "reverse")]
    for row, head in enumerate(found["maps"]["heads"]):
        for axis, condition in zip(axes[row], picked):
            if condition is None:
                axis.axis("off")
                continue
            image(figure, axis, condition["maps"][row], "attention", vmin=0, vmax=1)
            axis.set(title=f"layer {head['layer']}, head {head['head']}: {condition['name']}", xlabel="key", ylabel="query")
            axis.title.set_fontsize(6.5)


def main() -> None:
    result, args = arguments("rope-swap", __doc__)
    found = result["results"]
    kinds = [kind for kind in NAMES if any(c["kind"] == kind for c in found["conditions"])]
    curve_rows, map_rows = (len(kinds) + 1) // 2, len(found["maps"]["heads"])
    figure, axes = new(curve_rows + map_rows, 4, height=1.9)
    for number, kind in enumerate(kinds):
        row, left = number // 2, 2 * (number % 2)
        grid = axes[row][left].get_gridspec()
        for axis in axes[row][left : left + 2]:
            axis.remove()
        curves(figure.add_subplot(grid[row, left : left + 2]), kind, found["conditions"], found["early_layers"])
    if len(kinds) % 2:
        for axis in axes[curve_rows - 1][2:]:
            axis.axis("off")
    maps(figure, axes[curve_rows:], found)
    title(figure, result, "Rotary positions moved, the causal mask in place")
    control = found["shift_control"]
    caption(figure, result, "colour: attention to token 0; grey: to the rotary-first token; shaded: early layers; "
            f"{control['condition']} differs from unchanged by at most {control['largest_difference']:.1e}")
    save(figure, args.output)


if __name__ == "__main__":
    main()
