"""Every command on a small model of every family, by ids: it runs, its result meets its schema and tells the facts of its
config, and hook points that a family does not have are neither listed nor given. Run: families.py PROGRAM."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from reference_model import OTHER_SHAPES, SHAPES, make_model
from results import result_of

DATA = ["--tokens", "random", "--samples", "3", "--length", "24", "--device", "cpu", "--quiet"]
TRIALS = [*DATA, "--layer", "1", "--controls", "2"]  # a random model has no sink that would say where to read
HALVES = [*DATA, "--samples", "6", "--layer", "1"]  # candidates are chosen on half of the samples
EDITS = [{"name": "alone, resampled", "attention": "layers=0;tokens=4",
          "edits": [{"site": "blocks.0.hook_mlp_out", "tokens": 4, "operation": "resample"}]},
         {"name": "head", "edits": [{"site": "blocks.0.attn.hook_z", "tokens": 0, "heads": 1, "operation": "zero"}]}]
EXPERIMENTS = {
    "scan": [*DATA, "--track", "0,4"],
    "rope-swap": DATA,
    "vocab-sweep": [*DATA, "--ids", "0-9"],
    "first-token": ["--ids", "0-20", "--device", "cpu", "--quiet"],
    "self-mask": [*DATA, "--mask-tokens", "2,4"],
    "mlp-probe": DATA,
    "intervene": [*TRIALS, "--trials", json.dumps(EDITS)],
    "zero-sweep": [*TRIALS, "--pairs"],
    "path-split": TRIALS,
    "head-attribution": [*TRIALS, "--layers", "0"],
    "transplant": TRIALS,
    "stat-match": [*TRIALS, "--layers", "0"],
    "mix-dose": [*TRIALS, "--layers", "0", "--predecessors-token", "12", "--predecessors", "0,1,4", "--means", "1,2",
                 "--one-key", "6"],  # in sight of token 8 where attention slides over five
    "magc": [*HALVES, "--controls", "2", "--mlp-layer", "0"],
    "gate-readout": [*HALVES, "--controls", "2", "--mlp-layer", "0", "--write", "blocks.0.hook_mlp_out:3"],
    "channel-trace": [*HALVES, "--top", "3", "--draws", "20"],
    "channel-patch": [*HALVES, "--controls", "2", "--dimensions", "5", "--doses", "2", "--sites", "blocks.0.hook_resid_post"],
    "identify": [*HALVES, "--controls", "2"],
}
NORMED = "attn.hook_q_normed"


def run(*words: object) -> subprocess.CompletedProcess:
    return subprocess.run(list(map(str, words)), capture_output=True, text=True)


def run_experiment(program: str, model: Path, command: str, options: list[str]) -> dict:
    out = model / f"{command}.json"
    return result_of([program, command, "--model", model, *options, "--out", out], out)


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


def check_facts(program: str, shape: dict) -> None:
    """`info` and every result say the same, which is what the config says."""
    family = shape.get("family", "qwen3")
    with tempfile.TemporaryDirectory() as folder:
        make_model(shape, seed=7).save_pretrained(folder)
        wanted = facts_of(json.loads((Path(folder) / "config.json").read_text()), family)
        info = json.loads(run(program, "info", "--model", folder, "--json").stdout)
        model = run_experiment(program, Path(folder), "scan", EXPERIMENTS["scan"])["model"]
        for said in (info, model):
            assert {name: said[name] for name in wanted} == wanted, (said, wanted)


def check_hooks(program: str, model: Path, family: str) -> None:
    listed = run(program, "hooks", "--model", model).stdout
    assert (NORMED in listed) == (family == "qwen3"), listed
    asked = run(program, "activations", "--model", model, *DATA, "--sites", f"blocks.0.{NORMED}", "--out", model / "a.safetensors")
    assert (asked.returncode == 0) == (family == "qwen3"), asked.stderr
    if family != "qwen3":
        assert asked.returncode == 2 and NORMED in asked.stderr and family in asked.stderr, asked.stderr


def check_experiments(program: str, model: Path) -> None:
    for command, options in EXPERIMENTS.items():
        run_experiment(program, model, command, options)


def main() -> None:
    program = sys.argv[1]
    firsts = {shape.get("family", "qwen3"): shape for shape in reversed(SHAPES + OTHER_SHAPES) if shape.get("sliding_window", 5) == 5}
    for family, shape in firsts.items():
        with tempfile.TemporaryDirectory() as folder:
            make_model(shape, seed=7).save_pretrained(folder)
            check_hooks(program, Path(folder), family)
            check_experiments(program, Path(folder))
        print(f"{family}: {len(EXPERIMENTS)} experiments, activations, hooks")
    for shape in SHAPES + OTHER_SHAPES:
        check_facts(program, shape)
    print(f"{len(SHAPES + OTHER_SHAPES)} shapes: info and results tell the facts of the config")


if __name__ == "__main__":
    main()
