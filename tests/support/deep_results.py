"""Committed results as those of a model with many blocks would be: what they say of one block, said of each."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from itertools import combinations
from typing import Any

Found = dict[str, Any]


def repeated(rows: list[dict], key: str, blocks: int) -> list[dict]:
    """The rows of the first blocks that are complete, and those of block 1 again for every later one."""
    def of(block: int) -> list[dict]:
        return [row for row in rows if row[key].startswith(f"blocks.{block}.")]

    complete = next(block for block in range(1, blocks) if len(of(block)) < len(of(1)))
    again = [deepcopy(row) | {key: row[key].replace("blocks.1.", f"blocks.{block}.")} for block in range(complete, blocks) for row in of(1)]
    return [row for row in rows if row not in of(complete)] + again


def at_many_sites(found: Found, blocks: int) -> None:
    found["sites"] = repeated(found["sites"], "site", blocks)


def of_many_sites_in_every_stage(found: Found, blocks: int) -> None:
    at_many_sites(found["stages"][0], blocks)


def moved_at_many_sites(found: Found, blocks: int) -> None:
    at_many_sites(found, blocks)
    found["table"] = repeated(found["table"], "site", blocks)


def in_pairs(found: Found, blocks: int) -> None:
    """Every two outputs together, as --pairs has them."""
    single = [row for row in found["table"] if row["operation"] == "zero" and int(row["sites"][0].split(".")[1]) < blocks]
    for one, other in combinations(single, 2):
        name = f"{one['name']} and {other['name']}"
        found["table"].append(deepcopy(one) | {"name": name, "sites": [*one["sites"], *other["sites"]]})
        found["trials"].append({"name": name, "interaction": [{"mean": 0.01}]})


DEEP: dict[str, Callable[[Found, int], None]] = {
    "channel-trace": at_many_sites, "identify": of_many_sites_in_every_stage, "channel-patch": moved_at_many_sites, "zero-sweep": in_pairs}
