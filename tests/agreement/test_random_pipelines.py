"""Random pipelines of parts on random strings against `tokenizers`: zero differences. More by hand:
pytest tests/agreement/test_random_pipelines.py --pipelines 100000."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from support import random_pipelines
from support.by_line import ByLine

STRINGS = 20


def or_none(call: Callable, *values: object, **options: object) -> object:
    """None where the package itself stops: some orders of parts make it panic."""
    try:
        return call(*values, **options)
    except BaseException as error:  # its panics are no Exception
        if isinstance(error, KeyboardInterrupt):
            raise
        return None


def test_random_pipelines(by_line: ByLine, tmp_path: Path, request: pytest.FixtureRequest, record_property: Callable) -> None:
    compared = refused = 0
    count = request.config.getoption("--pipelines")
    for seed in range(count):
        draw = random.Random(seed)
        pipeline = json.dumps(random_pipelines.pipeline(draw))
        texts = [random_pipelines.text(draw) for _ in range(STRINGS)]
        theirs = or_none(Tokenizer.from_str, pipeline)
        if theirs is None:
            continue
        ids = [draw.sample(sorted(theirs.get_vocab().values()), 6) for _ in range(4)]
        (tmp_path / "tokenizer.json").write_text(pipeline)
        found = by_line.ask(tmp_path, texts, ids)
        if "error" in found:
            assert "not supported" in found["error"], found
            refused += 1
            continue
        for text, mine in zip(texts, found["ids"], strict=True):
            encoding = or_none(theirs.encode, text, add_special_tokens=False)
            encoded = encoding.ids if encoding else None
            assert encoded in (mine, None), f"seed {seed}, {text!r}: {mine} against {encoded}"
            compared += encoded is not None
        for row, mine in zip(ids, found["texts"], strict=True):
            decoded = or_none(theirs.decode, row, skip_special_tokens=False)
            assert decoded in (mine, None), f"seed {seed}, {row}: {mine!r} against {decoded!r}"
        around, plain = or_none(theirs.encode, "a"), theirs.encode("a", add_special_tokens=False).ids
        assert not around or around.ids == found["before"] + plain + found["after"], f"seed {seed}: {around} around {plain}"
    assert refused < count / 10  # sequences of post-processors that each add tokens
    assert compared > STRINGS * count * 0.7
    record_property("random pipelines: strings without a difference", compared)
