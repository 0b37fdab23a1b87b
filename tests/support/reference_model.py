"""What transformers computes at every hook point: the reference that the program is held against."""

from __future__ import annotations

import numpy as np
import torch
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    PreTrainedModel,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)
from transformers.models.qwen3.modeling_qwen3 import apply_rotary_pos_emb
from transformers.utils import logging

logging.disable_progress_bar()
torch.set_num_threads(1)  # the models are tiny: a second thread costs more than it gives

# Shapes that differ in GQA ratio, head_dim against hidden/heads, tied head, layers and rope type.
SHAPES = [
    dict(hidden_size=48, num_attention_heads=4, num_key_value_heads=2, head_dim=16, intermediate_size=80,
         num_hidden_layers=3, tie_word_embeddings=True),
    dict(hidden_size=64, num_attention_heads=6, num_key_value_heads=1, head_dim=32, intermediate_size=96,
         num_hidden_layers=2, tie_word_embeddings=False, rope=dict(rope_type="linear", factor=2.0)),
    dict(hidden_size=96, num_attention_heads=8, num_key_value_heads=8, head_dim=8, intermediate_size=64,
         num_hidden_layers=4, tie_word_embeddings=True,
         rope=dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=32)),
    dict(hidden_size=40, num_attention_heads=3, num_key_value_heads=3, head_dim=64, intermediate_size=120,
         num_hidden_layers=1, tie_word_embeddings=False),
    dict(hidden_size=64, num_attention_heads=10, num_key_value_heads=2, head_dim=128, intermediate_size=72,
         num_hidden_layers=2, tie_word_embeddings=False, rope_theta=1e6),
    dict(hidden_size=32, num_attention_heads=4, num_key_value_heads=4, head_dim=24, intermediate_size=56,
         num_hidden_layers=6, tie_word_embeddings=True,
         rope=dict(rope_type="yarn", factor=8.0, original_max_position_embeddings=16, beta_fast=16, attention_factor=1.2)),
    dict(hidden_size=56, num_attention_heads=8, num_key_value_heads=4, head_dim=20, intermediate_size=88,
         num_hidden_layers=5, tie_word_embeddings=True, rope_theta=1234.5),
]
# The other families: tied and not, grouped heads and not, head_dim written and derived, llama3 rope whose dimensions lie
# in all three of its parts, windows shorter than the samples, longer, and none.
OTHER_SHAPES = [
    dict(family="qwen2", hidden_size=48, num_attention_heads=6, num_key_value_heads=2, intermediate_size=80,
         num_hidden_layers=3, tie_word_embeddings=True, rope_theta=1e6),
    dict(family="qwen2", hidden_size=64, num_attention_heads=4, num_key_value_heads=4, intermediate_size=96,
         num_hidden_layers=2, tie_word_embeddings=False),
    dict(family="qwen2", hidden_size=112, num_attention_heads=7, num_key_value_heads=1, intermediate_size=72,
         num_hidden_layers=4, tie_word_embeddings=False,
         rope=dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=32)),
    dict(family="llama", hidden_size=64, num_attention_heads=4, num_key_value_heads=4, intermediate_size=88,
         num_hidden_layers=2, tie_word_embeddings=False),
    dict(family="llama", hidden_size=96, num_attention_heads=6, num_key_value_heads=2, intermediate_size=64,
         num_hidden_layers=4, tie_word_embeddings=False, rope_theta=500000.0,
         rope=dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                   original_max_position_embeddings=64)),
    dict(family="llama", hidden_size=48, num_attention_heads=3, num_key_value_heads=1, head_dim=32,
         intermediate_size=120, num_hidden_layers=3, tie_word_embeddings=True, rope_theta=10000.0,
         rope=dict(rope_type="llama3", factor=32.0, low_freq_factor=1.0, high_freq_factor=4.0,
                   original_max_position_embeddings=200)),
    dict(family="llama", hidden_size=80, num_attention_heads=10, num_key_value_heads=5, intermediate_size=56,
         num_hidden_layers=2, tie_word_embeddings=False, rope=dict(rope_type="linear", factor=2.0)),
    dict(family="mistral", hidden_size=64, num_attention_heads=8, num_key_value_heads=2, intermediate_size=96,
         num_hidden_layers=3, tie_word_embeddings=False, sliding_window=5),
    dict(family="mistral", hidden_size=48, num_attention_heads=4, num_key_value_heads=1, head_dim=24,
         intermediate_size=80, num_hidden_layers=2, tie_word_embeddings=True, sliding_window=20),
    dict(family="mistral", hidden_size=96, num_attention_heads=6, num_key_value_heads=6, intermediate_size=72,
         num_hidden_layers=2, tie_word_embeddings=False, sliding_window=None, rope_theta=1e6),
    dict(family="mistral", hidden_size=40, num_attention_heads=5, num_key_value_heads=1, intermediate_size=64,
         num_hidden_layers=4, tie_word_embeddings=False, sliding_window=64),
    dict(family="mistral", hidden_size=56, num_attention_heads=7, num_key_value_heads=7, intermediate_size=64,
         num_hidden_layers=2, tie_word_embeddings=True, sliding_window=1),
]
CLASSES = {
    "qwen3": (Qwen3Config, Qwen3ForCausalLM),
    "qwen2": (Qwen2Config, Qwen2ForCausalLM),
    "llama": (LlamaConfig, LlamaForCausalLM),
    "mistral": (MistralConfig, MistralForCausalLM),
}
VOCABULARY = 211
EVERY_SHAPE = SHAPES + OTHER_SHAPES


