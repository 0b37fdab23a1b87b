"""Which text and which document every sample of a result is of."""

from __future__ import annotations

import numpy as np

from sinkscope.results.reading import Result

PARTS = 20  # documents that one long text stands for: even_ends() of src/text/corpus.cpp


def texts_of(result: Result) -> np.ndarray:
    """Which of several texts every sample is of: they take turns. Zeros where there is one."""
    return np.arange(result.data["samples"]) % max(1, len(result.data.get("texts", [])))


def documents_of(result: Result) -> np.ndarray:
    """The document of every sample: what the program draws intervals over. Windows of one text are of its 20 parts; those of a
    .jsonl, whose records the result does not hold, count each for itself, as lines and rows of ids do. Different texts have different
    documents."""
    data, of = result.data, texts_of(result)
    documents = np.arange(data["samples"])  # each for itself
    if data["slice"] != "windows":
        return documents
    starts = np.array(data["starts"])
    for number, text in enumerate(data.get("texts", [data])):
        if not str(text["path"]).endswith(".jsonl"):
            ends = [text["text_tokens"] * part // PARTS for part in range(1, PARTS + 1)]
            documents[of == number] = len(documents) + number * PARTS + np.searchsorted(ends, starts[of == number], side="right")
    return documents
