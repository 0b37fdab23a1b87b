"""Arrays of a .safetensors file, mapped into memory: a file of gigabytes costs what is read of it.

The format: 8 bytes with the header's length, the header as JSON ({name: {dtype, shape, data_offsets}}), the tensors' bytes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sinkscope.results.reading import Result, ResultError

LONGEST_HEADER = 100_000_000  # bytes, as the safetensors library has it
DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1",
          "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?"}  # fmt: skip


def header(path: Path) -> tuple[dict[str, Any], int]:
    """Tensors by name, and where their bytes begin. Raises ResultError."""
    found, begin = whole_header(path)
    return {name: one for name, one in found.items() if name != "__metadata__"}, begin


def metadata(path: Path) -> dict[str, str]:
    """What its writer says of the file, by name. Raises ResultError."""
    return whole_header(path)[0].get("__metadata__", {})


def whole_header(path: Path) -> tuple[dict[str, Any], int]:
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= min(size - 8, LONGEST_HEADER):
                raise ResultError(f"{path}: not safetensors: a header of {length} bytes in a file of {size}")
            found = json.loads(file.read(length))
    except OSError as error:
        raise ResultError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ResultError(f"{path}: not safetensors: {error}") from None
    if not isinstance(found, dict):
        raise ResultError(f"{path}: not safetensors: expected an object as its header, found {type(found).__name__}")
    return found, 8 + length


def mapped(path: Path, name: str) -> np.ndarray:
    """A tensor as a read-only np.memmap. Raises ResultError, also for types that numpy lacks (bfloat16, float8)."""
    tensors, begin = header(path)
    if name not in tensors:
        raise ResultError(f"{path}: has no tensor {name}; it has {', '.join(sorted(tensors))}")
    try:
        kind, shape, (first, last) = (tensors[name][key] for key in ("dtype", "shape", "data_offsets"))
        count = math.prod(shape)
        whole = all(isinstance(one, int) and one >= 0 for one in [*shape, first, last])
    except (KeyError, TypeError, ValueError):
        raise ResultError(f"{path}: tensor {name}: expected dtype, shape and data_offsets in the header, found {tensors[name]}") from None
    if kind not in DTYPES:
        raise ResultError(f"{path}: tensor {name} is {kind}, which numpy has no type for; safetensors.torch.load_file reads it")
    dtype = np.dtype(DTYPES[kind])
    if not whole or last - first != count * dtype.itemsize or begin + last > path.stat().st_size:
        raise ResultError(f"{path}: tensor {name}: {kind} {shape} does not fit in bytes {first} to {last} of the file")
    return np.memmap(path, dtype=dtype, mode="r", offset=begin + first, shape=tuple(shape))


def places(value: Any) -> Iterator[dict[str, str]]:
    """What stands for arrays in the JSON: {"file": ..., "tensor": ...}."""
    if isinstance(value, dict):
        if value.keys() == {"file", "tensor"}:
            yield value
        else:
            for one in value.values():
                yield from places(one)
    elif isinstance(value, list):
        for one in value:
            yield from places(one)


class Arrays(Mapping[str, np.ndarray]):
    """The arrays of a result's sidecar by name; one is opened when it is asked for."""

    def __init__(self, result: Result) -> None:
        self.result = result
        self.files = {place["tensor"]: place["file"] for place in places(result.results)}

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self.files:
            known = ", ".join(self.files) or "none: its JSON holds all"
            raise ResultError(f"{self.result.path}: has no array {name}; it has {known}")
        path = self.result.beside(self.files[name])
        if not path.is_file():
            raise ResultError(f"{path}: is not there: array {name} is in this sidecar, which belongs beside {self.result.path.name} "
                              "(results that were trimmed for a repository leave it behind)")
        return mapped(path, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.files)

    def __len__(self) -> int:
        return len(self.files)

    def __repr__(self) -> str:
        return f"Arrays({', '.join(self.files)})"
