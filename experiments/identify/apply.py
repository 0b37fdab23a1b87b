"""Repeats the chain of the result beside this file with transformers and safetensors alone: python FILE [MODEL]

For every arrow of every stage of the sink: what is left at token 0 with the arrow's start removed, and what the later token gets with it
written; `stated` is what the result says. Levels are means over the samples that chose and numbers are means over those that did not,
all from this program's own passes. The files of the same name that end in .json and .safetensors are the result and its tensors.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import AutoModel

result = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
tensors = load_file(Path(__file__).with_suffix(".safetensors"))
found = result["results"]
first, later = found["tokens"]["tracked"]
first_query = found["tokens"]["first_queries"][0]

source = sys.argv[1] if len(sys.argv) > 1 else result["model"]["path"]
dtype = getattr(torch, result["numerics"]["dtype"])
model = AutoModel.from_pretrained(source, dtype=dtype, attn_implementation="eager").eval()
model.layers = model.layers[: max(stage["layer"] for stage in found["stages"]) + 1]  # nothing is read after it


def at(site, do):
    """A hook that calls `do` with what is there, [1, T, width], to read it or to edit it in place."""
    if site == "hook_embed":
        return model.embed_tokens.register_forward_hook(lambda _, __, output: do(output))
    _, layer, *_, point = site.split(".")
    block = model.layers[int(layer)]
    if point == "hook_resid_mid":  # the tensor that the norm before the MLP reads is the residual itself
        return block.post_attention_layernorm.register_forward_pre_hook(lambda _, inputs: do(inputs[0]))
    attention = block.self_attn
    module = {"hook_resid_post": block, "hook_attn_out": attention, "hook_mlp_out": block.mlp, "hook_k": attention.k_proj}[point]
    return module.register_forward_hook(lambda _, __, output: do(output[0] if isinstance(output, tuple) else output))


def self_only(condition):
    """Hooks under which tokens see only themselves in some layers: "layers=0-2;tokens=8"."""
    def numbers(words):
        ends = [part.split("-") for part in words.split(",")]
        return [i for low, *high in ends for i in range(int(low), int(*high or [low]) + 1)]

    layers, tokens = (numbers(part.split("=")[1]) for part in condition.split(";"))

    def close(_, args, kwargs):
        mask = kwargs["attention_mask"].clone()
        for token in tokens:
            mask[..., token, :] = torch.finfo(mask.dtype).min
            mask[..., token, token] = 0
        return args, {**kwargs, "attention_mask": mask}

    return [model.layers[layer].register_forward_pre_hook(close, with_kwargs=True) for layer in layers]


@torch.no_grad()
def run(half, hooks):
    """Every sample of a half, one by one."""
    for ids, length in zip(tensors[f"{half}.ids"], tensors[f"{half}.lengths"].tolist()):
        model(input_ids=ids[None, :length], use_cache=False)
    for hook in hooks:
        hook.remove()


def rows_at(places, half, hooks=()):
    """Rows [n, width] by (site, token), under these hooks."""
    rows = {place: [] for place in places}
    reads = [at(place[0], lambda x, place=place: rows[place].append(x[0, place[1]].double())) for place in places]
    run(half, [*hooks, *reads])
    return {place: torch.stack(list) for place, list in rows.items()}


def attention(layer, token, hooks=()):
    """Mean over heads and queries of each sample, then over the samples that have such a query."""
    means = []

    def read(_, __, output):
        means.append(output[1][0, :, first_query:, token].double().mean())

    run("testing", [*hooks, model.layers[layer].self_attn.register_forward_hook(read)])
    return torch.stack(means).nanmean().item()


def basis_of(edit, width):
    """[r, width] orthonormal rows."""
    if "basis" in edit:
        return tensors[edit["basis"]["tensor"]].double() if isinstance(edit["basis"], dict) else torch.tensor(edit["basis"]).double()
    return torch.eye(width, dtype=torch.double)[edit["dimensions"]]


def put(edit):
    """A hook for an edit as the result describes it: coordinates of a token's row become those of its level."""
    (token,), level = edit["tokens"], levels[edit["from"]["site"], edit["from"]["tokens"][0]].mean(0)

    def do(x):
        row, own = x[0, token].double(), x[0, edit["from"]["tokens"][0]].double()  # `copy`: the sample's own
        target = own if edit["operation"] == "copy" else level
        if "basis" in edit or "dimensions" in edit:
            basis = basis_of(edit, len(row))
            target = row + (target - row) @ basis.T @ basis
        x[0, token] = target.to(x.dtype)

    return at(edit["site"], do)


def trial_of(stage, role, about):
    return next(one for one in stage["trials"] if (one["role"], one["about"]) == (role, about))


