"""Trains the demo model: a small Qwen3 on English text, by next-token loss alone, until it has attention sinks. Or a Llama
of the same shape (--family llama): without q/k norm, otherwise the same run.

    python -m sinkscope.training.text TEXT_DIR
    python -m sinkscope.training --text TEXT_DIR --state STATE_DIR --out models/demo

The same command resumes a run that was stopped (SIGTERM and Ctrl-C save first). The learning rate warms up, stays, and
falls over the steps after --decay-from; a finished or unfinished run goes on under a larger --steps, best before its rate
has fallen. STATE_DIR/log.jsonl has a line of metrics every --log-every steps.
"""

import argparse
import os
import signal
import sys
import time
from pathlib import Path

CPU_ENVIRONMENT = {  # without the first three, glibc hands every large tensor back to the kernel and page faults dominate
    "MALLOC_MMAP_THRESHOLD_": "4294967296", "MALLOC_TRIM_THRESHOLD_": "8589934592", "MALLOC_TOP_PAD_": "268435456",
    "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": str(len(os.sched_getaffinity(0)))}
if __name__ == "__main__" and any(name not in os.environ for name in CPU_ENVIRONMENT):
    os.execve(sys.executable, sys.orig_argv, CPU_ENVIRONMENT | os.environ)  # they are read at start-up

import torch  # noqa: E402
from torch import nn  # noqa: E402
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedModel, Qwen3Config, Qwen3ForCausalLM  # noqa: E402

from sinkscope.training import corpus, measure  # noqa: E402
from sinkscope.training import state as kept  # noqa: E402

FAMILIES = {"qwen3": (Qwen3Config, Qwen3ForCausalLM), "llama": (LlamaConfig, LlamaForCausalLM)}


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sinkscope.training", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    place = parser.add_argument_group("files")
    place.add_argument("--text", type=Path, required=True, help="folder of *.txt, documents separated by <|endoftext|> lines")
    place.add_argument("--state", type=Path, required=True, help="folder of checkpoint and log, outside the work tree")
    place.add_argument("--out", type=Path, help="where the model goes at the end")
    place.add_argument("--export", action="store_true", help="write the current model to --out and stop")
    place.add_argument("--export-dtype", choices=["float32", "bfloat16"], default="float32")
    shape = parser.add_argument_group("model")
    shape.add_argument("--family", choices=FAMILIES, default="qwen3", help="llama has no q/k norm (%(default)s)")
    for name, default, what in [("vocabulary", 2048, "tokenizer entries, 512 to 32767"), ("width", 128, "residual"),
                                ("layers", 8, "blocks"), ("heads", 4, "query heads"), ("kv-heads", 2, "key heads"),
                                ("head-width", 64, "width of a head"), ("mlp", 384, "neurons of a block"),
                                ("length", 256, "tokens in a window")]:
        shape.add_argument(f"--{name}", type=int, default=default, help=f"{what} (%(default)s)")
    run = parser.add_argument_group("training")
    for name, default, what in [("steps", 60_000, "in all"), ("windows", 8, "windows a step"), ("warmup", 200, "steps"),
                                ("held-out", 200_000, "tokens kept apart, the last documents"), ("seed", 0, ""),
                                ("log-every", 500, "steps between metrics"), ("save-every", 500, "steps between saves")]:
        run.add_argument(f"--{name}", type=int, default=default, help=f"{what} (%(default)s)")
    for name, default, what in [("lr", 1.5e-3, "peak"), ("weight-decay", 0.2, "on matrices, not norms and embedding"),
                                ("decay-from", 0.7, "share of the steps after which the rate falls"),
                                ("repeat-share", 0.2, "share of windows in which a span occurs twice"),
                                ("backcopy-share", 0.2, "share of windows with triggers that repeat an earlier token")]:
        run.add_argument(f"--{name}", type=float, default=default, help=f"{what} (%(default)s)")
    run.add_argument("--device", default="auto", help="auto, cpu or cuda (%(default)s)")
    run.add_argument("--compile", action="store_true", help="torch.compile the model (needs a C++ compiler)")
    args = parser.parse_args(argv)
    if args.export and not args.out:
        parser.error("--export needs --out")
    if not 512 <= args.vocabulary < 2**15:
        parser.error(f"--vocabulary from 512 to 32767, not {args.vocabulary}")
    if args.length < 64:
        parser.error(f"--length at least 64, not {args.length}: repeated spans need room")
    if args.device == "auto":
        args.device = "cuda" if torch.cuda.is_available() else "cpu"
    return args


def make_model(args: argparse.Namespace) -> PreTrainedModel:
    """A plain model of the family with the library's own random start. The last id of the vocabulary is the document
    separator."""
    torch.manual_seed(args.seed)
    config_class, model_class = FAMILIES[args.family]
    config = config_class(
        vocab_size=args.vocabulary, hidden_size=args.width, intermediate_size=args.mlp, num_hidden_layers=args.layers,
        num_attention_heads=args.heads, num_key_value_heads=args.kv_heads, head_dim=args.head_width,
        max_position_embeddings=args.length, rope_parameters={"rope_type": "default", "rope_theta": 1e6},
        tie_word_embeddings=True, bos_token_id=None, eos_token_id=args.vocabulary - 1)
    # at these lengths two plain matrix products are twice as fast on a CPU as its fused attention
    config._attn_implementation = "sdpa" if args.device.startswith("cuda") else "eager"
    return model_class(config).to(args.device)


