"""A safetensors file that is written tensor by tensor, so that no model need fit into memory."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from sinkscope.whole_files import new_file

WIDTHS = {"float32": 4, "bfloat16": 2}  # bytes of a number
SPELLED = {"float32": "F32", "bfloat16": "BF16"}
ALIGNMENT = 8  # of the first tensor's bytes

Entry = tuple[str, tuple[int, ...], Callable[[], np.ndarray]]  # name, shape, float32 values


def write_safetensors(path: Path, entries: Iterable[Entry], dtype: str) -> None:
    entries = list(entries)
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    at = 0
    for name, shape, _ in entries:
        end = at + int(np.prod(shape)) * WIDTHS[dtype]
        header[name] = {"dtype": SPELLED[dtype], "shape": list(shape), "data_offsets": [at, end]}
        at = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    with new_file(path) as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name, shape, values in entries:
            if (found := values()).shape != shape or found.dtype != np.float32:
                raise ValueError(f"{path}: tensor '{name}': expected float32 {list(shape)}, found {found.dtype} {list(found.shape)}")
            file.write(packed(found, dtype))


def packed(values: np.ndarray, dtype: str) -> memoryview:
    """Little-endian bytes; bfloat16 is the nearest, of two equally near the even one."""
    values = np.ascontiguousarray(values, dtype="<f4")
    if dtype == "bfloat16":
        bits = values.view("<u4")
        # Half of the last kept bit, less one where that bit is 0: a tie then stays, and goes up where the bit is 1.
        values = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2")
    return values.reshape(-1).view(np.uint8).data
