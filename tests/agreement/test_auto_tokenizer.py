"""A folder's files joined as transformers' AutoTokenizer joins them: ids of texts and what is put around them, zero
differences on random folders. More by hand: pytest tests/agreement/test_auto_tokenizer.py --pipelines 10000."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import transformers
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from support.by_line import ByLine
from support.tokenizer_kinds import KINDS
from support.tokenizer_strings import strings

TOKENS = ["<|x|>", "<s>", "<pad>", "the", "[E]", "<|endoftext|>", "</s>", "zz"]
CLASSES = [None, "PreTrainedTokenizerFast", "LlamaTokenizer", "LlamaTokenizerFast", "GPT2Tokenizer", "Qwen2Tokenizer", "GemmaTokenizer",
           "GPTNeoXTokenizer", "CohereTokenizer", "TokenizersBackend", "MidmTokenizer"]
TYPES = [None, "llama", "qwen2", "qwen3", "mistral", "gpt2", "gpt_neox", "gemma2", "phi3", "olmo2"]
Json = dict[str, Any]


@pytest.fixture(scope="module")
def tokenizers() -> list[Json]:
    transformers.logging.set_verbosity_error()
    return [json.loads(KINDS[kind]().to_str()) for kind in ("SmolLM2", "Llama 2", "Qwen 2 and 3", "Gemma", "Pythia, GPT-NeoX, OLMo")]


def token(draw: random.Random, special: bool = True) -> Json:
    flags = ["single_word", "lstrip", "rstrip", "normalized", *(["special"] if special else [])]
    return {"content": draw.choice(TOKENS)} | {flag: draw.random() < 0.3 for flag in flags}


def tokenizer_config(draw: random.Random) -> Json:
    config: Json = {}
    if name := draw.choice(CLASSES):
        config["tokenizer_class"] = name
    for key in ("bos_token", "eos_token", "pad_token", "unk_token"):
        kind = draw.randrange(6)
        if kind < 3:
            config[key] = [draw.choice(TOKENS), None, token(draw) | {"__type": "AddedToken"}][kind]
    for key in ("add_bos_token", "add_prefix_space", "legacy"):
        if draw.random() < 0.25:
            config[key] = draw.random() < 0.5
    if draw.random() < 0.2:
        config["additional_special_tokens"] = [draw.choice(TOKENS) for _ in range(2)]
    if draw.random() < 0.2:
        config["image_token"] = draw.choice(TOKENS)
    if draw.random() < 0.3:
        config["added_tokens_decoder"] = {str(i): token(draw) for i in draw.sample(range(1400), 3)}
    return config


def vocabulary_and_merges(tokenizer: Json) -> Json:
    merges = [" ".join(merge) for merge in tokenizer["model"]["merges"] if not any(" " in part for part in merge)]
    return {"vocab.json": tokenizer["model"]["vocab"], "merges.txt": "\n".join(["#version: 0.2", *merges, ""])}


def random_files(draw: random.Random, tokenizers: list[Json]) -> Json:
    tokenizer = draw.choice(tokenizers)
    files: Json = {"tokenizer.json": tokenizer} if draw.random() < 0.85 else vocabulary_and_merges(tokenizer)
    if kind := draw.choice(TYPES):
        files["config.json"] = {"model_type": kind}
    if draw.random() < 0.9:
        files["tokenizer_config.json"] = tokenizer_config(draw)
        if "vocab.json" in files and draw.random() < 0.5:
            files["tokenizer_config.json"]["add_eos_token"] = True
    if draw.random() < 0.3:
        files["special_tokens_map.json"] = {key: token(draw, special=False) if draw.random() < 0.5 else draw.choice(TOKENS)
                                            for key in ("bos_token", "pad_token")}
    if draw.random() < 0.3:
        files["added_tokens.json"] = {name: 1200 + i for i, name in enumerate(draw.sample(TOKENS, 2))}
    return files


def write(folder: Path, files: Json) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))


def load(folder: Path) -> PreTrainedTokenizerBase | None:
    try:
        return AutoTokenizer.from_pretrained(str(folder))
    except ValueError:  # a vocabulary without a class
        return None


def encoded(tokenizer: PreTrainedTokenizerBase, text: str, special: bool) -> list[int] | None:
    """None where transformers stops at the text."""
    try:
        return tokenizer(text, add_special_tokens=special).input_ids
    except Exception as error:
        assert "Unk token" in str(error), error
        return None


def test_random_folders(by_line: ByLine, tokenizers: list[Json], tmp_path: Path, request: pytest.FixtureRequest,
                        record_property: Callable) -> None:
    compared = 0
    for seed in range(request.config.getoption("--pipelines")):
        draw, folder = random.Random(seed), tmp_path / "model"
        files = random_files(draw, tokenizers)
        write(folder, files)
        texts = [*strings(12, seed, TOKENS), "a <s>  b <|x|> zz zzz the [E]  x12345", " a 123", " <pad>x"]
        theirs, found = load(folder), by_line.ask(folder, texts)
        if "error" in found:  # no class for vocab.json, or a text that has no token: there transformers makes no sense or stops
            assert "vocab.json" in files or any(encoded(theirs, text, False) is None for text in texts), (seed, found)
            continue
        assert theirs is not None, (seed, files.keys())
        for text, mine in zip(texts, found["ids"], strict=True):
            expected = encoded(theirs, text, False)
            assert expected in (mine, None), f"seed {seed}, {type(theirs).__name__}, {text!r}: {mine} against {expected}"
            compared += 1
        around = encoded(theirs, texts[-1], True)
        assert around in (found["before"] + found["ids"][-1] + found["after"], None), f"seed {seed}: {found['before']} against {around}"
        assert found["before"] or found["bos"] == theirs.bos_token_id, seed
    assert compared > 0
    record_property("random folders: strings without a difference", compared)


@pytest.mark.parametrize("name", ["T5Tokenizer", "WhisperTokenizer"])
def test_a_class_with_a_pipeline_of_its_own_is_refused_by_name(name: str, by_line: ByLine, tokenizers: list[Json], tmp_path: Path) -> None:
    write(tmp_path / "model", {"tokenizer.json": tokenizers[0], "tokenizer_config.json": {"tokenizer_class": name}})
    error = by_line.ask(tmp_path / "model", ["a"])["error"]
    assert name in error and "PreTrainedTokenizerFast" in error
