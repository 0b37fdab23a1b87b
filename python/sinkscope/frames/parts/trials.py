"""Frames of the experiments that are made of trials: every trial beside the unedited run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sinkscope.frames.frame import Frame
from sinkscope.frames.parts.blocks import Block, flat, long, only, table, without
from sinkscope.results.reading import Result

OF_TOKEN = ("massive_activation", "from_condition", "frozen", "interaction")  # lists with an entry for every tracked token


def trials_of(result: Result) -> list[dict[str, Any]]:
    return result.results.get("trials") or []


def named(trial: dict[str, Any]) -> Block:
    return {"name": trial["name"], "role": trial["role"]}


def of_token(values: list[dict[str, Any]] | None, token: int) -> dict[str, Any]:
    """The entry of one token, without the token; empty where there is none."""
    return next((without(one, "token") for one in values or [] if one["token"] == token), {})


def controls(trial: dict[str, Any], token: int) -> Block:
    found = trial["controls"]
    other = found["other_position"] or {}
    return {
        "no_op_largest_difference": found["no_op_largest_difference"],
        "other_position_token": other.get("token"),
        **flat(of_token(other.get("difference"), token), "other_position_difference"),
        **flat(of_token(found["random"], token), "random"),
    }


def trials(result: Result) -> Iterator[Block]:
    levels = {(row["name"], one["token"]): one["level"] for row in result.results.get("table") or [] for one in row["sink"]}
    for trial in trials_of(result):
        shared = {**named(trial), **flat(trial.get("about", {}), "about"), "attention": trial.get("attention")}
        for tracked in trial["mean_attention"]:
            token = tracked["token"]
            change = only(tracked, "unedited", "edited", "difference")
            level = levels.get((trial["name"], token), {})
            yield {
                **shared, "token": token, **flat(change, "mean_attention"),
                **flat(only(level, "ci95"), "mean_attention_edited"),
                **flat(only(tracked, "reading", "is_ordinary", "above_ordinary")),
                **flat(without(trial["ordinary"], "by_layer", "by_sample"), "ordinary"),
                **{key: value for name in OF_TOKEN for key, value in flat(of_token(trial.get(name), token), name).items()},
                **flat(trial["loss"] or {}, "loss"), **controls(trial, token),
                **flat(trial["outside_natural_range"] or {}, "outside_natural_range"),
            }


def keys_of(trial: dict[str, Any]) -> Iterator[tuple[Block, dict[str, Any]]]:
    """Every tracked token, then the ordinary ones, of which the result has the mean alone."""
    for tracked in trial["mean_attention"]:
        yield {**named(trial), "token_set": "tracked", "token": tracked["token"]}, tracked
    yield {**named(trial), "token_set": "ordinary", "token": None}, trial["ordinary"]


def with_unedited(result: Result, kind: str) -> Iterator[tuple[Block, dict[str, Any]]]:
    """What every trial has of every token by layer or by sample, but for what was trimmed. The unedited run is the same of all trials;
    trimmed, the first alone has it."""
    for trial in trials_of(result):
        for (shared, key), (_, first) in zip(keys_of(trial), keys_of(trials_of(result)[0]), strict=True):
            found = key[kind]
            if found["edited"] == [None]:
                continue
            yield shared, found | {"unedited": first[kind]["unedited"]} if found["unedited"] == [None] else found


def by_layer(result: Result) -> Iterator[Block]:
    for shared, found in with_unedited(result, "by_layer"):
        values = {"mean_attention_unedited": found["unedited"], "mean_attention_edited": found["edited"],
                  "mean_attention_difference_ci95_low": found["difference_low"],
                  "mean_attention_difference_ci95_high": found["difference_high"]}
        first = result.results["sink_layer"]  # the layers before it are not read
        yield long(values, {"layer": range(first, first + len(found["edited"]))}, shared)


def by_sample(result: Result) -> Iterator[Block]:
    """Without the samples that have no value: those that chose what is tried."""
    for shared, found in with_unedited(result, "by_sample"):
        edited, unedited = found["edited"], found["unedited"]
        kept = [sample for sample, values in enumerate(zip(edited, unedited, strict=True)) if values != (None, None)]
        if kept:
            values = {"unedited": unedited, "edited": edited}
            yield long({f"mean_attention_{name}": [one[sample] for sample in kept] for name, one in values.items()},
                       {"sample": kept}, shared)


def by_first_token(result: Result) -> Iterator[Block]:
    for trial in trials_of(result):
        for tracked in trial["mean_attention"]:
            for kind, difference in tracked["by_first_token"].items():
                yield {**named(trial), "token": tracked["token"], "first_token": kind, **flat(difference, "mean_attention_difference")}


def by_text(result: Result) -> Iterator[Block]:
    for trial in trials_of(result):
        for tracked in trial["mean_attention"]:
            for text, difference in tracked.get("by_text", {}).items():
                yield {**named(trial), "token": tracked["token"], "text": text, **flat(difference, "mean_attention_difference")}


def edits(result: Result) -> Iterator[Block]:
    for trial in trials_of(result):
        for number, edit in enumerate(trial["edits"]):
            yield {**named(trial), "edit": number, **flat(without(edit, "basis", "values")),
                   "basis_rank": rank(edit.get("basis"), result)}


def rank(basis: list | dict | None, result: Result) -> int | None:
    """Of an edit's basis: its rows, or the place of a tensor that the result's `signals` describe."""
    if isinstance(basis, dict):
        return next(one["rank"] for one in result.results["every_signal"] if one["basis"] == basis)
    return basis and len(basis)


def sink_baseline(result: Result) -> Iterator[Block]:
    found = result.results["sink_baseline"]["mean_attention"]
    yield long({"mean_attention_first": found["first"], "mean_attention_ordinary": found["ordinary"]}, {"layer": None})


def searched_sites(result: Result) -> Iterator[Block]:
    yield from table(without(site, "sufficient", "tried") for site in result.results["sites"])


def searched_sets(result: Result) -> Iterator[Block]:
    for site in result.results["sites"]:
        for number, one in enumerate(site["sufficient"]):
            yield {"site": site["site"], "set": number, **flat(only(one, "dimensions")), "signal_rank": one["rank"],
                   "is_direction": one["directions"]}


TRIAL_FRAMES = {
    "trials": Frame("attention at the sink layer, massive activation, loss and controls: a row a trial and tracked token", trials),
    "attention_by_layer": Frame("from the sink layer on: a row a trial, token and layer", by_layer),
    "attention_by_sample": Frame("at the sink layer: a row a trial, token and sample", by_sample,
                                 paired=("mean_attention_unedited", "mean_attention_edited")),
    "by_first_token": Frame("the difference by the kind of the samples' first token: a row a trial, token and kind", by_first_token),
    "by_text": Frame("of several texts, the difference by text: a row a trial, token and text", by_text),
    "edits": Frame("what a trial changes: a row a trial and edit", edits),
    "sink_baseline": Frame("the unedited run by which the sink layer was found: a row a layer", sink_baseline),
}
SEARCH_FRAMES = {
    "sites": Frame("what the search found on the half that chooses: a row a site", searched_sites),
    "sets": Frame("the smallest sets that make a sink: a row a site and set", searched_sets),
}
