"""One result file: read whole, refused by name where it is none of sinkscope's, or of a schema version that is not read here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from sinkscope.standard_streams import STDIN

SCHEMA_VERSION = 2  # kSchemaVersion of include/sinkscope/result/read_result.h
SECTIONS = ("model", "data", "numerics", "metrics", "results")  # that every result has


class ResultError(Exception):
    """Why a file cannot be used, in one line that names it."""


@dataclass(frozen=True)
class Result:
    path: Path
    document: dict[str, Any]  # the JSON as it is

    @property
    def experiment(self) -> str:
        return self.document["experiment"]

    @property
    def results(self) -> dict[str, Any]:
        """What the experiment found; its schema says what is where."""
        return self.document["results"]

    @property
    def config(self) -> dict[str, Any]:
        """Every option, resolved; empty for the record of a training run, which no command wrote."""
        return self.document.get("config", {})

    @property
    def model(self) -> dict[str, Any]:
        return self.document["model"]

    @property
    def model_name(self) -> str:
        """The model's name, and that it is planted where it is."""
        return f"{self.model['name']}{' (planted circuit, no evidence)' if self.model['planted'] else ''}"

    @property
    def data(self) -> dict[str, Any]:
        return self.document["data"]

    @property
    def numerics(self) -> dict[str, Any]:
        return self.document["numerics"]

    @property
    def metrics(self) -> dict[str, str]:
        """Definitions by the metric's name."""
        return self.document["metrics"]

    def beside(self, file: str) -> Path:
        """A sidecar: beside its result, wherever both were moved. Raises ResultError where the result is no file."""
        if self.path == STDIN:
            raise ResultError(f"{self.path}: a result of standard input has no {Path(file).name} beside it; name its file")
        return self.path.parent / Path(file).name

    def array(self, place: dict[str, str]) -> np.ndarray:
        """An array of the sidecar, from its place in `results`: {"file": ..., "tensor": ...}."""
        path = self.beside(place["file"])
        try:
            with safe_open(path, framework="numpy") as file:
                return file.get_tensor(place["tensor"])
        except OSError as error:
            raise ResultError(f"{path}: cannot be read: {error}") from None
        except SafetensorError as error:
            raise ResultError(f"{path}: tensor {place['tensor']}: {error}") from None


def read(path: Path | str, experiment: str | None = None) -> Result:
    """The result in a file; of this experiment, where one is named. Raises ResultError."""
    path = Path(path)
    try:
        document = json.loads(bytes_of(path))
    except OSError as error:
        raise ResultError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        reads = "; sinkscope.cache reads what `activations` exported" if path.suffix == ".safetensors" else ""
        raise ResultError(f"{path}: not JSON: {error}{reads}") from None
    check(path, document)
    if experiment not in (None, document["experiment"]):
        raise ResultError(f"{path}: expected a result of {experiment}, found one of {document['experiment']}")
    return Result(path, document)


@contextmanager
def reading(result: Result) -> Iterator[None]:
    """Around what reads a result: a key that it lacks is a ResultError, which names both."""
    try:
        yield
    except KeyError as error:
        raise ResultError(f"{result.path}: no whole result of {result.experiment}: it has no key {error.args[0]!r}") from error


def bytes_of(path: Path) -> bytes:
    """Standard input is open already, and may be no file that can be opened again."""
    with open(0 if path == STDIN else path, "rb", closefd=path != STDIN) as file:
        return file.read()


def check(path: Path, document: Any) -> None:
    if not isinstance(document, dict):
        raise ResultError(f"{path}: no result of sinkscope: expected an object, found {type(document).__name__}")
    if not isinstance(document.get("experiment"), str):
        raise ResultError(f"{path}: no result of sinkscope: it names no experiment")
    version = document.get("schema_version")
    if type(version) is not int:  # true is an int
        raise ResultError(f"{path}: no result of sinkscope: expected a number as schema_version, found {version!r}")
    if version != SCHEMA_VERSION:
        other = "a newer" if version > SCHEMA_VERSION else "an older"
        raise ResultError(f"{path}: is of schema version {version}, of {other} sinkscope; this one reads version {SCHEMA_VERSION}")
    for name in SECTIONS:
        if not isinstance(document.get(name), dict):
            raise ResultError(f"{path}: no whole result: expected an object as {name}, found {type(document.get(name)).__name__}")
    check_model(path, document["model"])


def check_model(path: Path, model: dict[str, Any]) -> None:
    """What names it wherever it is shown."""
    for name, kind, what in (("name", str, "text"), ("planted", bool, "true or false")):
        if not isinstance(model.get(name), kind):
            raise ResultError(f"{path}: no whole result: expected {what} as model.{name}, found {type(model.get(name)).__name__}")
