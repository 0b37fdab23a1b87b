"""Folders that people have: what AutoModelForCausalLM makes of one, in logits and dtype, is what sinkscope makes of it, or it
is refused; where transformers warns of weights that it draws at random, sinkscope ends. docs/models.md has the table."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM
from transformers.utils import logging

from support.reference_model import first_shape, make_model

FAMILIES = ("llama", "mistral", "qwen2", "qwen3")
IDS = torch.tensor([[3, 1, 4, 1, 5, 9, 2, 6]])
HEAD, EMBED, NORM = "lm_head.weight", "model.embed_tokens.weight", "model.norm.weight"
Weights = dict[str, torch.Tensor]


def write(folder: Path, weights: Weights, name: str = "model.safetensors") -> None:
    save_file({key: value.contiguous().clone() for key, value in weights.items()}, folder / name, {"format": "pt"})


def config(folder: Path, **values: object) -> None:
    path = folder / "config.json"
    read = json.loads(path.read_text()) | values
    path.write_text(json.dumps({key: value for key, value in read.items() if value is not ...}))


def untied(folder: Path) -> None:
    """The family's model with a head of its own: what most variants begin with."""
    weights = load_file(folder / "model.safetensors")
    generator = torch.Generator().manual_seed(3)
    weights[HEAD] = torch.randn(weights[EMBED].shape, generator=generator) / 7
    write(folder, weights)
    config(folder, tie_word_embeddings=False)


def tied_with(head: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[Path, Weights], None]:
    def change(folder: Path, weights: Weights) -> None:
        write(folder, weights | {HEAD: head(weights[EMBED])})
        config(folder, tie_word_embeddings=True)
    return change


def renamed(rename: Callable[[str], str]) -> Callable[[Path, Weights], None]:
    return lambda folder, weights: write(folder, {rename(key): value for key, value in weights.items()})


def sharded(folder: Path, weights: Weights, index: dict | None = None, **metadata: str) -> None:
    """Every other tensor in a second file."""
    (folder / "model.safetensors").unlink()
    names = [f"model-0000{i}-of-00002.safetensors" for i in (1, 2)]
    for i, name in enumerate(names):
        write(folder, dict(list(sorted(weights.items()))[i::2]), name)
    weight_map = {key: names[i % 2] for i, key in enumerate(sorted(weights))} if index is None else index
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": metadata, "weight_map": weight_map}))


def beside_an_index(folder: Path, weights: Weights) -> None:
    sharded(folder, {key: value + 1 for key, value in weights.items()})
    write(folder, weights)


def of_dtypes(*dtypes: torch.dtype, **values: object) -> Callable[[Path, Weights], None]:
    def change(folder: Path, weights: Weights) -> None:
        write(folder, {key: value.to(dtypes[i % len(dtypes)]) for i, (key, value) in enumerate(sorted(weights.items()))})
        config(folder, dtype=..., torch_dtype=..., **values)
    return change


def only_the_head(folder: Path, weights: Weights) -> None:
    write(folder, {HEAD: weights[EMBED]} | {key: value for key, value in weights.items() if key not in (HEAD, EMBED)})
    config(folder, tie_word_embeddings=True)


def base_model(folder: Path, weights: Weights) -> None:
    write(folder, {key.removeprefix("model."): value for key, value in weights.items() if key != HEAD})
    config(folder, tie_word_embeddings=True, architectures=["Model"])


def with_buffers(folder: Path, weights: Weights) -> None:
    write(folder, weights | {f"model.layers.{i}.self_attn.rotary_emb.inv_freq": torch.ones(4) for i in range(2)})


# Read alike: title, change of the folder.
ALIKE: dict[str, Callable[[Path, Weights], None]] = {
    "as it was saved": lambda folder, weights: None,
    "tied, no head stored": lambda folder, weights: (write(folder, {k: v for k, v in weights.items() if k != HEAD}),
                                                     config(folder, tie_word_embeddings=True)),
    "tied, the same head stored": tied_with(lambda embed: embed),
    "tied, another head stored": tied_with(lambda embed: embed.flip(0)),
    "tied, the head rounded": tied_with(lambda embed: embed.bfloat16()),
    "tied, only the head stored": only_the_head,
    "keys without the prefix": renamed(lambda key: key.removeprefix("model.")),
    "keys with one prefix too many": renamed(lambda key: f"model.{key}" if key == HEAD else key),
    "a base model": base_model,
    "shards": sharded,
    "shards, an index that lists one tensor": lambda f, w: sharded(f, w, {EMBED: "model-00001-of-00002.safetensors",
                                                                        NORM: "model-00002-of-00002.safetensors"}),
    "shards, an index that mixes them up": lambda f, w: sharded(f, w, {
        key: f"model-0000{2 - i % 2}-of-00002.safetensors" for i, key in enumerate(sorted(w))}),
    "a single file beside an index": beside_an_index,
    "an adapter beside the weights": lambda folder, weights: (folder / "adapter_config.json").write_text("{}"),
    "no dtype, bfloat16 stored": of_dtypes(torch.bfloat16),
    "no dtype, float16 stored": of_dtypes(torch.float16),
    "no dtype, several stored": of_dtypes(torch.float16, torch.float32, torch.bfloat16),
    "no dtype, of the index": lambda f, w: (config(f, dtype=...), sharded(f, w, dtype="bfloat16")),
    "float32 stored, bfloat16 said": lambda folder, weights: config(folder, dtype="bfloat16"),
    "float64 stored": lambda folder, weights: (write(folder, {k: v.double() for k, v in weights.items()})),
    "old rotary buffers": with_buffers,
    "as older versions wrote the config": lambda folder, weights: config(
        folder, dtype=..., torch_dtype="float32", rope_parameters=..., rope_theta=5e4, rope_scaling=None),
    "a quantize_config.json beside whole weights": lambda folder, weights: (folder / "quantize_config.json").write_text("{}"),
    "architectures of another head": lambda folder, weights: config(folder, architectures=["XForSequenceClassification"]),
}


