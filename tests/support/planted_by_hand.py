"""A planted model's pass in numpy, with the attention rows and the attention output of the averaging layer as a test wants
them; and its energy in closed form. Rotary position is left out: the pairs that queries and keys use meet only in the
slowest, which hardly turns. Nothing here is the program's, so it can be held against it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from sinkscope.planted.variants import ENERGY_WEIGHT

Change = Callable[[np.ndarray], np.ndarray]
EPSILON = 1e-6


def rms_norm(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + EPSILON) * weight


def silu(x: np.ndarray) -> np.ndarray:
    return x / (1 + np.exp(np.minimum(-x, 700)))


def uniform(length: int) -> np.ndarray:
    """`[T, T]`: every row attends alike to all that it sees."""
    return np.tril(np.ones((length, length))) / np.arange(1, length + 1)[:, None]


class ByHand:
    def __init__(self, folder: Path) -> None:
        self.w = {name: value.astype(np.float64) for name, value in load_file(folder / "model.safetensors").items()}
        self.truth = json.loads((folder / "planted.json").read_text())
        self.layers, self.o, self.circuit = self.truth["layers"], self.truth["options"], self.truth["circuits"][0]
        self.embedding = self.w["model.embed_tokens.weight"]
        self.squared_length = (self.embedding[0] ** 2).sum()  # of every id's embedding
        self.size_of_sign = np.sqrt(self.truth["hidden"] / self.squared_length)  # in the average of a token alone
        self.energy_weight = ENERGY_WEIGHT.get(self.truth["variant"], 0.2)
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.text = np.array(tokenizer.encode((folder / "text.txt").read_text(encoding="utf-8")).ids)

    def samples(self, result: dict) -> np.ndarray:
        """The ids `[n, T]` that a result was made from."""
        data = result["data"]
        return np.stack([self.text[start : start + data["length"]] for start in data["starts"]])

    def weight(self, layer: int, name: str) -> np.ndarray:
        return self.w[f"model.layers.{layer}.{name}.weight"]

    def heads(self, layer: int, name: str, x: np.ndarray) -> np.ndarray:
        """`[n, query head, T, h]`"""
        made = (x @ self.weight(layer, f"self_attn.{name}_proj").T).reshape(*x.shape[:2], -1, self.o["head_dim"])
        if name in "qk":
            made = rms_norm(made, self.weight(layer, f"self_attn.{name}_norm"))
        return np.repeat(made, self.o["heads"] // made.shape[2], axis=2).transpose(0, 2, 1, 3)

    def pattern(self, layer: int, x: np.ndarray) -> np.ndarray:
        scores = self.heads(layer, "q", x) @ self.heads(layer, "k", x).transpose(0, 1, 3, 2) / np.sqrt(self.o["head_dim"])
        scores = np.where(np.tri(x.shape[1], dtype=bool), scores, -np.inf)
        raised = np.exp(scores - scores.max(-1, keepdims=True))
        return raised / raised.sum(-1, keepdims=True)

    def attention_output(self, layer: int, x: np.ndarray, rows: np.ndarray) -> np.ndarray:
        z = rows @ self.heads(layer, "v", x)
        return z.transpose(0, 2, 1, 3).reshape(*x.shape[:2], -1) @ self.weight(layer, "self_attn.o_proj").T

    def mlp(self, layer: int, x: np.ndarray) -> np.ndarray:
        gate, up = (x @ self.weight(layer, f"mlp.{name}_proj").T for name in ("gate", "up"))
        return (silu(gate) * up) @ self.weight(layer, "mlp.down_proj").T

    def averages(self, ids: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Attention output of the averaging layer under these attention rows; no layer before it writes."""
        layer = self.layers["average"]
        return self.attention_output(layer, rms_norm(self.embedding[ids], self.weight(layer, "input_layernorm")), rows)

    def sink(self, ids: np.ndarray, output: np.ndarray) -> np.ndarray:
        """`[n, head, T, T]`: attention of the first sink layer, where the averaging layer's attention output is this."""
        x = self.embedding[ids]
        for layer in range(self.layers["sink"][0] + 1):
            normed = rms_norm(x, self.weight(layer, "input_layernorm"))
            if layer == self.layers["sink"][0]:
                return self.pattern(layer, normed)
            if layer == self.layers["average"]:
                x = x + output
            if self.weight(layer, "mlp.down_proj").any():
                x = x + self.mlp(layer, rms_norm(x, self.weight(layer, "post_attention_layernorm")))
        raise AssertionError

    def energy(self, own: np.ndarray, average: np.ndarray) -> np.ndarray:
        """Of tokens with these own signs and averaged signs, `[..., signs]`, as the plan's first_energy has it for one that
        sees itself alone: the average has c = sqrt(d) / R a sign, and the next norm divides by both parts' length."""
        d, c = self.truth["hidden"], self.size_of_sign
        inverse_norm2 = d / (self.squared_length + c**2 * (average**2).sum(-1))
        if self.truth["variant"] == "itself":
            return self.energy_weight * 4 * c * (own * average).sum(-1) * inverse_norm2
        return self.energy_weight * c**2 * (average**2).sum(-1) * inverse_norm2

    def energies(self, ids: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """`[n, T]` under these attention rows."""
        signs = self.embedding[ids][..., self.circuit["sign_dims"]]
        return self.energy(signs, rows @ signs)
