"""Sidecar arrays: mapped, not read; refused by name where the file is not what its header says."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from sinkscope import LoadedResult, ResultError, load
from sinkscope.results import SCHEMA_VERSION
from sinkscope.results.arrays import mapped
from sinkscope.standard_streams import STDIN

MODEL = {"name": "m", "planted": False}
NAMES = ("norm", "heads", "empty")


def result(folder: Path) -> Path:
    places = {name: {"file": "scan.safetensors", "tensor": name} for name in NAMES}
    document = {"schema_version": SCHEMA_VERSION, "experiment": "scan", "model": MODEL, "data": {}, "numerics": {}, "metrics": {},
                "results": {"by_layer": places}}  # fmt: skip
    (folder / "scan.json").write_text(json.dumps(document))
    return folder / "scan.json"


def raw(path: Path, header: object, body: bytes = b"") -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)
    return path


def test_arrays_are_mapped_as_safetensors_reads_them(tmp_path: Path) -> None:
    tensors = {"norm": np.arange(6, dtype=np.float32).reshape(2, 3), "heads": np.arange(4, dtype=np.float16), "empty": np.zeros((0, 3))}
    save_file(tensors, tmp_path / "scan.safetensors")
    arrays = load(result(tmp_path)).arrays
    assert (sorted(arrays), len(arrays)) == (sorted(NAMES), 3)
    for name, array in tensors.items():
        assert arrays[name].dtype == array.dtype and np.array_equal(arrays[name], array)
    assert isinstance(arrays["norm"], np.memmap) and isinstance(arrays["heads"], np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        arrays["norm"][0, 0] = 1


def test_nothing_at_the_end_of_a_file_is_an_array_too(tmp_path: Path) -> None:
    save_file({"norm": np.zeros((0, 3), dtype=np.float32)}, tmp_path / "scan.safetensors")
    found = mapped(tmp_path / "scan.safetensors", "norm")
    assert (found.shape, found.dtype) == ((0, 3), np.float32)


def test_a_missing_array_or_sidecar_is_named(tmp_path: Path) -> None:
    arrays = load(result(tmp_path)).arrays
    with pytest.raises(ResultError, match=r"scan\.safetensors: is not there: array norm .* belongs beside scan\.json"):
        arrays["norm"]
    with pytest.raises(ResultError, match=r"scan\.json: has no array key; it has norm, heads, empty"):
        arrays["key"]


@pytest.mark.parametrize(("header", "body", "words"), [
    ({"norm": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}, b"1234", "tensor norm is BF16, which numpy has no type for"),
    ({"norm": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}, b"1234", "does not fit in bytes 0 to 8"),
    ({"norm": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}, b"12345678", "does not fit in bytes 0 to 4"),
    ({"norm": {"dtype": "F32", "shape": [-1], "data_offsets": [4, 0]}}, b"1234", "does not fit"),
    ({"norm": {"dtype": "F32", "shape": ["x"], "data_offsets": [0, 4]}}, b"1234", "tensor norm"),
    ({"norm": {"dtype": "F32", "shape": [1]}}, b"1234", "expected dtype, shape and data_offsets"),
    ({"key": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, b"1234", "has no tensor norm; it has key"),
    ([], b"", "expected an object as its header, found list"),
    (b"{not json", b"", "not safetensors"),
])  # fmt: skip
def test_what_is_no_such_array_is_refused(tmp_path: Path, header: object, body: bytes, words: str) -> None:
    path = raw(tmp_path / "scan.safetensors", header, body)
    with pytest.raises(ResultError) as refused:
        mapped(path, "norm")
    assert words in str(refused.value) and str(refused.value).startswith(f"{path}: ")


def test_a_header_longer_than_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "short.safetensors").write_bytes(struct.pack("<Q", 1 << 40) + b"{}")
    with pytest.raises(ResultError, match="a header of 1099511627776 bytes in a file of 10"):
        mapped(tmp_path / "short.safetensors", "norm")


def test_a_result_of_standard_input_has_no_arrays_beside_it(tmp_path: Path) -> None:
    piped = LoadedResult(STDIN, load(result(tmp_path)).document)
    for needed in (lambda: piped.arrays["norm"], lambda: piped.array(piped.results["by_layer"]["norm"])):
        with pytest.raises(ResultError, match=r"^/dev/stdin: a result of standard input has no scan\.safetensors beside it"):
            needed()
