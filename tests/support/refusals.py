"""What every refusal of bad input has in common."""

from __future__ import annotations

import subprocess
import unittest
from pathlib import Path


def assert_refused(case: unittest.TestCase, words: list[str], out: Path, parts: tuple[str, ...] | list[str]) -> None:
    """The command ends with exit code 2 and names each of `parts`; nothing is left at `out` or beside it."""
    done = subprocess.run(words, capture_output=True, text=True)
    case.assertEqual(done.returncode, 2, done.stderr)
    for part in parts:
        case.assertIn(part, done.stderr)
    case.assertFalse(out.exists() or out.with_suffix(".journal").exists())