def later_of(trial):
    """What the later token gets under it, by the result."""
    return next(one["edited"] for one in trial["mean_attention"] if one["token"] == later)


def signal_of(stage):
    """Place of the signal among the candidates."""
    return next(i for i, one in enumerate(stage["candidates"]) if one["site"] == stage["verdict"]["signal"]["site"])


def arrows(stage):
    """What starts each arrow, the arrow, and its trials: the start removed (if that was asked), and written."""
    def both(about, removed=None, written=None):
        return trial_of(stage, "removal", removed or about), trial_of(stage, "writing", written or about)

    for arrow in stage["chain"]:
        start = arrow["from"]
        if start == "seeing only itself":
            yield start, arrow, None, trial_of(stage, "condition", {"part": "itself"})
        elif start == "signal":
            about = {"part": "candidate", "candidate": signal_of(stage)}
            yield start, arrow, *both(about, written={**about, "set": 0})
            if arrow["to"] == "sink":  # any one of redundant sets by itself
                for place in range(1, len(stage["candidates"][signal_of(stage)]["sufficient"])):
                    writing = trial_of(stage, "writing", {**about, "set": place})
                    yield f"set {place} of the signal", {**arrow, "written": {"edited": {"mean": later_of(writing)}}}, None, writing
        else:
            about = {"part": "chain", "what": start}
            yield start, arrow, *both(about, removed={"part": "backup"} if start == "massive activation" else None)
    for one in stage["earlier"]:
        arrow = {**one, "to": "sink", "of": "attention"}
        yield f"signal of stage {one['stage']}", arrow, *both({"part": "earlier stage", "earlier_stage": one["stage"]})


def share_of_way(stage, rows):
    """How far rows [n, width] at the signal's site are from the later token's level (0) to token 0's (1)."""
    candidate = stage["candidates"][signal_of(stage)]
    sets = [one["basis"]["tensor"] for one in stage["signals"] if one["candidate"] == signal_of(stage) and one["set"] is not None]
    basis = torch.cat([tensors[name] for name in sets]).double()
    ordinary, own = (levels[candidate["site"], token] @ basis.T for token in (later, first))
    if candidate["copied"]:
        length = (own - ordinary.mean(0)).square().sum(1).mean().sqrt()
        return ((rows @ basis.T - ordinary.mean(0)).norm(dim=1) / length).mean().item()
    return along_way(rows @ basis.T, ordinary.mean(0), own.mean(0))


def along_way(rows, ordinary, own):
    return ((rows - ordinary) @ (own - ordinary) / (own - ordinary).square().sum()).mean().item()


def site_of(stage, to):
    """Where what an arrow goes to is read."""
    if to == "keys":
        return f"blocks.{stage['layer']}.attn.hook_k"
    return (stage["massive_activation"] if to == "massive activation" else stage["verdict"]["signal"])["site"]


def number(stage, arrow, trial, token):
    """What an arrow reads at the token, under a trial."""
    hooks = [*(self_only(trial["attention"]) if trial.get("attention") else ()), *map(put, trial["edits"])]
    if arrow["to"] == "sink":
        return attention(stage["layer"], token, hooks)
    site = site_of(stage, arrow["to"])
    rows = rows_at([(site, token)], "testing", hooks)[site, token]
    if arrow["to"] == "massive activation":
        return rows[:, stage["massive_activation"]["dimensions"]].norm(dim=1).mean().item()
    if arrow["to"] == "keys":
        return along_way(rows, *(levels[site, one].mean(0) for one in (later, first)))
    return share_of_way(stage, rows)


def say(stage, what, number, stated):
    print(f"{f'stage {stage}, {what}':64}{number:14.6f}{stated:14.6f}")


edits = [edit for stage in found["stages"] for _, _, *trials in arrows(stage) for trial in trials if trial for edit in trial["edits"]]
signals = [stage["verdict"]["signal"] for stage in found["stages"] if stage["verdict"]["signal"]]
places = {(edit["from"]["site"], token) for edit in edits for token in edit["from"]["tokens"]}
places |= {(signal["site"], token) for signal in signals for token in (first, later)}
levels = rows_at(sorted(places), "choosing")

print(f"{len(tensors['testing.ids'])} samples {'here':>66}{'stated':>14}")
for place, stage in enumerate(found["stages"]):
    unedited = stage["trials"][0]["mean_attention"]
    for token, stated in zip((first, later), unedited):
        say(place, f"unedited: attention to token {token}", attention(stage["layer"], token), stated["unedited"])
    for start, arrow, removal, writing in arrows(stage):
        for what, trial, token in (("removed", removal, first), ("written", writing, later)):
            if trial:
                stated = arrow[what]["edited"]["mean"]
                say(place, f"{start} -> {arrow['to']}: {arrow['of']}, {what}", number(stage, arrow, trial, token), stated)
