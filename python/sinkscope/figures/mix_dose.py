"""Figure of `sinkscope mix-dose`: attention to the edited token and to token 0, by how much of other tokens it sees."""

from sinkscope.figures.parts.later_token import TrialRow, draw_levels, draw_spike, draw_unedited, explain, trial_rows
from sinkscope.figures.parts.style import COLOURS, arguments, caption, new, save, title


def curve(axis, rows: list[TrialRow], places: list[float], unedited: float, ticks: list[str] | None = None) -> None:
    """Over a number; `unedited` is the place of the unedited levels. Thin: samples."""
    at = rows[0]["at"]
    for sample in zip(*(row.by_sample(at) for row in rows), strict=True):
        axis.plot(places, sample, color=COLOURS[7], lw=0.4, alpha=0.5, zorder=0)
    for token in {at, 0}:
        draw_levels(axis, places, rows, token)
    draw_spike(axis, places, rows, at)
    draw_unedited(axis, unedited, rows[0], at)
    if ticks:
        axis.set_xticks([*places, unedited], ticks)
    axis.set(ylabel="attention; spike")


def dose(axis, rows: list[TrialRow]) -> None:
    curve(axis, rows, [row["value"] for row in rows], 0)
    axis.set(title=f"row {rows[0]['at']} between softmax and itself", xlabel="share of itself alone")


def predecessors(axis, rows: list[TrialRow]) -> None:
    curve(axis, rows, list(range(len(rows))), len(rows), [*(str(row["value"]) for row in rows), "all"])
    axis.set(title=f"row {rows[0]['at']} sees few", xlabel="tokens that it sees before itself")


def means(axis, rows: list[TrialRow]) -> None:
    curve(axis, rows, list(range(1, len(rows) + 1)), 0, [*(str(row["value"]) for row in rows), "own"])
    axis.set(title="token 0 gets the mean of many", xlabel="tokens averaged")


def kinds(axis, rows: list[TrialRow], names: list[str], name: str) -> None:
    """Unedited levels, then one place a trial."""
    at, places = rows[0]["at"], range(1, len(rows) + 1)
    draw_unedited(axis, 0, rows[0], at, shift=0.1)
    for token, shift in ((at, -0.1), (0, 0.1)):
        draw_levels(axis, [place + shift for place in places], rows, token, ls="none")
    draw_spike(axis, places, rows, at, ls="none")
    axis.set_xticks(range(len(rows) + 1), ["unedited", *names])
    axis.set(title=name, ylabel="attention; spike", xlim=(-0.5, len(rows) + 0.5))


def main() -> None:
    result, args = arguments("mix-dose", __doc__)
    rows = trial_rows(result)

    def part(*names: str) -> list[TrialRow]:
        return sorted((row for row in rows if row["part"] in names), key=lambda row: (names.index(row["part"]), row["value"] or 0))

    figure, axes = new(2, 3, height=2.3)
    dose(axes[0][0], part("dose"))
    predecessors(axes[0][1], part("predecessors"))
    means(axes[0][2], part("mean"))
    keys = part("itself", "one key")
    kinds(axes[1][0], keys, ["itself", *(f"token {row['value']:.0f}" for row in keys[1:])], f"row {keys[0]['at']} sees one key alone")
    contexts = part("repeated", "distinct")
    kinds(axes[1][1], contexts, ["repeated", "distinct"], f"tokens 1 to {contexts[0]['at']} replaced")
    axes[1][2].axis("off")
    explain(axes[1][2], loc="center left")
    title(figure, result, "How much mixing can the mark of the first token survive?")
    caption(figure, result, f"mean attention in layer {result['results']['sink_layer']}, with 95 % over documents, thin: samples, "
            f"queries after token {max(result['results']['tokens']['tracked'])}; hollow: unedited; "
            "spike: its norm over that of the unedited token 0")
    save(figure, args.output)


if __name__ == "__main__":
    main()
