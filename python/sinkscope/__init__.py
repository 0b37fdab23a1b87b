"""Python side of sinkscope: runs the program, reads its results, draws figures, plants and trains the models that it is tested on.

    result = sinkscope.run("scan", model="...", text="...", samples=16)     or sinkscope.load("scan.json")
    result.frame("attention_by_layer"); result.compare(other); sinkscope.plot(result); sinkscope.report([result], "report.html")
"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sinkscope.figures.parts.style import save
    from sinkscope.plotting import plot
    from sinkscope.report import Report
    from sinkscope.results.cache import cache
    from sinkscope.results.loaded import LoadedResult, load
    from sinkscope.results.reading import ResultError
    from sinkscope.running import RunError, run

    report: Report  # a package that is a function too

INSTALLED = Path(__file__).resolve().parent / "data"  # of a wheel: what the package reads of the repository, in the same places
IS_CLONE = not INSTALLED.exists()  # where setup.sh installs the package in place
ROOT = Path(os.environ.get("SINKSCOPE_ROOT") or (INSTALLED.parents[2] if IS_CLONE else INSTALLED))  # set to test a wheel from a clone
# Imported when they are asked for: `import sinkscope` waits for none of what they need.
LAZY = {"load": "results.loaded", "LoadedResult": "results.loaded", "ResultError": "results.reading", "RunError": "running",
        "cache": "results.cache", "plot": "plotting", "run": "running", "save": "figures.parts.style"}

__all__ = ["ROOT", "LoadedResult", "ResultError", "RunError", "cache", "load", "plot", "report", "run", "save"]


if not TYPE_CHECKING:  # to which every name would be one

    def __getattr__(name: str) -> Any:
        if name == "report":  # a package that is a function too
            return import_module(f"{__name__}.report")
        if name not in LAZY:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{LAZY[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *LAZY, "report"})
