"""magc and gate-readout run as a user runs them: what their tests share."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from schemas import validate

SAMPLES, LENGTH = 48, 40


def command(program: str, name: str, folder: Path, *options: object) -> list[str]:
    text = () if "--tokens" in options else ("--text", folder / "text.txt")
    words = [program, name, "--model", folder, *text, "--samples", SAMPLES, "--length", LENGTH, "--device", "cpu", "--threads", 1, "--controls", 1,
             "--other-token", 5, "--no-loss", "--out", folder / f"{name}.json", "--force", "--quiet", *options]
    return [str(word) for word in words]


def run(program: str, name: str, folder: Path, *options: object) -> dict:
    done = subprocess.run(command(program, name, folder, *options), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    result = json.loads((folder / f"{name}.json").read_text())
    validate(result)
    return result["results"]
