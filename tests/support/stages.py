"""What identify found for a stage of the sink."""

from __future__ import annotations

from typing import Any


def stage(results: dict[str, Any], number: int) -> dict[str, Any]:
    """Of one stage, beside what holds for all."""
    return results | results["stages"][number]


def first_stage(results: dict[str, Any]) -> dict[str, Any]:
    """Of a result with one stage of the sink, or none."""
    assert len(results["stages"]) <= 1
    return stage(results, 0) if results["stages"] else results
