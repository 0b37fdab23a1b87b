"""A run whose result is wanted."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from sinkscope.results.schemas import validate


def result_of(words: list[object], out: Path) -> dict:
    """What the command wrote to `out`, which its schema allows; the command must end with exit code 0."""
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    assert done.returncode == 0, f"{words[1]}: {done.stderr}"
    result = json.loads(out.read_text())
    validate(result)
    return result
