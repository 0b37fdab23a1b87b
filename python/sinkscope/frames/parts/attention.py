"""Frames of `mean_attention` as most experiments give it: of a token, under a condition, by layer, head and sample."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sinkscope.frames.frame import Frame
from sinkscope.frames.parts.blocks import Block, flat, long, only
from sinkscope.results.reading import Result

Sinks = Callable[[Result], Iterator[tuple[Block, dict[str, Any]]]]  # columns of the condition, and what holds `mean_attention`


def attention_frames(sinks: Sinks) -> dict[str, Frame]:
    def each(rows: Callable[[Block, dict[str, Any]], Iterator[Block]]) -> Callable[[Result], Iterator[Block]]:
        def blocks(result: Result) -> Iterator[Block]:
            for condition, sink in sinks(result):
                yield from rows({**condition, **only(sink, "token", "first_query", "uniform")}, sink)
        return blocks

    return {
        "attention": Frame("mean attention to a token: a row a condition, token, layer and head", each(by_head)),
        "attention_by_layer": Frame("the mean over heads with its interval: a row a condition, token and layer", each(by_layer)),
        "attention_by_sample": Frame("the mean over layers and heads: a row a condition, token and sample", each(by_sample),
                                     paired=("mean_attention",)),
        "attention_mean": Frame("the mean over layers, heads and samples with its interval: a row a condition and token", each(mean)),
        "sink_rate": Frame("share of samples and heads above epsilon: a row a condition, token, epsilon and layer", each(sink_rate)),
    }


def by_head(shared: Block, sink: dict[str, Any]) -> Iterator[Block]:
    yield long({"mean_attention": sink["mean_attention"]["by_layer_head"]}, {"layer": None, "head": None}, shared)


def by_layer(shared: Block, sink: dict[str, Any]) -> Iterator[Block]:
    attention = sink["mean_attention"]
    block = long({"mean_attention": attention["by_layer"], "half": attention["by_layer_ci95"]}, {"layer": None}, shared)
    half, mean = block.pop("half"), block["mean_attention"]
    ends = {"mean_attention_ci95_low": [m - h for m, h in zip(mean, half)], "mean_attention_ci95_high": [m + h for m, h in zip(mean, half)]}
    yield block | ends


def by_sample(shared: Block, sink: dict[str, Any]) -> Iterator[Block]:
    yield long({"mean_attention": sink["mean_attention"]["by_sample"]}, {"sample": None}, shared)


def mean(shared: Block, sink: dict[str, Any]) -> Iterator[Block]:
    whole = flat(only(sink["mean_attention"], "mean", "sd", "ci95"), "mean_attention")
    yield {**shared, "samples": sink["samples"], **whole}


def sink_rate(shared: Block, sink: dict[str, Any]) -> Iterator[Block]:
    for one in sink["sink_rate"]:
        yield long({"sink_rate": one["by_layer"]}, {"layer": None}, {**shared, "epsilon": one["epsilon"]})
