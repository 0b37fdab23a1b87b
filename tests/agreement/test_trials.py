"""Trials against transformers: every outcome of edited runs (attention at each layer, loss, the spike's norm, and the sink
with the norms' scales frozen) as hooks on its modules make it, for the operations at the sites of a block, on a random model
of every family and on the demo model, which has a spike. Run: trial_agreement.py PROGRAM"""

from __future__ import annotations

import json
import sys
import tempfile
import unittest
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModelForCausalLM, PreTrainedModel
from transformers.utils import logging

from reference_model import OTHER_SHAPES, SHAPES, make_model
from results import result_of

logging.disable_progress_bar()
torch.set_num_threads(1)  # the models are tiny: a second thread costs more than it gives
PROGRAM = "sinkscope"
DEMO = Path(__file__).resolve().parent.parent / "models/demo"
SAMPLES, LENGTH, TRACKED = 7, 20, [0, 5]
BAR = 1e-5  # float32 sums in another order: absolute on attention, relative on losses and norms


def modules(model: PreTrainedModel) -> dict[str, tuple[torch.nn.Module, bool]]:
    """Module by hook point, and whether it is the module's input that the point names."""
    inner, sites = model.model, {}
    sites["hook_embed"] = (inner.embed_tokens, False)
    for layer, block in enumerate(inner.layers):
        at = f"blocks.{layer}."
        sites[at + "hook_attn_in"] = (block.input_layernorm, True)
        sites[at + "hook_mlp_in"] = (block.post_attention_layernorm, True)
        sites[at + "attn.hook_z"] = (block.self_attn.o_proj, True)
        sites[at + "hook_attn_out"] = (block.self_attn, False)
        sites[at + "mlp.hook_post"] = (block.mlp.down_proj, True)
        sites[at + "hook_mlp_out"] = (block.mlp, False)
        sites[at + "hook_resid_post"] = (block, False)
    return sites


@dataclass
class Pass:
    """What a run of transformers held."""

    patterns: list[torch.Tensor] = field(default_factory=list)  # by layer [n, heads, T, T]
    loss: torch.Tensor = None  # [n]
    seen: dict[str, torch.Tensor] = field(default_factory=dict)  # by hook point, after the edits there
    scales: dict[str, torch.Tensor] = field(default_factory=dict)  # 1 / rms by norm


def norms_up_to(model: PreTrainedModel, last: str) -> dict[str, torch.nn.Module]:
    found = {}
    for layer, block in enumerate(model.model.layers):
        found[f"{layer}.ln1"] = block.input_layernorm
        found[f"{layer}.ln2"] = block.post_attention_layernorm
    return {name: module for name, module in found.items() if name <= last}


@torch.no_grad()
def forward(model: PreTrainedModel, ids: torch.Tensor, edits: list[dict], plain: Pass | None, frozen_to: str = "") -> Pass:
    """`plain`: the run without edits, which values come from; `frozen_to`: the last norm that keeps its scales."""
    run, handles = Pass(), []

    def at_site(name: str, x: torch.Tensor) -> torch.Tensor:
        for edit in (edit for edit in edits if edit["site"] == name):
            x = edited(x, edit, plain)
        run.seen[name] = x
        return x

    for name, (module, is_input) in modules(model).items():
        def change_input(_, args, name=name):
            return (at_site(name, args[0]), *args[1:])

        def change_output(_, __, out, name=name):
            return (at_site(name, out[0]), *out[1:]) if isinstance(out, tuple) else at_site(name, out)

        handles.append(module.register_forward_pre_hook(change_input) if is_input else module.register_forward_hook(change_output))
    for name, norm in norms_up_to(model, "9.ln2").items():
        def scale(norm, args, out, name=name):
            x = args[0]
            run.scales[name] = (x.square().mean(-1, keepdim=True) + norm.variance_epsilon).rsqrt()
            return norm.weight * x * plain.scales[name] if frozen_to and name <= frozen_to else out

        handles.append(norm.register_forward_hook(scale))
    output = model(input_ids=ids, use_cache=False, output_attentions=True)
    for handle in handles:
        handle.remove()
    run.patterns = list(output.attentions)
    said = output.logits[:, :-1].log_softmax(-1)
    run.loss = -said.gather(-1, ids[:, 1:, None]).squeeze(-1).mean(1)
    return run


def edited(x: torch.Tensor, edit: dict, plain: Pass) -> torch.Tensor:
    x, dims = x.clone(), edit.get("dimensions", edit.get("neurons", list(range(x.shape[-1]))))
    if "heads" in edit:
        width = x.shape[-1] // edit["of_heads"]
        dims = [head * width + i for head in edit["heads"] for i in range(width)]
    tokens = [t for t in range(x.shape[1]) if t not in edit["all_but"]] if "all_but" in edit else [edit["tokens"]]
    for token in tokens:
        c = x[:, token][:, dims]
        target, origin = c, edit.get("from", {})
        if "from" in edit:
            rows = plain.seen[origin.get("site", edit["site"])]
            target = rows[:, origin.get("tokens", [token])].mean(1)[:, dims]
        values, dose = torch.tensor(edit.get("values", 0.0)), edit.get("dose", 1)
        match edit["operation"]:
            case "zero":
                new = (1 - dose) * c
            case "set":
                new = c + dose * (values - c)
            case "mean":
                new = c + dose * (target.mean(0) - c)
            case "copy":
                new = c + dose * (target - c)
            case "match_norm":
                new = c * (1 - dose + dose * target.norm(dim=-1, keepdim=True) / c.norm(dim=-1, keepdim=True))
            case "project_out":
                direction = torch.tensor(edit["basis"])
                direction = direction / direction.norm()
                new = c - dose * (c @ direction)[:, None] * direction
            case "add":
                new = c + dose * (target if "from" in edit else values)
            case "scale":
                new = dose * c
        x[:, token, dims] = new
    return x


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
        {"site": f"blocks.{min(late, 1)}.hook_attn_in", "tokens": 0, "operation": "add", "from": {"site": "blocks.0.hook_mlp_out"}, "dose": -1},
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


