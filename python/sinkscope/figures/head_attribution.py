"""Figure of `sinkscope head-attribution`: attention to token k and to token 0 with each head replaced, all heads beside."""

from sinkscope.figures.parts.style import COLOURS, arguments, save, title
from sinkscope.figures.parts.trial_rows import level
from sinkscope.figures.parts.trials import from_zero, held_against, legend_row, say, with_intervals, with_legend_row


def heads(axis, found: dict, layer: int, at: int) -> None:
    """A place a head, "all" apart from them; both tokens at each."""
    rows = [row for row in found["table"] if (row["layer"], row["at"]) == (layer, at)]
    count = sum(row["head"] != "all" for row in rows)
    place = [count + 0.5 if row["head"] == "all" else row["head"] for row in rows]
    tokens = found["tokens"]["tracked"]
    colours = dict(zip(tokens, COLOURS))
    held_against(axis.axhline, found, colours)
    for number, token in enumerate(tokens):
        with_intervals(axis, [x + 0.2 * (number - 0.5) for x in place], [level(row, token) for row in rows], color=colours[token],
                       label=f"to token {token}")
    axis.axvline(count - 0.25, color="#cccccc", lw=0.6)
    step = -(-count // 16)
    axis.set_xticks([*range(0, count, step), count + 0.5], [*range(0, count, step), "all"])
    does = f"token {at} as if it saw itself alone" if at else f"token 0 as token {tokens[-1]} is on average"
    axis.set(title=f"layer {layer}: {does}", xlabel="head replaced", ylabel="attention", xlim=(-0.6, count + 1.1))


def main() -> None:
    result, args = arguments("head-attribution", __doc__)
    found = result["results"]
    layers = list(dict.fromkeys(row["layer"] for row in found["table"]))
    sides = list(dict.fromkeys(row["at"] for row in found["table"]))
    figure, axes = with_legend_row(len(layers), len(sides), [2.1] * len(layers), sharey=True)
    for row, layer in zip(axes, layers):
        for axis, at in zip(row, sides):
            heads(axis, found, layer, at)
    from_zero(axes[0][0])
    legend_row(figure, axes[-1], axes[0][0])
    title(figure, result, "Which heads mark the token that sees only itself")
    say(figure, result, "all: every head of that layer together")
    save(figure, args.output)


if __name__ == "__main__":
    main()
