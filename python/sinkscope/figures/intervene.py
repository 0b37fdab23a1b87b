"""Figure of `sinkscope intervene`: one row per trial, with its difference from the unedited run, its controls and how it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sinkscope.figures.parts.colours import DARK_GREY, OTHER_POSITION, RANDOM, READINGS, SHADE, colour_of
from sinkscope.figures.parts.levels import legend_row, say, with_intervals, with_legend_row
from sinkscope.figures.parts.style import floats, title
from sinkscope.figures.parts.trial_rows import of_token, unedited
from sinkscope.results import Result
from sinkscope.results.findings import Findings

ORDER = 54


def of_trials(token: int) -> str:
    return f"a trial, to token {token}"


def panel(axis, result: Result, token: int) -> None:
    """Differences of one tracked token, its controls above each row's middle line, the readings at the right edge."""
    trials = result.results["trials"]
    bound = result.config["equivalence"] * unedited(result.results)[0][0]
    axis.axvspan(-bound, bound, color=SHADE, lw=0, zorder=0, label="no effect, where the interval is within")
    axis.axvline(0, color=DARK_GREY, lw=0.6)
    for row, trial in enumerate(trials):
        one = of_token(trial["mean_attention"], token)
        with_intervals(axis, [row], [one["difference"]], orientation="horizontal", color=colour_of(token),
                       label=None if row else of_trials(token))
        axis.text(1.02, row, one["reading"], transform=axis.get_yaxis_transform(), va="center", fontsize=6, color=READINGS[one["reading"]])
    controls(axis, trials, token)
    axis.set(title=f"attention to token {token}", xlabel="difference from the unedited run", ylim=(len(trials) - 0.4, -0.6))


def controls(axis, trials: list[dict], token: int) -> None:
    """The largest 5 % of random moves lie outside the bracket; a cross: the same edit at another position."""
    random = [(row, of_token(trial["controls"]["random"], token)["p95"]) for row, trial in enumerate(trials) if trial["controls"]["random"]]
    y, p95 = floats(random).reshape(-1, 2).T
    for side in (-1, 1):
        axis.plot(side * p95, y, "|", color=RANDOM, ms=9, label="random moves of its size, 95th percentile" if side > 0 else None)
    positions = [(row, trial["controls"]["other_position"]) for row, trial in enumerate(trials)]
    moved = [(row, of_token(one["difference"], token)["mean"]) for row, one in positions if one["difference"]]
    y, mean = floats(moved).reshape(-1, 2).T
    axis.plot(mean, y, "x", color=OTHER_POSITION, ms=4, label=f"the same edits at token {positions[0][1]['token']}")


def name(trial: dict) -> str:
    """A dagger where written values are outside what the tokens have by themselves."""
    outside = trial["outside_natural_range"]
    return trial["name"] + (" †" if outside and outside["flagged"] else "")


def panels(result: Result) -> dict[str, Callable[[Axes], None]]:
    return {f"token_{token}": lambda axis, token=token: alone(axis, result, token) for token in result.results["tokens"]["tracked"]}


def alone(axis, result: Result, token: int) -> None:
    panel(axis, result, token)
    name_trials(axis, result)


def name_trials(axis, result: Result) -> None:
    axis.set_yticks(range(len(result.results["trials"])), [name(trial) for trial in result.results["trials"]], fontsize=6)


def draw(result: Result) -> Figure:
    trials, tracked = result.results["trials"], result.results["tokens"]["tracked"]
    figure, axes = with_legend_row(1, len(tracked), [1 + 0.22 * len(trials)], sharey=True)
    for axis, token in zip(axes[0], tracked):
        panel(axis, result, token)
    name_trials(axes[0][0], result)
    others = [Line2D([], [], color=colour_of(token), marker="o", ms=3, lw=1, label=of_trials(token)) for token in tracked[1:]]
    legend_row(figure, axes[-1], axes[0][0], others)
    title(figure, result, "What the sink does under declared edits")
    say(figure, result, f"random: {result.config['controls']} moves per trial; † writes values outside the natural 1 to 99 % range")
    return figure


def summary(result: Result, findings: Findings) -> Iterator[tuple[str, str]]:
    token = result.results["tokens"]["tracked"][0]
    readings = [of_token(trial["mean_attention"], token)["reading"] for trial in result.results["trials"]]
    counts = ", ".join(f"{readings.count(reading)} {reading}" for reading in sorted(set(readings)))
    yield f"  {len(readings)} declared edits, on token {token}", counts
