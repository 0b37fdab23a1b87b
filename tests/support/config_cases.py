"""Configs that people have: every key of a family's config class taken out, set to null and to other types, and the keys
that depend on each other."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from transformers import LlamaConfig, MistralConfig, Qwen2Config, Qwen3Config

CLASSES = {"llama": LlamaConfig, "mistral": MistralConfig, "qwen2": Qwen2Config, "qwen3": Qwen3Config}
ABSENT = object()
# Of other types, and numbers at the edge.
OTHERS = [None, ABSENT, "x", True, False, 3, 0, -1, 2.5, [], ["x"], {}, {"x": 1}]
# Read though no class declares them: the rope's, and what another family declares.
UNDECLARED = ["rope_theta", "rope_scaling", "torch_dtype", "partial_rotary_factor", "original_max_position_embeddings",
              "head_dim", "attention_bias", "mlp_bias", "use_sliding_window", "max_window_layers", "layer_types",
              "per_layer_config"]
# What is not numbers of the forward pass, and is not held against the class to its last word.
UNREAD = {"problem_type", "id2label", "label2id"}
LINEAR = {"rope_type": "linear", "factor": 2.0}
ROPE = {"rope_theta": 5e5, "rope_type": "default"}
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32}
LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32}


def base(family: str) -> dict:
    config = {"model_type": family, "architectures": ["X"], "vocab_size": 50, "hidden_size": 48, "intermediate_size": 40,
              "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "hidden_act": "silu",
              "max_position_embeddings": 128, "rms_norm_eps": 1e-5, "tie_word_embeddings": False, "dtype": "float32",
              "rope_theta": 2e4}
    return config | ({"sliding_window": 5} if family == "mistral" else {})


def without(config: dict, *keys: str) -> dict:
    return {key: value for key, value in config.items() if key not in keys}


def one_key(family: str) -> Iterator[tuple[str, dict]]:
    declared = [field.name for field in dataclasses.fields(CLASSES[family])]
    for key in dict.fromkeys([*declared, *UNDECLARED]):
        if key in UNREAD:
            continue
        for value in OTHERS:
            said = "absent" if value is ABSENT else repr(value)
            yield f"{key}: {said}", without(base(family), key) if value is ABSENT else base(family) | {key: value}


def ropes(family: str) -> Iterator[tuple[str, dict]]:
    plain = without(base(family), "rope_theta")
    scalings = [
        {}, {"rope_type": "default"}, ROPE, {"type": "default"}, {"rope_type": None}, LINEAR | {"type": "yarn"},
        {"type": "linear", "factor": 2}, {"rope_type": "linear"}, LINEAR | {"factor": None}, LINEAR | {"factor": 0.5},
        LINEAR | {"factor": "2"}, LINEAR | {"rope_theta": None}, {"rope_theta": 7e3, "finetuned": True},
        YARN, without(YARN, "factor"), YARN | {"factor": None}, without(YARN, "original_max_position_embeddings"),
        YARN | {"original_max_position_embeddings": None}, YARN | {"truncate": None}, YARN | {"truncate": False}, YARN | {"truncate": True},
        YARN | {"beta_fast": 0, "beta_slow": None}, YARN | {"beta_fast": 8, "beta_slow": 2}, YARN | {"attention_factor": None},
        YARN | {"attention_factor": 1.5}, YARN | {"attention_factor": 1}, YARN | {"mscale": 1.0, "mscale_all_dim": 0.5},
        YARN | {"mscale": 1.0}, YARN | {"mscale": 0, "mscale_all_dim": 1}, YARN | {"factor": 1}, YARN | {"rope_theta": 7e3},
        LLAMA3, without(LLAMA3, "original_max_position_embeddings"), without(LLAMA3, "low_freq_factor"), LLAMA3 | {"low_freq_factor": None},
        LLAMA3 | {"high_freq_factor": 1.0}, LLAMA3 | {"rope_theta": 7e3}, LLAMA3 | {"factor": None}, without(LLAMA3, "factor"),
        {"rope_type": "dynamic", "factor": 2.0}, {"rope_type": "proportional"}, {"rope_type": "mrope"}, {"type": "axial"},
        {"rope_type": "longrope", "short_factor": [1.0] * 8, "long_factor": [2.0] * 8, "original_max_position_embeddings": 32},
        {"rope_type": "default", "partial_rotary_factor": 0.5}, LINEAR | {"partial_rotary_factor": 0.5},
        LINEAR | {"partial_rotary_factor": 1.0}, {"rope_type": "default", "partial_rotary_factor": None}, {"full_attention": ROPE},
        {"full_attention": ROPE, "sliding_attention": ROPE}, {"rope_type": 3}, {"rope_type": "default", "rope_theta": "1e4"},
    ]
    for scaling in scalings:
        for key in ("rope_scaling", "rope_parameters"):
            yield f"{key}: {scaling}", plain | {key: dict(scaling)}
            yield f"{key}: {scaling}, rope_theta beside it", plain | {"rope_theta": 3e4, key: dict(scaling)}
    for theta in (10000, "1e4", None):
        yield f"rope_theta: {theta!r}, and the parameters'", plain | {"rope_theta": theta, "rope_parameters": dict(ROPE)}
    yield "both", plain | {"rope_scaling": dict(YARN), "rope_parameters": dict(ROPE)}
    yield "both, one empty", plain | {"rope_scaling": {}, "rope_parameters": ROPE | YARN}
    yield "both, one null", plain | {"rope_scaling": None, "rope_parameters": ROPE | YARN}
    for scaling in (YARN, LLAMA3, ROPE):
        for original in (64, None):
            yield f"{scaling}, original {original}", plain | {"original_max_position_embeddings": original, "rope_scaling": dict(scaling)}


def windows(family: str) -> Iterator[tuple[str, dict]]:
    full, sliding = "full_attention", "sliding_attention"
    kinds = [ABSENT, None, [full] * 3, [sliding] * 3, [full, sliding, full], [full] * 2, [full, "linear_attention", full],
             [full, full, "x"], []]
    for types in kinds:
        for window in (ABSENT, None, 4):
            keys = {"layer_types": types, "sliding_window": window}
            yield from windowed(family, keys)
            if family.startswith("qwen"):
                yield from windowed(family, keys | {"use_sliding_window": True, "max_window_layers": 1})
    if family.startswith("qwen"):
        for first in (ABSENT, 0, 2, 3, 28, -1):
            for window in (ABSENT, 4, 0):
                yield from windowed(family, {"sliding_window": window, "use_sliding_window": True, "max_window_layers": first})


def windowed(family: str, keys: dict) -> Iterator[tuple[str, dict]]:
    keys = {key: value for key, value in keys.items() if value is not ABSENT}
    yield str(keys), without(base(family), "sliding_window") | keys


def sizes(family: str) -> Iterator[tuple[str, dict]]:
    for width in (48, 50):
        for heads in (4, 3):
            for head in (ABSENT, None, 15, 12):
                config = base(family) | {"hidden_size": width, "num_attention_heads": heads, "num_key_value_heads": heads}
                said = "absent" if head is ABSENT else head
                yield f"{width}, {heads} heads of {said}", without(config, "head_dim") if head is ABSENT else config | {"head_dim": head}
    for name in ("swish", "gelu", "relu", "SiLU"):
        yield f"hidden_act: {name}", base(family) | {"hidden_act": name}
    plain = without(base(family), "dtype")
    for name in ("float32", "float", "bfloat16", "float16", "half", "double", "torch.bfloat16", "auto", "int8"):
        for key in ("dtype", "torch_dtype"):
            yield f"{key}: {name}", plain | {key: name}
    yield "dtype null beside torch_dtype", plain | {"dtype": None, "torch_dtype": "bfloat16"}
    yield "dtype beside torch_dtype", plain | {"dtype": "float16", "torch_dtype": "bfloat16"}


def cases(family: str) -> dict[str, dict]:
    return {name: config for make in (one_key, ropes, windows, sizes) for name, config in make(family)}
