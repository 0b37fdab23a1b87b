"""Frames of `sinkscope rope-swap`."""

from collections.abc import Iterator
from typing import Any

from sinkscope.frames.frame import Frame
from sinkscope.frames.parts.attention import attention_frames
from sinkscope.frames.parts.blocks import Block, long
from sinkscope.results.reading import Result


def named(condition: dict[str, Any]) -> Block:
    return {"condition": condition["name"], "condition_kind": condition["kind"]}


def sinks(result: Result) -> Iterator[tuple[Block, dict[str, Any]]]:
    for condition in result.results["conditions"]:
        for sink in condition["sink"]:
            yield named(condition), sink


def positions(result: Result) -> Iterator[Block]:
    for condition in result.results["conditions"]:
        for token, position in condition["positions"]:
            yield {**named(condition), "token": token, "rotary_position": position}


def maps(result: Result) -> Iterator[Block]:
    if found := result.results.get("maps"):
        for condition in found["conditions"]:
            for place, values in zip(found["heads"], condition["maps"]):
                yield long({"pattern": values}, {"query": None, "key": None}, {"condition": condition["name"], **place})


FRAMES = attention_frames(sinks) | {
    "positions": Frame("the tokens whose rotary position a condition changes: a row a condition and token", positions),
    "maps": Frame("attention of a few heads: a row a condition, head, query and key", maps),
}
