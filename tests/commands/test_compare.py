"""`compare` prints a result beside the published numbers of the same model, and of no other."""

from __future__ import annotations

import json
from pathlib import Path

from sinkscope import ROOT
from support.program import Program, text_of

MODEL = ROOT / "models" / "planted"


def test_compare_wants_the_same_model(program: Program, tmp_path: Path) -> None:
    result, own = tmp_path / "a.json", tmp_path / "r.json"
    program.result("scan", result, *text_of(MODEL, 2, 16))
    assert program.run("compare", result).returncode == 2
    reference = json.loads((ROOT / "configs/reference/qwen3-8b.json").read_text())
    reference["shape"] = {"n_layers": 5}
    own.write_text(json.dumps(reference))
    printed = program.output("compare", result, "--reference", own)
    assert "layer 4" in printed
    assert "samples 2 here, 50 published" in printed
