"""A config.json is read as transformers reads it: whatever key is absent, null or of another type, the forward pass has the
same tensors, heads, windows, frequencies and epsilon, or the config is refused by the name of what is not supported. What
transformers refuses, or cannot run, is refused."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel
from transformers.utils import logging

from support.config_cases import CLASSES, cases


def facts(model: torch.nn.Module) -> dict:
    config, attention = model.config, model.model.layers[0].self_attn
    named = {name: list(weight.shape) for name, weight in model.state_dict().items()}
    if config.tie_word_embeddings:
        del named["lm_head.weight"]
    if config.model_type == "mistral":
        windows = [config.sliding_window] * config.num_hidden_layers
    else:
        windows = [getattr(layer.self_attn, "sliding_window", None) for layer in model.model.layers]
    return {"tensors": named, "heads": [config.num_attention_heads, config.num_key_value_heads, attention.head_dim],
            "windows": [window or 0 for window in windows], "frequencies": model.model.rotary_emb.inv_freq.tolist(),
            "attention_factor": model.model.rotary_emb.attention_scaling, "eps": model.model.norm.variance_epsilon,
            "tied": config.tie_word_embeddings, "max_positions": config.max_position_embeddings,
            "activation": type(model.model.layers[0].mlp.act_fn).__name__}


def transformers_reads(folder: Path) -> dict | None:
    """Nothing where a config cannot be read, its model not made, or six tokens not run."""
    try:
        config = AutoConfig.from_pretrained(folder)
        dtype, config.dtype = config.dtype, torch.float32
        config.return_dict = True  # which says how a caller wants the output
        model = AutoModelForCausalLM.from_config(config).eval()
        if dtype is not None:
            torch.zeros(1, dtype=dtype).softmax(0)
        with torch.no_grad():
            model(torch.zeros(1, 6, dtype=torch.long), use_cache=False)
        return facts(model) | {"dtype": str(dtype).removeprefix("torch.") if dtype else None}
    except Exception:  # of whatever kind: it is refused
        return None


def close(ours: list[float] | float, theirs: list[float] | float) -> bool:
    return torch.allclose(*(torch.tensor(one, dtype=torch.float64) for one in (ours, theirs)), rtol=1e-6, atol=0)


def difference(ours: dict, theirs: dict | None) -> str | None:
    """What is wrong with our reading, if something is; what we refuse is not judged here."""
    if theirs is None:
        return None if "error" in ours else "read, though transformers does not run it"
    if "error" in ours:
        return None
    if theirs["activation"] not in ("SiLU", "SiLUActivation"):
        return f"read, with the activation {theirs['activation']}"
    wrong = [key for key in ours if not (close(ours[key], theirs[key]) if key in ("frequencies", "attention_factor", "eps")
                                         else ours[key] == theirs[key])]
    return "; ".join(f"{key}: {ours[key]}, transformers {theirs[key]}" for key in wrong) or None


# By what they say: nothing else may be refused that transformers runs.
NOT_SUPPORTED = ("activation", "a bias in", "layer type", "rope type", "partial rotary", "rotary of its own", "not supported",
                 "whole number from", "a number", "more than low_freq_factor", "even width")


@pytest.fixture
def no_weights_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models run with whatever their memory held: only whether they run counts."""
    for layer in (torch.nn.Linear, torch.nn.Embedding):
        monkeypatch.setattr(layer, "reset_parameters", lambda self: None)
    monkeypatch.setattr(PreTrainedModel, "init_weights", lambda self: None)


@pytest.mark.usefixtures("no_weights_drawn")
@pytest.mark.parametrize("family", CLASSES)
def test_configs_are_read_as_transformers_reads_them(family: str, read_models: Callable, tmp_path: Path,
                                                     record_property: Callable) -> None:
    logging.set_verbosity_error()
    warnings.simplefilter("ignore")
    every, folders = cases(family), []
    for number, config in enumerate(every.values()):
        folders.append(tmp_path / str(number))
        folders[-1].mkdir()
        (folders[-1] / "config.json").write_text(json.dumps(config))
    wrong, both = [], 0
    for name, folder, ours in zip(every, folders, read_models([folder / "config.json" for folder in folders]), strict=True):
        theirs = transformers_reads(folder)
        both += theirs is not None and "error" not in ours
        if found := difference(ours, theirs):
            wrong.append(f"{name}: {found}")
        elif theirs is not None and "error" in ours and not any(words in ours["error"] for words in NOT_SUPPORTED):
            wrong.append(f"{name}: refused, though transformers runs it: {ours['error']}")
    record_property(f"{family}: configs, read alike", f"{len(every)}, {both}")
    assert both > 100
    assert not wrong, "\n".join(wrong)
