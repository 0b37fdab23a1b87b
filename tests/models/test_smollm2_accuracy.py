"""SmolLM2-135M in float32: every hook point of every layer, and the attention columns, are as close to float64 as transformers'
own float32. Massive activations of 23,000 after 12 blocks multiply what the blocks before them round away."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM

from sinkscope import ROOT
from support.program import QUIET, Program
from support.reference_model import Recorder, visible

SAMPLES, TOKENS = 40, 10  # one number in a sample makes most of the error: many samples
BAR = 1.2  # times the root mean square of transformers' own error; found: up to 1.02, in the columns' pattern 1.07
FIRST_COLUMNS = 1.6  # of block 0, where nothing but the softmax errs: its exponential is within 2 units in the last place; found: 1.40


class Norm(torch.nn.Module):
    """transformers' own goes through float32 in a model of float64 too."""

    def __init__(self, norm: torch.nn.Module) -> None:
        super().__init__()
        self.weight, self.eps = norm.weight, norm.variance_epsilon

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.weight * (x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.eps))


def run(folder: Path, ids: torch.Tensor, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation="eager").eval()
    if dtype == torch.float64:
        for block in model.model.layers:
            block.input_layernorm, block.post_attention_layernorm = Norm(block.input_layernorm), Norm(block.post_attention_layernorm)
        model.model.norm = Norm(model.model.norm)
    return Recorder(model).run(ids, torch.arange(TOKENS), [visible(TOKENS)] * model.config.num_hidden_layers)


def error(got: torch.Tensor, exact: torch.Tensor) -> float:
    there = exact.isfinite()
    return (got.double() - exact)[there].square().mean().sqrt().item()


@pytest.mark.parametrize("part", [0, 1])
def test_float32_is_as_close_to_float64_as_transformers(part: int, smollm2: Path, program: Program, tmp_path: Path) -> None:
    text = (ROOT / "models/demo/text.txt").read_text()[8_000 * part :][:8_000]
    ids = torch.tensor(Tokenizer.from_file(str(smollm2 / "tokenizer.json")).encode(text).ids[: SAMPLES * TOKENS]).view(SAMPLES, TOKENS)
    tokens, out = tmp_path / "tokens.json", tmp_path / "activations.safetensors"
    tokens.write_text(json.dumps(ids.tolist()))
    program.output("activations", "--model", smollm2, "--tokens", tokens, "--sites", "all", "--columns", "0,1,5", "--dtype", "float32",
                   "--out", out, *QUIET)
    ours, exact, theirs = load_file(out), run(smollm2, ids, torch.float64), run(smollm2, ids, torch.float32)
    for name in [name for name in exact if name.endswith("hook_pattern")]:
        columns = name.replace("hook_pattern", "columns")
        exact[columns], theirs[columns] = exact[name][..., [0, 1, 5]], theirs[name][..., [0, 1, 5]]
    assert set(exact) == set(ours)
    ratios = {name: error(ours[name], exact[name]) / error(theirs[name], exact[name])
              for name in exact if error(theirs[name], exact[name]) > 0}
    assert len(ratios) > 500
    assert error(ours["hook_embed"], exact["hook_embed"]) == 0
    assert ratios.pop("blocks.0.attn.columns") < FIRST_COLUMNS
    worst = sorted(ratios, key=ratios.__getitem__)[-3:]
    assert ratios[worst[-1]] < BAR, {name: round(ratios[name], 2) for name in worst}
