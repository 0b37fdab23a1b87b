"""How the sink answers to identify's signal: a row a trial, with the level that the rule asks and how far random moves reach."""

from __future__ import annotations

import numpy as np

from sinkscope.figures.parts.colours import FIRST, ORDINARY, RANDOM, TEXT, colour_of
from sinkscope.figures.parts.levels import with_intervals
from sinkscope.figures.parts.trial_rows import of_token, unedited
from sinkscope.figures.parts.which_trial import alone_and_one_key, candidate_trials

RULE = {"marker": "|", "ms": 8, "mew": 1.4, "ls": "none", "color": TEXT}
RANDOM_MOVES = {"marker": "x", "ms": 4, "mew": 1, "ls": "none", "color": RANDOM}


def name_of(signal: dict) -> str:
    dimensions = signal["dimensions"]
    if signal["directions"]:
        return "a direction" if signal["rank"] == 1 else f"{signal['rank']} directions"
    if len(dimensions) > 4:
        return f"{len(dimensions)} channels"
    return f"channel{'s' * (len(dimensions) > 1)} {', '.join(map(str, dimensions))}"


class Rows:
    """The trials that panel b shows, from above, with the edit's kind by which they are judged."""

    def __init__(self, found: dict, candidate: dict | None) -> None:
        alone, one_key = alone_and_one_key(found)
        token = found["self_only"]["token"]
        self.list: list[tuple[str, str, dict]] = []  # label, kind, trial
        clamped = []
        if candidate:
            remove, clamp, pairs = candidate_trials(found, candidate)
            self.list.append(("removed at token 0", "remove", remove))
            for signal, (write, copy) in zip(candidate["sufficient"], pairs, strict=True):
                of = f" ({name_of(signal)})" if len(candidate["sufficient"]) > 1 else ""
                self.list += [(f"written at token {token}{of}", "write", write), (f"copied from self-only{of}", "write", copy)]
            clamped = [("self-only, clamped", "clamp", clamp)]
        self.list += [(f"token {token} self-only", "", alone), *clamped, (f"token {token} sees one other key", "", one_key)]

    def __len__(self) -> int:
        return len(self.list) + 1  # and the unedited run


def moved(trial: dict, token: int) -> dict:
    """Attention to a tracked token under the edit, with the interval of its difference from the unedited run."""
    one = of_token(trial["mean_attention"], token)
    return {"mean": one["edited"], "ci95": [None if end is None else one["unedited"] + end for end in one["difference"]["ci95"]]}


def levels(axis, found: dict, rows: Rows) -> None:
    without, ordinary = unedited(found)
    places, later = np.arange(1, len(rows)), found["self_only"]["token"]
    for token, colour, shift in ((0, FIRST, -0.19), (later, colour_of(later), 0.19)):
        each = [moved(trial, token) for _, _, trial in rows.list]
        axis.barh([shift, *(places + shift)], [without[token], *(one["mean"] for one in each)], 0.36, color=colour, alpha=0.5,
                  label=f"attention to token {token}")
        with_intervals(axis, places + shift, each, "horizontal", color=colour, ms=2)
        against(axis, rows, token, without[token], shift)
    axis.axvline(ordinary, color=ORDINARY, ls=":", lw=1, label="ordinary token, unedited")
    rule(axis, rows, alone_and_one_key(found)[0], later)
    for look, text in ((RULE, "the rule's level"), (RANDOM_MOVES, "95 % of random moves as large")):
        axis.plot([], [], label=text, **look)
    axis.set_yticks(range(len(rows)), ["unedited", *(label for label, _, _ in rows.list)], fontsize=6.5)
    axis.set(ylim=(len(rows) - 0.5, -0.5), xlim=(-0.03 * axis.get_xlim()[1], None), xlabel="attention")


def against(axis, rows: Rows, token: int, level: float, shift: float) -> None:
    """How far random moves as large as the edit take what the edit is to move: token 0 down, the later token up."""
    kind, sign = ("write", 1) if token else ("remove", -1)
    for y, (_, of, trial) in enumerate(rows.list, 1):
        random = trial["controls"]["random"]
        p95 = of_token(random, token)["p95"] if random else None
        if of == kind and p95 is not None:
            axis.plot(max(level + sign * p95, 0), y + shift, **RANDOM_MOVES)


def rule(axis, rows: Rows, alone: dict, later: int) -> None:
    """The level that the rule asks of a row."""
    self_only = of_token(alone["mean_attention"], later)["edited"] - alone["ordinary"]["edited"]
    for y, (_, kind, trial) in enumerate(rows.list, 1):
        first, ordinary = of_token(trial["mean_attention"], 0), trial["ordinary"]["edited"]
        if kind == "remove":
            axis.plot(ordinary + 0.1 * first["unedited"], y - 0.19, **RULE)
        elif kind == "clamp":
            axis.plot(ordinary + 0.2 * self_only, y + 0.19, **RULE)
        else:
            axis.plot(0.5 * first["edited"], y + 0.19, **RULE)