def measured(folder: Path, model: Path, rows: list[list[int]], trials: list[dict], layer: int) -> dict:
    tokens, out = folder / "tokens.json", folder / "intervene.json"
    tokens.write_text(json.dumps(rows))
    said = [t | {"edits": [{k: v for k, v in e.items() if k != "of_heads"} for e in t["edits"]]} for t in trials]
    words = [PROGRAM, "intervene", "--model", model, "--tokens", tokens, "--samples", SAMPLES, "--length", LENGTH, "--device", "cpu",
             "--threads", 1, "--controls", 1, "--trials", json.dumps(said), "--track", ",".join(map(str, TRACKED)), "--layer", layer,
             "--dtype", "float32", "--batch-size", 3, "--out", out, "--quiet"]
    return result_of(words, out)["results"]


class TrialAgreement(unittest.TestCase):
    worst: dict[str, float] = {}

    @classmethod
    def tearDownClass(cls) -> None:
        print("\nlargest difference from transformers:", ", ".join(f"{k} {v:.1e}" for k, v in cls.worst.items()))

    def near(self, what: str, got, wanted: torch.Tensor, relative: bool = False) -> None:
        got = torch.as_tensor(got, dtype=torch.double)
        error = ((got - wanted.double()).abs() / (wanted.double().abs() if relative else 1)).max().item()
        self.worst[what] = max(self.worst.get(what, 0), error)
        self.assertLess(error, BAR, what)

    def check(self, model: PreTrainedModel, place: Path, seed: int, ids: int, layer: int) -> None:
        rows = np.random.default_rng(seed).integers(0, ids, (SAMPLES, LENGTH)).tolist()
        listed = trials(model, seed)
        with tempfile.TemporaryDirectory() as folder:
            results = measured(Path(folder), place, rows, listed, layer)
        spike, frozen_to = results["facts"]["spike"], f"{layer}.ln1"
        if spike:
            frozen_to = f"{spike['site'].split('.')[1]}.ln2"
        ids, first = torch.tensor(rows), results["tokens"]["first_queries"]
        plain = forward(model, ids, [], None)
        moved = dict.fromkeys(("attention", "loss", "frozen"), 0.0)
        for trial, found in zip(listed, results["trials"], strict=True):
            with self.subTest(trial["name"]):
                run = forward(model, ids, trial["edits"], plain)
                held = forward(model, ids, trial["edits"], plain, frozen_to)
                for i, token in enumerate(TRACKED):
                    def sinks(run: Pass) -> torch.Tensor:
                        return torch.stack([p[:, :, first[i] :, token].mean((1, 2)) for p in run.patterns[layer:]])

                    one = found["mean_attention"][i]
                    self.near("attention by layer", one["by_layer"]["edited"], sinks(run).mean(1))
                    self.near("attention by sample", one["by_sample"]["edited"], sinks(run)[0])
                    moved["attention"] = max(moved["attention"], (sinks(run) - sinks(plain)).abs().max().item())
                    if "hook_z" in found["edits"][0]["site"] or "hook_post" in found["edits"][0]["site"]:
                        self.assertIsNone(found["frozen"])
                        continue
                    if found["frozen"] is None:  # no frozen norm comes after the edit
                        self.near("frozen", sinks(held), sinks(run))
                        continue
                    self.near("frozen", found["frozen"][i]["mean"], (sinks(held) - sinks(plain))[0].mean())
                    moved["frozen"] = max(moved["frozen"], (sinks(held) - sinks(run))[0].abs().max().item())
                    if spike:
                        norms = run.seen[spike["site"]][:, token][:, spike["dimensions"]].norm(dim=-1)
                        self.near("spike", found["spike"][i]["edited"], norms.mean(), relative=True)
                self.near("loss", found["loss"]["edited"], run.loss.mean(), relative=True)
                moved["loss"] = max(moved["loss"], (run.loss - plain.loss).abs().max().item())
        for what, most in moved.items():
            self.assertGreater(most, 100 * BAR, f"no trial moves {what}: nothing was tested")

    def test_random_models(self) -> None:
        for shape in (SHAPES[0], SHAPES[2], OTHER_SHAPES[0], OTHER_SHAPES[4], OTHER_SHAPES[7]):
            for seed in (11, 12):
                with self.subTest(shape.get("family", "qwen3"), seed=seed), tempfile.TemporaryDirectory() as place:
                    model = make_model(shape, seed)
                    model.save_pretrained(place)
                    self.check(model, Path(place), seed, model.config.vocab_size, shape["num_hidden_layers"] - 2)

    def test_the_demo_model(self) -> None:
        model = AutoModelForCausalLM.from_pretrained(DEMO, dtype=torch.float32, attn_implementation="eager").eval()
        self.check(model, DEMO, 13, 2000, 4)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
