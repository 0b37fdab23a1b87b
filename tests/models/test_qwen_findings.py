"""Qwen2.5-Coder-0.5B, by transformers alone: <|endoftext|> before a text makes no sink, and costs loss. By hand: -m slow."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, PreTrainedModel

from sinkscope import ROOT

LAYER, WINDOWS, TOKENS, FIRST_QUERY = 16, 24, 32, 9
LINE_END = 198


def after(first: int, windows: torch.Tensor, model: PreTrainedModel) -> tuple[float, float]:
    """Mean attention to an id that stands before the windows, and the loss from their sixth token on."""
    ids = torch.cat([torch.full((len(windows), 1), first), windows[:, :-1]], 1)
    with torch.no_grad():
        output = model(input_ids=ids, output_attentions=True, use_cache=False)
    loss = torch.nn.functional.cross_entropy(output.logits[:, 4:-1].flatten(0, 1), ids[:, 5:].flatten())
    return output.attentions[LAYER][:, :, FIRST_QUERY:, 0].mean().item(), loss.item()


@pytest.mark.slow
def test_endoftext_first_makes_no_sink(qwen: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(qwen, dtype=torch.float32, attn_implementation="eager").eval()
    tokenizer = Tokenizer.from_file(str(qwen / "tokenizer.json"))
    ids = tokenizer.encode((ROOT / "models/demo/text.txt").read_text(encoding="utf-8")).ids
    starts = torch.randint(0, len(ids) - TOKENS, (WINDOWS,), generator=torch.Generator().manual_seed(0))
    windows = torch.tensor([ids[start : start + TOKENS] for start in starts])
    usual, usual_loss = after(LINE_END, windows, model)
    assert usual > 0.6
    for marker in ("<|endoftext|>", "<|fim_pad|>"):
        attention, loss = after(tokenizer.token_to_id(marker), windows, model)
        assert attention < 0.05 and loss > usual_loss + 0.5
