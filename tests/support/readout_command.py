"""magc and gate-readout run as a user runs them: what their tests share."""

from __future__ import annotations

from pathlib import Path

from results import result_of

SAMPLES, LENGTH = 48, 40


def command(program: str, name: str, folder: Path, *options: object) -> list[str]:
    text = () if "--tokens" in options else ("--text", folder / "text.txt")
    words = [program, name, "--model", folder, *text, "--samples", SAMPLES, "--length", LENGTH, "--device", "cpu", "--threads", 1, "--controls", 1,
             "--other-token", 5, "--no-loss", "--out", folder / f"{name}.json", "--force", "--quiet", *options]
    return [str(word) for word in words]


def run(program: str, name: str, folder: Path, *options: object) -> dict:
    return result_of(command(program, name, folder, *options), folder / f"{name}.json")["results"]
