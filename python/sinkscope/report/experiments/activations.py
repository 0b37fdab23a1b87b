"""`activations --columns` on the page: the text's own tokens, coloured by the attention that each pays to the first."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sinkscope.report.kinds.figure import Strip
from sinkscope.results.loaded import LoadedResult

TITLE = "The text's own tokens"
QUESTION = "How much attention does each token of a text pay to the first?"


def figures(result: LoadedResult) -> Iterator[Strip]:
    """results.columns: [layer, sample, head, query], of key 0."""
    found = result.results
    values = np.array(found["columns"], dtype=float).transpose(1, 0, 2, 3)
    samples, layers, heads, _ = values.shape
    means = values[0, :, :, 1:].mean(axis=(1, 2))
    strongest = int(means.argmax())
    shown = f", the first {samples} of {found['samples']} samples" if samples < found["samples"] else ""
    says = (f"A box is a token of the text; its colour is the attention that it pays to token 0{shown}. In sample 0 layer {strongest} "
            f"pays most, {means[strongest]:.3g} over heads and later tokens. {found['named']} Single values have no interval.")
    yield Strip("strip", "Attention to the first token over the text's tokens", says, values.round(4).tolist(),
                [(name, [str(one) for one in range(count)]) for name, count in (("sample", samples), ("layer", layers), ("head", heads))],
                found["tokens"], start={"layer": strongest, "head": int(values[0, strongest, :, 1:].mean(axis=1).argmax())})
