#!/usr/bin/env python3
"""What `identify` should cost, on paper: blocks of the model that its probes and trials run through, stage by stage, and the seconds that
they take on a GPU (bench/roofline.py) or at a measured rate of whole passes. See "identify on paper" in bench/README.md.

How many probes and trials a site takes is counted on SmolLM2-135M (results/smollm2-135m/identify.json): at a site that holds no signal
three probes say so; at one that does, the search for its form takes some fifty and the evidence four trials
with random moves and up to four without."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from roofline import MEASURED, SHAPES, block

PROBES_WITHOUT, PROBES_WITH = 3, 50
TRIALS_A_CANDIDATE = 4  # removed, written, copied, clamped
LESSER = 4  # removed and written in the fewest channels, and as fewer directions; without controls
SUSPECTS = 14  # channels that tell token 0 as well: seven, written and removed, where the signal is; without controls
EMBEDDING = 2  # exchanged, one token at a time; without controls
BESIDE = 8  # self-only twice, massive activation three times, keys twice, one of them in the layer itself
EARLIER = 2  # removed and written, for each stage before
BESIDE_CONTROLS = 2  # passes of a trial beside its controls: the edit elsewhere, and the path that changes nothing


@dataclass(frozen=True)
class Stage:
    """`first`: the block from which sites are searched; `read`: the layer of its sink; `last`: where its trials end."""

    first: int
    read: int
    last: int


@dataclass(frozen=True)
class Work:
    """Blocks that are run, each over one half of the samples."""

    probes: float
    trials: float


def stages_of(text: str, layers: int, loss: bool) -> list[Stage]:
    """3-9,12-29: read in the first layer of each."""
    stages, first = [], 0
    for part in text.split(","):
        read, last = map(int, part.split("-"))
        stages.append(Stage(first, read, layers - 1 if loss else last))
        first = read
    return stages


def trial(stage: Stage, block_number: int, controls: int) -> float:
    """One whole pass to where trials end, and the others to the layer of the sink."""
    to_sink = stage.read - block_number
    return stage.last - block_number + (controls + BESIDE_CONTROLS) * to_sink


def work(stages: list[Stage], number: int, blocks_with: int, controls: int) -> Work:
    """Two sites a block: after its attention (its MLP is still to come) and after its MLP. The signal is in the last `blocks_with`."""
    stage = stages[number]
    probes = trials = 0.0
    for one in range(stage.first, stage.read):
        has_signal = one >= stage.read - blocks_with
        for begin in (one + 0.5, one + 1):
            probes += (PROBES_WITH if has_signal else PROBES_WITHOUT) * (stage.read - begin)
            if has_signal:
                trials += TRIALS_A_CANDIDATE * trial(stage, begin, controls) + LESSER * trial(stage, begin, 0)
    signal = stage.read - blocks_with + 0.5
    trials += SUSPECTS * trial(stage, signal, 0) + EMBEDDING * trial(stage, 0, 0) + BESIDE * trial(stage, stage.read - 0.5, controls)
    trials += sum(EARLIER * trial(stage, before.read - 0.5, controls) for before in stages[:number])
    return Work(probes, trials)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--like", default="qwen3-8b", choices=SHAPES, help="published shape (%(default)s)")
    parser.add_argument("--stages", default="7-34", help="layers of each stage of the sink (%(default)s)")
    parser.add_argument("--blocks", type=int, default=2, help="blocks before each stage that hold its signal (%(default)s)")
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--length", type=int, default=32)
    parser.add_argument("--controls", type=int, default=100)
    parser.add_argument("--loss", action="store_true", help="every trial goes on to the last layer (without --no-loss)")
    parser.add_argument("--chips", default="H100,H200")
    parser.add_argument("--rate", type=float, help="tokens a second of whole passes, measured, instead of a GPU")
    args = parser.parse_args()
    shape, half = SHAPES[args.like], args.samples // 2
    stages = stages_of(args.stages, shape.layers, args.loss)
    total = 0.0
    for number, stage in enumerate(stages):
        done = work(stages, number, args.blocks, args.controls)
        total += done.probes + done.trials
        print(f"stage {number}, read in layer {stage.read}: {done.probes:,.0f} blocks of probes and {done.trials:,.0f} of trials, "
              f"each over {half} samples of {args.length} tokens")
    tokens = total * half * args.length / shape.layers
    print(f"together {tokens:,.0f} tokens through a whole model")
    if args.rate:
        print(f"{tokens / args.rate / 60:.0f} minutes at {args.rate:g} tokens/s")
        return
    for chip in args.chips.split(","):
        seconds = total * sum(step.seconds(MEASURED[chip], fp8=False) for step in block(shape, half, args.length))
        print(f"{chip}: {seconds / 60:.1f} minutes in bfloat16")


if __name__ == "__main__":
    main()