def family_of(shape: dict) -> str:
    return shape.get("family", "qwen3")


def first_shape(family: str) -> dict:
    """The family's first, whose attention slides over five tokens if it slides."""
    return next(shape for shape in EVERY_SHAPE if family_of(shape) == family and shape.get("sliding_window", 5) == 5)


def shape_name(shape: dict) -> str:
    """qwen3-0, qwen3-1, ..: its family and its place in it."""
    same = [other for other in EVERY_SHAPE if family_of(other) == family_of(shape)]
    return f"{family_of(shape)}-{same.index(shape)}"


def make_model(shape: dict, seed: int, dtype: torch.dtype = torch.float32) -> PreTrainedModel:
    """A model of this family (Qwen3) and shape with lively seeded weights, so that no hook point is near zero or
    constant."""
    shape = dict(shape)
    config_class, model_class = CLASSES[shape.pop("family", "qwen3")]
    rope = {"rope_theta": shape.pop("rope_theta", 10000.0), "rope_type": "default"} | shape.pop("rope", {})
    config = config_class(vocab_size=VOCABULARY, max_position_embeddings=256, rope_parameters=rope, **shape)
    config._attn_implementation = "eager"
    model = model_class(config)
    normed = any("q_norm" in name for name, _ in model.named_parameters())
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            noise = torch.randn(weight.shape, generator=generator)
            if name.endswith(".bias"):
                weight.copy_(0.5 * noise)
            elif weight.dim() == 1:
                weight.copy_(1 + 0.3 * noise)
            else:
                # Without norms of queries and keys their scale is that of the scores; at 1.5 transformers' own float32
                # probabilities are 1e-5 from float64's, and nothing could be told.
                gain = 1.0 if not normed and name.endswith(("q_proj.weight", "k_proj.weight")) else 1.5
                weight.copy_(noise * (1.0 if "embed" in name else gain / weight.shape[1] ** 0.5))
    return model.to(dtype).eval()


def visible(tokens: int, self_only: list[int] | str = (), window: int | None = None) -> torch.Tensor:
    """[T, T] bool: which keys each query sees."""
    seen = torch.ones(tokens, tokens, dtype=torch.bool).tril()
    if window:
        seen = seen.triu(1 - window)
    rows = range(tokens) if self_only == "all" else self_only
    for row in rows:
        seen[row] = False
        seen[row, row] = True
    return seen


