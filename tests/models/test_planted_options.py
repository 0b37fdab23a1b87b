"""Options that cannot be planted are refused by name."""

from __future__ import annotations

import pytest

from sinkscope.planted.plan import Options
from sinkscope.planted.variants import make_plan

UNUSED = list(range(400, 440))


@pytest.mark.parametrize(("options", "parts"), [
    (Options(variant="subspaces"), ["'subspaces'", "subspace"]),
    (Options(variant="subspace", rank=4), ["rank 4", "2 or 3"]),
    (Options(variant="subspace", massive_layer=1), ["energy + 2 <= massive activation"]),
    (Options(variant="sparse-direction", support=1), ["support 1", "2 to"]),
    (Options(variant="later-sink", delimiter=512), ["delimiter 512", "0 to 511"]),
    (Options(variant="two-stage"), ["second massive activation 5 of 5", "layers - 1"]),
    (Options(variant="two-stage", layers=9, removal_layer=6, second_massive_layer=6), ["removal 6", "removal < second"]),
    (Options(variant="two-stage-independent", layers=9, threshold=4.5), ["threshold 4.5", "4.000"]),
], ids=lambda value: value.variant if isinstance(value, Options) else "")  # fmt: skip
def test_refused(options: Options, parts: list[str]) -> None:
    with pytest.raises(ValueError) as refused:
        make_plan(options, UNUSED)
    assert all(part in str(refused.value) for part in parts), refused.value