def make_optimizer(model: nn.Module, args: argparse.Namespace) -> torch.optim.AdamW:
    """AdamW; only the matrices inside the blocks decay."""
    decaying = [p for name, p in model.named_parameters() if p.ndim == 2 and "embed_tokens" not in name]
    others = [p for name, p in model.named_parameters() if p.ndim != 2 or "embed_tokens" in name]
    return torch.optim.AdamW([{"params": decaying, "weight_decay": args.weight_decay},
                              {"params": others, "weight_decay": 0.0}], lr=args.lr, betas=(0.9, 0.95), fused=True)


def rate(step: int, args: argparse.Namespace) -> float:
    """Learning rate of a step: warm-up, plateau, then a straight fall to 2 % of the peak."""
    fall_from = args.decay_from * args.steps
    falling = max(0.0, (step - fall_from) / max(1.0, args.steps - fall_from))
    return args.lr * min(1.0, (step + 1) / args.warmup) * (1 - 0.98 * falling)


def train_step(model: nn.Module, optimizer: torch.optim.Optimizer, ids: torch.Tensor, step: int,
               args: argparse.Namespace) -> torch.Tensor:
    inputs, targets = corpus.training_batch(ids, args.seed, step, args.windows, args.length, args.repeat_share,
                                            args.backcopy_share, args.vocabulary)
    with torch.autocast(inputs.device.type, dtype=torch.bfloat16):
        logits = model(input_ids=inputs, use_cache=False).logits
    loss = nn.functional.cross_entropy(logits.float().flatten(0, 1), targets.flatten())
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for group in optimizer.param_groups:
        group["lr"] = rate(step, args)
    optimizer.step()
    return loss.detach()


def log_line(model: PreTrainedModel, step: int, train_loss: float | None, held_out: torch.Tensor, speed: float | None,
             args: argparse.Namespace) -> dict:
    model.eval()
    line = {"step": step, "tokens": step * args.windows * args.length, "lr": rate(step, args), "train_loss": train_loss,
            "held_out_loss": round(measure.held_out_loss(model, held_out, args.length), 5),
            **measure.sink_metrics(model, held_out), "tokens_per_second": speed}
    model.train()
    return line


def train(args: argparse.Namespace, model: Qwen3ForCausalLM, ids: torch.Tensor, held_out: torch.Tensor) -> bool:
    """Runs until --steps or a signal; saves either way. True when the run is complete."""
    optimizer = make_optimizer(model, args)
    step = kept.load(args.state, model, optimizer, torch.device(args.device))
    stopped = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.append(True))
    if step == 0:
        kept.append_log(args.state, log_line(model, 0, None, held_out, None, args))
    running = torch.compile(model) if args.compile else model
    model.train()
    losses, since = [], time.monotonic()
    while step < args.steps and not stopped:
        losses.append(train_step(running, optimizer, ids, step, args))
        step += 1
        if step % args.log_every == 0 or step == args.steps:
            mean = round(torch.stack(losses).mean().item(), 5)
            if not mean < float("inf"):
                sys.exit(f"training: loss is {mean} at step {step}; the last checkpoint is kept in {args.state}")
            speed = round(len(losses) * args.windows * args.length / (time.monotonic() - since))
            line = log_line(model, step, mean, held_out, speed, args)
            kept.append_log(args.state, line)
            print(f"step {step} loss {mean:.3f} held-out {line['held_out_loss']:.3f} sink {line['sink_upper']:.4f} "
                  f"best head {line['best_head']['value']:.3f} {speed} tokens/s", flush=True)
            losses, since = [], time.monotonic()
        if step % args.save_every == 0:
            kept.save(args.state, model, optimizer, step)
    kept.save(args.state, model, optimizer, step)
    print(f"{'stopped' if stopped else 'done'} at step {step} of {args.steps}", flush=True)
    return step >= args.steps


def main() -> None:
    args = parse()
    args.state.mkdir(parents=True, exist_ok=True)
    train_ids, held_out_ids, facts = corpus.prepare(args.text, args.state, args.vocabulary, args.held_out)
    not_the_run = {"text", "state", "out", "export", "export_dtype", "device", "compile", "log_every", "save_every"}
    settings = {name: value for name, value in vars(args).items() if name not in not_the_run}
    kept.keep_settings(args.state, {**settings, "text_sha256": facts["sha256"]})
    model = make_model(args)
    print(f"{sum(p.numel() for p in model.parameters())} parameters, {facts['train_tokens']} training tokens, {args.device}",
          flush=True)
    if args.export:
        step = kept.load(args.state, model, make_optimizer(model, args), torch.device(args.device))
        complete = step > 0
        if not complete:
            sys.exit(f"training: no checkpoint in {args.state} to export")
    else:
        ids, held_out = (torch.from_numpy(part).to(args.device) for part in (train_ids, held_out_ids))
        complete = train(args, model, ids, held_out)
    if complete and args.out:
        kept.export(model, args.state, args.out, getattr(torch, args.export_dtype))
        print(f"wrote {args.out}", flush=True)


if __name__ == "__main__":
    main()
