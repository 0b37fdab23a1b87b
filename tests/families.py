"""Every command on a small model of every family, by ids: it runs, its result meets its schema, and hook points that a
family does not have are neither listed nor given. Run: families.py PROGRAM."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from reference_model import OTHER_SHAPES, SHAPES, make_model
from schemas import validate

DATA = ["--tokens", "random", "--samples", "3", "--length", "24", "--device", "cpu", "--quiet"]
EXPERIMENTS = {
    "scan": [*DATA, "--track", "0,4"],
    "rope-swap": DATA,
    "vocab-sweep": [*DATA, "--ids", "0-9"],
    "first-token": ["--ids", "0-20", "--device", "cpu", "--quiet"],
    "self-mask": [*DATA, "--mask-tokens", "2,4"],
    "mlp-probe": DATA,
}
NORMED = "attn.hook_q_normed"


def run(*words: object) -> subprocess.CompletedProcess:
    return subprocess.run(list(map(str, words)), capture_output=True, text=True)


def check_hooks(program: str, model: Path, family: str) -> None:
    listed = run(program, "hooks", "--model", model).stdout
    assert (NORMED in listed) == (family == "qwen3"), listed
    asked = run(program, "activations", "--model", model, *DATA, "--sites", f"blocks.0.{NORMED}", "--out", model / "a.safetensors")
    assert (asked.returncode == 0) == (family == "qwen3"), asked.stderr
    if family != "qwen3":
        assert asked.returncode == 2 and NORMED in asked.stderr and family in asked.stderr, asked.stderr


def check_experiments(program: str, model: Path) -> None:
    for command, options in EXPERIMENTS.items():
        out = model / f"{command}.json"
        done = run(program, command, "--model", model, *options, "--out", out)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        result = json.loads(out.read_text())
        validate(result)


def main() -> None:
    program = sys.argv[1]
    firsts = {shape.get("family", "qwen3"): shape for shape in reversed(SHAPES + OTHER_SHAPES) if shape.get("sliding_window", 5) == 5}
    for family, shape in firsts.items():
        with tempfile.TemporaryDirectory() as folder:
            make_model(shape, seed=7).save_pretrained(folder)
            info = json.loads(run(program, "info", "--model", folder, "--json").stdout)
            assert info["model_type"] == family and info["sliding_window"] == shape.get("sliding_window"), info
            check_hooks(program, Path(folder), family)
            check_experiments(program, Path(folder))
        print(f"{family}: {len(EXPERIMENTS)} experiments")


if __name__ == "__main__":
    main()
