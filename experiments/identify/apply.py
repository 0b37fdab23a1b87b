"""Applies the answer beside this file to the model it was found in, with transformers and safetensors alone: python FILE [MODEL]

Of every stage of the sink: attention in its layer to token 0 and to the later token, means over heads and queries of the samples that
had no part in choosing: unedited; with the signal removed at token 0; with each of its sets written at the later token. The files of
the same name that end in .json and .safetensors are the result and its tensors; "stated" is what the result says.
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
samples = [ids[:length] for ids, length in zip(tensors["testing.ids"], tensors["testing.lengths"].tolist())]

source = sys.argv[1] if len(sys.argv) > 1 else result["model"]["path"]
dtype = getattr(torch, result["numerics"]["dtype"])
model = AutoModel.from_pretrained(source, dtype=dtype, attn_implementation="eager").eval()
model.layers = model.layers[: max(stage["layer"] for stage in found["stages"]) + 1]  # nothing is read after it


def put(signal, token, level, own=False):
    """Edits in place the residual at its site: x becomes x + (level - x @ basis.T) @ basis at the token; `own`: to token 0's there."""
    site, basis, values = signal["site"], tensors[signal["basis"]["tensor"]], tensors[signal[level]["tensor"]]

    def edit(x):
        row = x[:, token].float()
        x[:, token] = (row + ((x[:, first].float() @ basis.T if own else values) - row @ basis.T) @ basis).to(x.dtype)

    block = model.layers[int(site.split(".")[1])]
    if site.endswith("hook_resid_mid"):  # the tensor that the norm before the MLP reads is the residual itself
        return block.post_attention_layernorm.register_forward_pre_hook(lambda _, inputs: edit(inputs[0]))
    return block.register_forward_hook(lambda _, __, output: edit(output[0] if isinstance(output, tuple) else output))


@torch.no_grad()
def attention(layer):
    """To token 0 and to the later one: [2], the mean over samples that have such a query."""
    rows = []
    keep = model.layers[layer].self_attn.register_forward_hook(lambda _, __, output: rows.append(output[1]))
    for ids in samples:
        model(input_ids=ids[None], use_cache=False)
    keep.remove()
    return torch.stack([a[0, :, first_query:, [first, later]].double().mean((0, 1)) for a in rows]).nanmean(0).tolist()


def stated(stage, role, **about):
    trial = next(one for one in stage["trials"] if (one["role"], one["about"]) == (role, about))
    return trial["mean_attention"]


def runs(stage):
    """Name, edits, what the result says of them, and which of its runs: of the stage's own signal."""
    candidate = next(i for i, one in enumerate(stage["candidates"]) if one["site"] == stage["verdict"]["signal"]["site"])
    sets = [one for one in stage["signals"] if one["candidate"] == candidate and one["set"] is not None]
    own, about = stage["candidates"][candidate]["copied"], {"part": "candidate", "candidate": candidate}
    removal = stated(stage, "removal", **about)
    yield "unedited", [], removal, "unedited"
    yield "removed", [(one, first, "ordinary") for one in sets], removal, "edited"
    for one in sets:
        yield f"written {one['set']}", [(one, later, "first", own)], stated(stage, "writing", **about, set=one["set"]), "edited"


print(f"{'':24}{'token ' + str(first):>12}{'token ' + str(later):>12}{'stated':>12}{'stated':>12}{'n':>6}")
for number, stage in enumerate(found["stages"]):
    for name, edits, trial, run in runs(stage) if stage["verdict"]["signal"] else []:
        hooks = [put(*edit) for edit in edits]
        numbers = [*attention(stage["layer"]), *(token[run] for token in trial)]
        for hook in hooks:
            hook.remove()
        print(f"{f'stage {number}, {name}':24}" + "".join(f"{one:12.6f}" for one in numbers) + f"{len(samples):6}")
