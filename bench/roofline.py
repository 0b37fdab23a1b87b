#!/usr/bin/env python3
"""What a pass should cost on a GPU, from the bytes and operations that are counted: a table a chip and batch, step by step, with what
each fused loop saves. A step takes its operations at the rate of a large product, or its bytes at the rate of a copy on the device,
whichever is longer, and a gap for every launch. See "What a pass should cost on a GPU" in bench/README.md.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

GAP = 2.5e-6  # seconds a launch: what lies between two kernels of one stream
FLASH = 0.45  # of a large product's rate, that the library's flash attention reaches (its kernels are sm_80's)
LSE = FLOAT = 4  # bytes


@dataclass(frozen=True)
class Chip:
    """Operations and bytes a second; bytes are read plus written."""

    bf16: float
    fp8: float
    memory: float


# Of an 8192³ product in bfloat16 and of a copy; float8 products of that size were not measured: twice bfloat16's.
MEASURED = {"H100": Chip(798e12, 1596e12, 3.0e12), "H200": Chip(789e12, 1578e12, 4.25e12)}
PUBLISHED = {"H100": Chip(989e12, 1979e12, 3.35e12), "H200": Chip(989e12, 1979e12, 4.8e12)}  # SXM, dense


@dataclass(frozen=True)
class Shape:
    layers: int
    d_model: int
    heads: int
    key_heads: int
    d_head: int
    d_mlp: int
    qk_norm: bool = True


SHAPES = {"qwen3-0.6b": Shape(28, 1024, 16, 8, 128, 3072), "qwen3-8b": Shape(36, 4096, 32, 8, 128, 12288),
          "qwen3-32b": Shape(64, 5120, 64, 8, 128, 25600), "smollm2-135m": Shape(30, 576, 9, 3, 64, 1536, False)}


@dataclass(frozen=True)
class Step:
    """`more_bytes`, `more_launches`: what the same costs on top by one operation after another, as transformers writes it."""

    name: str
    flops: float
    bytes: float
    launches: int = 1
    more_bytes: float = 0
    more_launches: int = 0

    def seconds(self, chip: Chip, fp8: bool, fused: bool = True) -> float:
        rate = chip.bf16 * FLASH if self.name == "attention" else chip.fp8 if fp8 else chip.bf16
        moved = self.bytes + (0 if fused else self.more_bytes)
        launches = self.launches + (0 if fused else self.more_launches)
        return max(self.flops / rate, moved / chip.memory) + launches * GAP

    @property
    def is_ceiling(self) -> bool:
        """In bench/ceiling.cpp: products and attention."""
        return self.flops > 0


def read_shape(config: dict) -> Shape:
    heads = config["num_attention_heads"]
    return Shape(config["num_hidden_layers"], config["hidden_size"], heads, config.get("num_key_value_heads", heads),
                 config.get("head_dim") or config["hidden_size"] // heads, config["intermediate_size"],
                 config["model_type"] == "qwen3")


def product(name: str, rows: int, inner: int, outer: int, parts: int, fp8: bool) -> list[Step]:
    """x W^T with the weights of `parts` products joined; apart, each reads x anew. In float8 x is rounded first."""
    width = 1 if fp8 else 2
    step = Step(name, 2 * rows * inner * outer, width * (inner * outer + rows * inner) + 2 * rows * outer, 1,
                width * rows * inner * (parts - 1), parts - 1)
    return [Step(f"to float8, for {name}", 0, 3 * rows * inner), step] if fp8 else [step]


def norm(name: str, values: int, adds: bool) -> Step:
    """One after another, bytes a value: to float32 6, square 8, mean 4, rescale 8, to bfloat16 6, weight 4; the sum before it 6."""
    return Step(name, 0, values * (8 if adds else 4), 1, values * (36 + 6 - 8 if adds else 36 - 4), 8 if adds else 7)


def rotary(name: str, values: int, normed: bool) -> Step:
    """One after another: x cos 4, minus a half 2, the halves joined 4, times sin 4, sum 6; before it the norm."""
    return Step(name, 0, values * 4, 1, values * (20 + (36 if normed else 0) - 4), 4 + (8 if normed else 0))


def attention(s: Shape, n: int, T: int) -> list[Step]:
    """Causal, with attention to one key. Instead of the columns, the pattern: bytes a pair of tokens are scores 2, scaled 4, masked
    4, to float32 6, softmax 8, to bfloat16 6, read for the mix 2, read for the column 2."""
    rows, heads = n * T, s.heads + 2 * s.key_heads
    pairs = n * s.heads * T * T
    mixed = Step("attention", 4 * n * s.heads * s.d_head * T * (T + 1) / 2,
                 2 * rows * s.d_head * (heads + s.heads) + LSE * rows * s.heads)
    columns = Step("columns", 0, 2 * rows * s.heads * s.d_head + (LSE + FLOAT) * rows * s.heads, 1, 34 * pairs, 6)
    return [mixed, columns, Step("mean over queries", 0, 8 * FLOAT * rows * s.heads, 4)]


def block(s: Shape, n: int, T: int, fp8: bool = False) -> list[Step]:
    """One of the blocks between the first and the last."""
    rows, q, k = n * T, s.heads * s.d_head, s.key_heads * s.d_head
    return [norm("add, ln1", rows * s.d_model, True),
            *product("q, k, v", rows, s.d_model, q + 2 * k, 3, fp8),
            rotary("q norm, rotary", rows * q, s.qk_norm), rotary("k norm, rotary", rows * k, s.qk_norm),
            *attention(s, n, T),
            *product("o", rows, q, s.d_model, 1, fp8),
            norm("add, ln2", rows * s.d_model, True),
            *product("gate, up", rows, s.d_model, 2 * s.d_mlp, 2, fp8),
            Step("swiglu", 0, 6 * rows * s.d_mlp, 1, 4 * rows * s.d_mlp, 1),
            *product("down", rows, s.d_mlp, s.d_model, 1, fp8)]


def not_in_last(step: Step) -> bool:
    """Nothing behind the last layer's columns is computed; its values are, in one product with queries and keys."""
    return any(step.name.endswith(name) for name in ("o", "add, ln2", "gate, up", "swiglu", "down"))


