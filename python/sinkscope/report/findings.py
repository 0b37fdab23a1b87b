"""What a page begins with: identify's verdicts, and the rows of `sinkscope.summary` for the results at hand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from sinkscope.figures import module_of
from sinkscope.results.findings import Findings
from sinkscope.results.loaded import LoadedResult
from sinkscope.results.reading import Result, ResultError, reading

LAST = 1000  # place of what the printed figures do not order


class Given(Findings):
    """Findings among results that were named, of one model, instead of those of a folder."""

    def __init__(self, results: list[LoadedResult]) -> None:
        super().__init__(results[0].path.parent)
        for one in sorted(results, key=lambda one: one.path.stem != one.experiment):  # FOLDER/scan.json before scan.bos.json
            self.kept.setdefault(one.experiment, one)

    def result(self, experiment: str) -> Result:
        if experiment not in self.kept:
            raise ResultError(f"needs a result of {experiment} of the same model beside it")
        return self.kept[experiment]


class Row(NamedTuple):
    """What was found in a result; where the summary has no row of it, why."""

    result: LoadedResult
    what: str
    value: str


def order_of(result: Result) -> int:
    try:
        return getattr(module_of(result), "ORDER", LAST)
    except ResultError:
        return LAST


def rows(results: list[LoadedResult]) -> Iterator[Row]:
    """In the order of the summary, models apart from each other."""
    models: dict[str, list[LoadedResult]] = {}
    for one in results:
        models.setdefault(one.model.get("weights_sha256") or one.model["name"], []).append(one)
    for same in models.values():
        findings = Given(same)
        for one in sorted(same, key=order_of):
            yield from of_result(one, findings)


def of_result(result: LoadedResult, findings: Given) -> Iterator[Row]:
    if order_of(result) == LAST:
        return
    try:
        module = module_of(result)
        with reading(result):
            for what, value in module.summary(result, findings) if hasattr(module, "summary") else ():
                yield Row(result, re.sub(r"^\d+ ", "", what.strip()), value)  # the demo's numbers of questions
    except ResultError as error:
        yield Row(result, "left out of the summary", str(error))


def verdicts(results: list[LoadedResult]) -> list[tuple[LoadedResult, str]]:
    return [(one, statement(one)) for one in results if one.experiment == "identify"]


def statement(result: LoadedResult) -> str:
    with reading(result):
        return result.results["statement"]
