"""Each published kind of tokenizer.json against `tokenizers`: ids, texts of ids and special tokens, zero differences. More
strings by hand: pytest tests/agreement/test_tokenizer_kinds.py --strings 100000."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from support.by_line import ByLine
from support.tokenizer_kinds import KINDS
from support.tokenizer_strings import every_code_point, shared_texts, strings


@pytest.mark.parametrize("kind", KINDS)
def test_kind(kind: str, by_line: ByLine, tmp_path: Path, request: pytest.FixtureRequest, record_property: Callable) -> None:
    tokenizer = KINDS[kind]()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    count = request.config.getoption("--strings")
    added = [token.content for token in tokenizer.get_added_tokens_decoder().values()]
    draw = random.Random(kind)
    texts = strings(count, seed=draw.randrange(1000), added=added) + every_code_point(11) + ["", " ", " a", "a ", "\n", "  \n a"]
    texts += [text[:20_000] for text in shared_texts()]
    ids = [[draw.choice(list(tokenizer.get_vocab().values())) for _ in range(draw.randint(1, 12))] for _ in range(500)]
    found = by_line.ask(tmp_path, texts, ids)
    assert "error" not in found, found
    for text, mine, theirs in zip(texts, found["ids"], tokenizer.encode_batch_fast(texts, add_special_tokens=False), strict=True):
        assert mine == theirs.ids, f"{text!r}: {mine} against {theirs.ids}"
    for row, mine in zip(ids, found["texts"], strict=True):
        assert mine == tokenizer.decode(row, skip_special_tokens=False), row
    assert found["before"] + tokenizer.encode("a", add_special_tokens=False).ids + found["after"] == tokenizer.encode("a").ids
    record_property("kinds of tokenizers: strings without a difference", len(texts))


def test_what_is_not_supported_is_refused_by_name(by_line: ByLine, tmp_path: Path) -> None:
    """With what would help."""
    whole = json.loads(KINDS["GPT-2"]().to_str())
    for part, value, name in [("normalizer", {"type": "Precompiled", "precompiled_charsmap": ""}, "Precompiled"),
                              ("normalizer", {"type": "BertNormalizer"}, "BertNormalizer"),
                              ("pre_tokenizer", {"type": "UnicodeScripts"}, "UnicodeScripts"),
                              ("decoder", {"type": "WordPiece", "prefix": "##", "cleanup": True}, "WordPiece"),
                              ("model", {"type": "WordPiece", "vocab": {}}, "WordPiece"),
                              ("model", {"type": "WordLevel", "vocab": {}}, "WordLevel"),
                              ("model", whole["model"] | {"dropout": 0.1}, "dropout"),
                              ("pre_tokenizer", {"type": "Split", "pattern": {"Regex": r"\p{Klingon}"}, "behavior": "Isolated",
                                                 "invert": False}, r"\p{Klingon}")]:
        (tmp_path / "tokenizer.json").write_text(json.dumps(whole | {part: value}))
        found = by_line.ask(tmp_path, ["a"])
        assert name in found.get("error", "") and "not supported" in found["error"], found
