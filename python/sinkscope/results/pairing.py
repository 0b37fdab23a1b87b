"""Two results beside each other, sample by sample: what differs where they were measured on the same texts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from sinkscope.frames import declared
from sinkscope.frames.frame import data_frame, import_pandas, series
from sinkscope.results.documents import documents_of, texts_of
from sinkscope.results.reading import Result, ResultError, reading

if TYPE_CHECKING:
    from pandas import DataFrame

DRAWS = 2000
SAME_DATA = ("slice", "sha256", "samples", "length", "lengths", "starts", "bos", "text_tokens")


def compare(this: Result, other: Result) -> DataFrame:
    """A row a measured quantity, with the mean difference over samples and its interval; see LoadedResult.compare."""
    found, rows = paired(this, other), []
    keys = [name for name in found.columns if name not in ("sample", "this", "other", "difference")]
    with reading(this):
        documents, texts = documents_of(this), texts_of(this)
    for values, group in found.groupby(keys, sort=False, dropna=False):
        samples = group["sample"].to_numpy()
        low, high = interval(group["difference"].to_numpy(), documents[samples], texts[samples])
        rows.append(dict(zip(keys, values)) | {
            "this": group["this"].mean(), "other": group["other"].mean(), "difference": group["difference"].mean(),
            "difference_ci95_low": low, "difference_ci95_high": high, "difference_n": len(group),
        })
    return import_pandas().DataFrame({name: series(this, name, [row[name] for row in rows]) for name in rows[0]})


def paired(this: Result, other: Result) -> DataFrame:
    """A row a measured quantity and sample; see LoadedResult.paired."""
    if differing := list(differences(this, other)):
        raise ResultError(f"{this.path} and {other.path} cannot be paired by sample: {'; '.join(differing)}")
    parts = [part for name in declared(this) for part in paired_frames(this, other, name)]
    if not parts:
        raise ResultError(f"{this.path} and {other.path} have nothing by sample in common")
    found = import_pandas().concat(parts, ignore_index=True).dropna(subset=["difference"])
    return import_pandas().DataFrame({name: series(this, name, values.tolist()) for name, values in found.items()})


def paired_frames(this: Result, other: Result, name: str) -> Iterator[DataFrame]:
    """One for each column of this frame that has a value a sample in both."""
    frame, beside = declared(this)[name], declared(other).get(name)
    if not frame.paired or beside is None:
        return
    first, second = data_frame(this, frame), data_frame(other, beside)
    if first.empty or second.empty:
        return
    keys = [column for column in first.columns if column in second.columns and column not in frame.paired and column != "uniform"]
    for column in frame.paired:
        both = first[[*keys, column]].merge(second[[*keys, column]], on=keys, suffixes=("", "_other"))
        both = both.rename(columns={column: "this", f"{column}_other": "other"})
        both.insert(0, "metric", import_pandas().Series([column] * len(both), dtype="string"))
        yield both.assign(difference=both["other"] - both["this"])


def differences(this: Result, other: Result) -> Iterator[str]:
    """Why samples of the two are not the same, or numbers of one are no numbers of the other."""
    for what, one, beside in compared(this, other):
        if one != beside:
            yield f"{what} is {shown(one)} and {shown(beside)}"


def compared(this: Result, other: Result) -> Iterator[tuple[str, Any, Any]]:
    yield "experiment", this.experiment, other.experiment
    for key in SAME_DATA:
        yield f"data.{key}", this.data.get(key), other.data.get(key)
    yield "data.texts", *([text["sha256"] for text in one.data.get("texts", [])] for one in (this, other))
    if this.data.get("slice") in ("windows", "lines"):  # ids made of a text
        yield "tokenizer.sha256", tokenizer_hash(this), tokenizer_hash(other)
    if this.data.get("slice") == "random":
        yield "numerics.seed", this.numerics.get("seed"), other.numerics.get("seed")
        yield "model.vocab_size", this.model.get("vocab_size"), other.model.get("vocab_size")
    yield "results.sink_layer", this.results.get("sink_layer"), other.results.get("sink_layer")
    if this.metrics.get("mean_attention") and other.metrics.get("mean_attention"):
        yield "metrics.mean_attention", this.metrics["mean_attention"], other.metrics["mean_attention"]


def tokenizer_hash(result: Result) -> str | None:
    return (result.document.get("tokenizer") or {}).get("sha256")


def shown(value: Any) -> str:
    if isinstance(value, list):
        return f"a list of {len(value)}"
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def interval(values: np.ndarray, documents: np.ndarray, texts: np.ndarray | None = None, seed: int = 0) -> tuple[float, float]:
    """95 % interval of the mean of `values` [samples], percentile bootstrap over documents (Efron and Tibshirani 1993, chapter 8),
    each text's among themselves; NaN where there are fewer than two documents.

    >>> low, high = interval(np.array([1.0, 2.0, 3.0, 4.0]), np.arange(4))
    >>> 1.0 <= low < 2.0 and 3.0 < high <= 4.0
    True
    >>> interval(np.array([1.0, 2.0]), np.array([5, 5]))
    (nan, nan)
    """
    _, first, of = np.unique(documents, return_index=True, return_inverse=True)
    if len(first) < 2:
        return float("nan"), float("nan")
    text_of = np.zeros(len(first), int) if texts is None else texts[first]  # [documents]
    drawn = np.zeros((DRAWS, len(first)))
    generator = np.random.default_rng(seed)
    for text in np.unique(text_of):
        its = np.flatnonzero(text_of == text)
        drawn[:, its] = generator.multinomial(len(its), np.full(len(its), 1 / len(its)), size=DRAWS)
    sums, sizes = np.bincount(of, weights=values), np.bincount(of)
    low, high = np.percentile(drawn @ sums / (drawn @ sizes), [2.5, 97.5])
    return float(low), float(high)
