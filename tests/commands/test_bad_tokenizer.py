"""A damaged tokenizer.model, and damaged files beside it, are refused by name."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from support.program import Program
from support.sentencepiece_models import llama, load

BESIDE = [
    ("tokenizer_config.json", "["), ("tokenizer_config.json", '{"added_tokens_decoder": {"x": {}}}'),
    ("tokenizer_config.json", '{"added_tokens_decoder": {"1000": {"content": "a", "normalized": true}}}'),
    ("tokenizer_config.json", '{"bos_token": "<no>"}'), ("tokenizer_config.json", '{"add_bos_token": "yes"}'),
    ("added_tokens.json", '{"a": -1}'), ("tokenizer.json", "{"), ("tokenizer.json", '{"model": {"vocab": {}}, "pre_tokenizer": null}'),
]


@pytest.fixture
def text(llama2: Path) -> Path:
    file = llama2 / "text.txt"
    file.write_text("a text")
    return file


def assert_refused(program: Program, text: Path, name: str) -> None:
    done = program.run("tokenize", "--model", text.parent, "--text", text)
    assert done.returncode == 2, done.stderr
    assert name in done.stderr


@pytest.mark.parametrize("part", range(40))
def test_cut_short(part: int, program: Program, text: Path) -> None:
    file = text.with_name("tokenizer.model")
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) * part // 40])
    assert_refused(program, text, "tokenizer.model")


@pytest.mark.parametrize("before", range(-20, 4))
def test_cut_at_the_end_of_the_trainers_settings(before: int, program: Program, text: Path) -> None:
    """Where the normalizer's begin, so also between two fields."""
    file = text.with_name("tokenizer.model")
    whole = file.read_bytes()
    file.write_bytes(whole[: whole.rindex(b"identity") - 4 + before])
    assert_refused(program, text, "tokenizer.model")


@pytest.mark.parametrize("damage", [lambda _: b"{}", lambda _: b"\xff" * 100, lambda whole: whole + b"\x1a\x7f", lambda whole: whole[1:]],
                         ids=["JSON", "no field", "a field that ends after the file", "first byte missing"])
def test_no_model(damage, program: Program, text: Path) -> None:
    file = text.with_name("tokenizer.model")
    file.write_bytes(damage(file.read_bytes()))
    assert_refused(program, text, "tokenizer.model")


@pytest.mark.parametrize(("name", "content"), BESIDE, ids=[f"{name}: {content}" for name, content in BESIDE])
def test_a_file_beside_it(name: str, content: str, program: Program, text: Path) -> None:
    text.with_name(name).write_text(content)
    assert_refused(program, text, name)


def test_a_template_with_an_id_out_of_range(program: Program, text: Path) -> None:
    nowhere = json.loads(llama(load(text.parent), "prepend").to_str())
    nowhere["post_processor"]["special_tokens"]["<s>"]["ids"] = [5000]
    text.with_name("tokenizer.json").write_text(json.dumps(nowhere))
    assert_refused(program, text, "tokenizer.json")


def test_any_byte_is_taken_or_refused(program: Program, text: Path) -> None:
    file, draw = text.with_name("tokenizer.model"), random.Random(5)
    whole = file.read_bytes()
    for _ in range(100):
        data = bytearray(whole)
        data[draw.randrange(len(data))] = draw.randrange(256)
        file.write_bytes(data)
        done = program.run("tokenize", "--model", text.parent, "--text", text)
        assert done.returncode == 0 or (done.returncode == 2 and "tokenizer.model" in done.stderr), done
