"""massive_writes of identify's result: a block that makes only later tokens massive is named, with their ids; held against the rule over
what transformers has at every block."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, PreTrainedModel

from support.planted_by_hand import ByHand
from support.planted_cases import Planted
from support.program import QUIET, Program, text_of

SAMPLES, LENGTH = 24, 48
FAST = (*QUIET, "--threads", 1, "--controls", 0, "--no-frozen", "--no-loss", "--dtype", "float32")


def loaded(folder: Path) -> PreTrainedModel:
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


@torch.no_grad()
def residuals(model: PreTrainedModel, ids: torch.Tensor) -> dict[str, torch.Tensor]:
    """What each MLP reads, normed, what it gives, and the residual before and after it: [layers, n, T, D]."""
    found: dict[str, list[torch.Tensor]] = {"normed": [], "before": [], "output": []}

    def keep(_: torch.nn.Module, inputs: tuple[torch.Tensor], output: torch.Tensor) -> None:
        found["normed"].append(inputs[0])
        found["output"].append(output)

    hooks = [block.mlp.register_forward_hook(keep) for block in model.model.layers]
    hooks += [block.post_attention_layernorm.register_forward_pre_hook(lambda _, inputs: found["before"].append(inputs[0].clone()))
              for block in model.model.layers]
    model(ids)
    for hook in hooks:
        hook.remove()
    stacked = {name: torch.stack(list) for name, list in found.items()}
    return stacked | {"after": stacked["before"] + stacked["output"]}


@torch.no_grad()
def add_neuron(model: PreTrainedModel, ids: torch.Tensor, word: int, layer: int, size: float) -> None:
    """In the place of the one that writes least: fires at one id, at others hardly, and writes a vector of this length there."""
    mlp, normed = model.model.layers[layer].mlp, residuals(model, ids)["normed"][layer]
    free = mlp.down_proj.weight.norm(dim=0).argmin()
    others = normed[ids != word]
    reads = torch.linalg.lstsq(others.T @ others / len(others) + 1e-3 * torch.eye(others.shape[1]), normed[ids == word].mean(0)).solution
    reads /= normed[ids == word].mean(0) @ reads
    mlp.gate_proj.weight[free] = 8 * reads
    mlp.up_proj.weight[free] = reads
    mlp.down_proj.weight[:, free] = size / 8 / others.shape[1] ** 0.5


def with_a_later_write(planted: Planted, folder: Path, sizes: tuple[float, ...]) -> tuple[Path, torch.Tensor, int]:
    """The model with such a neuron in each of its last blocks: its folder, the samples, the id."""
    ids = torch.tensor(ByHand(planted.folder).text[: SAMPLES * LENGTH].reshape(SAMPLES, LENGTH))
    counts = torch.bincount(ids[:, 1:].flatten())
    counts[ids[:, 0].unique()] = 0  # one that is never first here
    word, model = int(counts.argmax()), loaded(planted.folder)
    for layer, size in enumerate(sizes, len(model.model.layers) - len(sizes)):
        add_neuron(model, ids, word, layer, size)
    shutil.copytree(planted.folder, folder / "model")
    model.save_pretrained(folder / "model")
    return folder / "model", ids, word


def by_rule(model: PreTrainedModel, ids: torch.Tensor) -> list[dict[str, Any]]:
    """The rule on later tokens, of MLPs, of what transformers has."""
    norms, rows = {name: value.norm(dim=-1).numpy() for name, value in residuals(model, ids).items()}, []
    for layer, (before, output, after) in enumerate(zip(norms["before"], norms["output"], norms["after"])):
        made, was, is_ = (value >= 4 * np.median(value[:, 1:9]) for value in (output, before, after))
        for does, at in (("writes", made & is_ & (after >= 1.5 * before)), ("removes", made & was & (after * 1.5 <= before))):
            at[:, 0] = False
            if at.any():
                rows.append({"site": f"blocks.{layer}.hook_mlp_out", "does": does, "share": at[:, 1:].mean(), "norm": output[at].mean(),
                             "after": after[at].mean(), "ids": set(ids.numpy()[at])})
    return rows


@pytest.mark.parametrize(("sizes", "does"), [((4000.0,), "writes"), ((4000.0, -3600.0), "removes")])
def test_a_block_that_changes_later_tokens_alone(
        sizes: tuple[float, ...], does: str, program: Program, planted: Callable, tmp_path: Path) -> None:
    folder, ids, word = with_a_later_write(planted("base"), tmp_path, sizes)
    tokens = tmp_path / "tokens.json"
    tokens.write_text(str(ids.tolist()))
    words = ("--model", folder, "--tokens", tokens, *FAST)
    found = program.result("identify", tmp_path / "identify.json", *words)["results"]["massive_writes"]
    later = [one for one in found if one["at"] == "later tokens"]
    wanted = [one for one in by_rule(loaded(folder), ids) if one["site"] not in [one["site"] for one in found if one["at"] == "token 0"]]
    assert [(one["site"], one["does"]) for one in later] == [(one["site"], one["does"]) for one in wanted]
    commonest = later[-1]["later_tokens"]["ids"][0]
    assert (later[-1]["does"], commonest["id"]) == (does, word) and commonest["count"] > 0.9 * (ids == word).sum()
    for one, rule in zip(later, wanted):
        assert one["later_tokens"]["share"] == pytest.approx(rule["share"])
        assert {row["id"] for row in one["later_tokens"]["ids"]} <= rule["ids"]
        assert (one["norm"], one["residual"]["after"]) == (pytest.approx(rule["norm"], rel=1e-4), pytest.approx(rule["after"], rel=1e-4))


def test_an_unchanged_model_has_none(program: Program, planted: Callable, tmp_path: Path) -> None:
    words = (*text_of(planted("base").folder, SAMPLES, LENGTH), *FAST)
    found = program.result("identify", tmp_path / "identify.json", *words)["results"]["massive_writes"]
    assert [one["at"] for one in found] == ["token 0"]
