"""Where a result comes from, as rows of a table: everything but its numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sinkscope.results.loaded import LoadedResult
from sinkscope.whole_files import sha256

PARTS = ("model", "data", "tokenizer", "numerics", "build", "timing", "config")
LONG = 12  # entries of a list that are spelt


def rows(result: LoadedResult) -> Iterator[tuple[str, str]]:
    """(place in the JSON, value). The file itself first: its bytes are what the page shows."""
    yield "file", str(result.path)
    if result.path.is_file():
        yield "file sha256", sha256(result.path)
    yield "schema_version", str(result.document.get("schema_version"))
    for part in PARTS:
        yield from flat(part, result.document.get(part))


def flat(place: str, value: Any) -> Iterator[tuple[str, str]]:
    """A row a leaf; a long list by its length and ends.

    >>> list(flat("data", {"bos": "none", "starts": list(range(0, 750, 75)) * 2}))
    [('data.bos', 'none'), ('data.starts', '20 values, 0 to 675')]
    >>> list(flat("data.texts", [{"name": "a.txt"}, {"name": "b.py"}]))
    [('data.texts[0].name', 'a.txt'), ('data.texts[1].name', 'b.py')]
    """
    if isinstance(value, dict):
        for key, one in value.items():
            yield from flat(f"{place}.{key}", one)
    elif isinstance(value, list) and len(value) > LONG and all(isinstance(one, (int, float)) for one in value):
        yield place, f"{len(value)} values, {min(value)} to {max(value)}"
    elif isinstance(value, list) and len(value) > LONG:
        yield place, f"{len(value)} entries"
    elif isinstance(value, list) and any(isinstance(one, dict) for one in value):
        for number, one in enumerate(value):
            yield from flat(f"{place}[{number}]", one)
    elif value is not None:
        yield place, ", ".join(map(str, value)) if isinstance(value, list) else str(value)
