"""The examples in docstrings and in docs/python.md give what they say."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest

from sinkscope import ROOT

MODULES = ("figures.parts.colours", "figures.parts.widths", "frames.parts.blocks", "plotting", "report.kinds.columns",
           "report.provenance", "report.reading", "report.script_data", "results.cache", "results.loaded", "results.pairing", "running")


@pytest.mark.parametrize("name", MODULES)
def test_docstrings(name: str) -> None:
    found = doctest.testmod(import_module(f"sinkscope.{name}"))
    assert found.attempted > 0 and found.failed == 0


def test_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    page = (ROOT / "docs/python.md").read_text().replace("```", "")  # a fence behind an output is none of it
    examples = doctest.DocTestParser().get_doctest(page, {}, "docs/python.md", "docs/python.md", 0)
    found = doctest.DocTestRunner().run(examples)
    assert found.attempted > 15 and found.failed == 0
