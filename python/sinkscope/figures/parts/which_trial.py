"""The trials of a result by what they are for, and the sentence that gives the answer."""

from __future__ import annotations

from typing import Any, NamedTuple

Trial = dict[str, Any]


class CandidateTrials(NamedTuple):
    """The trials of an identify candidate; a pair for each of its sufficient sets."""

    remove: Trial
    clamp: Trial
    pairs: list[tuple[Trial, Trial]]  # write at the later token, copy from the self-only run


def the_trial(found: dict[str, Any], role: str, **about: Any) -> Trial:
    """The one trial of this role that says all this of itself."""
    (one,) = (trial for trial in found["trials"] if trial["role"] == role and about.items() <= trial.get("about", {}).items())
    return one


def candidate_trials(found: dict[str, Any], candidate: dict[str, Any]) -> CandidateTrials:
    about = {"part": "candidate", "candidate": found["candidates"].index(candidate)}
    sets = range(len(candidate["sufficient"]))
    pairs = [(the_trial(found, "writing", **about, set=i), the_trial(found, "copy", **about, set=i)) for i in sets]
    return CandidateTrials(the_trial(found, "removal", **about), the_trial(found, "clamp", **about), pairs)


def alone_and_one_key(found: dict[str, Any]) -> tuple[Trial, Trial]:
    """identify's later token that sees only itself, and the one that sees one other key alone."""
    return the_trial(found, "condition", part="itself"), the_trial(found, "condition", part="one other key")


def headline(verdict: dict[str, Any]) -> str:
    """identify's verdict: its kind and its sentence. That of "no sink" begins with these words already."""
    return verdict["statement"] if verdict["kind"] == "no sink" else f"{verdict['kind'].capitalize()}. {verdict['statement']}"
