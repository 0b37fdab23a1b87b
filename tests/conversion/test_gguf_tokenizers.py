"""The tokenizer of a GGUF file: ids against `tokenizers` put together as each tokenizer was published, against transformers'
reading of the file, and against the sentencepiece model that a file was written from."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from sinkscope.conversion.gguf_file import ConversionError, GgufFile
from sinkscope.conversion.tokenizer import write_tokenizer
from support.gguf_files import write_file
from support.sentencepiece_models import load, train
from support.tokenizer_strings import every_code_point, natural_texts, shared_texts, strings

QWEN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
NAMES = ["<|end|>", "<think>", "<pad>"]


def published(pre: str) -> Tokenizer:
    """Without its vocabulary, put together as the tokenizer.json of GPT-2, SmolLM2, Qwen2.5 and Llama 3 is."""
    tokenizer = Tokenizer(models.BPE(ignore_merges=pre == "llama-bpe"))
    if pre == "qwen2":
        tokenizer.normalizer = normalizers.NFC()
    by_regex = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    as_it_is = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = {
        "gpt-2": by_regex,
        "smollm": pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), by_regex]),
        "qwen2": pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(QWEN), "isolated"), as_it_is]),
        "llama-bpe": pre_tokenizers.Sequence(
            [pre_tokenizers.Split(Regex(QWEN.replace(r"\p{N}|", r"\p{N}{1,3}|", 1)), "isolated"), as_it_is]),
    }[pre]
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


@cache
def trained(pre: str) -> Tokenizer:
    """Byte symbols that the texts do not have are not in its vocabulary, as 21 are not in SmolLM2's."""
    tokenizer = published(pre)
    tokenizer.train_from_iterator(natural_texts() + strings(500, 1, []), trainers.BpeTrainer(vocab_size=1200, show_progress=False))
    tokenizer.add_special_tokens([AddedToken("<|end|>", normalized=False, special=True)])
    tokenizer.add_tokens([AddedToken("<think>", normalized=False)])
    if pre == "llama-bpe":
        end = tokenizer.token_to_id("<|end|>")
        tokenizer.post_processor = processors.TemplateProcessing(single="<|end|> $A", special_tokens=[("<|end|>", end)])
    return tokenizer


def fields(tokenizer: Tokenizer, pre: str) -> dict[str, Any]:
    """As llama.cpp's converter writes them, with the rows of the embedding filled up."""
    vocabulary = tokenizer.get_vocab()
    tokens = sorted(vocabulary, key=vocabulary.get)
    kinds = [{"<|end|>": 3, "<think>": 4}.get(token, 1) for token in tokens]
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    return {"model": "gpt2", "pre": pre, "tokens": [*tokens, "<pad>"], "token_type": [*kinds, 5],
            "merges": [" ".join(merge) for merge in merges], "bos_token_id": vocabulary["<|end|>"]}


def write(path: Path, tokenizer: dict[str, Any], architecture: str = "llama", rows: int | None = None) -> Path:
    embedding = np.zeros((rows or len(tokenizer["tokens"]), 32), np.float32)
    return write_file(path, architecture, {"context_length": 64}, {"token_embd.weight": embedding}, tokenizer=tokenizer)


@cache
def texts() -> list[str]:
    return [*natural_texts(), *shared_texts(), *every_code_point(7), *strings(20_000, seed=5, added=NAMES)]


def assert_same_ids(found: Tokenizer, expected: Tokenizer) -> None:
    for text, mine, theirs in zip(every := texts(), found.encode_batch(every), expected.encode_batch(every)):
        assert mine.ids == theirs.ids, f"{text[:200]!r}"
        assert found.decode(mine.ids, skip_special_tokens=False) == expected.decode(theirs.ids, skip_special_tokens=False)


@pytest.mark.parametrize("pre", ["gpt-2", "smollm", "qwen2", "llama-bpe"])
def test_ids_are_those_of_the_published_pipeline(pre: str, tmp_path: Path) -> None:
    expected = trained(pre)
    write_tokenizer(GgufFile(write(tmp_path / "model.gguf", fields(expected, pre))), tmp_path)
    found = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    assert_same_ids(found, expected)
    assert found.get_vocab() == expected.get_vocab()  # the row that fills up is no token
    config = json.loads((tmp_path / "tokenizer_config.json").read_text())
    assert (config["bos_token"], config["add_bos_token"], config["eos_token"]) == ("<|end|>", pre == "llama-bpe", None)
    assert [token["content"] for token in config["added_tokens_decoder"].values() if not token["special"]] == ["<think>"]


