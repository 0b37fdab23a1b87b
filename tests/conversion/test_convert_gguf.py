"""GGUF files of random models, converted: every tensor bit for bit what transformers' loader makes of it or what was written, and a
configuration that computes the same; what is not known is refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from sinkscope.conversion.convert import convert, main
from sinkscope.conversion.gguf_file import ConversionError
from support.gguf_files import QUANTIZATIONS, write_file
from support.gguf_models import SHAPES, TINY_TOKENIZER, facts, random_model, tensors, write_model
from support.gguf_reference import assert_same_tensors, by_transformers
from support.program import QUIET, Program
from support.reference_model import ragged_ids

KNOWN_TO_TRANSFORMERS = [name for name in SHAPES if name != "mistral"]  # written as a llama: its window would be passed over
LLAMA3 = dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=8192)


@pytest.mark.parametrize("quantization", QUANTIZATIONS)
@pytest.mark.parametrize("name", KNOWN_TO_TRANSFORMERS)
def test_every_tensor_is_that_of_transformers(name: str, quantization: str, tmp_path: Path) -> None:
    file = write_model(tmp_path / "model.gguf", random_model(name), quantization)
    convert(file, tmp_path / "out")
    assert assert_same_tensors(tmp_path / "out", by_transformers(file).state_dict(), SHAPES[name]["tie_word_embeddings"]) > 10


@pytest.mark.parametrize(("quantization", "dtype"), [("F32", torch.float32), ("F16", torch.float16), ("BF16", torch.bfloat16)])
@pytest.mark.parametrize("name", SHAPES)
def test_float_files_give_the_model_back(name: str, quantization: str, dtype: torch.dtype, tmp_path: Path) -> None:
    model = random_model(name)
    convert(write_model(tmp_path / "model.gguf", model, quantization), tmp_path / "out")
    expected = {key: value.to(dtype).float() if value.dim() == 2 else value for key, value in model.state_dict().items()}
    assert_same_tensors(tmp_path / "out", expected, SHAPES[name]["tie_word_embeddings"])


@pytest.mark.parametrize(("name", "rope"), [
    *((name, None) for name in SHAPES),
    ("llama", LLAMA3),
    ("llama-untied", dict(rope_type="linear", factor=4.0)),
    ("qwen2", dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=64)),
])
def test_the_configuration_computes_the_same(name: str, rope: dict | None, tmp_path: Path) -> None:
    model = random_model(name, rope)
    scaling, more = {}, {}
    if rope and rope["rope_type"] == "llama3":
        more = {"rope_freqs.weight": llama3_divisors(model)}
    elif rope:
        scaling = {"rope.scaling.type": rope["rope_type"], "rope.scaling.factor": rope["factor"]}
        if rope["rope_type"] == "yarn":
            scaling["rope.scaling.original_context_length"] = rope["original_max_position_embeddings"]
    convert(write_model(tmp_path / "model.gguf", model, fields=scaling, more=more), tmp_path / "out")
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path / "out", dtype=torch.float32, attn_implementation="eager")
    assert type(loaded) is type(model)
    ids = torch.tensor(ragged_ids([200], seed=1))
    with torch.no_grad():
        assert torch.equal(loaded(ids).logits, model(ids).logits)


def llama3_divisors(model: torch.nn.Module) -> np.ndarray:
    """The plain frequencies over those that transformers makes by Llama 3's rule."""
    own = model.model.rotary_emb.inv_freq.double().numpy()
    plain = model.config.rope_parameters["rope_theta"] ** -(np.arange(len(own)) / len(own))
    return (plain / own).astype(np.float32)


@pytest.mark.parametrize("name", ["llama", "qwen2"])
def test_bfloat16_is_the_nearest(name: str, tmp_path: Path) -> None:
    model = random_model(name)
    ties = model.model.embed_tokens.weight.data.view(-1)
    ties[:4] = torch.tensor([0x3F808000, 0x3F818000, 0x3F808001, 0x3F7FFFFF], dtype=torch.int32).view(torch.float32)
    convert(write_model(tmp_path / "model.gguf", model), tmp_path / "out", "bfloat16")
    assert_same_tensors(tmp_path / "out", {key: value.bfloat16() for key, value in model.state_dict().items()},
                        SHAPES[name]["tie_word_embeddings"])


