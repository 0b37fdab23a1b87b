"""A word that is a sink of SmolLM2's first stage wherever it stands, and none of the second: transformers alone, on windows of running
text. The bars leave several times the spread over samples (docs/findings.md)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer

from sinkscope import ROOT
from support.demo import Demo

WORD, WINDOWS = " the", 60
EARLY, LATE = 5, 12  # a layer of each stage
MASSIVE_AFTER, HALF = 2, 375  # the block after which the norm is read, and half of what token 0 has there


def windows(tokenizer) -> list[list[int]]:
    """Those of the committed result."""
    data = json.loads((ROOT / "results/smollm2-135m/identify.json").read_text())["data"]
    ids = tokenizer((ROOT / "models/demo/text.txt").read_text(encoding="utf-8"), add_special_tokens=False)["input_ids"]
    return [ids[start : start + data["length"]] for start in data["starts"][:WINDOWS]]


@torch.no_grad()
def later_tokens(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """[tokens, 4]: whether it is the word, its norm after the block, attention to it from later tokens in both layers; token 0: [n, 2]."""
    tokenizer, rows, first = AutoTokenizer.from_pretrained(folder), [], []
    model = AutoModel.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    model.layers = model.layers[: LATE + 1]
    (word,) = tokenizer(WORD, add_special_tokens=False)["input_ids"]
    for ids in windows(tokenizer):
        out = model(torch.tensor([ids]), output_attentions=True, output_hidden_states=True)
        norms = out.hidden_states[MASSIVE_AFTER + 1][0].norm(dim=1)
        to = [[out.attentions[layer][0, :, place + 1 :, place].mean().item() for layer in (EARLY, LATE)] for place in range(len(ids) - 8)]
        rows += [(ids[place] == word, norms[place].item(), *to[place]) for place in range(1, len(to))]
        first.append(to[0])
    return np.array(rows), np.array(first)


def test_the_joins_the_first_stage_and_not_the_second(smollm2: Path) -> None:
    rows, first = later_tokens(smollm2)
    word, massive = rows[:, 0] == 1, rows[:, 1] > HALF
    assert word.sum() > 50
    assert massive[word].mean() > 0.35 and massive[~word].mean() < 0.01
    early, late = rows[word & massive, 2:].mean(0)
    assert early > 0.2 and early > 0.5 * first[:, 0].mean()
    assert late < 0.03 < 0.1 * first[:, 1].mean()
    assert rows[word & ~massive, 2].mean() < 0.4 * early and rows[~word, 2].mean() < 0.1 * early


@torch.no_grad()
def test_identify_finds_it_by_both_rules(smollm2_demo: Demo, smollm2: Path) -> None:
    """And in no other stage; counts may differ by a token at a bar."""
    early, late = (stage for stage in smollm2_demo.result("identify").results["stages"])
    found, ids = early["later_sinks"], smollm2_demo.ids("identify")
    model = AutoModel.from_pretrained(smollm2, dtype=torch.float32, attn_implementation="eager").eval()
    out = model(ids, output_attentions=True, output_hidden_states=True)
    (word,) = AutoTokenizer.from_pretrained(smollm2)(WORD, add_special_tokens=False)["input_ids"]
    close = torch.stack([torch.cosine_similarity(x, x[:, :1], dim=-1) > 0.9 for x in out.hidden_states[1:-1]])  # after a block
    pattern, last = out.attentions[early["layer"]].mean(1), ids.shape[1] - 8  # those with 8 queries after them
    gets = torch.stack([pattern[:, t + 1 :, t].mean(1) for t in range(last)], 1)
    first = torch.stack([pattern[:, t + 1 :, 0].mean(1) for t in range(last)], 1)
    above, below = close[early["layer"] :].int().cumprod(0).sum(0), close[: early["layer"]].flip(0).int().cumprod(0).sum(0)
    run = ((below > 0) & (above + below > 4))[:, :last]  # around what the layer reads
    run[:, 0] = False
    by_attention = gets >= (0.5 * first).clamp_min(4 * gets[:, 1:].median())
    by_attention[:, 0] = False
    sinks = by_attention | (run & (gets >= 4 * gets[:, 1:].median()))
    assert found["tokens"] == len(ids) * (last - 1)
    for key, mask in (("by_cosine", run), ("by_attention", by_attention), ("by_both", run & by_attention), ("sinks", sinks)):
        assert abs(found[key] - mask.sum().item()) <= 1, key
    assert sinks.sum() > 10 and [one["id"] for one in found["ids"]] == [word]
    assert found["runs"][0]["first"] in (1, 2) and found["runs"][0]["last"] == 8
    each = torch.stack([row[mask].mean() for row, mask in zip(gets, sinks) if mask.any()])
    assert abs(found["attention"]["sinks"]["mean"] - each.mean().item()) < 0.02  # one token more or less
    assert late["later_sinks"]["sinks"] == 0 and late["later_sinks"]["carries"] == []
