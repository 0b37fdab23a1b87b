"""`--json` of commands that are no experiments: one document on standard output, of the command's schema, with the page's facts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from sinkscope import ROOT
from sinkscope.results.schemas import validator
from support.program import Program, text_of

MODEL = ROOT / "models/planted"


def document(program: Program, command: str, *words: object) -> dict[str, Any]:
    printed = json.loads(program.output(command, *words, "--json"))
    validator(command).validate(printed)
    return printed


def test_info_names_shapes_as_results_do(program: Program, tmp_path: Path) -> None:
    info = document(program, "info", "--model", MODEL)
    model = program.result("scan", tmp_path / "a.json", *text_of(MODEL, 2, 16))["model"]
    assert {name: info[name] for name in info if name in model and name != "path"} == \
        {name: model[name] for name in model if name in info and name != "path"}
    assert len(info.keys() & model.keys()) > 10


def test_hooks(program: Program) -> None:
    letters, sizes = document(program, "hooks"), document(program, "hooks", "--model", MODEL)
    of = {point["name"]: point for point in letters["hook_points"]}
    assert of["blocks.L.attn.hook_rot_q"]["shape"] == ["n", "T", "H", "h"]
    assert (of["hook_embed"]["in_block"], of["blocks.L.hook_mlp_out"]["in_block"], letters["n_layers"]) == (False, True, None)
    info = document(program, "info", "--model", MODEL)
    shape = {point["name"]: point["shape"] for point in sizes["hook_points"]}
    assert sizes["n_layers"] == info["n_layers"]
    assert shape["blocks.L.hook_resid_post"] == ["n", "T", info["d_model"]]
    assert shape["logits"] == ["n", "T", info["vocab_size"]]


def test_compare(program: Program, tmp_path: Path) -> None:
    result, reference = tmp_path / "a.json", tmp_path / "r.json"
    found = program.result("scan", result, *text_of(MODEL, 2, 16))
    published = json.loads((ROOT / "configs/reference/qwen3-8b.json").read_text()) | {"shape": {"n_layers": 5}}
    reference.write_text(json.dumps(published))
    compared = document(program, "compare", result, "--reference", reference)
    wanted = [number for number in published["numbers"] if number["experiment"] == "scan"]
    assert [number["name"] for number in compared["numbers"]] == [number["name"] for number in wanted]
    first = compared["numbers"][0]
    here = found["results"]["sink"][0]["mean_attention"]["by_layer"][0]
    assert (first["here"], first["published"]) == (here, wanted[0]["published"])
    assert first["difference"] == pytest.approx(here - wanted[0]["published"])
    assert first["settings_that_differ"]["samples"] == {"here": 2, "published": 50}


def test_schemas_allow_no_other_keys(program: Program) -> None:
    printed = document(program, "hooks")
    with pytest.raises(jsonschema.ValidationError):
        validator("hooks").validate(printed | {"layers": 5})


def test_an_error_is_no_document(program: Program) -> None:
    done = program.run("info", "--model", ROOT / "docs", "--json")
    assert (done.returncode, done.stdout) == (2, "")
