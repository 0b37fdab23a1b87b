"""On a model of every family: `info` and results tell the facts of its config, and hook points that a family does not have
are neither listed nor given. That every experiment runs on every family is in the experiments' own files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.program import QUIET, Program, assert_one_line
from support.reference_model import EVERY_SHAPE, family_of, make_model, shape_name

DATA = ("--tokens", "random", "--samples", 3, "--length", 24, *QUIET)
NORMED = "attn.hook_q_normed"


def facts_of(config: dict, family: str) -> dict:
    """What a result says of the family's equation, from the config.json that transformers wrote."""
    rope = config["rope_parameters"]
    read = {"type": "rope_type", "theta": "rope_theta", "factor": "factor", "original_max_positions": "original_max_position_embeddings",
            "low_freq_factor": "low_freq_factor", "high_freq_factor": "high_freq_factor"}
    facts = {name: rope[key] for name, key in read.items() if key in rope}
    if rope["rope_type"] == "yarn":
        facts |= {"beta_fast": 32, "beta_slow": 1, "truncate": True, "attention_factor": None, "mscale": None, "mscale_all_dim": None}
        facts |= {key: rope[key] for key in facts if key in rope}
    window = config.get("sliding_window") if family == "mistral" else None
    return {"model_type": family, "qk_norm": family == "qwen3", "qkv_bias": family == "qwen2", "sliding_window": window, "rope": facts}


@pytest.mark.parametrize("shape", EVERY_SHAPE, ids=shape_name)
def test_info_and_results_tell_the_facts_of_the_config(shape: dict, program: Program, tmp_path: Path) -> None:
    make_model(shape, seed=7).save_pretrained(tmp_path)
    wanted = facts_of(json.loads((tmp_path / "config.json").read_text()), family_of(shape))
    info = json.loads(program.output("info", "--model", tmp_path, "--json"))
    result = program.result("scan", tmp_path / "scan.json", "--model", tmp_path, *DATA, "--track", "0,4")
    for said in (info, result["model"]):
        assert {name: said[name] for name in wanted} == wanted


def test_hook_points_that_a_family_has(family_model: Path, program: Program, tmp_path: Path) -> None:
    family, out = family_model.name, tmp_path / "a.safetensors"
    assert (NORMED in program.output("hooks", "--model", family_model)) == (family == "qwen3")
    asked = program.run("activations", "--model", family_model, *DATA, "--sites", f"blocks.0.{NORMED}", "--out", out)
    if family == "qwen3":
        assert asked.returncode == 0, asked.stderr
    else:
        assert asked.returncode == 2
        assert_one_line(asked.stderr, (NORMED, family))
        assert not out.exists()
