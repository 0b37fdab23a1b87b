"""A result for a notebook or a script: `sinkscope.load("scan.json")`."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sinkscope.results.arrays import Arrays
from sinkscope.results.reading import Result, ResultError, read
from sinkscope.whole_files import new_file

if TYPE_CHECKING:
    from pandas import DataFrame


class LoadedResult(Result):
    """A result whose numbers come as frames and arrays.

    experiment, command, warnings, model, data, numerics, config, metrics (definitions) and results are the JSON's own parts;
    `document` is the whole.
    """

    @property
    def command(self) -> str:
        """The command line that made it; empty for the record of a training run."""
        return self.document.get("command", "")

    @property
    def warnings(self) -> list[str]:
        return self.document.get("warnings", [])

    @cached_property
    def frames(self) -> dict[str, str]:
        """The frames that it has, the main one first, and what a row of each is.

        >>> from sinkscope import ROOT, load
        >>> load(ROOT / "results/smollm2-135m/scan.json").frames["profile"]
        'attention to every key: a row a layer and key'
        """
        from sinkscope.frames import frames_of

        return {name: frame.about for name, frame in frames_of(self).items()}

    def frame(self, name: str | None = None) -> DataFrame:
        """One of `frames`, or the main one: tidy, a row an observation, columns as in docs/python.md. Needs pandas.

        >>> from sinkscope import ROOT, load
        >>> attention = load(ROOT / "results/smollm2-135m/scan.json").frame("attention")  # 4 tokens x 30 layers x 9 heads
        >>> attention.query("token == 0 and layer == 12").mean_attention.mean().round(3)
        np.float64(0.433)
        """
        from sinkscope.frames import frame

        return frame(self, name)

    @cached_property
    def arrays(self) -> Arrays:
        """The arrays that are too large for JSON, by name: read-only np.memmap of the .safetensors beside the result. What the
        dimensions are is in `metrics`. Raises ResultError for one whose sidecar is not there."""
        return Arrays(self)

    def paired(self, other: Path | str | Result) -> DataFrame:
        """What both measured by sample, beside each other: a row a `metric`, its keys and a sample, with the values of `this` and
        `other` (a result, or its path) and their `difference`, other less this. Raises ResultError, which says what differs, where the
        samples are not the same windows of the same text in the same tokens."""
        from sinkscope.results.pairing import paired

        return paired(self, result_of(other))

    def compare(self, other: Path | str | Result) -> DataFrame:
        """The means of `paired` over samples: a row a `metric` and its keys, with `difference_ci95_low` and `difference_ci95_high`
        (percentile bootstrap over documents, 2,000 draws, always the same ones) and `difference_n` samples."""
        from sinkscope.results.pairing import compare

        return compare(self, result_of(other))

    def to_parquet(self, folder: Path | str) -> list[Path]:
        """Writes every frame to a file of the folder, NAME.parquet, and returns their paths. Needs pyarrow."""
        try:
            import pyarrow  # noqa: F401
        except ImportError:
            raise ImportError("parquet files need pyarrow, which is not installed: pip install 'sinkscope[parquet]', "
                              "or 'pyarrow>=15'") from None
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for name in self.frames:
            written.append(folder / f"{name}.parquet")
            with new_file(written[-1]) as file:
                self.frame(name).to_parquet(file, engine="pyarrow", index=False)
        return written

    def __repr__(self) -> str:
        return f"<{self.experiment} of {self.model_name}: {self.path}>"


def load(path: Path | str, experiment: str | None = None) -> LoadedResult:
    """The result in a JSON file that sinkscope wrote; of this experiment, where one is named. Raises ResultError.

    >>> from sinkscope import ROOT, load
    >>> result = load(ROOT / "results/smollm2-135m/scan.json")
    >>> result.experiment, result.model["n_layers"], result.numerics["dtype"]
    ('scan', 30, 'float32')
    """
    found = read(path, experiment)
    return LoadedResult(found.path, found.document)


def result_of(given: Path | str | Result) -> LoadedResult:
    """A result from its path, or as it is. Raises ResultError."""
    if isinstance(given, Result):
        return given if isinstance(given, LoadedResult) else LoadedResult(given.path, given.document)
    return load(given)


__all__ = ["LoadedResult", "ResultError", "load", "result_of"]
