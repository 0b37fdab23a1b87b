"""The results of one folder, and the sink that scan found there, at the layer where it is strongest.

Means over all layers would bury a sink that only some layers have, so every number of the summary is of one layer, named beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from sinkscope.results.reading import Result, ResultError, read


class Findings:
    """Results by the experiment, each in the file of the folder that has its name: FOLDER/scan.json."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self.kept: dict[str, Result] = {}

    def result(self, experiment: str) -> Result:
        if experiment not in self.kept:
            self.kept[experiment] = read(self.folder / f"{experiment}.json", experiment)
        return self.kept[experiment]

    def results(self) -> Iterator[Result | ResultError]:
        """All of them, by name; for a file that is no such result, why."""
        for path in sorted(self.folder.glob("*.json")):
            try:
                yield self.result(path.stem)
            except ResultError as error:
                yield error

    @cached_property
    def scan(self) -> dict[str, Any]:
        """Of token 0."""
        return self.result("scan").results["sink"][0]

    @property
    def model(self) -> dict[str, Any]:
        return self.result("scan").model

    @property
    def by_layer(self) -> list[float]:
        return self.scan["mean_attention"]["by_layer"]

    @cached_property
    def layer(self) -> int:
        """Where the sink is strongest."""
        return max(range(len(self.by_layer)), key=self.by_layer.__getitem__)

    @property
    def sink(self) -> float:
        return self.by_layer[self.layer]

    @property
    def half_width(self) -> float:
        """Of its 95 % interval over samples."""
        return self.scan["mean_attention"]["by_layer_ci95"][self.layer]

    @property
    def uniform(self) -> float:
        return self.scan["uniform"]

    @property
    def upper(self) -> float:
        """Mean over the layers above the first third."""
        upper = self.by_layer[len(self.by_layer) // 3 :]
        return sum(upper) / len(upper)
