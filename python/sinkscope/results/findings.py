"""The results of one folder, and the sink that scan found there, at the layer where it is strongest.

Means over all layers would bury a sink that only some layers have, so every number of the summary is of one layer, named beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from sinkscope.results.reading import Result, ResultError, read, reading


class Sink:
    """Attention to token 0 in a result of scan, at the layer where it is strongest. Raises ResultError where scan did not measure it."""

    def __init__(self, scan: Result) -> None:
        with reading(scan):
            self.found = of_token_0(scan)
            self.by_layer: list[float] = self.found["mean_attention"]["by_layer"]
        self.layer = max(range(len(self.by_layer)), key=self.by_layer.__getitem__)

    @property
    def level(self) -> float:
        return self.by_layer[self.layer]

    @property
    def half_width(self) -> float | None:
        """Of its 95 % interval over samples; None of one sample."""
        return self.found["mean_attention"]["by_layer_ci95"][self.layer]

    @property
    def uniform(self) -> float:
        return self.found["uniform"]

    @property
    def upper(self) -> float:
        """Mean over the layers above the first third."""
        upper = self.by_layer[len(self.by_layer) // 3 :]
        return sum(upper) / len(upper)


def of_token_0(scan: Result) -> dict[str, Any]:
    """What scan measured of it; tokens are in the order in which they were asked for."""
    found = scan.results["sink"]
    if not found:
        raise ResultError(f"{scan.path}: needs a scan that measured attention (--measure sink)")
    tokens = [one["token"] for one in found]
    if 0 not in tokens:
        raise ResultError(f"{scan.path}: needs a scan that tracks token 0, found one that tracks {', '.join(map(str, tokens))}")
    return found[tokens.index(0)]


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

    @property
    def model(self) -> dict[str, Any]:
        return self.result("scan").model

    @cached_property
    def layer(self) -> int:
        """Where the sink is strongest."""
        return Sink(self.result("scan")).layer
