"""Bad input as tables of cases."""

from __future__ import annotations

import pytest


def refusals(*cases: tuple) -> pytest.MarkDecorator:
    """A test of `options` and `parts` for every case (options, *words that the error names)."""
    return pytest.mark.parametrize(
        ("options", "parts"), [pytest.param(options, parts, id=" ".join(map(str, options)) or "plain") for options, *parts in cases])
