"""Token ids and decoded text against the `tokenizers` package: zero differences on natural texts with the real Qwen3
tokenizer (where the shared data is), and on 100,000 generated strings with it and with one of our own."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from support.program import Program
from support.tokenizer_strings import (
    compare_bos,
    compare_decoding,
    compare_strings,
    every_code_point,
    natural_texts,
    program_ids,
    shared_texts,
    strings,
)

QWEN_PATTERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
                r"|\s*[\r\n]+|\s+(?!\S)|\s+")
LLAMA3_PATTERN = QWEN_PATTERN.replace(r"\p{N}|", r"\p{N}{1,3}|", 1)
OTHER_PATTERN = r"'s|'t| ?\p{L}+| ?\p{N}{1,3}| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"  # takes the regular-expression path
STRINGS = 100_000
ADDED = [dict(content="<|endoftext|>", special=True), dict(content="<|end|>", special=True, normalized=False),
         dict(content="<think>", normalized=False), dict(content="<think>more", normalized=False),
         dict(content="é!", normalized=True), dict(content="wordy", single_word=True, normalized=False),
         dict(content="[L]", lstrip=True, normalized=False), dict(content="[R]", rstrip=True, normalized=False)]
NAMES = [str(options["content"]) for options in ADDED] + ["e\u0301!", " [L]", "[R]  ", "xwordy", "wordyé", "wordy"]


def trained(pattern: str, added: list[dict], ignore_merges: bool = False, nfc: bool = True) -> Tokenizer:
    """A small byte-level BPE of our own, with Qwen3's parts."""
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    if nfc:
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(pattern), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    texts = natural_texts() + strings(2000, 1, [])
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=900, show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    for options in added:
        token = AddedToken(**options)
        (tokenizer.add_special_tokens if options.get("special") else tokenizer.add_tokens)([token])
    return tokenizer


@pytest.mark.parametrize(("pattern", "ignore_merges", "count", "step", "seed"), [
    pytest.param(QWEN_PATTERN, False, STRINGS, 1, 0, id="qwen"),
    pytest.param(OTHER_PATTERN, False, 20_000, 97, 1, id="by regular expression"),
    pytest.param(QWEN_PATTERN, True, 20_000, 97, 2, id="whole words first"),
])
def test_byte_level_tokenizers(pattern: str, ignore_merges: bool, count: int, step: int, seed: int, program: Program, tmp_path: Path,
                               record_property: Callable) -> None:
    tokenizer = trained(pattern, ADDED, ignore_merges)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    texts = strings(count, seed=7 + seed, added=NAMES) + every_code_point(step)
    compare_strings(program, tmp_path, tokenizer, texts)
    compare_decoding(program, tmp_path, tokenizer, seed=seed)
    record_property("byte-level tokenizers: strings without a difference", len(texts))


def llama3(added: list[dict]) -> Tokenizer:
    """Llama 3's parts, of which the second token is the BOS that the template puts first."""
    special = [dict(content=name, special=True, normalized=False) for name in ("<|end_of_text|>", "<|begin_of_text|>")]
    tokenizer = trained(LLAMA3_PATTERN, special + added, ignore_merges=True, nfc=False)
    bos = "<|begin_of_text|>"
    tokenizer.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), processors.TemplateProcessing(
        single=f"{bos} $A", pair=f"{bos} $A {bos}:1 $B:1", special_tokens=[(bos, tokenizer.token_to_id(bos))])])
    return tokenizer


def test_a_tokenizer_of_llama_3s_kind(program: Program, tmp_path: Path, record_property: Callable) -> None:
    added = [dict(content=f"<|reserved_special_token_{i}|>", special=True, normalized=False) for i in range(12)]
    tokenizer = llama3(added)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    names = [str(options["content"]) for options in added] + ["<|begin_of_text|>", "<|reserved_special_token_"]
    texts = natural_texts() + shared_texts() + strings(20_000, seed=21, added=names)
    compare_strings(program, tmp_path, tokenizer, texts)
    compare_decoding(program, tmp_path, tokenizer, seed=3)
    compare_bos(program, tmp_path, tokenizer)
    record_property("Llama 3's kind: strings without a difference", len(texts))


@pytest.fixture(scope="module")
def qwen3(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Tokenizer]:
    folder = tmp_path_factory.mktemp("qwen3")
    shutil.copy(shared_data / "qwen3-tokenizer" / "tokenizer.json", folder)
    return folder, Tokenizer.from_file(str(folder / "tokenizer.json"))


@pytest.mark.parametrize("text", ["wikitext-2-test", "wikitext-2-valid", "tinyshakespeare"])
def test_qwen3s_tokenizer_on_natural_text(text: str, program: Program, qwen3: tuple[Path, Tokenizer], shared_data: Path,
                                          record_property: Callable) -> None:
    folder, tokenizer = qwen3
    file = shared_data / f"{text}.txt"
    (ids,) = program_ids(program, folder, file)
    assert ids == tokenizer.encode(file.read_bytes().decode("utf-8")).ids
    record_property("Qwen3's tokenizer: tokens of text without a difference", len(ids))


def test_qwen3s_tokenizer_on_generated_strings(program: Program, qwen3: tuple[Path, Tokenizer]) -> None:
    folder, tokenizer = qwen3
    added = [token.content for token in tokenizer.get_added_tokens_decoder().values()]
    compare_strings(program, folder, tokenizer, strings(STRINGS, seed=11, added=added))
    compare_decoding(program, folder, tokenizer, seed=5)
