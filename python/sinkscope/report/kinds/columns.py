"""Columns of frames for figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandas import DataFrame, Series


def values(column: Series) -> list[Any]:
    """Plain Python values, None for what is missing."""
    return [None if gone else value for value, gone in zip(column.tolist(), column.isna().tolist())]


def ends(frame: DataFrame, name: str) -> tuple[list[Any], list[Any]] | tuple[None, None]:
    """The interval of a column, where the frame has it."""
    if f"{name}_ci95_low" not in frame:
        return None, None
    return values(frame[f"{name}_ci95_low"]), values(frame[f"{name}_ci95_high"])


def first(frame: DataFrame) -> dict[str, Any]:
    """The first row, in which whole numbers stay whole."""
    return frame.head(1).to_dict("records")[0]


def at_largest(frame: DataFrame, name: str) -> dict[str, Any]:
    """The row with the largest value. Raises ValueError where no row has one."""
    return first(frame.loc[[frame[name].astype(float).idxmax()]])


def at_smallest(frame: DataFrame, name: str) -> dict[str, Any]:
    return first(frame.loc[[frame[name].astype(float).idxmin()]])


def span(row: Mapping[str, Any], name: str) -> str:
    """A value and its interval in words: 0.773 (95 % interval 0.766 to 0.779)."""
    low, high = row.get(f"{name}_ci95_low"), row.get(f"{name}_ci95_high")
    return f"{short(row[name])} (95 % interval {short(low)} to {short(high)})" if low is not None and low == low else short(row[name])


def short(value: float | None, form: str = ".3g") -> str:
    """A number in a sentence; "none" where the result has none.

    >>> short(0.77281), short(23346.2), short(0.62, ".0%"), short(float("nan"))
    ('0.773', '23,346', '62%', 'none')
    """
    if value is None or value != value:
        return "none"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:{form}}"
