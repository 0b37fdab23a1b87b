"""Write a Qwen3 checkpoint with an attention-sink circuit planted by hand, and planted.json with the true answers.

    python -m sinkscope.planted --out models/planted --force     # the committed one
    python -m sinkscope.planted --out /tmp/split --variant split --seed 3 --signs 32

The directory loads like any other Qwen3 checkpoint. It is a test of the experiments, never evidence.
"""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from tokenizers import Tokenizer

from sinkscope import ROOT
from sinkscope.planted.plan import STAGES, VARIANTS, Options, Plan
from sinkscope.planted.truth import truth
from sinkscope.planted.variants import make_plan
from sinkscope.planted.vocabulary import commonest_mark, train_tokenizer, unused_ids
from sinkscope.planted.weights import make_weights
from sinkscope.whole_files import new_file

TEXT = ROOT / "models" / "planted" / "text.txt"


def parse_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line; defaults are those of Options."""
    d = Options()
    p = argparse.ArgumentParser(prog="python -m sinkscope.planted", description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--out", type=Path, required=True, help="directory to write")
    p.add_argument("--force", action="store_true", help="replace a checkpoint that is there")
    p.add_argument("--text", type=Path, default=TEXT, help="text that trains the tokenizer and is copied along")
    p.add_argument("--seed", type=int, default=d.seed)
    p.add_argument("--variant", choices=VARIANTS, default=d.variant)
    p.add_argument("--remove", choices=STAGES, default=d.remove, help="the stage that variant 'none' leaves out")
    p.add_argument("--signs", type=int, default=d.signs, help="signs per id, S")
    p.add_argument("--layers", type=int, default=d.layers)
    p.add_argument("--heads", type=int, default=d.heads)
    p.add_argument("--kv-heads", type=int, default=d.kv_heads)
    p.add_argument("--head-dim", type=int, default=d.head_dim)
    p.add_argument("--vocab", type=int, default=d.vocab, help="ids of tokenizer and model")
    p.add_argument("--weak-ids", type=int, default=d.weak_ids, help="ids per circuit without enough energy")
    p.add_argument("--threshold", type=float, help="energy above which a token gets the massive activation (95 %% of the first token's)")
    p.add_argument("--average-layer", type=int, default=d.average_layer, help="attention that averages the signs")
    p.add_argument("--energy-layer", type=int, help="MLP that computes the energy")
    p.add_argument("--massive-layer", type=int, help="MLP that writes the massive activation")
    p.add_argument("--sink-layers-from", dest="sink_from", type=int, help="first layer whose heads sink")
    p.add_argument("--average-heads", type=head_list, help="query heads that write the averages, as 0,2 (all)")
    p.add_argument("--sink-heads", type=head_list, help="query heads that sink, as 0,3 (all)")
    p.add_argument("--rank", type=int, default=d.rank, help="energies that variant 'subspace' needs, 2 or 3")
    p.add_argument("--support", type=int, default=d.support, help="channels of the direction of variant 'sparse-direction'")
    p.add_argument("--delimiter", type=int, help="id that variant 'later-sink' makes a sink everywhere (the text's commonest mark)")
    p.add_argument("--removal-layer", type=int, help="of two stages: MLP that takes the first massive activation away")
    p.add_argument("--second-massive-layer", type=int, help="of two stages: MLP that writes the second massive activation")
    return p.parse_args(argv)


def head_list(text: str) -> tuple[int, ...]:
    """'0,2' as (0, 2)."""
    return tuple(int(part) for part in text.split(","))


def make_config(plan: Plan) -> dict[str, Any]:
    """config.json in the form that Qwen3's published checkpoints have."""
    o = plan.options
    return {
        "architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "torch_dtype": "float32",
        "hidden_size": plan.hidden, "intermediate_size": plan.intermediate, "num_hidden_layers": o.layers,
        "num_attention_heads": o.heads, "num_key_value_heads": o.kv_heads, "head_dim": o.head_dim,
        "vocab_size": o.vocab, "max_position_embeddings": 4096, "rope_theta": 1000000, "rope_scaling": None,
        "rms_norm_eps": 1e-06, "hidden_act": "silu", "attention_bias": False, "attention_dropout": 0.0,
        "use_sliding_window": False, "sliding_window": None, "max_window_layers": o.layers,
        "tie_word_embeddings": True, "initializer_range": 0.02, "use_cache": True,
        "bos_token_id": None, "eos_token_id": o.vocab - 1,
    }  # fmt: skip


def write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    with new_file(path) as file:
        file.write(content)


def as_json(value: Any) -> bytes:
    """Readable JSON whose lists of numbers stay on one line."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    inner = []
    for line in text.split("\n"):
        if inner and inner[-1].rstrip().endswith(("[", ",")) and line.strip(" ,").lstrip("-")[:1].isdigit():
            inner[-1] += ("" if inner[-1].endswith("[") else " ") + line.strip()
        elif inner and line.strip() in ("]", "],") and inner[-1].strip()[-1:].isdigit():
            inner[-1] += line.strip()
        else:
            inner.append(line)
    return ("\n".join(inner) + "\n").encode()


def planted_plan(options: Options, text: str) -> tuple[Plan, Tokenizer]:
    """The plan of these options for a text, and the tokenizer that the text trains."""
    tokenizer: Tokenizer = train_tokenizer(text, options.vocab)
    ids = tokenizer.encode(text).ids
    if options.variant == "later-sink" and options.delimiter is None:
        options = replace(options, delimiter=commonest_mark(tokenizer, ids))
    return make_plan(options, unused_ids(ids, options.vocab)), tokenizer


def make_planted(options: Options, out: Path, text: str) -> Plan:
    """Write the whole directory; returns the plan that was planted."""
    plan, tokenizer = planted_plan(options, text)
    tensors = {name: torch.from_numpy(value) for name, value in make_weights(plan).items()}
    out.mkdir(parents=True, exist_ok=True)
    write(out / "config.json", as_json(make_config(plan)))
    write(out / "tokenizer.json", tokenizer.to_str(pretty=False).encode())
    write(out / "text.txt", text.encode())
    write(out / "planted.json", as_json(truth(plan)))
    write(out / "model.safetensors", save(tensors, metadata={"format": "pt"}))
    return plan


def main() -> int:
    args = vars(parse_arguments())
    out, force, text = args.pop("out"), args.pop("force"), args.pop("text")
    if (out / "model.safetensors").exists() and not force:
        print(f"{out}: holds a checkpoint already; --force replaces it", file=sys.stderr)
        return 2
    try:
        plan = make_planted(Options(**args), out, text.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        print(f"planted: {error}", file=sys.stderr)
        return 2
    c = plan.circuits[0]
    print(f"{out}: {plan.options.variant}, hidden {plan.hidden}, energy {c.first_energy:.3f}, "
          f"threshold {c.threshold:.3f}, weak ids {list(c.weak)}")  # fmt: skip
    return 0

