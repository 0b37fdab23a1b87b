"""bench/identify_cost.py against counts made by hand: a sink read in layer 2 of three, its signal in block 1 alone."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from types import ModuleType

import pytest

from sinkscope import ROOT

FOLDER = ROOT / "bench"


@pytest.fixture(scope="module")
def cost() -> ModuleType:
    sys.path.insert(0, str(FOLDER))  # it imports roofline
    spec = importlib.util.spec_from_file_location("identify_cost", FOLDER / "identify_cost.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["identify_cost"] = module
    spec.loader.exec_module(module)
    sys.path.remove(str(FOLDER))
    return module


def test_a_stage_by_hand(cost: ModuleType) -> None:
    (stage,) = cost.stages_of("2-2", 3, loss=False)
    done = cost.work([stage], 0, blocks_with=1, controls=10)
    # Block 0's sites lie 1.5 and 1 blocks before the layer and have three probes each, block 1's 0.5 and 0 blocks and fifty.
    assert done.probes == 3 * 2.5 + 50 * 0.5
    # Four trials a site of block 1: the whole pass and 12 more to the sink; four lesser forms and 14 suspects without the ten controls.
    # The embedding twice, from the first block. Eight beside, half a block before the layer.
    assert done.trials == 4 * (0.5 + 12 * 0.5) + (4 + 14) * (0.5 + 2 * 0.5) + 2 * (2 + 2 * 2) + 8 * (0.5 + 12 * 0.5)


def test_a_later_stage_begins_where_the_one_before_is_read_and_holds_its_signal_against_itself(cost: ModuleType) -> None:
    stages = cost.stages_of("1-1,3-4", 6, loss=True)
    assert [(one.first, one.read, one.last) for one in stages] == [(0, 1, 5), (1, 3, 5)]
    alone, after = (cost.work(list_, number, 1, 0) for list_, number in ((stages[1:], 0), (stages, 1)))
    assert after.probes == alone.probes
    assert after.trials - alone.trials == 2 * cost.trial(stages[1], 0.5, 0)


def test_it_says_minutes_on_a_gpu_and_at_a_measured_rate() -> None:
    def printed(*options: str) -> str:
        return subprocess.run([sys.executable, FOLDER / "identify_cost.py", *options], capture_output=True, text=True, check=True).stdout

    assert "minutes in bfloat16" in printed("--like", "qwen3-8b", "--chips", "H100")
    rate = printed("--like", "smollm2-135m", "--stages", "3-9,12-29", "--rate", "1000")
    tokens = int(next(line for line in rate.splitlines() if line.startswith("together")).split()[1].replace(",", ""))
    assert f"{tokens / 60000:.0f} minutes at 1000 tokens/s" in rate
