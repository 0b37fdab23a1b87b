"""One HTML file that shows results: `sinkscope.report(["scan.json"], "report.html")`, or python -m sinkscope.report (docs/report.md).

Data flows one way: results (reading.py) -> figures as JSON (experiments/NAME.py, of the parts in kinds/) -> the page (page.py,
assets/). A module of experiments/ has the name of an experiment, with underscores, and is found by that name.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from sinkscope.results.reading import Result


class Report(ModuleType):
    """This package is a function too: its name in `sinkscope` is that of the function."""

    def __call__(self, results: Path | str | Result | Iterable[Path | str | Result], out: Path | str) -> Path:
        """Writes the page of one or more results: paths (of a result's JSON, or of `activations --columns`) or loaded ones. Returns
        its path. Needs pandas, plotly and jinja2. Raises ResultError for a file that is no result."""
        from sinkscope.report.page import write

        return write([results] if isinstance(results, (str, Path, Result)) else results, Path(out))


sys.modules[__name__].__class__ = Report
