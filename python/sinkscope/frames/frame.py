"""A frame: what a row of it is, and the rows that a result has for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sinkscope.frames.columns import kind_of
from sinkscope.frames.parts.blocks import Block, length_of
from sinkscope.results.reading import Result, ResultError, reading

if TYPE_CHECKING:
    from pandas import DataFrame, Series


@dataclass(frozen=True)
class Frame:
    about: str
    blocks: Callable[[Result], Iterator[Block]]
    paired: tuple[str, ...] = ()  # the columns that have a value of every sample, where `compare` pairs them


def import_pandas():
    """Where it is first needed: `import sinkscope` waits for no pandas."""
    try:
        import pandas
    except ImportError:
        raise ImportError("frames need pandas, which is not installed: pip install 'sinkscope[frames]', "
                          "or 'pandas>=2.2,<4'") from None
    return pandas


def data_frame(result: Result, frame: Frame) -> DataFrame:
    """Its rows. Columns are int64, float64, bool and string; Int64 and boolean where a value is missing."""
    pandas = import_pandas()
    columns: dict[str, list] = {}
    rows = 0
    with reading(result):
        blocks = list(frame.blocks(result))
    for block in blocks:
        more = length_of(block)
        for name, value in block.items():
            column = columns.setdefault(name, [None] * rows)
            column.extend(value if isinstance(value, list) else [value] * more)
        rows += more
        for column in columns.values():
            column.extend([None] * (rows - len(column)))
    return pandas.DataFrame({name: series(result, name, values) for name, values in columns.items()})


def series(result: Result, name: str, values: list) -> Series:
    pandas = import_pandas()
    absent = pandas.isna(pandas.Series(values, dtype=object))
    missing = bool(absent.any())
    if missing:
        values = [None if gone else value for value, gone in zip(values, absent.tolist())]
    kind = kind_of(name, values)
    try:
        if any(isinstance(value, (list, dict)) for value in values):
            raise TypeError("a cell holds one value")
        if kind == "text":
            values = [None if value is None else str(value) for value in values]
        kinds = {"int": "Int64" if missing else "int64", "bool": "boolean" if missing else "bool", "float": "float64", "text": "string"}
        return pandas.Series(values, dtype=kinds[kind])
    except (TypeError, ValueError) as error:
        raise ResultError(f"{result.path}: column {name}: expected {kind}: {error}") from None
