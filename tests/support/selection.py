"""The samples that chose and those that were tested."""

from __future__ import annotations

from typing import Any


def halves(results: dict[str, Any]) -> dict[str, list[int]]:
    """`choosing` and `testing`: indices of samples."""
    return results["selection_split"]
