"""Many tokenizers in one start of a program: tests/support/tokenizers_by_line.cpp, built with the C++ tests."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any


class ByLine:
    def __init__(self, path: Path) -> None:
        self.process = subprocess.Popen([str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")

    def ask(self, folder: Path, texts: list[str], ids: list[list[int]] | None = None) -> dict[str, Any]:
        """The ids of texts and the texts of ids by the tokenizer in a folder; `error` where it is refused."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps({"folder": str(folder), "texts": texts, "ids": ids or []}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"the program ended at {folder}: exit code {self.process.wait()}"
        return json.loads(line)

    def close(self) -> None:
        self.process.communicate()
