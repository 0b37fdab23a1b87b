"""RESULT -o FIGURE: draws a result by the module that has its experiment's name."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path

from sinkscope.figures.parts.style import stop


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        stop("usage: plot.py RESULT -o FIGURE [OPTION...]; plot.py RESULT --help lists the options of its experiment")
    path = Path(sys.argv[1])
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        stop(f"{path}: cannot be read: {error.strerror}")
    except ValueError as error:
        stop(f"{path}: not JSON: {error}")
    experiment = result.get("experiment") if isinstance(result, dict) else None
    if not isinstance(experiment, str):
        stop(f"{path}: is no result of sinkscope: it names no experiment")
    name = f"sinkscope.figures.{experiment.replace('-', '_')}"
    try:
        module = import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        stop(f"{path}: no figure is known for a result of {experiment}")
    module.main()
