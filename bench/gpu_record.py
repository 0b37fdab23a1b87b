#!/usr/bin/env python3
"""What scripts/gpu_check.sh left in a folder as one record: FOLDER/<device>.json and .md.

The benchmark's rows, each kernel's microseconds, what the tests said last and measured on the way, and how long each stage took.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

from run import file_name, table

STAGES = ["unit", "agreement", "experiments", "kernels", "memcheck", "bench", "profile"]
SAID_LAST = re.compile(r"(\[  (?:PASSED|SKIPPED) \] [0-9]+ tests?|=+ .* in [0-9.]+s.*|=+ ERROR SUMMARY.*|=+ RACECHECK SUMMARY.*)")


def stage(folder: Path, name: str) -> dict[str, Any] | None:
    """None where it did not run."""
    log, passed = folder / f"{name}.log", folder / f"{name}.passed"
    if not log.exists():
        return None
    text = log.read_text(errors="replace")
    measured = re.search(r"^=+ measured =+\n(.*?)(?=^=|\Z)", text, re.M | re.S)
    return {"passed": passed.exists(), "seconds": int(passed.read_text()) if passed.exists() else None,
            "said": [line.strip("= ") for line in SAID_LAST.findall(text)],
            "measured": measured[1].strip().splitlines() if measured else []}


def rows_of(folder: Path) -> dict[str, Any]:
    """The benchmark's record, with the peers' rows among the others of their shape."""
    path, peers = folder / "bench.json", folder / "bench-peers.json"
    if not path.exists():
        return {}
    record = json.loads(path.read_text())
    if peers.exists():
        other = json.loads(peers.read_text())
        record["command"] += f" (and {other['command'].removeprefix('scripts/bench.sh ')})"
        record["rows"] += other["rows"]
        shapes = list(dict.fromkeys((row["samples"], row["length"], row["dtype"]) for row in record["rows"]))
        record["rows"].sort(key=lambda row: shapes.index((row["samples"], row["length"], row["dtype"])))
    return record


def kernels_of(folder: Path) -> list[dict]:
    path = folder / "kernels.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines() if line.startswith("{")] if path.exists() else []


def loading(bench: dict[str, Any]) -> str:
    """Of the stored weights, as bfloat16, from the page cache: they were made just before."""
    rates = [bench["weights_gib"]["bfloat16"] * 2**30 / row["load_s"] for row in bench["rows"] if row["contender"] == "sinkscope"]
    return f"Weights load from the page cache at {min(rates) / 1e9:.2g} to {max(rates) / 1e9:.2g} GB/s.\n" if rates else ""


def page(record: dict[str, Any]) -> str:
    lines = [table(record["bench"]), loading(record["bench"])] if record["bench"] else []
    lines += ["| stage | passed | seconds | said |", "|---|---|---|---|"]
    for name, found in record["stages"].items():
        lines.append(f"| {name} | {'yes' if found['passed'] else 'no'} | {found['seconds'] or '–'} | {'; '.join(found['said'])} |")
    measured = [line for found in record["stages"].values() for line in found["measured"]]
    if measured:
        lines += ["", "Measured by the tests:", "", *[f"- {line}" for line in measured]]
    if record["kernels"]:
        keys = list(record["kernels"][0])
        lines += ["", "| " + " | ".join(keys) + " |", "|---" * len(keys) + "|"]
        lines += ["| " + " | ".join(f"{one[key]:.4g}" if isinstance(one.get(key), float) else str(one.get(key, "")) for key in keys) + " |"
                  for one in record["kernels"]]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--device", default="cuda")
    args = parser.parse_args()
    stages = {name: found for name in STAGES if (found := stage(args.folder, name))}
    record = {"bench": rows_of(args.folder), "stages": stages, "kernels": kernels_of(args.folder)}
    name = record["bench"].get("device_name", args.device)
    out = args.folder / file_name(name)
    out.with_suffix(".json").write_text(json.dumps(record, indent=1) + "\n")
    out.with_suffix(".md").write_text(page(record))
    print(page(record))


if __name__ == "__main__":
    main()
