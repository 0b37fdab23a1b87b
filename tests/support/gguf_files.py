"""GGUF files written with the gguf library's writer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Quantization
from gguf import GGUFWriter

QUANTIZATIONS = ("F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q8_0", "Q4_K", "Q6_K")
HALVES = {"Q4_K": (0, 2), "Q6_K": (208,)}  # where a block of random bytes has float16 numbers, which must be finite


def blocks(values: np.ndarray, quantization: Quantization, seed: int) -> np.ndarray:
    """Quantized by the library, or random blocks where it only unpacks."""
    if quantization.name not in HALVES:
        return gguf.quantize(values, quantization)
    draw = np.random.default_rng(seed)
    per_block, size = gguf.GGML_QUANT_SIZES[quantization]
    found = draw.integers(0, 256, (values.size // per_block, size), dtype=np.uint8)
    for at in HALVES[quantization.name]:
        found[:, at : at + 2] = draw.uniform(-1e-2, 1e-2, (len(found), 1)).astype("<f2").view(np.uint8)
    return found.reshape(values.shape[0], -1)


def write_file(path: Path, architecture: str, fields: Mapping[str, Any], found: Mapping[str, np.ndarray], quantization: str = "F32",
               tokenizer: Mapping[str, Any] | None = None) -> Path:
    """Matrices in this quantization, all else float32."""
    writer = GGUFWriter(path, architecture)
    for prefix, values in ((architecture, fields), ("tokenizer.ggml", tokenizer or {})):
        for key, value in values.items():
            add = {bool: writer.add_bool, int: writer.add_uint32, float: writer.add_float32, str: writer.add_string,
                   list: writer.add_array}[type(value)]
            add(f"{prefix}.{key}", value)
    for i, (name, values) in enumerate(found.items()):
        kind = Quantization[quantization if values.ndim == 2 else "F32"]
        data = blocks(values, kind, seed=i)
        writer.add_tensor(name, data, raw_dtype=kind if data.dtype == np.uint8 else None)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
