"""Trials against transformers: every outcome of edited runs (attention at each layer, loss, the massive activation's norm, and the sink
with the norms' scales frozen) as hooks on its modules make it, for the operations at the sites of a block, on a random model
of every family and on the demo model, which has a massive activation."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, PreTrainedModel

from sinkscope import ROOT
from support.edited_reference import Pass, forward
from support.program import QUIET, Program
from support.reference_model import OTHER_SHAPES, SHAPES, make_model, shape_name

SAMPLES, LENGTH, TRACKED = 7, 20, [0, 5]
BAR = 1e-5  # float32 sums in another order: absolute on attention, relative on losses and norms
TRIALS = 14
RANDOM = [(shape, seed) for shape in (SHAPES[0], SHAPES[2], OTHER_SHAPES[0], OTHER_SHAPES[4], OTHER_SHAPES[7]) for seed in (11, 12)]


def trials(model: PreTrainedModel, seed: int) -> list[dict]:
    """Each operation at least once, at each kind of site, in the first and in later layers."""
    g, config = np.random.default_rng(seed), model.config
    layers, width, heads = config.num_hidden_layers, config.hidden_size, config.num_attention_heads
    late = min(layers - 1, 3)
    three, direction = sorted(g.choice(width, 3, replace=False).tolist()), g.normal(size=width).round(3).tolist()
    edits = [
        {"site": "hook_embed", "tokens": 0, "operation": "scale", "dose": 1.7},
        {"site": "hook_embed", "tokens": 5, "operation": "copy", "from": {"tokens": [0]}, "dose": 0.6},
        {"site": "blocks.0.hook_attn_out", "tokens": 0, "operation": "match_norm", "from": {"tokens": [4]}},
        {"site": "blocks.0.attn.hook_z", "tokens": 0, "operation": "zero", "heads": [0, heads - 1], "of_heads": heads},
        {"site": "blocks.0.hook_mlp_in", "tokens": 0, "operation": "add", "from": {"site": "blocks.0.hook_attn_out"}, "dose": -1},
        {"site": f"blocks.{min(late, 1)}.hook_attn_in", "tokens": 0, "operation": "add", "from": {"site": "blocks.0.hook_mlp_out"},
         "dose": -1},
        {"site": "blocks.0.hook_mlp_out", "tokens": 0, "operation": "zero"},
        {"site": "blocks.0.hook_mlp_out", "all_but": [0], "operation": "mean"} | {"from": {"tokens": [2, 3]}},
        {"site": f"blocks.{late}.mlp.hook_post", "tokens": 0, "operation": "zero", "neurons": [0, 7, 50]},
        {"site": "blocks.0.hook_resid_post", "tokens": 0, "operation": "add", "values": 2.5, "dimensions": three},
        {"site": "blocks.0.hook_resid_post", "tokens": 5, "operation": "set", "values": [1.5, -2.0, 3.0], "dimensions": three},
        {"site": "blocks.0.hook_resid_post", "tokens": 0, "operation": "project_out", "basis": direction},
        {"site": f"blocks.{late}.hook_attn_out", "tokens": 0, "operation": "add", "from": {"site": "hook_embed", "tokens": [1]}},
    ]
    single = [{"name": f"{i}: {e['operation']} at {e['site']}", "edits": [e]} for i, e in enumerate(edits)]
    return [*single, {"name": "two at once", "edits": [edits[0], edits[6]]}]


@dataclass
class Measured:
    """The program's trials on one model, and transformers' runs of the same edits, each made once."""

    model: PreTrainedModel
    ids: torch.Tensor
    layer: int
    listed: list[dict]
    results: dict
    runs: dict[int, tuple[Pass, Pass]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert len(self.listed) == len(self.results["trials"]) == TRIALS
        self.massive = self.results["sink_baseline"]["massive_activation"]
        self.frozen_to = f"{self.massive['site'].split('.')[1]}.ln2" if self.massive else f"{self.layer}.ln1"

    @cached_property
    def plain(self) -> Pass:
        return forward(self.model, self.ids, [], None)

    def run(self, i: int) -> tuple[Pass, Pass]:
        """Under trial i's edits, and with the norms' scales frozen."""
        if i not in self.runs:
            edits = self.listed[i]["edits"]
            self.runs[i] = tuple(forward(self.model, self.ids, edits, self.plain, frozen_to) for frozen_to in ("", self.frozen_to))
        return self.runs[i]

    def sinks(self, run: Pass, which: int) -> torch.Tensor:
        """Mean attention to a tracked token from the sink layer on, `[layer, n]`."""
        first = self.results["tokens"]["first_queries"][which]
        return torch.stack([p[:, :, first:, TRACKED[which]].mean((1, 2)) for p in run.patterns[self.layer :]])


@pytest.fixture(scope="module", params=[*RANDOM, (None, 13)],
                ids=lambda param: f"{shape_name(param[0])}, seed {param[1]}" if param[0] else "demo model")
def measured(request: pytest.FixtureRequest, program: Program, tmp_path_factory: pytest.TempPathFactory) -> Measured:
    (shape, seed), folder = request.param, tmp_path_factory.mktemp("trials")
    if shape:
        model, place, vocabulary, layer = make_model(shape, seed), folder, None, shape["num_hidden_layers"] - 2
        model.save_pretrained(place)
    else:
        place, vocabulary, layer = ROOT / "models/demo", 2000, 4
        model = AutoModelForCausalLM.from_pretrained(place, dtype=torch.float32, attn_implementation="eager").eval()
    rows = np.random.default_rng(seed).integers(0, vocabulary or model.config.vocab_size, (SAMPLES, LENGTH)).tolist()
    listed, tokens = trials(model, seed), folder / "tokens.json"
    tokens.write_text(json.dumps(rows))
    said = [t | {"edits": [{k: v for k, v in e.items() if k != "of_heads"} for e in t["edits"]]} for t in listed]
    result = program.result(
        "intervene", folder / "intervene.json", "--model", place, "--tokens", tokens, "--samples", SAMPLES, "--length", LENGTH,
        "--threads", 1, "--controls", 1, "--trials", json.dumps(said), "--track", ",".join(map(str, TRACKED)), "--layer", layer,
        "--dtype", "float32", "--batch-size", 3, *QUIET)
    return Measured(model, torch.tensor(rows), layer, listed, result["results"])


@pytest.mark.parametrize("i", range(TRIALS))
def test_every_outcome(i: int, measured: Measured, record_property: Callable) -> None:
    def near(what: str, got, wanted: torch.Tensor, relative: bool = False) -> None:
        got, wanted = torch.as_tensor(got, dtype=torch.double), wanted.double()
        error = ((got - wanted).abs() / (wanted.abs() if relative else 1)).max().item()
        record_property(f"trials: largest difference of {what} from transformers'", error)
        assert error < BAR, what

    found, (run, held) = measured.results["trials"][i], measured.run(i)
    for which, token in enumerate(TRACKED):
        one, sinks = found["mean_attention"][which], measured.sinks(run, which)
        near("attention by layer", one["by_layer"]["edited"], sinks.mean(1))
        near("attention by sample", one["by_sample"]["edited"], sinks[0])
        if "hook_z" in found["edits"][0]["site"] or "hook_post" in found["edits"][0]["site"]:
            assert found["frozen"] is None
            continue
        if found["frozen"] is None:  # no frozen norm comes after the edit
            near("frozen attention", measured.sinks(held, which), sinks)
            continue
        change = (measured.sinks(held, which) - measured.sinks(measured.plain, which))[0]
        near("frozen attention", found["frozen"][which]["mean"], change.mean())
        if measured.massive:
            norms = run.seen[measured.massive["site"]][:, token][:, measured.massive["dimensions"]].norm(dim=-1)
            near("the massive activation's norm", found["massive_activation"][which]["edited"], norms.mean(), relative=True)
    near("loss", found["loss"]["edited"], run.loss.mean(), relative=True)


def test_some_trial_moves_every_outcome(measured: Measured) -> None:
    """Else nothing would be tested."""
    moved = dict.fromkeys(("attention", "loss", "frozen"), 0.0)
    for i, found in enumerate(measured.results["trials"]):
        run, held = measured.run(i)
        moved["loss"] = max(moved["loss"], (run.loss - measured.plain.loss).abs().max().item())
        for which in range(len(TRACKED)):
            sinks = measured.sinks(run, which)
            moved["attention"] = max(moved["attention"], (sinks - measured.sinks(measured.plain, which)).abs().max().item())
            if found["frozen"] is not None:
                moved["frozen"] = max(moved["frozen"], (measured.sinks(held, which) - sinks)[0].abs().max().item())
    for what, most in moved.items():
        assert most > 100 * BAR, f"no trial moves {what}"
