"""Options that cannot be planted are refused by name."""

from __future__ import annotations

import pytest

from sinkscope.planted.plan import Options
from sinkscope.planted.variants import make_plan

UNUSED = list(range(400, 440))


@pytest.mark.parametrize(("options", "parts"), [
    (Options(variant="sparse"), ["'sparse'", "sparse-direction"]),
    (Options(variant="sparse-direction", support=1), ["support 1", "2 to"]),
], ids=lambda value: value.variant if isinstance(value, Options) else "")  # fmt: skip
def test_refused(options: Options, parts: list[str]) -> None:
    with pytest.raises(ValueError) as refused:
        make_plan(options, UNUSED)
    assert all(part in str(refused.value) for part in parts), refused.value
