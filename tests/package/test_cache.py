"""sinkscope.cache: the values are those of transformers, the names those of `sinkscope hooks` and TransformerLens."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file
from transformers import AutoModelForCausalLM

import sinkscope
from sinkscope import ROOT
from sinkscope.results.cache import ALIASES, MODULES, ActivationCache, full_name
from support.program import QUIET, Program, text_of
from support.reference_model import Recorder, visible

DEMO = ROOT / "models/demo"
NOISE = 1e-5  # of the largest value: float32 sums in another order
SAMPLES, LENGTH, LAYERS = 2, 12, 6


@pytest.fixture(scope="module")
def exported(program: Program, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("exported") / "a.safetensors"
    words = (*text_of(DEMO, SAMPLES, LENGTH), "--sites", "all", "--columns", "0,3", "--dtype", "float32")
    program.output("activations", *words, "--out", out, *QUIET)
    return out


@pytest.fixture(scope="module")
def cache(exported: Path) -> ActivationCache:
    return sinkscope.cache(exported)


def test_every_value_is_that_of_transformers(cache: ActivationCache) -> None:
    model = AutoModelForCausalLM.from_pretrained(DEMO, dtype=torch.float32, attn_implementation="eager").eval()
    wanted = Recorder(model).run(torch.tensor(cache.ids), torch.arange(LENGTH), [visible(LENGTH)] * LAYERS)
    assert len(wanted) == 3 + 22 * LAYERS and set(cache) == {*wanted, *(f"blocks.{layer}.attn.columns" for layer in range(LAYERS))}
    for name, values in wanted.items():
        found = cache[name]
        assert isinstance(found, np.memmap) and found.shape == cache.shapes[name] == tuple(values.shape), name
        seen = torch.isfinite(values).numpy()
        np.testing.assert_allclose(found[seen], values.numpy()[seen], rtol=0, atol=NOISE * np.abs(values.numpy()[seen]).max(), err_msg=name)


@pytest.mark.parametrize(("short", "name"), [
    (("mlp_out", 4), "blocks.4.hook_mlp_out"), (("resid_post", -1), "blocks.5.hook_resid_post"), (("k", 3, "attn"), "blocks.3.attn.hook_k"),
    (("v", 3), "blocks.3.attn.hook_v"), (("attn", 2), "blocks.2.attn.hook_pattern"), (("post", 1), "blocks.1.mlp.hook_post"),
    (("out", 0, "ln1"), "blocks.0.ln1.hook_out"), ("embed", "hook_embed"), (("columns", 2), "blocks.2.attn.columns"),
])  # fmt: skip
def test_short_names(short: tuple, name: str, cache: ActivationCache) -> None:
    np.testing.assert_array_equal(cache[short], cache[name])
    assert short in cache


def test_columns_are_those_of_the_pattern(cache: ActivationCache) -> None:
    np.testing.assert_allclose(cache["columns", 4], cache["pattern", 4][..., [0, 3]], atol=1e-6)


def test_the_names_are_those_of_the_program(program: Program) -> None:
    """Every hook point of a block has a short name, and every short name is one."""
    hooks = [line.split()[0] for line in program.output("hooks", "--model", DEMO).splitlines() if "hook_" in line]
    in_blocks = {name for name in hooks if name.startswith("blocks.L.")}
    short = {name.rpartition("hook_")[2] for name in in_blocks} - {"out"}
    assert {full_name((name, 0), LAYERS) for name in short} == {name.replace("L", "0", 1) for name in in_blocks if ".ln" not in name}
    assert set(MODULES) <= short and set(ALIASES.values()) <= short


def test_the_guide_names_hook_points_that_are_there(program: Program) -> None:
    """Those it says are not, it says so of."""
    page = (ROOT / "docs/transformer-lens.md").read_text(encoding="utf-8")
    hooks = set(re.findall(r"hook_[a-z_]+", program.output("hooks"))) | {"hook_dict", "hook_result", "hook_scale", "hook_normalized"}
    named = set(re.findall(r"(?<![a-z_])hook_[a-z_]+", page))
    assert len(named) > 12 and named <= hooks


@pytest.mark.parametrize(("key", "words"), [
    ("blocks.2.hook_mlp_outt", "no activation blocks.2.hook_mlp_outt; the nearest of its 141 is blocks.2.hook_mlp_out"),
    (("normalized", 1, "ln1"), "no activation blocks.1.ln1.hook_normalized"),
    (("mlp_out", 6), "expected a layer from 0 to 5, or from the end by a negative one, found 6"),
])
def test_a_missing_name_is_refused(key: tuple | str, words: str, cache: ActivationCache) -> None:
    with pytest.raises(sinkscope.ResultError, match=words):
        cache[key]
    assert key not in cache and cache.get(key) is None


def test_what_is_no_name(cache: ActivationCache) -> None:
    with pytest.raises(TypeError, match="found 3"):
        cache[3]


def test_another_file_is_refused(tmp_path: Path) -> None:
    save_file({"a": np.zeros(3)}, tmp_path / "other.safetensors")
    with pytest.raises(sinkscope.ResultError, match=r"other\.safetensors: no export of .* its metadata lacks ids and model"):
        sinkscope.cache(tmp_path / "other.safetensors")
