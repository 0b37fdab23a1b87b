"""What identify says its signal is made of, against transformers' activations and weights, in float64."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, PreTrainedModel

from sinkscope import ROOT
from support.program import QUIET, Program, text_of
from support.reference_model import Recorder, visible
from support.selection import halves

SAMPLES, LENGTH = 32, 48
FAST = (*QUIET, "--threads", 1, "--controls", 8, "--no-frozen", "--no-loss")
NEAR = 1e-4  # of the total: float32 sums in another order
ROWS = 8


@dataclass(frozen=True)
class Case:
    """A model, samples, and what identify says of them."""

    folder: Path
    ids: torch.Tensor  # [samples, T]
    out: Path
    results: dict[str, Any]

    @property
    def made_of(self) -> dict[str, Any]:
        return self.results["composition"]

    @property
    def layer(self) -> int:
        return int(self.made_of["site"].split(".")[1])

    @property
    def after_mlp(self) -> bool:
        return self.made_of["site"].endswith("resid_post")

    @cached_property
    def u(self) -> torch.Tensor:
        return load_file(self.out.with_suffix(".safetensors"))["stages.0.direction"].double()

    @cached_property
    def model(self) -> PreTrainedModel:
        return AutoModelForCausalLM.from_pretrained(self.folder, dtype=torch.float32, attn_implementation="eager").eval()

    @cached_property
    def seen(self) -> dict[str, torch.Tensor]:
        """Tokens 0 to 8 of the samples that chose, at every hook point."""
        chosen = self.ids[halves(self.results)["choosing"]]
        order, layers = torch.arange(LENGTH), range(self.model.config.num_hidden_layers)
        seen = Recorder(self.model).run(chosen, order, [visible(LENGTH, ())] * len(layers))
        return {name: x[:, :9].double() for name, x in seen.items() if x.shape[1] == LENGTH}

    def first_less_others(self, x: torch.Tensor) -> torch.Tensor:
        """[n, 9, ..] to means over samples."""
        return (x[:, 0] - x[:, 1:].mean(1)).mean(0)


@pytest.fixture(scope="module", params=["demo", "base", "rotated"])
def case(request: pytest.FixtureRequest, program: Program, planted: Callable, tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = ROOT / "models/demo" if request.param == "demo" else planted(request.param).folder
    out = tmp_path_factory.mktemp(request.param) / "identify.json"
    words = (*text_of(folder, SAMPLES, LENGTH), "--dtype", "float32", "--q-min", 4)
    result = program.result("identify", out, *words, *FAST)
    assert result["data"]["bos"] == "none"
    text = Tokenizer.from_file(str(folder / "tokenizer.json")).encode((folder / "text.txt").read_text(encoding="utf-8")).ids
    ids = torch.tensor([text[start : start + LENGTH] for start in result["data"]["starts"]])
    results = result["results"] | result["results"]["stages"][0]
    assert results["verdict"]["signal"]
    return Case(folder, ids, out, results)


def assert_rows(rows: list[dict], column: str, value: str, wanted: dict[int, torch.Tensor], near: float) -> None:
    """The rows are the largest of `wanted`, by layer."""
    every = sorted((abs(x) for row in wanted.values() for x in row.tolist()), reverse=True)
    assert [abs(row[value]) for row in rows] == pytest.approx(every[:ROWS], abs=near)
    assert len(rows) == min(ROWS, len(every))
    for row in rows:
        assert row[value] == pytest.approx(wanted[row["layer"]][row[column]].item(), abs=near), row


def test_what_writes_it(case: Case) -> None:
    found, layers = case.made_of["written_by"], case.model.model.layers
    total = case.first_less_others(case.seen[case.made_of["site"]] @ case.u).item()
    near = NEAR * abs(total)
    assert found["total"] == pytest.approx(total, abs=near)
    heads, neurons = {}, {}
    for layer in range(case.layer + 1):
        z = case.seen[f"blocks.{layer}.attn.hook_z"]
        by_dimension = (layers[layer].self_attn.o_proj.weight.double().T @ case.u).view(z.shape[2:]) * z
        heads[layer] = case.first_less_others(by_dimension.sum(-1))
    for layer in range(case.layer + case.after_mlp):
        z = case.seen[f"blocks.{layer}.mlp.hook_post"]
        neurons[layer] = case.first_less_others(z * (layers[layer].mlp.down_proj.weight.double().T @ case.u))
    assert_rows(found["heads"], "head", "contribution", heads, near)
    assert_rows(found["neurons"], "neuron", "contribution", neurons, near)
    for part, of in (("attention", heads), ("mlp", neurons)):
        assert found[part] == pytest.approx(sum(x.sum().item() for x in of.values()), abs=near)
    assert found["embedding"] + found["attention"] + found["mlp"] == pytest.approx(total, abs=near)


def test_what_reads_it(case: Case) -> None:
    found, layers, sink = case.made_of["read_by"], case.model.model.layers, case.results["layer"]
    keys, gates = {}, {}
    for layer in range(case.layer + 1, sink + 1):
        rows = (layers[layer].self_attn.k_proj.weight * layers[layer].input_layernorm.weight).double()
        by_head = rows.view(case.model.config.num_key_value_heads, -1, len(case.u))
        keys[layer] = (by_head @ case.u).norm(dim=1) / by_head.flatten(1).norm(dim=1)
    for layer in range(case.layer + case.after_mlp, sink):
        rows = (layers[layer].mlp.gate_proj.weight * layers[layer].post_attention_layernorm.weight).double()
        gates[layer] = (rows @ case.u) / rows.norm(dim=1).clamp_min(1e-30)
    assert_rows(found["keys"], "key_head", "ratio", keys, 1e-5)
    assert_rows(found["gates"], "neuron", "cosine", gates, 1e-5)


def test_its_channels_and_the_page(case: Case) -> None:
    channels = case.made_of["channels"]
    assert [one["share"] for one in channels] == pytest.approx(case.u.square().topk(len(channels)).values.tolist(), abs=1e-6)
    for one in channels:
        assert case.u[one["dimension"]].square().item() == pytest.approx(one["share"], abs=1e-6)
    if dimensions := case.results["verdict"]["signal"]["sets"][0]["dimensions"]:
        assert {one["dimension"] for one in channels} == set(dimensions)
    page = case.out.with_suffix(".txt").read_text()
    head = case.made_of["written_by"]["heads"][0]
    assert f"What the signal at {case.made_of['site']} is made of" in page
    assert f"(layer.head): {head['layer']}.{head['head']} ({head['contribution']:.3g})" in page


@pytest.mark.parametrize("case", ["base"], indirect=True)
def test_the_planted_neurons_write_it(case: Case, planted: Callable) -> None:
    """By the energy's block, whose neurons square the average's signs."""
    truth = planted("base").truth
    written = case.made_of["written_by"]
    assert written["mlp"] == pytest.approx(written["total"], rel=0.01)
    assert {one["layer"] for one in written["neurons"] if abs(one["contribution"]) > 0.01 * written["total"]} == {truth["layers"]["energy"]}
