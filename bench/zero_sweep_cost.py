#!/usr/bin/env python3
"""What a zero-sweep costs beside full passes: its 2·L trials, each from its edited site, as a share of 2·L passes from the
embedding on. Target: at most 0.6.

    .venv/bin/python bench/zero_sweep_cost.py [--program build/release/sinkscope] [--layers 24] [--rounds 3]

Neither is timed alone, since loading, the baseline and the unedited run would count: the cost of 2·L trials is a run with two
operations less one with one, the cost of full passes one with 2·n trials at the embedding less one with n. Interleaved, the
median of the rounds. The sink is read at layer 0, so that both kinds of pass go to the end, with the loss.
"""

import argparse
import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from transformers import Qwen3Config, Qwen3ForCausalLM

FULL = 12


def at_embedding(count: int) -> str:
    return json.dumps([{"name": str(i), "edits": [{"site": "hook_embed", "tokens": 0, "operation": "scale", "dose": 0.5 + i}]}
                       for i in range(1, count + 1)])


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--program", default="build/release/sinkscope")
    p.add_argument("--layers", type=int, default=24, help="of a random Qwen3 of width 256 (%(default)s)")
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--samples", type=int, default=8)
    p.add_argument("--length", type=int, default=64)
    args = p.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model"
        layers = args.layers
        Qwen3ForCausalLM(Qwen3Config(vocab_size=2048, hidden_size=256, intermediate_size=768, num_hidden_layers=layers,
                                     num_attention_heads=8, num_key_value_heads=4, head_dim=32)).save_pretrained(model)

        def seconds(command: str, *options: str) -> float:
            words = [args.program, command, "--model", model, "--tokens", "random", "--samples", args.samples, "--length", args.length,
                     "--layer", 0, "--controls", 0, "--no-frozen", "--quiet", "--force", "--out", Path(folder) / "out.json", *options]
            start = time.perf_counter()
            subprocess.run([str(word) for word in words], check=True, stderr=subprocess.DEVNULL)
            return time.perf_counter() - start

        shares = []
        for _ in range(args.rounds):
            one, two = seconds("zero-sweep", "--operations", "zero"), seconds("zero-sweep", "--operations", "zero,mean")
            few, many = seconds("intervene", "--trials", at_embedding(FULL)), seconds("intervene", "--trials", at_embedding(2 * FULL))
            trial, full = (two - one) / (2 * layers), (many - few) / FULL
            shares.append(trial / full)
            print(f"a trial {trial:.3f} s, a full pass {full:.3f} s, share {shares[-1]:.3f}", flush=True)
        print(f"{layers} layers, {args.samples} x {args.length} tokens: {2 * layers} trials cost "
              f"{statistics.median(shares):.3f} of {2 * layers} full passes (median of {args.rounds})")


if __name__ == "__main__":
    main()