class Recorder:
    """Hooks on a transformers model that keep every hook point's tensor under its TransformerLens name."""

    def __init__(self, model: PreTrainedModel):
        self.model, self.seen, self.handles = model, {}, []
        config = model.config
        self.heads, self.kv = config.num_attention_heads, config.num_key_value_heads
        self.width = getattr(config, "head_dim", None) or config.hidden_size // self.heads
        inner = model.model
        self._output(inner.embed_tokens, "hook_embed")
        self._output(inner.norm, "ln_final.hook_out")
        for layer, block in enumerate(inner.layers):
            at = f"blocks.{layer}."
            self._input(block, at + "hook_resid_pre")
            self._output(block, at + "hook_resid_post")
            self._input(block.input_layernorm, at + "hook_attn_in")
            self._output(block.input_layernorm, at + "ln1.hook_out")
            for part in "qkv":
                self._output(getattr(block.self_attn, part + "_proj"), at + f"attn.hook_{part}")
            for part in "qk":
                if hasattr(block.self_attn, part + "_norm"):
                    self._output(getattr(block.self_attn, part + "_norm"), at + f"attn.hook_{part}_normed")
            self._input(block.self_attn.o_proj, at + "attn.hook_z")
            self._output(block.self_attn, at + "hook_attn_out")
            self._input(block.post_attention_layernorm, at + "hook_resid_mid")
            self._input(block.post_attention_layernorm, at + "hook_mlp_in")
            self._output(block.post_attention_layernorm, at + "ln2.hook_out")
            self._output(block.mlp.gate_proj, at + "mlp.hook_pre")
            self._output(block.mlp.up_proj, at + "mlp.hook_pre_linear")
            self._input(block.mlp.down_proj, at + "mlp.hook_post")
            self._output(block.mlp, at + "hook_mlp_out")
            self.handles.append(block.self_attn.register_forward_pre_hook(self._rotary(at), with_kwargs=True))

    def _output(self, module, name):
        def keep(_, __, output):
            self.seen[name] = (output[0] if isinstance(output, tuple) else output).detach()
        self.handles.append(module.register_forward_hook(keep))

    def _input(self, module, name):
        def keep(_, inputs):
            self.seen[name] = inputs[0].detach()
        self.handles.append(module.register_forward_pre_hook(keep))

    def _rotary(self, at):
        def keep(_, __, kwargs):
            self.seen[at + "rotary"] = kwargs["position_embeddings"]
        return keep

    def run(self, ids: torch.Tensor, positions: torch.Tensor, masks: list[torch.Tensor]) -> dict[str, torch.Tensor]:
        """ids [n, T], positions [T], one [T, T] bool mask a layer. Everything is given explicitly: without a 4-D mask
        transformers takes moved positions for packed sequences. Runs where the model is; what it gives is on the CPU."""
        device = self.model.device
        ids, positions, masks = ids.to(device), positions.to(device), [mask.to(device) for mask in masks]
        least = torch.finfo(self.model.dtype).min
        additive = [torch.zeros(m.shape, dtype=self.model.dtype, device=device).masked_fill(~m, least)[None, None] for m in masks]
        own = []
        for layer, block in enumerate(self.model.model.layers):
            def replace(_, args, kwargs, mask=additive[layer]):
                return args, kwargs | {"attention_mask": mask.expand(ids.shape[0], 1, -1, -1)}
            own.append(block.self_attn.register_forward_pre_hook(replace, with_kwargs=True))
        with torch.no_grad():
            output = self.model(input_ids=ids, position_ids=positions[None].expand(ids.shape), use_cache=False,
                                attention_mask=additive[0].expand(ids.shape[0], 1, -1, -1), output_attentions=True)
        for handle in own:
            handle.remove()
        return self._collect(output, masks)

    def _collect(self, output, masks) -> dict[str, torch.Tensor]:
        seen = {name: x for name, x in self.seen.items() if not name.endswith("rotary")}
        seen["logits"] = output.logits
        for layer, mask in enumerate(masks):
            at = f"blocks.{layer}."
            for name, heads in (("q", self.heads), ("k", self.kv), ("v", self.kv), ("z", self.heads)):
                seen[at + f"attn.hook_{name}"] = seen[at + f"attn.hook_{name}"].unflatten(-1, (heads, self.width))
            cos, sin = self.seen[at + "rotary"]
            q, k = (seen.get(at + f"attn.hook_{x}_normed", seen[at + f"attn.hook_{x}"]).transpose(1, 2) for x in "qk")
            q, k = apply_rotary_pos_emb(q, k, cos, sin)
            seen[at + "attn.hook_rot_q"], seen[at + "attn.hook_rot_k"] = q.transpose(1, 2), k.transpose(1, 2)
            k = k.repeat_interleave(self.heads // self.kv, dim=1)
            scores = q @ k.transpose(-1, -2) * self.width**-0.5
            seen[at + "attn.hook_attn_scores"] = scores.masked_fill(~mask, -torch.inf)
            if output.attentions and output.attentions[layer] is not None:
                seen[at + "attn.hook_pattern"] = output.attentions[layer]
        return {name: x.cpu() for name, x in seen.items()}


def ragged_ids(lengths: list[int], seed: int) -> list[list[int]]:
    generator = np.random.default_rng(seed)
    return [generator.integers(0, VOCABULARY, length).tolist() for length in lengths]


def padded(rows: list[list[int]]) -> torch.Tensor:
    longest = max(map(len, rows))
    return torch.tensor([row + [0] * (longest - len(row)) for row in rows])
