"""The table of what the experiments found, from the result files of one folder alone: python -m sinkscope.summary FOLDER"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path

from sinkscope.figures import module_of
from sinkscope.results import ResultError
from sinkscope.results.findings import Findings
from sinkscope.results.reading import reading
from sinkscope.standard_streams import ending_quietly


def rows(findings: Findings) -> Iterator[tuple[str, str]]:
    """Those of each experiment in the folder that has rows, in the order that their modules say."""
    told = []
    for result in findings.results():
        if isinstance(result, ResultError):
            print(f"summary: left out {result}", file=sys.stderr)
        elif hasattr(module := module_of(result), "summary"):
            told.append((module.ORDER, module, result))
    for _, module, result in sorted(told, key=itemgetter(0)):
        try:
            with reading(result):
                yield from module.summary(result, findings)
        except ResultError as error:  # a sidecar that is not there
            print(f"summary: left out {error}", file=sys.stderr)


def table(findings: Findings) -> str:
    planted = ": a circuit planted by hand, a test and no evidence" if findings.model["planted"] else ""
    model = findings.model.get("path", findings.model["name"])
    lines = [f"{model}{planted}; attention in layer {findings.layer}, where the sink is strongest"]
    lines += [f"  {what:<44} {value}" for what, value in rows(findings)]
    return "\n".join([*lines, "", "figures:", *(f"  {figure}" for figure in sorted(findings.folder.glob("*.png")))])


def main(argv: list[str] | None = None, name: str = "python -m sinkscope.summary") -> None:
    parser = argparse.ArgumentParser(prog=name, description="The table of what the experiments found, from the results of one folder.")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="of results, each named by its experiment: FOLDER/scan.json")
    folder = parser.parse_args(argv).folder
    try:
        print(f"\n{table(Findings(folder))}")
    except ResultError as error:
        print(f"summary: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    with ending_quietly():
        main()
