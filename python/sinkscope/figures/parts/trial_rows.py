"""Reading the results of experiments made of trials: places in the pass by name, and the levels in a row of a table."""

from __future__ import annotations

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


def unedited(found: dict) -> tuple[dict[int, float], float]:
    """Levels at the sink layer without edits: of the tracked tokens, and of an ordinary one."""
    trial = found["trials"][0]
    return {one["token"]: one["unedited"] for one in trial["mean_attention"]}, trial["ordinary"]["unedited"]


def level(row: dict, token: int) -> dict:
    """Mean and interval of one tracked token in a row of the table."""
    return next(sink["level"] for sink in row["sink"] if sink["token"] == token)
