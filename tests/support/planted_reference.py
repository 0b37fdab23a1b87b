"""transformers' Qwen3 as the reference for planted models: one run with its patterns, residuals and MLP activations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM
from transformers.utils import logging

from support.planted_cases import Planted

logging.disable_progress_bar()
torch.set_num_threads(1)  # the models are tiny: a second thread costs more than it gives
T, SAMPLES = 64, 8
Patch = Callable[[torch.Tensor], torch.Tensor]


@dataclass
class Run:
    """What one forward pass held; lists go over layers."""

    ids: torch.Tensor  # [n, T]
    patterns: list[torch.Tensor] = field(default_factory=list)  # [n, head, T, T]
    residual: list[torch.Tensor] = field(default_factory=list)  # after the block, [n, T, hidden]
    mlp_out: list[torch.Tensor] = field(default_factory=list)  # [n, T, hidden]
    post: list[torch.Tensor] = field(default_factory=list)  # what the down projection reads, [n, T, intermediate]


class Reference:
    """A planted checkpoint as transformers runs it, and planted.json beside it."""

    def __init__(self, planted: Planted) -> None:
        folder = planted.folder
        self.model, info = AutoModelForCausalLM.from_pretrained(
            folder, attn_implementation="eager", dtype=torch.float32, output_loading_info=True
        )
        if any(info.values()):
            raise ValueError(f"{folder}: transformers does not load it cleanly: {info}")
        self.truth, self.layers, self.circuits = planted.truth, planted.layers, planted.circuits
        self.vocab = self.model.config.vocab_size
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.text = torch.tensor(tokenizer.encode((folder / "text.txt").read_text(encoding="utf-8")).ids)

    def windows(self, n: int, length: int) -> torch.Tensor:
        """`[n, length]`: window i starts at i * floor((N - length) / n)."""
        step = (len(self.text) - length) // n
        return torch.stack([self.text[i * step : i * step + length] for i in range(n)])

    def attention(self, run: Run, circuit: dict, token: int, first_row: int) -> torch.Tensor:
        """Attention to `token` in the circuit's heads of the sink layers, `[layer, n, head, row]`, rows from `first_row`."""
        patterns = torch.stack([run.patterns[i] for i in self.layers["sink"]])
        return patterns[:, :, circuit["sink_heads"], first_row:, token]

    @torch.no_grad()
    def __call__(
        self,
        ids: torch.Tensor,
        positions: torch.Tensor | None = None,
        masks: dict[int, torch.Tensor] | None = None,
        patches: dict[int, Patch] | None = None,
        silenced: list[dict] | None = None,
    ) -> Run:
        """A run with moved positions, other masks `[T, T]` (added) by layer, patched block outputs, silenced neurons."""
        run, handles = Run(ids), []
        for i, block in enumerate(self.model.model.layers):
            off = [n["neuron"] for n in silenced or [] if n["layer"] == i]
            handles += [
                block.self_attn.register_forward_pre_hook(mask_hook((masks or {}).get(i)), with_kwargs=True),
                block.self_attn.register_forward_hook(lambda _, __, out: run.patterns.append(out[1])),
                block.mlp.down_proj.register_forward_pre_hook(neuron_hook(run, off)),
                block.mlp.register_forward_hook(lambda _, __, out: run.mlp_out.append(out)),
                block.register_forward_hook(block_hook(run, (patches or {}).get(i))),
            ]
        length = ids.shape[1]
        positions = torch.arange(length) if positions is None else positions
        # The 4-D mask keeps transformers from reading moved positions as packed sequences.
        mask = causal(length).expand(len(ids), 1, length, length)
        try:
            logits = self.model(ids, attention_mask=mask, position_ids=positions.expand(ids.shape), use_cache=False).logits
        finally:
            for handle in handles:
                handle.remove()
        if not logits.isfinite().all():
            raise ValueError("logits are not finite")
        return run


def causal(length: int) -> torch.Tensor:
    """`[T, T]`, 0 where a row may look and the lowest float elsewhere."""
    return torch.full((length, length), torch.finfo(torch.float32).min).triu(1)


def own_row(length: int, tokens: list[int]) -> torch.Tensor:
    """The causal mask with `tokens` alone with themselves."""
    mask = causal(length)
    for token in tokens:
        mask[token, :token] = torch.finfo(torch.float32).min
    return mask


def keep_only(length: int, row: int, key: int) -> torch.Tensor:
    """The causal mask with `row` seeing `key` alone."""
    mask = causal(length)
    mask[row] = torch.finfo(torch.float32).min
    mask[row, key] = 0
    return mask


def move(length: int, moves: dict[int, int]) -> torch.Tensor:
    """Rotary positions `[1, T]` with some tokens moved."""
    positions = torch.arange(length)
    for token, position in moves.items():
        positions[token] = position
    return positions[None]


def mask_hook(mask: torch.Tensor | None):
    """Replaces the attention mask of one layer."""

    def hook(_, args, kwargs):
        if mask is not None:
            kwargs["attention_mask"] = mask[None, None].expand_as(kwargs["attention_mask"])
        return args, kwargs

    return hook


def neuron_hook(run: Run, silenced: list[int]):
    """Silences neurons and keeps what the down projection reads."""

    def hook(_, args):
        post = args[0].clone()
        post[:, :, silenced] = 0
        run.post.append(post)
        return (post,)

    return hook


def block_hook(run: Run, patch: Patch | None):
    """Changes and keeps a block's output."""

    def hook(_, __, out):
        out = out if patch is None else patch(out.clone())
        run.residual.append(out)
        return out

    return hook


@dataclass(frozen=True)
class Case:
    """A planted model and its unchanged run on windows of its text."""

    m: Reference
    plain: Run

    @staticmethod
    def of(planted: Planted) -> Case:
        m = Reference(planted)
        return Case(m, m(m.windows(SAMPLES, T)))


def assert_near(found: torch.Tensor, wanted: torch.Tensor | float, tolerance: float) -> None:
    assert (found - wanted).abs().max().item() <= tolerance


def assert_no_sink(m: Reference, run: Run, circuit: dict, token: int) -> None:
    """Later rows give `token` no more than the uniform value, or nothing where another token holds the sink."""
    rows = torch.arange(token + 1, T)
    excess = m.attention(run, circuit, token, token + 1) - 1.0 / (rows + 1)
    # A token just under the threshold leaks a little, which shifts the others by thousandths.
    assert excess.max().item() < 5e-3
