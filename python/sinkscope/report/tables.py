"""Tables of the page, as text: rows of frames that a reader sorts and copies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from sinkscope.report.kinds.columns import values
from sinkscope.report.script_data import DIGITS
from sinkscope.results.loaded import LoadedResult

if TYPE_CHECKING:
    from pandas import DataFrame

TRIALS = {"name": "trial", "role": "role", "token": "token", "mean_attention_unedited": "unedited", "mean_attention_edited": "edited",
          "mean_attention_difference": "difference", "mean_attention_difference_ci95_low": "95 % from",
          "mean_attention_difference_ci95_high": "to", "mean_attention_difference_n": "samples", "reading": "reading",
          "random_p95": "random moves, 95 %"}
OTHERS = {"without_growth": "Ids without a massive activation", "extremes": "The strongest and the weakest ids",
          "chain": "How the sink comes about", "earlier": "Signals of earlier stages, held against later ones",
          "conditions": "Conditions of every candidate", "suspects": "Other channels that tell token 0 apart"}


class Table(NamedTuple):
    caption: str
    columns: list[str]
    numeric: list[bool]
    rows: list[list[str]]


def tables_of(result: LoadedResult) -> Iterator[Table]:
    """Those that no figure of the result holds already."""
    if "trials" in result.frames:
        frame = result.frame("trials")
        shown = [name for name in TRIALS if name in frame and frame[name].notna().any()]
        yield table_of(frame[shown].rename(columns=TRIALS), "Trials")
    for name, caption in OTHERS.items():
        if name in result.frames:
            yield table_of(result.frame(name), caption)


def table_of(frame: DataFrame, caption: str) -> Table:
    numeric = [frame[name].dtype.kind in "if" for name in frame.columns]
    columns = [values(frame[name]) for name in frame.columns]
    return Table(caption, [str(name) for name in frame.columns], numeric, [[cell(one) for one in row] for row in zip(*columns)])


def cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.{DIGITS}g}" if isinstance(value, float) else str(value)