def test_the_program_reads_it(tmp_path: Path, program: Program) -> None:
    convert(write_model(tmp_path / "model.gguf", random_model("llama"), "Q4_1"), tmp_path / "out")
    (tmp_path / "out/tokenizer.json").unlink()  # 211 made-up tokens: not all bytes, which the program asks for
    result = program.result("scan", tmp_path / "scan.json", "--model", tmp_path / "out", "--tokens", "random", "--samples", 2,
                            "--length", 16, *QUIET)
    assert result["model"]["model_type"] == "llama"


WIDTH = facts(random_model("llama"))["rope.dimension_count"]
OTHER = np.zeros((256, 256), np.float32)


@pytest.mark.parametrize(("fields", "change", "parts"), [
    ({"expert_count": 8}, {}, ["llama.expert_count", "8"]),
    ({"attention.scale": 0.5}, {}, ["llama.attention.scale", "not known"]),
    ({"attention.head_count_kv": [4, 2]}, {}, ["llama.attention.head_count_kv", "one number", "[4, 2]"]),
    ({"rope.dimension_count": WIDTH // 2}, {}, ["llama.rope.dimension_count", str(WIDTH // 2)]),
    ({"rope.scaling.type": "longrope"}, {}, ["rope.scaling.type", "longrope"]),
    ({"vocab_size": 500}, {}, ["llama.vocab_size", "211", "500"]),
    ({"attention.head_count_kv": 2}, {}, ["blk.0.attn_k.weight", "[64, 256]", "[128, 256]"]),
    ({}, {"rope_freqs.weight": np.full(WIDTH // 2, 2, np.float32)}, ["rope_freqs.weight", "Llama 3"]),
    ({}, {"blk.0.attn_q.bias": OTHER[0]}, ["blk.0.attn_q.bias", "none of that name"]),
    ({}, {"blk.0.ffn_gate_inp.weight": OTHER, "blk.9.ffn_up.weight": OTHER}, ["blk.0.ffn_gate_inp.weight", "1 more"]),
    ({}, {"blk.1.ffn_up.weight": None}, ["blk.1.ffn_up.weight", "not there"]),
    ({}, {"token_embd.weight": None}, ["token_embd.weight", "not there"]),
])
def test_what_is_not_known_is_refused(fields: dict[str, Any], change: dict[str, Any], parts: list[str], tmp_path: Path) -> None:
    model = random_model("llama")
    found = {name: value for name, value in (tensors(model) | change).items() if value is not None}
    file = write_file(tmp_path / "model.gguf", "llama", facts(model) | fields, found, tokenizer=TINY_TOKENIZER)
    with pytest.raises(ConversionError) as error:
        convert(file, tmp_path / "out")
    assert all(part in str(error.value) for part in [str(file), *parts]), error.value
    assert not (tmp_path / "out").exists()


def test_other_architectures_and_files_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    model = random_model("llama")
    other = write_file(tmp_path / "gemma.gguf", "gemma3", facts(model), tensors(model))
    (tmp_path / "text.gguf").write_text("no model, but more than a header's length of text")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/notes.txt").write_text("mine")
    good = write_model(tmp_path / "good.gguf", model)
    for file, out, part in ((other, "out", "gemma3"), (tmp_path / "text.gguf", "out", "expected a GGUF file"),
                            (tmp_path / "none.gguf", "out", "no such file"), (good, "full", "expected a new or an empty folder")):
        assert main([str(file), str(tmp_path / out)]) == 2
        assert part in (error := capsys.readouterr().err) and error.count("\n") == 1, error
        assert not (tmp_path / "out").exists()
    assert (tmp_path / "full/notes.txt").read_text() == "mine"
    assert main([str(good), str(tmp_path / "out")]) == 0
