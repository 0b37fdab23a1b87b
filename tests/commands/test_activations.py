"""`activations` writes what was asked for, with where it came from."""

from __future__ import annotations

import json
from pathlib import Path

from safetensors.torch import load_file, safe_open

from sinkscope import ROOT
from support.program import Program, text_of

MODEL = ROOT / "models" / "planted"


def test_activations_carry_their_provenance(program: Program, tmp_path: Path) -> None:
    out = tmp_path / "a.safetensors"
    sites = "blocks.*.hook_resid_post,blocks.1.attn.hook_pattern,logits"
    program.output("activations", *text_of(MODEL, 2, 8), "--sites", sites, "--dtype", "bf16", "--out", out)
    tensors = load_file(out)
    assert len(tensors) == 7
    assert tuple(tensors["blocks.1.attn.hook_pattern"].shape) == (2, 4, 8, 8)
    assert {str(tensor.dtype) for tensor in tensors.values()} == {"torch.bfloat16"}
    with safe_open(out, "pt") as file:
        assert len(json.loads(file.metadata()["ids"])) == 2
        assert json.loads(file.metadata()["model"])["n_layers"] == 5
    assert program.run("activations", "--model", MODEL, "--text", MODEL / "text.txt", "--sites", "logits", "--out", out).returncode == 2
