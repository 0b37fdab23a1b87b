"""Reading the results of experiments made of trials: places in the pass by name, levels in a table's rows, a row with its trial."""

from __future__ import annotations

from typing import Any

import numpy as np

from sinkscope.results import Result

PARTS = {"hook_attn_out": "attention", "hook_mlp_out": "MLP", "hook_attn_in": "attention", "hook_mlp_in": "MLP",
         "hook_resid_mid": "attention", "hook_resid_post": "MLP"}  # that writes there, reads there, or was added last


def layer_of(site: str) -> int:
    """Of a hook point in a block."""
    return int(site.split(".")[1])


def part_of(site: str) -> str:
    return PARTS[site.split(".", 2)[2]]


def place(site: str) -> str:
    """The part of a block that a hook point of the residual follows or feeds: "MLP 3"."""
    return "embedding" if site == "hook_embed" else f"{part_of(site)} {layer_of(site)}"


def of_token(values: list[dict[str, Any]], token: int) -> dict[str, Any]:
    """That of one token, in a list with one for every tracked token."""
    return next(one for one in values if one["token"] == token)


def level(row: dict[str, Any], token: int) -> dict[str, Any]:
    """Mean and interval of one tracked token in a row of the table."""
    return of_token(row["sink"], token)["level"]


def mean(row: dict[str, Any], token: int) -> float:
    return level(row, token)["mean"]


def unedited(found: dict[str, Any]) -> tuple[dict[int, float], float]:
    """Levels at the sink layer without edits: of the tracked tokens, and of an ordinary one. Every trial holds the same."""
    trial = found["trials"][0]
    return {one["token"]: one["unedited"] for one in trial["mean_attention"]}, trial["ordinary"]["unedited"]


class TrialRow:
    """A row of a result's table, the trial it is of, and the first trial: trimmed results have the unedited run by sample there alone."""

    def __init__(self, row: dict[str, Any], trial: dict[str, Any], first: dict[str, Any]) -> None:
        self.row, self.trial, self.first = row, trial, first

    def __getitem__(self, key: str) -> Any:
        return self.row[key]

    def level(self, token: int) -> tuple[float, float, float]:
        """Attention to a tracked token at the sink layer: mean, and the ends of its interval (the mean where there is none)."""
        found = level(self.row, token)
        value = np.nan if found["mean"] is None else found["mean"]
        return value, *(value if end is None else end for end in found["ci95"])

    def unedited(self, token: int) -> float:
        return of_token(self.trial["mean_attention"], token)["unedited"]

    def by_sample(self, token: int) -> np.ndarray:
        return floats_of(self.trial, token, "edited")

    def unedited_by_sample(self, token: int) -> np.ndarray:
        return floats_of(self.first, token, "unedited")

    def massive_activation(self, token: int, which: str = "edited") -> float:
        """Norm of the massive activation at a tracked token over that of the unedited token 0; NaN where the model has none."""
        if self.trial["massive_activation"] is None:
            return np.nan
        return of_token(self.trial["massive_activation"], token)[which] / of_token(self.trial["massive_activation"], 0)["unedited"]


def floats_of(trial: dict[str, Any], token: int, which: str) -> np.ndarray:
    return np.array(of_token(trial["mean_attention"], token)["by_sample"][which], dtype=float)


def trial_rows(result: Result) -> list[TrialRow]:
    trials = {trial["name"]: trial for trial in result.results["trials"]}
    return [TrialRow(row, trials[row["name"]], result.results["trials"][0]) for row in result.results["table"]]
