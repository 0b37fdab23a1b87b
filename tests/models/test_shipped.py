"""The demo models that are shipped: their records meet the schema, their tokenizer is one, and none of them is planted.
What their cards say is in the tests of the experiments that say it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sinkscope import ROOT
from sinkscope.results.schemas import validate
from support.demo import Demo

RECORDS = sorted(ROOT.glob("models/demo*/emergence*.json"))


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_records_meet_their_schema(path: Path) -> None:
    validate(json.loads(path.read_text()))


def test_there_are_four_records() -> None:
    assert len(RECORDS) == 4


def test_demo_llamas_tokenizer_is_the_demo_models() -> None:
    assert (ROOT / "models/demo-llama/tokenizer.json").read_bytes() == (ROOT / "models/demo/tokenizer.json").read_bytes()


def test_the_demo_model_is_not_planted(demo: Demo) -> None:
    assert not demo.model["planted"]
