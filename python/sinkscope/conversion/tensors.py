"""Names, shapes and order of a GGUF file's tensors as a Hugging Face checkpoint has them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sinkscope.conversion.config import Shape
from sinkscope.conversion.gguf_file import GgufFile
from sinkscope.conversion.rope import FREQUENCIES


@dataclass(frozen=True)
class Tensor:
    gguf: str
    name: str
    shape: tuple[int, ...]
    turned_heads: int = 0  # how many heads' rows llama.cpp has put in its own order; 0: none


def listed(architecture: str, s: Shape) -> Iterator[Tensor]:
    """All that a model of this architecture and shape has, in the order of the forward pass."""
    yield Tensor("token_embd.weight", "model.embed_tokens.weight", (s.vocabulary, s.hidden))
    for layer in range(s.layers):
        for tensor in block(architecture, s):
            yield Tensor(f"blk.{layer}.{tensor.gguf}", f"model.layers.{layer}.{tensor.name}", tensor.shape, tensor.turned_heads)
    yield Tensor("output_norm.weight", "model.norm.weight", (s.hidden,))
    if not s.tied:
        yield Tensor("output.weight", "lm_head.weight", (s.vocabulary, s.hidden))


def block(architecture: str, s: Shape) -> Iterator[Tensor]:
    yield Tensor("attn_norm.weight", "input_layernorm.weight", (s.hidden,))
    for part, heads in (("q", s.heads), ("k", s.key_heads), ("v", s.key_heads)):
        turned = heads if architecture == "llama" and part != "v" else 0
        yield Tensor(f"attn_{part}.weight", f"self_attn.{part}_proj.weight", (heads * s.head_width, s.hidden), turned)
        if architecture == "qwen2":
            yield Tensor(f"attn_{part}.bias", f"self_attn.{part}_proj.bias", (heads * s.head_width,))
        if architecture == "qwen3" and part != "v":
            yield Tensor(f"attn_{part}_norm.weight", f"self_attn.{part}_norm.weight", (s.head_width,))
    yield Tensor("attn_output.weight", "self_attn.o_proj.weight", (s.hidden, s.heads * s.head_width))
    yield Tensor("ffn_norm.weight", "post_attention_layernorm.weight", (s.hidden,))
    yield Tensor("ffn_gate.weight", "mlp.gate_proj.weight", (s.neurons, s.hidden))
    yield Tensor("ffn_up.weight", "mlp.up_proj.weight", (s.neurons, s.hidden))
    yield Tensor("ffn_down.weight", "mlp.down_proj.weight", (s.hidden, s.neurons))


def check(file: GgufFile, tensors: list[Tensor]) -> None:
    """Every tensor of the list is in the file in its shape, and the file has no other; rope.py reads the frequencies."""
    for tensor in tensors:
        if tensor.gguf not in file.tensors:
            raise file.error(f"expected the tensor '{tensor.gguf}', which is not there")
        if (found := file.shape(tensor.gguf)) != tensor.shape:
            raise file.error(f"tensor '{tensor.gguf}': expected the shape {list(tensor.shape)}, found {list(found)}")
    if left := sorted(file.tensors.keys() - {tensor.gguf for tensor in tensors} - {FREQUENCIES}):
        more = f" and {len(left) - 1} more" if len(left) > 1 else ""
        raise file.error(f"tensor '{left[0]}'{more}: a {file.architecture} of this configuration has none of that name")


def values(file: GgufFile, tensor: Tensor) -> np.ndarray:
    """float32, in the shape and order of the checkpoint.

    llama.cpp turns neighbouring pairs of a head's rows, Hugging Face row i with row i + half: in a Llama's file row 2i + j of a
    head is row i + j * half of the checkpoint.
    """
    found = file.values(tensor.gguf)
    if not tensor.turned_heads:
        return found
    pairs = found.reshape(tensor.turned_heads, -1, 2, found.shape[-1])
    return pairs.swapaxes(1, 2).reshape(found.shape)
