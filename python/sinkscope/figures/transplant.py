"""Figure of `sinkscope transplant`: attention to token k and to token 0 when one's residual is put in the other's place,
by where in the pass, both ways."""

from sinkscope.figures.parts.style import COLOURS, arguments, save, title
from sinkscope.figures.parts.trial_rows import level, place
from sinkscope.figures.parts.trials import from_zero, held_against, legend_row, say, with_intervals, with_legend_row


def one_way(axis, found: dict, origin: int, to: int) -> None:
    rows = [row for row in found["table"] if (row["from"], row["to"]) == (origin, to)]
    colours = dict(zip(found["tokens"]["tracked"], COLOURS))
    held_against(axis.axhline, found, colours)
    for number, (token, colour) in enumerate(colours.items()):
        places = [x + 0.12 * (number - 0.5) for x in range(len(rows))]
        with_intervals(axis, places, [level(row, token) for row in rows], color=colour, fmt="o-", label=f"to token {token}")
    axis.set_xticks(range(len(rows)), [place(row["site"]) for row in rows], rotation=90)
    axis.set(title=f"residual of token {origin} put in token {to}'s place", xlabel="after", ylabel="attention")


def main() -> None:
    result, args = arguments("transplant", __doc__)
    found = result["results"]
    ways = list(dict.fromkeys((row["from"], row["to"]) for row in found["table"]))
    figure, axes = with_legend_row(1, len(ways), [3], sharey=True)
    for axis, (origin, to) in zip(axes[0], ways):
        one_way(axis, found, origin, to)
    from_zero(axes[0][0])
    legend_row(figure, axes[-1], axes[0][0])
    title(figure, result, "After which part of which block is the first token's residual complete")
    say(figure, result, "residuals come from samples of another document")
    save(figure, args.output)


if __name__ == "__main__":
    main()
