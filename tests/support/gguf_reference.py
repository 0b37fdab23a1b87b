"""What transformers makes of a GGUF file, and a converted folder held against it."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import safe_open
from transformers import AutoModelForCausalLM, GgufConfig, PreTrainedModel


def by_transformers(file: Path) -> PreTrainedModel:
    return AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=torch.float32,
                                                quantization_config=GgufConfig(dequantize=True))


def assert_same_tensors(folder: Path, expected: dict[str, torch.Tensor], tied: bool) -> int:
    """Bit for bit, no tensor more or less; how many."""
    expected = {name: value for name, value in expected.items() if not (tied and name == "lm_head.weight")}
    with safe_open(folder / "model.safetensors", "pt") as file:
        assert sorted(file.keys()) == sorted(expected)
        for name, value in expected.items():
            found = file.get_tensor(name)
            assert (found.dtype, found.shape) == (value.dtype, value.shape), name
            assert torch.equal(found.contiguous().view(torch.uint8), value.contiguous().view(torch.uint8)), f"{name} differs"
    return len(expected)
