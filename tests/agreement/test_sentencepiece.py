"""tokenizer.model: ids against the `sentencepiece` package, and with added tokens and prefix spaces against `tokenizers`
set up as Llama's tokenizer.json is, with models trained here; zero differences."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import sentencepiece

from support.program import Program
from support.sentencepiece_models import NAMES, llama, load, train
from support.tokenizer_strings import (
    compare_bos,
    compare_decoding,
    compare_strings,
    every_code_point,
    natural_texts,
    program_ids,
    shared_texts,
    strings,
    write_strings,
)

STRINGS = 20_000


def plain(texts: list[str], model: sentencepiece.SentencePieceProcessor) -> list[str]:
    """Without those in which the names of control tokens are: the package takes them for text."""
    control = [model.IdToPiece(i) for i in range(model.GetPieceSize()) if model.IsControl(i) or model.IsUnknown(i)]
    return [text for text in texts if not any(name in text for name in control)]


@pytest.mark.parametrize(("kind", "options"), [
    pytest.param("bpe", {}, id="Llama 2's settings"),
    pytest.param("unigram", {}, id="unigram"),
    pytest.param("unigram", dict(normalization_rule_name="nmt_nfkc", remove_extra_whitespaces=True), id="unigram, NFKC"),
    pytest.param("bpe", dict(add_dummy_prefix=False, byte_fallback=False), id="no prefix, no bytes"),
])
def test_ids_are_those_of_the_package(kind: str, options: dict, program: Program, tmp_path: Path, record_property: Callable) -> None:
    train(tmp_path, kind, **options)
    model = load(tmp_path)
    texts = natural_texts() + shared_texts() + strings(STRINGS, seed=31, added=[name for name in NAMES if "▁" in name or "0x" in name])
    texts += [" ", "  ", " a", "a ", " a b  ", "\n", "007 1234567890", *every_code_point(7)]
    texts = plain(texts, model)
    file = write_strings(tmp_path / "strings.jsonl", texts)
    for text, mine in zip(texts, program_ids(program, tmp_path, file), strict=True):
        assert mine == model.EncodeAsIds(text), f"{text!r}: {mine} against {model.EncodeAsIds(text)}"
    assert all(row[0] == model.bos_id() for row in program_ids(program, tmp_path, file, "--bos"))
    record_property("sentencepiece: strings without a difference", len(texts))


@pytest.mark.parametrize("prefix", ["prepend", "always", "first", "never", "none"])
def test_ids_are_those_of_tokenizers(prefix: str, program: Program, llama2: Path, record_property: Callable) -> None:
    tokenizer = llama(load(llama2), prefix)
    texts = natural_texts() + shared_texts() + strings(STRINGS, seed=41, added=NAMES) + [" ", " a", "a ", "<s>", "<s> a", "<s>a</s> b"]
    tokenizer.save(str(llama2 / "tokenizer.json"))
    compare_strings(program, llama2, tokenizer, texts)
    compare_decoding(program, llama2, tokenizer, seed=4)
    compare_bos(program, llama2, tokenizer)
    record_property("tokenizers as Llama's: strings without a difference", len(texts))


@pytest.mark.parametrize(("legacy", "prefix"), [(True, "prepend"), (False, "first")])
def test_added_tokens_of_tokenizer_config(legacy: bool, prefix: str, program: Program, llama2: Path) -> None:
    """The same added tokens by tokenizer_config.json, where there is no tokenizer.json."""
    tokenizer = llama(load(llama2), prefix)
    listed = {str(i): {"content": token.content, "lstrip": token.lstrip, "rstrip": token.rstrip, "special": token.special,
                       "single_word": token.single_word, "normalized": token.normalized}
              for i, token in tokenizer.get_added_tokens_decoder().items()}
    (llama2 / "tokenizer_config.json").write_text(json.dumps({"legacy": legacy, "added_tokens_decoder": listed}))
    compare_strings(program, llama2, tokenizer, strings(5000, seed=43, added=NAMES))
