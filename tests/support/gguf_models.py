"""GGUF files of random models, written with the gguf library's writer as llama.cpp's converter does it: its table of names, its
order of a Llama's rows. Nothing of sinkscope's conversion is used."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from transformers import PreTrainedModel

from support.gguf_files import write_file
from support.reference_model import VOCABULARY, make_model

# Widths are multiples of 256, the largest block; head_dim 128 is the only one that transformers' loader knows of Qwen3.
SHAPES = {
    "llama": dict(family="llama", hidden_size=256, num_attention_heads=8, num_key_value_heads=4, intermediate_size=512,
                  num_hidden_layers=2, tie_word_embeddings=True, rope_theta=1e5),
    "llama-untied": dict(family="llama", hidden_size=256, num_attention_heads=4, num_key_value_heads=4, intermediate_size=256,
                         num_hidden_layers=1, tie_word_embeddings=False),
    "qwen2": dict(family="qwen2", hidden_size=256, num_attention_heads=4, num_key_value_heads=2, intermediate_size=512,
                  num_hidden_layers=2, tie_word_embeddings=False, rope_theta=1e6),
    "qwen3": dict(family="qwen3", hidden_size=256, num_attention_heads=4, num_key_value_heads=2, head_dim=128,
                  intermediate_size=512, num_hidden_layers=2, tie_word_embeddings=True, rope_theta=1e6),
    "mistral": dict(family="mistral", hidden_size=256, num_attention_heads=8, num_key_value_heads=2, intermediate_size=256,
                    num_hidden_layers=2, tie_word_embeddings=False, sliding_window=20),
}
WRITTEN_AS = {"llama": "llama", "mistral": "llama", "qwen2": "qwen2", "qwen3": "qwen3"}
TOKENS = [chr(0x100 + i) for i in range(VOCABULARY - 3)] + ["ĀĂ", "<s>", "<pad>"]
TINY_TOKENIZER = {"model": "gpt2", "pre": "qwen2", "tokens": TOKENS, "token_type": [1] * (VOCABULARY - 2) + [3, 5],
                  "merges": ["Ā Ă"], "bos_token_id": VOCABULARY - 2, "eos_token_id": VOCABULARY - 2}


def random_model(name: str, rope: dict | None = None) -> PreTrainedModel:
    shape = SHAPES[name] | ({"rope": rope} if rope else {})
    return make_model(shape, seed=3)


def facts(model: PreTrainedModel) -> dict[str, Any]:
    """The fields of the architecture, as llama.cpp's converter writes them."""
    c = model.config
    width = getattr(c, "head_dim", None) or c.hidden_size // c.num_attention_heads
    found = {"block_count": c.num_hidden_layers, "context_length": c.max_position_embeddings, "embedding_length": c.hidden_size,
             "feed_forward_length": c.intermediate_size, "attention.head_count": c.num_attention_heads,
             "attention.head_count_kv": c.num_key_value_heads, "attention.layer_norm_rms_epsilon": float(c.rms_norm_eps),
             "rope.freq_base": float(c.rope_parameters["rope_theta"])}
    if WRITTEN_AS[c.model_type] == "llama":
        found |= {"vocab_size": c.vocab_size, "rope.dimension_count": width}
    if c.model_type == "qwen3":
        found |= {"attention.key_length": width, "attention.value_length": width}
    if c.model_type == "mistral":
        found["attention.sliding_window"] = c.sliding_window
    return found


def tensors(model: PreTrainedModel) -> dict[str, np.ndarray]:
    """GGUF name to float32 values."""
    c = model.config
    architecture = WRITTEN_AS[c.model_type]
    arch = next(key for key, value in gguf.MODEL_ARCH_NAMES.items() if value == architecture)
    names = gguf.get_tensor_name_map(arch, c.num_hidden_layers)
    found = {}
    for name, weight in model.state_dict().items():
        if name == "lm_head.weight" and c.tie_word_embeddings:
            continue
        values = weight.numpy()
        if architecture == "llama" and ("q_proj" in name or "k_proj" in name):
            heads = c.num_attention_heads if "q_proj" in name else c.num_key_value_heads
            values = values.reshape(heads, 2, -1, values.shape[1]).swapaxes(1, 2).reshape(values.shape)
        found[names.get_name(name, try_suffixes=(".weight", ".bias"))] = values
    return found


def write_model(path: Path, model: PreTrainedModel, quantization: str = "F32", fields: Mapping[str, Any] | None = None,
                more: Mapping[str, np.ndarray] | None = None) -> Path:
    return write_file(path, WRITTEN_AS[model.config.model_type], facts(model) | (fields or {}), tensors(model) | (more or {}),
                      quantization, TINY_TOKENIZER)
