"""The record of a training run: its settings, its text, and its metrics at about twelve steps, as a result file."""

import json
import platform
from pathlib import Path

import torch
from transformers import PreTrainedModel

from sinkscope.results import SCHEMA_VERSION
from sinkscope.training.measure import SINK_LENGTH, SINK_WINDOWS

INTERVALS = 12
METRICS = {
    "held_out_loss": "mean next-token loss in nats on held-out windows of the training length, without repeats or backcopies",
    "sink": "by layer: attention to token 0, mean over held-out windows, heads and queries q >= 1",
    "uniform": "the same mean if every query attended evenly to what it sees",
    "best_head": "the head with the largest mean attention to token 0",
    "massive": "by layer: the activation of largest magnitude in the residual after the block, with its token and dimension",
    "mlp_norm_first": "by layer: norm of the MLP's output at token 0, mean over windows",
    "mlp_norm_later": "the same over all later tokens",
    "induction": "best head's mean attention from a token's second occurrence to what followed its first, random ids twice",
}


def emergence(state: Path, model: PreTrainedModel, name: str) -> dict:
    """`results.checkpoints`: the log at step 0, the last step, and evenly spaced steps between them."""
    log = [json.loads(line) for line in (state / "log.jsonl").read_text().splitlines()]
    picked = sorted({round(i * (len(log) - 1) / INTERVALS) for i in range(INTERVALS + 1)})
    kept = ["step", "tokens", "train_loss", *[m for m in METRICS if m != "uniform"]]
    c = model.config
    return {
        "schema_version": SCHEMA_VERSION, "experiment": "emergence",
        "model": {"name": name, "parameters": sum(p.numel() for p in model.parameters()), "planted": False,
                  "n_layers": c.num_hidden_layers, "d_model": c.hidden_size, "n_heads": c.num_attention_heads,
                  "n_kv_heads": c.num_key_value_heads, "d_head": c.head_dim, "d_mlp": c.intermediate_size,
                  "vocab_size": c.vocab_size},
        "training": json.loads((state / "settings.json").read_text()),
        "text": json.loads((state / "corpus.json").read_text()),
        "data": {"slice": "windows", "samples": SINK_WINDOWS, "length": SINK_LENGTH, "lengths": [SINK_LENGTH]},
        "numerics": {"dtype": "float32", "torch": torch.__version__, "machine": machine()},
        "metrics": METRICS,
        "results": {"uniform": log[0]["uniform"], "checkpoints": [{k: log[i][k] for k in kept} for i in picked]},
    }


def machine() -> str:
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    names = [line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line]
    return f"{names[0] if names else platform.machine()}, {torch.get_num_threads()} threads"
