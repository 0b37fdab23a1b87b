#!/usr/bin/env python3
"""Prints the numbers of docs/findings.md that no result states, with transformers alone: scripts/findings_alone.py MODEL

smollm2-135m: what ` the` gets wherever it stands, of the first 100 windows of the committed identify result.
qwen2.5-coder-0.5b, qwen2.5-coder-1.5b: what ids get that stand before a text, and what they cost, of 24 windows of 32 tokens. Of the 0.5B
also full stops with a massive activation; of the 1.5B which tokens the windows of the committed self-mask result are of that make no sink.
Brackets are 95 % intervals, bootstrap by window.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, PreTrainedModel

ROOT = Path(__file__).resolve().parent.parent
TEXT = ROOT / "models/demo/text.txt"


def interval(values: np.ndarray, windows: np.ndarray) -> str:
    """"mean [low, high] (n)" of values, each of one window."""
    generator, distinct = np.random.default_rng(0), np.unique(windows)
    sums = np.array([values[windows == one].sum() for one in distinct])
    counts = np.array([(windows == one).sum() for one in distinct])
    drawn = generator.integers(0, len(distinct), (2000, len(distinct)))
    low, high = np.quantile(sums[drawn].sum(1) / counts[drawn].sum(1), [0.025, 0.975])
    return f"{values.mean():.3f} [{low:.3f}, {high:.3f}] ({len(values)})"


def committed(name: str) -> dict[str, Any]:
    return json.loads((ROOT / f"results/{name}.json").read_text(encoding="utf-8"))


def windows_behind(name: str, tokenizer: Tokenizer) -> list[list[int]]:
    """The ids that a committed result was measured on."""
    data, ids = committed(name)["data"], tokenizer.encode(TEXT.read_text(encoding="utf-8"), add_special_tokens=False).ids
    return [ids[start : start + data["length"]] for start in data["starts"]]


def the(model: PreTrainedModel, tokenizer: Tokenizer) -> None:
    """Attention from all later tokens, of every token with 8 and more of them; beside it what token 0 gets from the same queries."""
    layers, massive_after, windows = (3, 5, 9, 12), 2, 100
    word = tokenizer.token_to_id("Ġthe")
    rows = []  # window, whether it is the word, whether it is massive, attention to it by layer, to token 0 by layer
    for window, sample in enumerate(windows_behind("smollm2-135m/identify", tokenizer)[:windows]):
        out = model(torch.tensor([sample]), output_attentions=True, output_hidden_states=True)
        norms = out.hidden_states[massive_after + 1][0].norm(dim=1)
        for place in range(1, len(sample) - 8):
            gets = [out.attentions[layer][0, :, place + 1 :, key].mean().item() for key in (place, 0) for layer in layers]
            rows.append((window, sample[place] == word, (norms[place] > norms[0] / 2).item(), *gets))
    table = np.array(rows)
    is_word, massive, everywhere = table[:, 1] == 1, table[:, 2] == 1, np.ones(len(table), bool)
    for name, which, column in (("` the`, massive", is_word & massive, 3), ("` the`, not massive", is_word & ~massive, 3),
                                ("other later tokens", ~is_word, 3), ("token 0", everywhere, 3 + len(layers))):
        print(f"{name:24}", *(f"layer {layer}: {interval(table[which, column + i], table[which, 0])}" for i, layer in enumerate(layers)))
    print(f"{'share that is massive':24}", interval(massive[is_word].astype(float), table[is_word, 0]))


def windows_of(tokenizer: Tokenizer, count: int, tokens: int) -> torch.Tensor:
    ids = torch.tensor(tokenizer.encode(TEXT.read_text(encoding="utf-8")).ids)
    starts = torch.randint(0, len(ids) - tokens, (count,), generator=torch.Generator().manual_seed(0))
    return torch.stack([ids[start : start + tokens - 1] for start in starts])


def before_a_text(model: PreTrainedModel, tokenizer: Tokenizer, layer: int, tokens: tuple[str, ...]) -> None:
    count, length, first_query, first_loss = 24, 32, 9, 5
    windows = windows_of(tokenizer, count, length)
    for token in tokens:
        sample = torch.cat([torch.full((count, 1), tokenizer.token_to_id(token)), windows], 1)
        out = model(input_ids=sample, output_attentions=True, use_cache=False)
        gets = out.attentions[layer][:, :, first_query:].mean((1, 2))  # [window, key]
        losses = torch.nn.functional.cross_entropy(
            out.logits[:, first_loss - 1 : -1].transpose(1, 2), sample[:, first_loss:], reduction="none").mean(1)
        numbers = (("attention to it", gets[:, 0]), ("to token 1", gets[:, 1]), ("most to one of 1 to 8", gets[:, 1:first_query].amax(1)),
                   ("loss, nats", losses))
        print(f"{token:16}", *(f"{name}: {interval(one.double().numpy(), np.arange(count))}" for name, one in numbers))


def markers(model: PreTrainedModel, tokenizer: Tokenizer) -> None:
    before_a_text(model, tokenizer, 16, ("<|endoftext|>", "<|fim_pad|>", "Ċ", "The"))
    full_stops(model, tokenizer)


def full_stops(model: PreTrainedModel, tokenizer: Tokenizer) -> None:
    """At which of them MLP 5 writes more than 100, by place, in the windows of the committed identify result; what attention those get,
    from all tokens after them."""
    block, bar, layers = 5, 100, (6, 16)
    stops, written = [tokenizer.token_to_id("."), tokenizer.token_to_id(".Ċ")], []
    model.model.layers[block].mlp.register_forward_hook(lambda _module, _input, output: written.append(output[0].norm(dim=1)))
    rows = []  # window, place, whether it is the window's first, whether it is massive, attention to it by layer
    for window, sample in enumerate(windows_behind("qwen2.5-coder-0.5b/identify", tokenizer)):
        attentions = model(torch.tensor([sample]), output_attentions=True).attentions
        places = [place for place in range(1, len(sample) - 1) if sample[place] in stops]
        for place in places:
            gets = [attentions[layer][0, :, place + 1 :, place].mean().item() for layer in layers]
            rows.append((window, place, place == places[0], (written[-1][place] > bar).item(), *gets))
    table = np.array(rows)
    first, massive = table[:, 2] == 1, table[:, 3] == 1
    for low, high in ((1, 3), (4, 8), (9, 31)):
        there = first & (table[:, 1] >= low) & (table[:, 1] <= high)
        print(f"first full stop at {low} to {high}: MLP {block} writes more than {bar} at {(there & massive).sum()} of {there.sum()}")
    print(f"later ones: {(~first & massive).sum()} of {(~first).sum()}")
    for name, which in (("these", massive), ("other full stops", ~massive)):
        print(f"{name:16}", *(f"layer {layer}: {interval(table[which, 4 + i], table[which, 0])}" for i, layer in enumerate(layers)))


def alone(model: PreTrainedModel, tokenizer: Tokenizer) -> None:
    """Ids that stay small when they are first, of the 16,384 lowest and the markers: a first token sees only itself."""
    layer, bar = 14, 1000
    ids = torch.tensor([*range(16384), *range(151643, 151665)])
    passes = (model(input_ids=part[:, None], output_hidden_states=True, use_cache=False) for part in ids.split(1024))
    norms = torch.cat([out.hidden_states[layer + 1][:, 0].norm(dim=1) for out in passes])
    small = [(repr(tokenizer.decode([int(one)], skip_special_tokens=False)), round(norm))
             for one, norm in zip(ids, norms.tolist()) if norm < bar]
    print(f"norm after block {layer} of ids alone: median {norms.median():.0f}; below {bar}: {len(small)} of {len(ids)}, the next has "
          f"{norms[norms >= bar].min():.0f}")
    print(*(f"{token} {norm}" for token, norm in sorted(small, key=lambda one: one[1])))


def to_be(model: PreTrainedModel, tokenizer: Tokenizer) -> None:
    forms = ("Ġis", "Ġwas", "Ġare", "Ġwere", "Ġbe", "Ġbeen", "Ġbeing", "Ġam")
    others = ("Ġhas", "Ġhad", "Ġdo", "Ġhave", "Ġthe", "<|endoftext|>", "The", "0", "Ġgreat", "{", "<|fim_middle|>", "ool")
    without_a_sink(tokenizer)
    alone(model, tokenizer)
    before_a_text(model, tokenizer, 14, forms + others)


def without_a_sink(tokenizer: Tokenizer) -> None:
    """Windows of self-mask where the masked token, or token 0, gets less than half of the median, and the ratio without them."""
    name = "qwen2.5-coder-1.5b/self-mask"
    windows = np.array(windows_behind(name, tokenizer))
    for run in committed(name)["results"]["runs"]:
        if (run["mode"], run["layers"]) != ("self_only", "0-1") or len(run["tokens"]) > 1:
            continue
        masked, first = (np.array(run[key][0]["mean_attention"]["by_sample"]) for key in ("masked", "first"))
        low, low_first = masked < np.median(masked) / 2, first < np.median(first) / 2
        words = ", ".join(repr(tokenizer.decode([one])) for one in [*windows[low, run["tokens"][0]], *windows[low_first, 0]])
        rest = ~(low | low_first)
        print(f"token {run['tokens'][0]}: no sink in {low.sum()} windows, at token 0 in {low_first.sum()} ({words}); ratio "
              f"{masked.mean() / first.mean():.3f}, without them {masked[rest].mean() / first[rest].mean():.3f}")


PARTS: dict[str, Callable[[PreTrainedModel, Tokenizer], None]] = {
    "smollm2-135m": the, "qwen2.5-coder-0.5b": markers, "qwen2.5-coder-1.5b": to_be}


@torch.no_grad()
def main(name: str) -> None:
    folder = ROOT / "models/real" / name
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    PARTS[name](model, Tokenizer.from_file(str(folder / "tokenizer.json")))


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in PARTS:
        sys.exit(f"findings_alone: expected one of {', '.join(PARTS)}")
    main(sys.argv[1])
