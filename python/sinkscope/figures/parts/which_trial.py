"""What a trial, a row or a condition is, where a result says so by its place in a list or in its name alone."""

from __future__ import annotations

from typing import Any, NamedTuple

Trial = dict[str, Any]


class CandidateTrials(NamedTuple):
    """The trials of an identify candidate; a pair for each of its sufficient sets."""

    remove: Trial
    clamp: Trial
    pairs: list[tuple[Trial, Trial]]  # write at the later token, copy from the self-only run


def candidate_trials(found: dict[str, Any], candidate: dict[str, Any]) -> CandidateTrials:
    trials = {one["name"]: one for one in found["trials"]}
    remove, clamp, *pairs = (trials[name] for name in candidate["trials"])
    return CandidateTrials(remove, clamp, list(zip(pairs[::2], pairs[1::2], strict=True)))


def alone_and_one_key(found: dict[str, Any]) -> tuple[Trial, Trial]:
    """identify's later token that sees only itself, and the one that sees one other key alone."""
    alone, one_key = found["trials"][:2]
    return alone, one_key


def condition_kind(condition: dict[str, Any]) -> str:
    """What a condition of identify asks, without the set that it asks it of."""
    name, bracket, rest = condition["name"].partition(" (")
    return name + rest.partition(")")[2] if bracket else name


def headline(found: dict[str, Any]) -> str:
    """identify's verdict in a sentence that begins with its kind."""
    verdict = found["verdict"]
    kind = verdict["kind"].capitalize()
    return verdict["statement"] if verdict["statement"].startswith(kind) else f"{kind}. {verdict['statement']}"


def hidden_from(row: dict[str, Any]) -> str:
    """The reader that a trial of path-split hides a written vector from."""
    return row["name"].split(" not through ")[1]


def is_channel(row: dict[str, Any]) -> bool:
    """Whether a row of channel-patch moves a channel that an option named, not a set that was searched for."""
    return row["of"].startswith("channel ")


def directions(row: dict[str, Any]) -> tuple[str, str]:
    """The group of read-outs that a trial of gate-readout takes its directions from, and which: "span" or "first"."""
    group, which = row["of"].rsplit(", ", 1)
    return group, which


def of_neurons(row: dict[str, Any]) -> bool:
    return row["of"].startswith("neurons")


def is_neurons(read: dict[str, Any]) -> bool:
    """Whether a read-out is a neuron's gradient; else it is a written dimension's."""
    return read["group"].startswith("neurons")
