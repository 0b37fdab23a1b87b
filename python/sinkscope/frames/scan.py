"""Frames of `sinkscope scan`."""

from collections.abc import Iterator
from typing import Any

from sinkscope.frames.frame import Frame
from sinkscope.frames.parts.attention import attention_frames
from sinkscope.frames.parts.blocks import Block, long, only, table
from sinkscope.results.reading import Result


def sinks(result: Result) -> Iterator[tuple[Block, dict[str, Any]]]:
    for sink in result.results["sink"] or []:
        yield {}, sink


def profile(result: Result) -> Iterator[Block]:
    if found := result.results["profile"]:
        yield long({"profile": found["by_layer"]}, {"layer": None, "key": found["keys"]})


def norms(result: Result) -> Iterator[Block]:
    found = result.results["norms"] or {"sites": []}
    for site in found["sites"]:
        shared = only(site, "site")
        yield long({"norm": site["by_layer_token"]}, {"layer": None, "token": found["tokens"]}, {**shared, "token_set": "tracked"})
        yield long({"norm": site["others_by_layer"]}, {"layer": None}, {**shared, "token_set": "others"})


def top_dimensions(result: Result) -> Iterator[Block]:
    for one in (result.results["norms"] or {"top_dimensions": []})["top_dimensions"]:
        yield from table(one["dimensions"], only(one, "layer", "token"), number="rank")


def loss(result: Result) -> Iterator[Block]:
    if found := result.results["loss"]:
        yield long({"loss": found["by_sample"]}, {"sample": None})


FRAMES = attention_frames(sinks) | {
    "profile": Frame("attention to every key: a row a layer and key", profile),
    "norms": Frame("norms of residual, keys and values: a row a site, layer and token", norms),
    "top_dimensions": Frame("the largest dimensions of the residual: a row a layer, token and rank", top_dimensions),
    "loss_by_sample": Frame("next-token loss: a row a sample", loss, paired=("loss",)),
}
