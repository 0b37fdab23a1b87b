"""Frames of `sinkscope vocab-sweep`. Attention by layer and id is in the sidecar."""

from collections.abc import Iterator
from typing import Any

from sinkscope.frames.frame import Frame
from sinkscope.frames.parts.attention import attention_frames
from sinkscope.frames.parts.blocks import Block, long, table
from sinkscope.results.reading import Result

QUANTILES = (0, 0.25, 0.5, 0.75, 1)  # of by_kind


def sinks(result: Result) -> Iterator[tuple[Block, dict[str, Any]]]:
    """With the text's own token in first place."""
    yield {}, result.results["baseline"]


def ids(result: Result) -> Iterator[Block]:
    found = result.results
    of_id = {"id": found["ids"], "piece": found["pieces"], "kind": found["kinds"], "score": found["score"], "spread": found["spread"]}
    of_id |= {key: found.get("screen", {}).get(key) for key in ("exact", "low", "high")}
    if paired := found.get("paired"):
        place = {one: index for index, one in enumerate(paired["ids"])}
        rows = [place.get(one) for one in found["ids"]]
        of_id |= {f"paired_{key}": [None if row is None else paired[key][row] for row in rows] for key in ("difference", "half_width")}
    yield {name: values for name, values in of_id.items() if values is not None}


def extremes(result: Result) -> Iterator[Block]:
    for end in ("top", "bottom"):
        yield from table(result.results[end], {"end": end}, number="rank")


def by_layer(result: Result) -> Iterator[Block]:
    found = result.results["by_layer"]
    yield long({"score": found["mean"], "score_sd": found["sd"]}, {"layer": None})


def kinds(result: Result) -> Iterator[Block]:
    for one in result.results["by_kind"]:
        shared = {"kind": one["kind"], "count": one["count"], "score_mean": one["mean"]}
        yield long({"score": one["quantiles"]}, {"quantile": QUANTILES}, shared)


def histogram(result: Result) -> Iterator[Block]:
    found = result.results["histogram"]
    yield {"score_from": found["edges"][:-1], "score_to": found["edges"][1:], "count": found["counts"]}


FRAMES = {
    "ids": Frame("the sink that each id makes in first place: a row an id", ids),
    "extremes": Frame("the strongest and weakest ids: a row an end and rank", extremes),
    "score_by_layer": Frame("mean and standard deviation over ids: a row a layer", by_layer),
    "score_by_kind": Frame("quantiles over ids of a kind: a row a kind and quantile", kinds),
    "histogram": Frame("how many ids have which score: a row a bin", histogram),
} | attention_frames(sinks)
