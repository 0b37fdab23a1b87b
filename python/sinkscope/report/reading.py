"""What a page is made of: results of any experiment, and the attention columns that `activations --columns` exports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from sinkscope.results.loaded import LoadedResult, result_of
from sinkscope.results.reading import SECTIONS, Result, ResultError, check_model, reading
from sinkscope.whole_files import sha256

MOST = 150_000  # numbers of a token strip: those that a page of a few megabytes has room for


def loaded(given: Path | str | Result) -> LoadedResult:
    """A result from its path, or as it is. Raises ResultError."""
    if not isinstance(given, Result) and Path(given).suffix == ".safetensors":
        return attention_columns(Path(given))
    return result_of(given)


def attention_columns(path: Path) -> LoadedResult:
    """`activations --columns 0,...` as a result: columns [layer, sample, head, query] of key 0, with as many samples and tokens as
    MOST allows, and the tokens' text. Raises ResultError where the file holds no attention to key 0."""
    try:
        with safe_open(path, framework="numpy") as file:
            document = {key: parsed(value) for key, value in (file.metadata() or {}).items()}
            check(path, document)
            with reading(Result(path, document)):
                keys = int_list(document["config"]["columns"])
                columns = [file.get_tensor(f"blocks.{layer}.attn.columns") for layer in range(document["model"]["n_layers"])]
    except OSError as error:
        raise ResultError(f"{path}: cannot be read: {error}") from None
    except SafetensorError as error:
        raise ResultError(f"{path}: no export of `activations --columns`: {error}") from None
    if 0 not in keys:
        raise ResultError(f"{path}: expected attention to key 0 (--columns 0), found keys {','.join(map(str, keys))}")
    found = np.stack([layer[..., keys.index(0)] for layer in columns])  # [layer, sample, head, query]
    layers, samples, heads, length = found.shape
    length = min(length, max(1, MOST // (layers * heads)))
    shown = max(1, min(samples, MOST // (layers * heads * length)))
    tokens, named = pieces(path, document, shown, length)
    return LoadedResult(path, document | {"results": {
        "columns": found[:, :shown, :, :length].tolist(), "tokens": tokens, "named": named, "samples": samples}})


def check(path: Path, document: dict[str, Any]) -> None:
    for key in ("experiment", "config", "ids", *(name for name in SECTIONS if name not in ("metrics", "results"))):
        if key not in document:
            raise ResultError(f"{path}: expected the file of `activations --columns`, found no {key} in its metadata; of another result, "
                              "name the JSON")
    check_model(path, document["model"])
    document.setdefault("metrics", {"columns": "post-softmax attention A[l,h,q,0] of every query q to token 0, of every sample"})


def parsed(value: str) -> Any:
    """Metadata holds text and JSON."""
    try:
        return json.loads(value)
    except ValueError:
        return value


def int_list(text: int | str) -> list[int]:
    """As the program spells lists.

    >>> int_list("0,5-7")
    [0, 5, 6, 7]
    """
    found = []
    for part in str(text).split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def pieces(export: Path, document: dict[str, Any], samples: int, length: int) -> tuple[list[list[str]], str]:
    """The tokens' text, and a sentence that says so; their ids where the tokenizer that the file names is not at hand."""
    ids = [row[:length] for row in document["ids"][:samples]]
    path = tokenizer_of(export, document.get("tokenizer") or {})
    if path is None:
        return [list(map(str, row)) for row in ids], "Tokens are ids: the tokenizer.json that the file names is not there."
    try:
        from tokenizers import Tokenizer
    except ImportError:
        return [list(map(str, row)) for row in ids], "Tokens are ids: the package tokenizers is not installed."
    tokenizer = Tokenizer.from_file(str(path))
    return [[visible(tokenizer.decode([one], skip_special_tokens=False)) for one in row] for row in ids], "␣ is a space."


def tokenizer_of(export: Path, source: dict[str, Any]) -> Path | None:
    """The tokenizer.json that the file names, with the hash that it names. A path that is relative is so to where the program was
    run: here, or the export's folder or one above it."""
    named = Path(source.get("path") or "")
    if named.suffix != ".json":
        return None
    for path in (named, *(folder / named for folder in export.resolve().parents)):  # those of an absolute path are itself
        if path.is_file() and sha256(path) == source.get("sha256"):
            return path
    return None


def visible(piece: str) -> str:
    return piece.replace(" ", "␣").replace("\n", "\\n").replace("\t", "\\t") or "∅"