def test_ids_are_those_that_transformers_reads_out_of_a_qwen2_file(tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    file = write(tmp_path / "model.gguf", fields(trained("qwen2"), "qwen2"), "qwen2")
    write_tokenizer(GgufFile(file), tmp_path)
    found, expected = Tokenizer.from_file(str(tmp_path / "tokenizer.json")), AutoTokenizer.from_pretrained(tmp_path, gguf_file=file.name)
    for text in (every for every in texts() if not any(name in every for name in NAMES)):  # it knows Qwen's own added tokens alone
        assert found.encode(text).ids == expected.encode(text), f"{text[:200]!r}"


@pytest.mark.parametrize("prefix", [True, False])
def test_a_sentencepiece_model_comes_back(prefix: bool, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    train(tmp_path, add_dummy_prefix=prefix)
    model = load(tmp_path)
    ids = range(model.GetPieceSize())
    kinds = [2 if model.IsUnknown(i) else 3 if model.IsControl(i) else 6 if model.IsByte(i) else 1 for i in ids]
    tokenizer = {"model": "llama", "pre": "default", "tokens": [model.IdToPiece(i) for i in ids], "token_type": kinds,
                 "scores": [float(model.GetScore(i)) for i in ids], "bos_token_id": 1, "eos_token_id": 2, "unknown_token_id": 0,
                 "add_space_prefix": prefix}
    write_tokenizer(GgufFile(write(tmp_path / "model.gguf", tokenizer)), tmp_path / "out")
    found = load(tmp_path / "out")
    assert [found.bos_id(), found.eos_id(), found.unk_id(), found.pad_id()] == [1, 2, 0, -1]
    every = [text for text in texts() if not any(name in text for name in ("<s>", "</s>", "<unk>"))]
    assert found.EncodeAsIds(every) == model.EncodeAsIds(every)
    assert found.DecodeIds(found.EncodeAsIds(every)) == model.DecodeIds(model.EncodeAsIds(every))
    assert isinstance(found, sentencepiece.SentencePieceProcessor)
    assert json.loads((tmp_path / "out/tokenizer_config.json").read_text())["add_bos_token"] is True


@pytest.mark.parametrize(("change", "parts"), [
    ({"pre": "deepseek-llm"}, ["tokenizer.ggml.pre", "gpt-2, smollm, qwen2, llama-bpe", "deepseek-llm"]),
    ({"model": "t5"}, ["tokenizer.ggml.model", "gpt2, llama", "t5"]),
    ({"model": None}, ["tokenizer.ggml.model", "not there"]),
    ({"model": "llama", "pre": "default"}, ["tokenizer.ggml.scores"]),
    ({"add_eos_token": True}, ["tokenizer.ggml.add_eos_token"]),
    ({"merges": ["e verything"]}, ["tokenizer.ggml.merges", "e verything"]),
    ({"merges": ["a"]}, ["tokenizer.ggml.merges", "'a'"]),
    ({"token_type": [1, 2]}, ["tokenizer.ggml.token_type", "found 2"]),
    ({"token_type": [9] * 1203}, ["tokenizer.ggml.token_type", "9"]),
    ({"tokens": ["a"] * 1203}, ["token 1", "'a'", "token 0"]),
    ({"bos_token_id": 5000}, ["tokenizer.ggml.bos_token_id", "5000"]),
])
def test_a_tokenizer_that_is_not_known_is_refused(change: dict[str, Any], parts: list[str], tmp_path: Path) -> None:
    tokenizer = {key: value for key, value in (fields(trained("gpt-2"), "gpt-2") | change).items() if value is not None}
    with pytest.raises(ConversionError) as error:
        write_tokenizer(GgufFile(write(tmp_path / "model.gguf", tokenizer, rows=1203)), tmp_path)
    assert all(part in str(error.value) for part in parts), error.value


def test_more_tokens_than_rows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="expected at most 100"):
        write_tokenizer(GgufFile(write(tmp_path / "model.gguf", fields(trained("gpt-2"), "gpt-2"), rows=100)), tmp_path)
