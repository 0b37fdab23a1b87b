"""What the page's script reads: JSON inside HTML, in which nothing that a result says is anything but text."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from sinkscope.figures.parts.words import plain

DIGITS = 5  # significant ones that are kept of a number
IN_SCRIPT = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}  # which could end the element; U+2028 and U+2029 are escaped as ASCII


def script_json(value: Any) -> str:
    """JSON for a <script type="application/json"> element.

    >>> script_json({"name": "</script>", "mean": float("nan")})
    '{"name":"\\\\u003c/script\\\\u003e","mean":null}'
    """
    text = json.dumps(settled(value), ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for character, escaped in IN_SCRIPT.items():
        text = text.replace(character, escaped)
    return text


def settled(value: Any) -> Any:
    """Plain Python values: words with what nobody would see escaped, numbers cut to DIGITS, null for what is no number."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, dict):
        return {key: settled(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [settled(one) for one in value]
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, (np.bool_, np.integer)):
        return value.item()
    if isinstance(value, (float, np.floating)):
        return number(float(value))
    raise TypeError(f"a figure holds text, numbers, lists and dicts; found {type(value).__name__}: {value!r}")


def number(value: float) -> float | int | None:
    if not math.isfinite(value):
        return None
    cut = float(f"{value:.{DIGITS}g}")
    return int(cut) if cut.is_integer() and abs(cut) < 1e15 else cut
