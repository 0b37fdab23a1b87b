"""transformers under a trial's edits, as hooks on its modules make them, with what a trial measures."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from transformers import PreTrainedModel


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
