"""SmolLM2-135M in float32 and bfloat16: every hook point of every layer, and the attention columns, are as close to float64 as
transformers' own. Massive activations of 23,000 after 12 blocks multiply what the blocks before them round away."""

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
HALF_SAMPLES = 100  # in bfloat16 one rounding of 64 in one number of a sample makes most of it
HALF_BAR = 1.15  # found over three texts: up to 1.07
FIRST_COLUMNS = 1.6  # of block 0, where nothing but the softmax errs: its exponential is within 2 units in the last place; found: 1.40


class Norm(torch.nn.Module):
    """transformers' own goes through float32 in a model of float64 too."""

    def __init__(self, norm: torch.nn.Module) -> None:
        super().__init__()
        self.weight, self.eps = norm.weight, norm.variance_epsilon

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.weight * (x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.eps))


def run(folder: Path, ids: torch.Tensor, dtype: torch.dtype, weights: torch.dtype = torch.float32) -> dict[str, torch.Tensor]:
    """In `dtype`, with weights that were rounded to `weights` before."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=weights, attn_implementation="eager").eval()
    if dtype == torch.float64:  # a move to bfloat16 would round the rotary frequencies, too
        model = model.to(dtype)
        for block in model.model.layers:
            block.input_layernorm, block.post_attention_layernorm = Norm(block.input_layernorm), Norm(block.post_attention_layernorm)
        model.model.norm = Norm(model.model.norm)
    return Recorder(model).run(ids, torch.arange(TOKENS), [visible(TOKENS)] * model.config.num_hidden_layers)


def error(got: torch.Tensor, exact: torch.Tensor) -> float:
    there = exact.isfinite()
    return (got.double() - exact)[there].square().mean().sqrt().item()


def ids_of(folder: Path, part: int, samples: int) -> torch.Tensor:
    text = (ROOT / "models/demo/text.txt").read_text()[8_000 * part :][:8_000]
    return torch.tensor(Tokenizer.from_file(str(folder / "tokenizer.json")).encode(text).ids[: samples * TOKENS]).view(samples, TOKENS)


def ours(program: Program, folder: Path, ids: torch.Tensor, dtype: str, tmp_path: Path) -> dict[str, torch.Tensor]:
    tokens, out = tmp_path / "tokens.json", tmp_path / "activations.safetensors"
    tokens.write_text(json.dumps(ids.tolist()))
    program.output("activations", "--model", folder, "--tokens", tokens, "--sites", "all", "--columns", "0,1,5", "--dtype", dtype,
                   "--out", out, *QUIET)
    return load_file(out)


def ratios(found: dict, exact: dict, theirs: dict) -> dict[str, float]:
    """Our root mean square error of each hook point over transformers' own."""
    for name in [name for name in exact if name.endswith("hook_pattern")]:
        columns = name.replace("hook_pattern", "columns")
        exact[columns], theirs[columns] = exact[name][..., [0, 1, 5]], theirs[name][..., [0, 1, 5]]
    assert set(exact) == set(found)
    return {name: error(found[name], exact[name]) / error(theirs[name], exact[name])
            for name in exact if error(theirs[name], exact[name]) > 0}


def assert_below(bar: float, found: dict[str, float]) -> None:
    worst = sorted(found, key=found.__getitem__)[-3:]
    assert found[worst[-1]] < bar, {name: round(found[name], 2) for name in worst}


@pytest.mark.parametrize("part", [0, 1])
def test_float32_is_as_close_to_float64_as_transformers(part: int, smollm2: Path, program: Program, tmp_path: Path) -> None:
    ids = ids_of(smollm2, part, SAMPLES)
    found = ours(program, smollm2, ids, "float32", tmp_path)
    exact = run(smollm2, ids, torch.float64)
    of_theirs = ratios(found, exact, run(smollm2, ids, torch.float32))
    assert len(of_theirs) > 500
    assert error(found["hook_embed"], exact["hook_embed"]) == 0
    assert of_theirs.pop("blocks.0.attn.columns") < FIRST_COLUMNS
    assert_below(BAR, of_theirs)


def test_bfloat16_is_as_close_to_float64_as_transformers(smollm2: Path, program: Program, tmp_path: Path) -> None:
    """With the same weights, rounded before."""
    ids = ids_of(smollm2, 0, HALF_SAMPLES)
    found = ours(program, smollm2, ids, "bfloat16", tmp_path)
    exact = run(smollm2, ids, torch.float64, torch.bfloat16)
    of_theirs = ratios(found, exact, run(smollm2, ids, torch.bfloat16, torch.bfloat16))
    assert len(of_theirs) > 500
    assert_below(HALF_BAR, of_theirs)
