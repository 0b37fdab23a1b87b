"""Bad input as tables of cases."""

from __future__ import annotations

from pathlib import Path

import pytest


def refusals(*cases: tuple) -> pytest.MarkDecorator:
    """A test of `options` and `parts` for every case (options, *words that the error names)."""

    def name(options: tuple) -> str:
        return " ".join(word.name if isinstance(word, Path) else str(word) for word in options) or "plain"

    return pytest.mark.parametrize(("options", "parts"), [pytest.param(options, parts, id=name(options)) for options, *parts in cases])
