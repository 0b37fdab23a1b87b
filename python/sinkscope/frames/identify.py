"""Frames of `sinkscope identify`: the trials, and what the verdict was made of, of every stage of the sink."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from sinkscope.frames.frame import Frame
from sinkscope.frames.parts.blocks import Block, flat, only, table, without
from sinkscope.frames.parts.trials import SEARCH_FRAMES, TRIAL_FRAMES
from sinkscope.results.reading import Result
from sinkscope.results.stages import stages_of


def by_stage(blocks: Callable[[Result], Iterator[Block]]) -> Callable[[Result], Iterator[Block]]:
    """The blocks of every stage, each with its number."""
    def of_all(result: Result) -> Iterator[Block]:
        for number, stage in stages_of(result):
            for block in blocks(stage):
                yield {"stage": number, **block}
    return of_all


def stages(result: Result) -> Iterator[Block]:
    for _, stage in stages_of(result):
        found = stage.results
        signal = (found["verdict"]["signal"] or {}).get("sets", [{}])[0]
        yield {"first_layer": found["first"], "last_layer": found["last"], "sink_layer": found["layer"], "kind": found["verdict"]["kind"],
               "site": (found["verdict"]["signal"] or {}).get("site"), "signal_rank": signal.get("rank"), "support": signal.get("support")}


def effect(one: dict[str, Any] | None, name: str) -> Block:
    empty = {"mean": None, "ci95": [None, None]}
    found = one or {"unedited": empty, "edited": empty}
    return {key: value for which in ("unedited", "edited") for key, value in flat(without(found[which], "n"), f"{name}_{which}").items()}


def chain(result: Result) -> Iterator[Block]:
    for arrow in result.results["chain"]:
        yield {"from": arrow["from"], "to": arrow["to"], "of": arrow["of"], **effect(arrow["removed"], "removed"),
               **effect(arrow["written"], "written")}


def earlier(result: Result) -> Iterator[Block]:
    for one in result.results["earlier"]:
        yield {"earlier_stage": one["stage"], "site": one["site"], "needed": one["needed"], **effect(one["removed"], "removed"),
               **effect(one["written"], "written")}


def candidates(result: Result) -> Iterator[Block]:
    nested = ("conditions", "trials", "sufficient", "sparse", "fewer", "by_text")
    yield from table(without(one, *nested) for one in result.results["candidates"])


def conditions(result: Result) -> Iterator[Block]:
    for candidate in result.results["candidates"]:
        for one in candidate["conditions"]:
            yield {"site": candidate["site"], "condition": one["name"], **flat(without(one, "name", "by_text"))}


def conditions_by_text(result: Result) -> Iterator[Block]:
    for candidate in result.results["candidates"]:
        for one in candidate["conditions"]:
            for text, found in one.get("by_text", {}).items():
                yield {"site": candidate["site"], "condition": one["name"], "set": one["set"], "text": text, **flat(found)}


def suspects(result: Result) -> Iterator[Block]:
    yield from table(result.results["suspects"])


def blocks(result: Result) -> Iterator[Block]:
    yield from table(result.results["blocks"])


def signals(result: Result) -> Iterator[Block]:
    for one in result.results["signals"]:
        yield {**only(one, "candidate", "set", "site"), "form": one.get("form"), "basis_rank": one["rank"],
               "tensor": one["basis"]["tensor"].removesuffix(".basis")}


def later_sinks(result: Result) -> Iterator[Block]:
    for one in result.results.get("later_sinks", {"carries": []})["carries"]:  # results of earlier versions have none
        levels = {f"attention_{name}_{run}": without(level, "n")
                  for run, of_tokens in one["attention"].items() for name, level in of_tokens.items()}
        yield {**only(one, "site", "needed"),
               **flat({"share_of_way": without(one["share_of_way"], "n"), **levels, "random": one["random"]})}


OWN_FRAMES = {
    "chain": Frame("how the sink comes about: a row an arrow", chain),
    "earlier": Frame("signals of earlier stages held against later ones: a row a pair of stages", earlier),
    "candidates": Frame("places where the signal may be: a row a site", candidates),
    "conditions": Frame("what a candidate was asked on the half that tests: a row a site and condition", conditions),
    "conditions_by_text": Frame("of several texts, the same of each alone: a row a site, condition and text", conditions_by_text),
    "suspects": Frame("dimensions that tell token 0 from others: a row a site and dimension", suspects),
    "signals": Frame("what each candidate's sets are in the file beside the result: a row a set, or lesser form of it", signals),
    "later_sinks": Frame("whether sinks that are not first need what token 0's needs: a row a site", later_sinks),
    "blocks": Frame("block outputs replaced at token 0 by the later token's mean: a row a site", blocks),
}
def massive_writes(result: Result) -> Iterator[Block]:
    for one in result.results["massive_writes"]:
        later = one["later_tokens"]
        at = one.get("at", "token 0")  # results of earlier versions say nothing of later tokens alone
        yield {**only(one, "site", "does"), "at": at, **only(one, "norm", "norm_at_others"), "norm_before": one["residual"]["before"],
               "norm_after": one["residual"]["after"], "later_share": later["share"],
               "later_ids": ",".join(str(row["id"]) for row in later["ids"]) or None}


OF_ALL = ("sink_baseline",)  # measured once, for all stages
FRAMES = {
    **{name: frame if name in OF_ALL else replace(frame, blocks=by_stage(frame.blocks))
       for name, frame in (TRIAL_FRAMES | SEARCH_FRAMES | OWN_FRAMES).items()},
    "massive_writes": Frame("blocks that make a residual massive, or take that away: a row a block output", massive_writes),
    "stages": Frame("layers in a row with a sink, and what they rest on: a row a stage", stages),
}
