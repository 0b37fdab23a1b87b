"""Figures of the page, by experiment: a module here has an experiment's name, with underscores, and is found by it:

    TITLE, QUESTION                       the section's heading, and what is asked
    figures(result) -> iterator           of Figure and Strip

An experiment without a module that is made of trials gets the figure of its trials.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from sinkscope.figures.parts.colours import token_colours
from sinkscope.report.kinds.figure import Figure, Strip
from sinkscope.report.kinds.trials import over_trials, trial_levels
from sinkscope.results.loaded import LoadedResult
from sinkscope.results.reading import reading


def module_of(experiment: str) -> ModuleType | None:
    name = f"{__name__}.{experiment.replace('-', '_')}"
    return import_module(name) if experiment.replace("-", "_").isidentifier() and find_spec(name) else None


def figures_of(result: LoadedResult) -> Iterator[Figure | Strip]:
    """None for an experiment that nothing is known of."""
    module = module_of(result.experiment)
    with reading(result):
        if module is not None:
            yield from module.figures(result)
        elif result.results.get("trials"):
            yield over_trials(result, trial_levels(result), token_colours(result.results["tokens"]["tracked"]))


def title_of(experiment: str) -> str:
    return getattr(module_of(experiment), "TITLE", experiment)


def question_of(experiment: str) -> str:
    return getattr(module_of(experiment), "QUESTION", "")
