#!/usr/bin/env python3
"""Why the sink weakens where the first token's rotary position is moved, with transformers alone: scripts/moved_first_token.py MODEL

For each position of token 0: what token 1 gives it in the first layers, and what both get in a layer with a strong sink, from queries
q >= 9; then the same where token 1 has the rows of attention that it has with token 0 in its place, in layer 0, 0 and 1, or 0 to 2, and all
else is free. 24 windows of 32 tokens; brackets are 95 % intervals, bootstrap by window.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

import numpy as np
import torch
from findings_alone import ROOT, interval, windows_of
from tokenizers import Tokenizer
from transformers import AutoModel

LAYERS = {"smollm2-135m": 23, "qwen2.5-coder-0.5b": 16, "qwen2.5-coder-1.5b": 14}
WINDOWS, TOKENS, FIRST_QUERY, EARLY = 24, 32, 9, 3


class MovedFirst:
    """The model up to a layer, and its attention, in which token 1's rows can be given."""

    def __init__(self, name: str) -> None:
        folder = ROOT / "models/real" / name
        self.layer, self.kept, self.seen = LAYERS[name], {}, {}
        self.model = AutoModel.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
        self.model.layers = self.model.layers[: self.layer + 1]
        self.windows = windows_of(Tokenizer.from_file(str(folder / "tokenizer.json")), WINDOWS, TOKENS)
        self.module = sys.modules[type(self.model).__module__]
        self.plain, self.module.eager_attention_forward = self.module.eager_attention_forward, self.attend

    def attend(self, block, query, key, value, *args, **kwargs):  # in the place of transformers' own
        output, weights = self.plain(block, query, key, value, *args, **kwargs)
        if block.layer_idx in self.kept:
            weights = weights.clone()
            weights[:, :, 1] = self.kept[block.layer_idx]
            output = (weights @ self.module.repeat_kv(value, block.num_key_value_groups)).transpose(1, 2).contiguous()
        self.seen[block.layer_idx] = weights
        return output, weights

    @torch.no_grad()
    def run(self, position: int, rows: Iterable[tuple[int, torch.Tensor]] = ()) -> None:
        """The mask is given, since transformers takes positions that fall for the beginning of another text."""
        self.kept = dict(rows)
        length = self.windows.shape[1]
        causal = torch.full((length, length), torch.finfo(torch.float32).min).triu(1).expand(WINDOWS, 1, -1, -1)
        positions = torch.arange(length)
        positions[0] = position
        self.model(self.windows, attention_mask=causal, position_ids=positions.expand(WINDOWS, -1), use_cache=False)

    def say(self, what: str) -> None:
        def number(values: torch.Tensor) -> str:
            return interval(values.double().numpy(), np.arange(WINDOWS)).rsplit(" ", 1)[0]

        gives = ", ".join(number(self.seen[layer][:, :, 1, 0].mean(1)) for layer in range(EARLY))
        first, second = (number(self.seen[self.layer][:, :, FIRST_QUERY:, key].mean((1, 2))) for key in (0, 1))
        print(f"{what:52} token 1 to 0 in layers 0 to {EARLY - 1}: {gives}; layer {self.layer}: to token 0 {first}, to token 1 {second}")


def main(name: str) -> None:
    model = MovedFirst(name)
    model.run(0)
    model.say("token 0 at 0")
    own = {layer: model.seen[layer][:, :, 1] for layer in range(EARLY)}
    for position in (8, TOKENS - 1):
        for count in range(EARLY + 1):
            model.run(position, list(own.items())[:count])
            model.say(f"token 0 at {position}" + (f", token 1's rows of {count} first layers kept" if count else ""))


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in LAYERS:
        sys.exit(f"moved_first_token: expected one of {', '.join(LAYERS)}")
    main(sys.argv[1])
