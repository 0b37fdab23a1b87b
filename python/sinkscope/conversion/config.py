"""The fields of a GGUF file as config.json. Every field of the architecture is known or refused: one that is passed over could
change the model's equation."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sinkscope.conversion.gguf_file import GgufFile
from sinkscope.conversion.rope import rope_scaling

CLASSES = {"llama": "LlamaForCausalLM", "mistral": "MistralForCausalLM", "qwen2": "Qwen2ForCausalLM", "qwen3": "Qwen3ForCausalLM"}
ARCHITECTURES = ("llama", "qwen2", "qwen3")  # Mistral is written as a llama
OWN = """block_count context_length embedding_length feed_forward_length vocab_size attention.head_count attention.head_count_kv
    attention.key_length attention.value_length attention.layer_norm_rms_epsilon attention.sliding_window rope.freq_base
    rope.dimension_count rope.scaling.type rope.scaling.factor rope.scaling.original_context_length rope.scaling.finetuned""".split()
NOT_IF_ZERO = ("expert_count", "expert_used_count")  # of a mixture of experts; some writers put zeros


@dataclass(frozen=True)
class Shape:
    """Sizes that the tensors are checked against."""

    layers: int
    hidden: int
    heads: int
    key_heads: int
    head_width: int
    neurons: int
    vocabulary: int
    tied: bool


def decimal(value: float) -> float:
    """The shortest decimal that is this float32: 1e-05, not 9.999999747378752e-06."""
    return float(str(np.float32(value)))


def check_known(file: GgufFile) -> None:
    if file.architecture not in ARCHITECTURES:
        raise file.error(f"architecture '{file.architecture}': expected one of {', '.join(ARCHITECTURES)}")
    for name in file.fields:
        key = name.removeprefix(file.architecture + ".")
        if key != name and key not in OWN and not (key in NOT_IF_ZERO and file.get(name) == 0):
            raise file.error(f"field '{name}' ({file.get(name)!r}) is not known, and may change what the model computes")


def read_shape(file: GgufFile) -> Shape:
    check_known(file)
    need = {key: file.need(f"{file.architecture}.{key}") for key in
            ("block_count", "embedding_length", "feed_forward_length", "attention.head_count")}
    need["attention.head_count_kv"] = file.own("attention.head_count_kv", need["attention.head_count"])
    for key, value in need.items():
        if not isinstance(value, int):
            raise file.error(f"field '{file.architecture}.{key}': expected one number for all layers, found {value!r}")
    if "token_embd.weight" not in file.tensors:
        raise file.error("expected the tensor 'token_embd.weight', which is not there")
    vocabulary = file.shape("token_embd.weight")[0]
    if (said := file.own("vocab_size", vocabulary)) != vocabulary:
        raise file.error(f"field '{file.architecture}.vocab_size': expected {vocabulary}, the rows of token_embd.weight, found {said}")
    heads, hidden = need["attention.head_count"], need["embedding_length"]
    width = file.own("attention.key_length", hidden // heads)
    for key in ("attention.value_length", "rope.dimension_count"):
        if (found := file.own(key, width)) != width:
            raise file.error(f"field '{file.architecture}.{key}': expected the width of a head, {width}, found {found}")
    return Shape(layers=need["block_count"], hidden=hidden, heads=heads, key_heads=need["attention.head_count_kv"], head_width=width,
                 neurons=need["feed_forward_length"], vocabulary=vocabulary, tied="output.weight" not in file.tensors)


def make_config(file: GgufFile, shape: Shape, dtype: str) -> dict[str, Any]:
    window = file.own("attention.sliding_window")
    if window and file.architecture != "llama":
        raise file.error(f"field '{file.architecture}.attention.sliding_window' ({window}) is not supported; only Mistral's is")
    model_type = "mistral" if window else file.architecture
    config = {
        "architectures": [CLASSES[model_type]], "model_type": model_type, "torch_dtype": dtype,
        "hidden_size": shape.hidden, "intermediate_size": shape.neurons, "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads, "num_key_value_heads": shape.key_heads, "head_dim": shape.head_width,
        "vocab_size": shape.vocabulary, "max_position_embeddings": file.need(f"{file.architecture}.context_length"),
        "rope_theta": decimal(file.own("rope.freq_base", 10000.0)), "rope_scaling": rope_scaling(file, shape.head_width),
        "rms_norm_eps": decimal(file.need(f"{file.architecture}.attention.layer_norm_rms_epsilon")), "hidden_act": "silu",
        "attention_dropout": 0.0, "tie_word_embeddings": shape.tied, "use_cache": True,
        "bos_token_id": file.get("tokenizer.ggml.bos_token_id"), "eos_token_id": file.get("tokenizer.ggml.eos_token_id"),
        "pad_token_id": file.get("tokenizer.ggml.padding_token_id"),
    }  # fmt: skip
    if model_type == "mistral":
        return config | {"sliding_window": window}
    if model_type == "llama":
        return config | {"attention_bias": False, "mlp_bias": False}
    own = {"use_sliding_window": False, "sliding_window": None, "max_window_layers": shape.layers}
    return config | own | ({"attention_bias": False} if model_type == "qwen3" else {})
