"""SmolLM2-135M out of the package index: every tensor bit for bit that of transformers' loader, every id of the texts that of the
published tokenizer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from gguf import GGUFReader
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from sinkscope.models import SOURCES
from support.gguf_reference import assert_same_tensors, by_transformers
from support.tokenizer_strings import every_code_point, natural_texts, shared_texts, strings


@pytest.fixture(scope="module")
def gguf_file(smollm2: Path) -> Path:
    return smollm2 / SOURCES["smollm2-135m"].gguf


def test_every_tensor_is_that_of_transformers(smollm2: Path, gguf_file: Path) -> None:
    assert assert_same_tensors(smollm2, by_transformers(gguf_file).state_dict(), tied=True) == 272


def test_the_configuration_is_the_published_one(smollm2: Path) -> None:
    config = json.loads((smollm2 / "config.json").read_text())
    published = {"model_type": "llama", "hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30, "num_attention_heads": 9,
                 "num_key_value_heads": 3, "vocab_size": 49152, "max_position_embeddings": 8192, "rope_theta": 100000, "rope_scaling": None,
                 "rms_norm_eps": 1e-05, "hidden_act": "silu", "tie_word_embeddings": True, "attention_bias": False, "bos_token_id": 1,
                 "eos_token_id": 2}
    assert {name: config[name] for name in published} == published


def test_every_id_is_that_of_the_published_tokenizer(smollm2: Path, gguf_file: Path) -> None:
    fields = GGUFReader(gguf_file).fields
    tokens, kinds = (fields[f"tokenizer.ggml.{name}"].contents() for name in ("tokens", "token_type"))
    merges = [tuple(merge.split(" ")) for merge in fields["tokenizer.ggml.merges"].contents()]
    expected = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, merges))
    expected.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
    expected.decoder = decoders.ByteLevel()
    expected.add_special_tokens([AddedToken(token, normalized=False, special=True) for token, kind in zip(tokens, kinds) if kind == 3])
    found = Tokenizer.from_file(str(smollm2 / "tokenizer.json"))
    texts = [*natural_texts(), *shared_texts(), *every_code_point(7), *strings(20_000, seed=6, added=["<|im_start|>", "<file_sep>"])]
    for text, mine, theirs in zip(texts, found.encode_batch(texts), expected.encode_batch(texts)):
        assert mine.ids == theirs.ids, f"{text[:200]!r}"
