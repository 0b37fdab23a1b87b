"""What figures of trials draw: levels of attention with their intervals, and the spike beside the unedited first token's."""

from __future__ import annotations

import numpy as np
from matplotlib.lines import Line2D

from sinkscope.figures.parts.style import COLOURS, floats
from sinkscope.figures.parts.trial_rows import level
from sinkscope.figures.parts.trials import with_intervals

OF_FIRST, OF_LATER, SPIKE = COLOURS[1], COLOURS[0], COLOURS[6]


class TrialRow:
    """A row of a result's table and the trial it is of."""

    def __init__(self, row: dict, trial: dict) -> None:
        self.row, self.trial = row, trial
        self.tokens = [sink["token"] for sink in row["sink"]]

    def __getitem__(self, key: str):
        return self.row[key]

    def level(self, token: int) -> tuple[float, float, float]:
        """Attention to a tracked token at the sink layer: mean, and the ends of its interval (the mean where there is none)."""
        found = level(self.row, token)
        mean = np.nan if found["mean"] is None else found["mean"]
        return mean, *(mean if end is None else end for end in found["ci95"])

    def unedited(self, token: int) -> float:
        return self.trial["mean_attention"][self.tokens.index(token)]["unedited"]

    def by_sample(self, token: int, which: str = "edited") -> np.ndarray:
        return floats(self.trial["mean_attention"][self.tokens.index(token)]["by_sample"][which])

    def spike(self, token: int, which: str = "edited") -> float:
        """Norm of the spike at a tracked token over that of the unedited token 0; NaN where the model has no spike."""
        if self.trial["spike"] is None:
            return np.nan
        return self.trial["spike"][self.tokens.index(token)][which] / self.trial["spike"][0]["unedited"]


def trial_rows(result: dict) -> list[TrialRow]:
    found = result["results"]
    return [TrialRow(row, trial) for row, trial in zip(found["table"], found["trials"], strict=True)]


def colour_of(token: int) -> str:
    return OF_LATER if token else OF_FIRST


def draw_levels(axis, places, rows: list[TrialRow], token: int, **look) -> None:
    """Means with their intervals over `places`."""
    look = {"fmt": "", "color": colour_of(token), "marker": "o", "lw": 1, "elinewidth": 0.8} | look
    with_intervals(axis, places, [level(row.row, token) for row in rows], **look)


def draw_spike(axis, places, rows: list[TrialRow], token: int, **look) -> None:
    axis.plot(places, [row.spike(token) for row in rows], **{"color": SPIKE, "ls": ":", "marker": "x", "ms": 3.5, "lw": 0.8} | look)


def draw_unedited(axis, place: float, row: TrialRow, token: int, shift: float = 0) -> None:
    """Hollow: attention to this token and to token 0, and this token's spike, without edits."""
    for key, to in ((token, place - shift), (0, place + shift)):
        axis.plot(to, row.unedited(key), "D", color=colour_of(key), ms=4, mfc="none")
    axis.plot(place, row.spike(token, "unedited"), "D", color=SPIKE, ms=4, mfc="none")


def explain(axis, **look) -> None:
    """The legend of all that is drawn here."""
    entries = [Line2D([], [], color=OF_LATER, marker="o", ms=3.5, lw=1, label="attention to the later token"),
               Line2D([], [], color=OF_FIRST, marker="o", ms=3.5, lw=1, label="attention to token 0"),
               Line2D([], [], color=SPIKE, marker="x", ms=4, ls=":", lw=0.8, label="spike at the edited token"),
               Line2D([], [], color="#666666", marker="D", ms=4, mfc="none", ls="none", label="unedited")]
    axis.legend(handles=entries, **look)
