#!/usr/bin/env python3
"""One of the programs that sinkscope is measured against, alone in its process; prints one JSON object.

published: transformers eager with all attentions, stacked, sliced, averaged in float32, full logits, as the sweep script
of the published Qwen3 study does. sdpa: transformers' fused attention, no head, nothing measured. transformerlens:
TransformerBridge with a hook on every layer's pattern, reduced in the hook.
"""

from __future__ import annotations

import argparse
import json
import resource
import time

import torch
from transformers import AutoModelForCausalLM


def load(args: argparse.Namespace, attention: str):
    dtype = getattr(torch, args.dtype)
    return AutoModelForCausalLM.from_pretrained(args.model, dtype=dtype, attn_implementation=attention).eval().to(args.device)


def published(args: argparse.Namespace):
    model = load(args, "eager")

    def run(ids):
        attentions = model(input_ids=ids, output_attentions=True, use_cache=False).attentions
        stacked = torch.stack(attentions, dim=1)
        return stacked[:, :, :, 1:, 0].float().mean()

    return run


def sdpa(args: argparse.Namespace):
    model = load(args, "sdpa").model
    return lambda ids: model(input_ids=ids, use_cache=False).last_hidden_state


def transformerlens(args: argparse.Namespace):
    from transformer_lens.model_bridge import TransformerBridge

    bridge = TransformerBridge.boot_transformers(args.model, hf_model=load(args, "eager"), device=args.device,
                                                 dtype=getattr(torch, args.dtype))

    def run(ids):
        sums = []

        def note(pattern, hook):
            sums.append(pattern[:, :, 1:, 0].float().mean())
            return pattern

        layers = range(bridge.cfg.n_layers)
        bridge.run_with_hooks(ids, return_type=None, fwd_hooks=[(f"blocks.{i}.attn.hook_pattern", note) for i in layers])
        assert len(sums) == len(layers)
        return torch.stack(sums).mean()

    return run


def synchronize(args: argparse.Namespace) -> None:
    if args.device != "cpu":
        torch.cuda.synchronize()


def main() -> None:
    contenders = {"published": published, "sdpa": sdpa, "transformerlens": transformerlens}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("contender", choices=contenders)
    parser.add_argument("--model", required=True)
    parser.add_argument("--samples", type=int, required=True)
    parser.add_argument("--length", type=int, required=True)
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--threads", type=int, default=0)
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.set_grad_enabled(False)
    run = contenders[args.contender](args)
    vocabulary = json.load(open(f"{args.model}/config.json"))["vocab_size"]
    ids = torch.randint(vocabulary, (args.samples, args.length), generator=torch.Generator().manual_seed(0)).to(args.device)
    run(ids)
    synchronize(args)
    before, seconds = resource.getrusage(resource.RUSAGE_SELF).ru_minflt, []
    for _ in range(args.passes):
        start = time.perf_counter()
        run(ids)
        synchronize(args)
        seconds.append(time.perf_counter() - start)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    gpu = torch.cuda.max_memory_allocated() / 2**20 if args.device != "cpu" else None
    print(json.dumps({"seconds": seconds, "peak_mb": usage.ru_maxrss / 1024, "gpu_peak_mb": gpu,
                      "page_faults": (usage.ru_minflt - before) // args.passes}))


if __name__ == "__main__":
    main()
