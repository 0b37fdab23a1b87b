"""What figures of trials draw: levels of attention with their intervals, and the massive activation beside the unedited first token's."""

from __future__ import annotations

from collections.abc import Iterable

from matplotlib.lines import Line2D

from sinkscope.figures.parts.colours import FIRST, MASSIVE, UNEDITED, colour_of
from sinkscope.figures.parts.levels import with_intervals
from sinkscope.figures.parts.trial_rows import TrialRow, level

LEVELS = "attention; norm (×)"  # the label of an axis that has both


def draw_levels(axis, places, rows: list[TrialRow], token: int, **look) -> None:
    """Means with their intervals over `places`."""
    look = {"fmt": "", "color": colour_of(token), "marker": "o", "lw": 1, "elinewidth": 0.8} | look
    with_intervals(axis, places, [level(row.row, token) for row in rows], **look)


def draw_massive_activation(axis, places, rows: list[TrialRow], token: int, **look) -> None:
    look = {"color": MASSIVE, "ls": ":", "marker": "x", "ms": 3.5, "lw": 0.8} | look
    axis.plot(places, [row.massive_activation(token) for row in rows], **look)


def draw_unedited(axis, place: float, row: TrialRow, token: int, shift: float = 0) -> None:
    """Hollow: attention to this token and to token 0, and this token's massive activation, without edits."""
    for key, to in ((token, place - shift), (0, place + shift)):
        axis.plot(to, row.unedited(key), "D", color=colour_of(key), ms=4, mfc="none")
    axis.plot(place, row.massive_activation(token, "unedited"), "D", color=MASSIVE, ms=4, mfc="none")


def symbols(later: Iterable[int]) -> list[Line2D]:
    """Of all that is drawn here, of these later tokens."""
    return [*(Line2D([], [], color=colour_of(token), marker="o", ms=3.5, lw=1, label=f"attention to token {token}") for token in later),
            Line2D([], [], color=FIRST, marker="o", ms=3.5, lw=1, label="attention to token 0"),
            Line2D([], [], color=MASSIVE, marker="x", ms=4, ls=":", lw=0.8, label="massive activation at\nthe edited token, norm"),
            Line2D([], [], color=UNEDITED, marker="D", ms=4, mfc="none", ls="none", label="unedited")]
