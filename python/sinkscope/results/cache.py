"""Exported activations by the names that TransformerLens has for them: `sinkscope.cache("a.safetensors")["mlp_out", 6]`."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from sinkscope.results.arrays import header, mapped, metadata
from sinkscope.results.reading import ResultError

Key = str | tuple[str, int] | tuple[str, int, str]
MODULES = {**dict.fromkeys(("q", "k", "v", "q_normed", "k_normed", "rot_q", "rot_k", "attn_scores", "pattern", "z"), "attn"),
           **dict.fromkeys(("pre", "pre_linear", "post"), "mlp")}  # of a block; the other names are the block's own
ALIASES = {"query": "q", "key": "k", "value": "v", "attn": "pattern", "attn_logits": "attn_scores", "mlp_pre": "pre", "mlp_post": "post"}
WHOLE = {"embed": "hook_embed"}  # outside of blocks


class MissingActivation(ResultError, KeyError):
    """A name that the file does not have; a KeyError, so that `get` and `in` work."""

    __str__ = Exception.__str__


def full_name(key: Key, n_layers: int) -> str:
    """The hook point of a short name, as `get_act_name` of TransformerLens makes it; a whole name is itself.

    >>> [full_name(key, 12) for key in ("blocks.6.hook_mlp_out", "embed", ("mlp_out", 6), ("k", 3, "attn"), ("out", -1, "ln2"))]
    ['blocks.6.hook_mlp_out', 'hook_embed', 'blocks.6.hook_mlp_out', 'blocks.3.attn.hook_k', 'blocks.11.ln2.hook_out']
    """
    if isinstance(key, str):
        return WHOLE.get(key, key)
    if not (isinstance(key, tuple) and 2 <= len(key) <= 3 and isinstance(key[0], str) and isinstance(key[1], (int, np.integer))):
        raise TypeError(f'expected a name, ("mlp_out", layer) or ("k", layer, "attn"), found {key!r}')
    name, layer = ALIASES.get(key[0], key[0]), int(key[1])
    if not -n_layers <= layer < n_layers:
        raise MissingActivation(f"{key!r}: expected a layer from 0 to {n_layers - 1}, or from the end by a negative one, found {layer}")
    if name == "columns":  # no hook point: what `activations --columns` adds
        return f"blocks.{layer % n_layers}.attn.columns"
    module = MODULES.get(name, key[2] if len(key) == 3 else "")
    return f"blocks.{layer % n_layers}.{module + '.' if module else ''}hook_{name}"


class ActivationCache(Mapping[str, np.ndarray]):
    """What `sinkscope activations` wrote: read-only np.memmap by name, opened when asked for.

    Shapes are those of `sinkscope hooks`, n samples and T tokens of the longest: the residual's `[n, T, d_model]`, q, k, v and z
    `[n, T, head, d_head]`, pattern and attn_scores `[n, head, query, key]`, logits `[n, T, vocabulary]`, columns (of `--columns`)
    `[n, head, query, column]`. What stands behind a sample's own length, `len(cache.ids[i])`, is padding.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.tensors, _ = header(self.path)
        self.metadata = metadata(self.path)
        if missing := [name for name in ("ids", "model") if name not in self.metadata]:
            raise ResultError(f"{self.path}: no export of `sinkscope activations`: its metadata lacks {' and '.join(missing)}")

    @cached_property
    def model(self) -> dict[str, Any]:
        """As in a result: path, n_layers, d_model, hashes."""
        return json.loads(self.metadata["model"])

    @cached_property
    def ids(self) -> list[list[int]]:
        """The tokens of each sample, with BOS where it has one."""
        return json.loads(self.metadata["ids"])

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """By whole name, in the order of the file."""
        return {name: tuple(one["shape"]) for name, one in self.tensors.items()}

    def __getitem__(self, key: Key) -> np.ndarray:
        name = full_name(key, self.model["n_layers"])
        if name not in self.tensors:
            nearest = ", ".join(difflib.get_close_matches(name, self.tensors, n=1, cutoff=0)) or "none"
            raise MissingActivation(f"{self.path}: has no activation {name}; the nearest of its {len(self)} is {nearest}")
        return mapped(self.path, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.tensors)

    def __len__(self) -> int:
        return len(self.tensors)

    def __repr__(self) -> str:
        return f"<{len(self)} activations of {len(self.ids)} samples: {self.path}>"


def cache(path: Path | str) -> ActivationCache:
    """The activations in a file of `sinkscope activations`. Raises ResultError for another file."""
    return ActivationCache(path)
