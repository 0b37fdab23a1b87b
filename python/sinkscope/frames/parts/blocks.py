"""From the JSON to rows. A block is some rows of a frame: a list a column, or one value that all its rows share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

Block = dict[str, Any]


def flat(value: Any, name: str = "") -> Block:
    """A JSON value as columns of one row: keys joined by `_`, a list of scalars as text with commas; lists of objects are left out.

    What has an interval or a spread gives its mean the name of the whole:

    >>> flat({"difference": {"mean": 0.5, "ci95": [0.4, 0.6], "n": 9}, "edits": [{"dose": 1}], "tokens": [1, 4]})
    {'difference': 0.5, 'difference_ci95_low': 0.4, 'difference_ci95_high': 0.6, 'difference_n': 9, 'tokens': '1,4'}
    """
    if isinstance(value, Mapping):
        whole = bool(name) and ("ci95" in value or "sd" in value)
        columns: Block = {}
        for key, one in value.items():
            place = name if whole and key == "mean" else f"{name}_{key}" if name else key
            if key == "ci95":
                columns[f"{place}_low"], columns[f"{place}_high"] = one
            else:
                columns |= flat(one, place)
        return columns
    if isinstance(value, list):
        return {} if any(isinstance(one, (Mapping, list)) for one in value) else {name: ",".join(map(str, value))}
    return {name: value}


def only(record: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """Some entries of a record, in this order; those that it lacks are left out."""
    return {key: record[key] for key in keys if key in record}


def without(record: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key not in keys}


def table(records: Iterable[Mapping[str, Any]], shared: Block | None = None, number: str = "") -> Iterator[Block]:
    """A row for each record; `number` names a column that counts them from 0."""
    for index, record in enumerate(records):
        yield {**(shared or {}), **({number: index} if number else {}), **flat(record)}


def long(values: Mapping[str, Any], axes: Mapping[str, Sequence | None], shared: Block | None = None) -> Block:
    """A row for each entry of nested lists of one shape: `axes` names their dimensions, outermost first, with the labels of each
    (None: from 0).

    >>> long({"norm": [[1.0, None], [3.0, 4.0]]}, {"layer": None, "token": [0, 8]}, {"site": "resid_post"})
    {'site': 'resid_post', 'layer': [0, 0, 1, 1], 'token': [0, 8, 0, 8], 'norm': [1.0, nan, 3.0, 4.0]}
    """
    arrays = {name: np.array(value, dtype=float) for name, value in values.items()}
    shape = next(iter(arrays.values())).shape
    if len(shape) != len(axes) or any(array.shape != shape for array in arrays.values()):
        raise ValueError(f"expected lists by {', '.join(axes)}, found {[array.shape for array in arrays.values()]} of {list(arrays)}")
    places = np.indices(shape).reshape(len(shape), -1).tolist()
    labels = {name: place if labels is None else [labels[index] for index in place]
              for (name, labels), place in zip(axes.items(), places)}
    return {**(shared or {}), **labels, **{name: array.ravel().tolist() for name, array in arrays.items()}}


def length_of(block: Block) -> int:
    """Rows of a block."""
    return next((len(value) for value in block.values() if isinstance(value, list)), 1)
