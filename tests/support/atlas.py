"""The first-token atlas, run as a user runs it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from safetensors.numpy import load_file

from sinkscope import ROOT
from support.program import QUIET, Program

MODELS = {name: ROOT / "models" / name for name in ("demo", "planted")}
TENSORS = ["key_cosine", "key_norm", "max_abs", "max_dimension", "norm", "value_norm"]


def atlas(program: Program, model: Path, out: Path, *options: object) -> dict[str, Any]:
    """The whole result, with the sidecar's arrays under `arrays`."""
    result = program.result("first-token", out, "--model", model, *QUIET, *options)
    places = result["results"]["by_id_layer"]
    assert sorted(places) == TENSORS
    result["arrays"] = {name: load_file(out.parent / place["file"])[place["tensor"]] for name, place in places.items()}
    return result