def quantized(folder: Path, weights: Weights) -> None:
    changed = {key.replace("q_proj.weight", "q_proj.qweight"): value for key, value in weights.items()}
    write(folder, changed)
    (folder / "quantize_config.json").write_text("{}")


def drop(*names: str) -> Callable[[Path, Weights], None]:
    return lambda folder, weights: write(folder, {k: v for k, v in weights.items() if k not in names})


# transformers draws weights at random, or leaves some out, and warns; or fails: refused, in these words.
REFUSED: dict[str, tuple[Callable[[Path, Weights], None], list[str]]] = {
    "no head, not tied": (drop(HEAD), [HEAD, "random", "tie_word_embeddings"]),
    "no embedding": (drop(EMBED), [EMBED]),
    "a base model, not tied": (lambda f, w: (base_model(f, w), config(f, tie_word_embeddings=False)), [HEAD, "random"]),
    "names of torch.compile": (renamed(lambda key: f"_orig_mod.{key}"), [EMBED, "_orig_mod."]),
    "names of an adapter's model": (renamed(lambda key: f"base_model.model.{key}"), [EMBED, "base_model.model."]),
    "a tensor under two names": (lambda f, w: write(f, w | {"norm.weight": w[NORM]}), [NORM, "twice", "'norm.weight'"]),
    "a head of another class": (lambda f, w: write(f, w | {"score.weight": w[NORM]}), ["score.weight", "no place"]),
    "more layers than the config": (lambda f, w: config(f, num_hidden_layers=1, layer_types=...), ["model.layers.1.", "no place"]),
    "fewer layers than the config": (lambda f, w: config(f, num_hidden_layers=9, layer_types=...), ["model.layers."]),
    "another shape": (lambda f, w: config(f, vocab_size=300), [EMBED, "300"]),
    "quantized weights, told by a file": (quantized, ["q_proj.weight", "qweight", "quantized"]),
    "quantized weights, told by the config": (lambda f, w: config(f, quantization_config={"bits": 4}), ["quantization_config"]),
    "8 bits": (lambda f, w: write(f, w | {NORM: w[NORM].to(torch.float8_e4m3fn)}), [NORM, "F8_E4M3", "quantized"]),
    "a shard is missing": (lambda f, w: (sharded(f, w), (f / "model-00002-of-00002.safetensors").unlink()),
                           ["1 of the 2 files", "model-00002-of-00002.safetensors"]),
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Path]:
    """One for every family and variant."""
    base, made = tmp_path_factory.mktemp("folders"), {}
    for family in FAMILIES:
        make_model(first_shape(family), seed=7).save_pretrained(base / family)
        untied(base / family)
        weights = load_file(base / family / "model.safetensors")
        for name, change in (ALIKE | {name: one for name, (one, _) in REFUSED.items()}).items():
            made[family, name] = base / f"{family}-{len(made)}"
            shutil.copytree(base / family, made[family, name])
            change(made[family, name], weights)
    return made


@pytest.fixture(scope="module")
def found(folders: dict, read_models: Callable) -> dict[tuple[str, str], dict]:
    return dict(zip(folders, read_models(list(folders.values())), strict=True))


def loaded(folder: Path, dtype: torch.dtype | str) -> torch.nn.Module:
    logging.set_verbosity_error()
    return AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation="eager")


@pytest.mark.parametrize("name", ALIKE)
@pytest.mark.parametrize("family", FAMILIES)
def test_a_folder_is_read_as_transformers_reads_it(family: str, name: str, folders: dict, found: dict) -> None:
    ours, model = found[family, name], loaded(folders[family, name], torch.float32)
    assert "error" not in ours, ours["error"]
    with torch.no_grad():
        wanted = model(IDS).logits
    got = torch.tensor(ours["logits"]).view(wanted.shape)
    assert (got - wanted).abs().max() < 1e-5 * wanted.abs().max()
    assert ours["tied"] == (model.lm_head.weight is model.model.embed_tokens.weight)
    assert ours["dtype"] == str(loaded(folders[family, name], "auto").dtype).removeprefix("torch.")


WARNED = {"tied, another head stored": HEAD, "tied, the head rounded": HEAD, "a single file beside an index": "index.json",
          "an adapter beside the weights": "peft"}


def test_what_does_not_count_is_said(found: dict) -> None:
    for (family, name), ours in found.items():
        if name in ALIKE:
            assert len(ours["warnings"]) == (name in WARNED), (family, name, ours["warnings"])
            assert WARNED.get(name, "") in "".join(ours["warnings"])


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("family", FAMILIES)
def test_what_transformers_draws_at_random_or_leaves_out_is_refused(family: str, name: str, found: dict) -> None:
    for words in REFUSED[name][1]:
        assert words in found[family, name]["error"]
