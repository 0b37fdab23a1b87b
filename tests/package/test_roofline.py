"""bench/roofline.py against values worked by hand: a block of 2 samples of 3 tokens, width 8, two query heads and one key head of 4,
16 neurons."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from types import ModuleType

import pytest

from sinkscope import ROOT

PROGRAM = ROOT / "bench/roofline.py"


@pytest.fixture(scope="module")
def roofline() -> ModuleType:
    spec = importlib.util.spec_from_file_location("roofline", PROGRAM)
    module = importlib.util.module_from_spec(spec)
    sys.modules["roofline"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def steps(roofline: ModuleType) -> dict:
    return {step.name: step for step in roofline.block(roofline.Shape(3, 8, 2, 1, 4, 16), 2, 3)}


@pytest.mark.parametrize(("name", "flops", "moved"), [
    ("add, ln1", 0, 4 * 48 * 2),  # two of 6 x 8 values read, two written, 2 bytes each
    ("q, k, v", 2 * 6 * 8 * 16, 2 * (8 * 16 + 6 * 8 + 6 * 16)),  # 8 + 4 + 4 outputs
    ("q norm, rotary", 0, 2 * 48 * 2), ("k norm, rotary", 0, 2 * 24 * 2),
    ("attention", 4 * 2 * 2 * 4 * 6, 2 * (48 + 24 + 24 + 48) + 4 * 12),  # 1 + 2 + 3 pairs of tokens; q, k, v, z; log-sum-exp
    ("columns", 0, 2 * 48 + 4 * 12 + 4 * 12),  # q, log-sum-exp, column
    ("o", 2 * 6 * 8 * 8, 2 * (64 + 48 + 48)), ("gate, up", 2 * 6 * 8 * 32, 2 * (256 + 48 + 192)),
    ("swiglu", 0, 3 * 96 * 2), ("down", 2 * 6 * 16 * 8, 2 * (128 + 96 + 48))])
def test_a_step_counts_what_it_must_do(steps: dict, name: str, flops: float, moved: float) -> None:
    assert (steps[name].flops, steps[name].bytes) == (flops, moved)


def test_what_a_fused_loop_saves(steps: dict) -> None:
    assert steps["add, ln1"].more_bytes == 48 * (6 + 36 - 8)  # a sum and six passes of a norm, instead of one of 8
    assert steps["q norm, rotary"].more_bytes == 48 * (36 + 20 - 4)
    assert steps["swiglu"].more_bytes == 96 * (4 + 6 - 6)  # SiLU, then a product
    assert steps["columns"].more_bytes == 34 * 2 * 2 * 9  # the 3 x 3 pattern of four heads
    assert steps["q, k, v"].more_bytes == 2 * 48 * 2  # x read twice more


def test_a_pass_is_the_longer_of_operations_and_bytes_and_its_last_layer_ends_early(roofline: ModuleType) -> None:
    shape, chip = roofline.Shape(3, 8, 2, 1, 4, 16), roofline.Chip(1e6, 2e6, 1e6)
    rows = {step.name: step.seconds(chip, False) - step.launches * roofline.GAP for step in roofline.block(shape, 2, 3)}
    assert rows["swiglu"] == pytest.approx(576e-6)
    assert rows["gate, up"] == pytest.approx(3072e-6)  # operations, not its 992 bytes
    assert rows["attention"] == pytest.approx(384e-6 / roofline.FLASH)
    found = roofline.seconds_a_pass(shape, 2, 3, chip)
    steps = roofline.block(shape, 2, 3)
    launched = {step.name: rows[step.name] + step.launches * roofline.GAP for step in steps}
    last = sum(launched[name] for name in ("o", "add, ln2", "gate, up", "swiglu", "down"))
    assert found["ours"] == pytest.approx(3 * sum(launched.values()) - last)
    assert found["ceiling"] + found["loops"] == pytest.approx(3 * sum(launched.values()))
    assert found["ceiling"] == pytest.approx(3 * sum(launched[name] for name in ("q, k, v", "attention", "o", "gate, up", "down")))
    assert found["plain"] > found["ours"]


def test_float8_rounds_each_input_and_reads_half_the_weights(roofline: ModuleType) -> None:
    steps = {step.name: step for step in roofline.block(roofline.Shape(3, 8, 2, 1, 4, 16), 2, 3, fp8=True)}
    assert steps["to float8, for down"].bytes == 96 * 3
    assert steps["down"].bytes == 128 + 96 + 2 * 48
    assert sum(name.startswith("to float8") for name in steps) == 4


def test_qwen3_8b_has_its_operations_and_the_program_prints_them(roofline: ModuleType) -> None:
    shape = roofline.SHAPES["qwen3-8b"]
    products = sum(step.flops for step in roofline.block(shape, 64, 32) if step.name != "attention")
    assert products * 36 == pytest.approx(2 * 2048 * 6.946e9, rel=1e-3)  # 8.19 billion parameters less embedding and head
    done = subprocess.run([sys.executable, PROGRAM, "--chips", "H200", "--shapes", "64x32"], capture_output=True, text=True, check=True)
    assert "15 launches a block" in done.stdout and "| swiglu | 0.0 | 151.0 | 1 | bytes |" in done.stdout


def test_a_checkpoint_gives_its_shape(roofline: ModuleType) -> None:
    config = {"model_type": "llama", "num_hidden_layers": 30, "hidden_size": 576, "num_attention_heads": 9, "num_key_value_heads": 3,
              "intermediate_size": 1536}
    assert roofline.read_shape(config) == roofline.SHAPES["smollm2-135m"]