def seconds_a_pass(s: Shape, n: int, T: int, chip: Chip, fp8: bool = False) -> dict[str, float]:
    """ours; the ceiling (products and attention of all layers, apart from gaps that it has too); the loops between them in all
    layers; what the last layer saves; one operation after another."""
    steps = block(s, n, T, fp8)
    total = sum(step.seconds(chip, fp8) for step in steps)
    ceiling = sum(step.seconds(chip, fp8) for step in steps if step.is_ceiling)
    saved = sum(step.seconds(chip, fp8) for step in steps if not_in_last(step))
    plain = sum(step.seconds(chip, fp8, fused=False) for step in steps)
    return {"ours": s.layers * total - saved, "ceiling": s.layers * ceiling, "loops": s.layers * (total - ceiling), "saved": saved,
            "plain": s.layers * plain}


def table(s: Shape, n: int, T: int, chip: Chip, fp8: bool) -> str:
    lines = ["| step | GFLOP | MB | launches | bound by | µs | one after another, µs |", "|---|---|---|---|---|---|---|"]
    steps = block(s, n, T, fp8)
    for step in steps:
        taken = step.seconds(chip, fp8)
        bound = "bytes" if step.bytes / chip.memory >= taken - step.launches * GAP - 1e-12 else "operations"
        lines.append(f"| {step.name} | {step.flops * 1e-9:.1f} | {step.bytes * 1e-6:.1f} | {step.launches} | {bound} | {taken * 1e6:.1f} | "
                     f"{step.seconds(chip, fp8, fused=False) * 1e6:.1f} |")
    of_pass = seconds_a_pass(s, n, T, chip, fp8)
    launches = sum(step.launches for step in steps)
    more = sum(step.more_launches for step in steps)
    return "\n".join(lines) + (
        f"\n\n{launches} launches a block ({launches + more} one after another). A pass of {s.layers} layers, ms: "
        f"**{of_pass['ours'] * 1e3:.1f}**, of which loops {of_pass['loops'] * 1e3:.1f}; products and attention alone "
        f"{of_pass['ceiling'] * 1e3:.1f} (ratio {of_pass['ceiling'] / of_pass['ours']:.3f}); the last layer saves "
        f"{of_pass['saved'] * 1e3:.1f}; one after another {of_pass['plain'] * 1e3:.1f}.\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--like", default="qwen3-8b", choices=SHAPES, help="published shape (%(default)s)")
    parser.add_argument("--model", type=Path, help="a checkpoint's directory instead: its config.json")
    parser.add_argument("--shapes", default="64x32,32x512", help="samples x tokens (%(default)s)")
    parser.add_argument("--chips", default="H100,H200")
    parser.add_argument("--fp8", action="store_true", help="the blocks' products in float8")
    parser.add_argument("--published", action="store_true", help="by the data sheets' rates instead of measured ones")
    args = parser.parse_args()
    shape = read_shape(json.loads((args.model / "config.json").read_text())) if args.model else SHAPES[args.like]
    for chip in args.chips.split(","):
        for n, T in ([int(number) for number in batch.split("x")] for batch in args.shapes.split(",")):
            print(f"### {args.model.name if args.model else args.like}, {n} × {T}, {'float8' if args.fp8 else 'bfloat16'}, {chip}\n")
            print(table(shape, n, T, (PUBLISHED if args.published else MEASURED)[chip], args.fp8))


if __name__ == "__main__":
    main()
