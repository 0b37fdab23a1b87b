"""Figure of `sinkscope intervene`: one row a trial, with its difference from the unedited run, its controls and how it reads."""

from sinkscope.figures.parts.style import COLOURS, arguments, floats, save, title
from sinkscope.figures.parts.trial_rows import unedited
from sinkscope.figures.parts.trials import legend_row, say, with_intervals, with_legend_row

READINGS = {"effect": "#000000", "undecided": "#888888", "no effect": "#888888"}


def of_token(axis, result: dict, number: int) -> None:
    """Differences of one tracked token, its controls above each row's middle line, the readings at the right edge."""
    trials = result["results"]["trials"]
    token = trials[0]["mean_attention"][number]["token"]
    bound = result["config"]["equivalence"] * unedited(result["results"])[0][0]
    axis.axvspan(-bound, bound, color="#eeeeee", lw=0, zorder=0, label="no effect, where the interval is within")
    axis.axvline(0, color="#666666", lw=0.6)
    for row, trial in enumerate(trials):
        one = trial["mean_attention"][number]
        with_intervals(axis, [row], [one["difference"]], orientation="horizontal", color=COLOURS[0], label="the trial" if row == 0 else None)
        axis.text(1.02, row, one["reading"], transform=axis.get_yaxis_transform(), va="center", fontsize=6, color=READINGS[one["reading"]])
    controls(axis, trials, number)
    axis.set(title=f"attention to token {token}", xlabel="difference from the unedited run", ylim=(len(trials) - 0.4, -0.6))


def controls(axis, trials: list[dict], number: int) -> None:
    """The largest 5 % of random moves lie outside the bracket; a cross: the same edit at another position."""
    random = [(row, trial["controls"]["random"][number]["p95"]) for row, trial in enumerate(trials) if trial["controls"]["random"]]
    y, p95 = floats(random).reshape(-1, 2).T
    for side in (-1, 1):
        axis.plot(side * p95, y, "|", color=COLOURS[1], ms=9, label="random moves of its size, 95th percentile" if side > 0 else None)
    elsewhere = [(row, trial["controls"]["other_position"]["difference"][number]["mean"])
                 for row, trial in enumerate(trials) if trial["controls"]["other_position"]["difference"]]
    y, mean = floats(elsewhere).reshape(-1, 2).T
    token = trials[0]["controls"]["other_position"]["token"]
    axis.plot(mean, y, "x", color=COLOURS[2], ms=4, label=f"the same edits at token {token}")


def name(trial: dict) -> str:
    """A dagger where written values are outside what the tokens have by themselves."""
    outside = trial["outside_natural_range"]
    return trial["name"] + (" †" if outside and outside["flagged"] else "")


def main() -> None:
    result, args = arguments("intervene", __doc__)
    trials = result["results"]["trials"]
    tracked = result["results"]["tokens"]["tracked"]
    figure, axes = with_legend_row(1, len(tracked), [1 + 0.22 * len(trials)], sharey=True)
    for number, axis in enumerate(axes[0]):
        of_token(axis, result, number)
    axes[0][0].set_yticks(range(len(trials)), [name(trial) for trial in trials], fontsize=6)
    legend_row(figure, axes[-1], axes[0][0], columns=2)
    title(figure, result, "What the sink does under declared edits")
    say(figure, result, f"random: {result['config']['controls']} moves a trial; † writes values outside the natural 1 to 99 % range")
    save(figure, args.output)


if __name__ == "__main__":
    main()
