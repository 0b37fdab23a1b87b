"""Results whose words try to be HTML, script, or Plotly's markup."""

from __future__ import annotations

import json
from pathlib import Path

from sinkscope import ROOT

SMOLLM2 = ROOT / "results/smollm2-135m"
NAME = "<img src=x onerror=\"document.title='owned'\">"
WARNING = "</script><script>document.title='owned'</script>"
CONDITION = "<b>first</b> & &lt;to&gt; %{y} $x$"
PIECE = "</script><a href=\"javascript:alert(1)\">\u2028\u202e"
TRIAL = "<i>zero</i> blocks.0.mlp_out"
COMMAND = "sinkscope scan --model '<svg onload=alert(1)>'"


def write_all(folder: Path) -> list[Path]:
    """scan, rope-swap, first-token and zero-sweep."""
    return [scan(folder), rope_swap(folder), first_token(folder), zero_sweep(folder)]


def kept(folder: Path, experiment: str, change) -> Path:
    document = json.loads((SMOLLM2 / f"{experiment}.json").read_text())
    document["model"]["name"] = NAME
    document["command"] = COMMAND
    document["warnings"] = [WARNING]
    change(document)
    path = folder / f"{experiment}.json"
    path.write_text(json.dumps(document))
    return path


def scan(folder: Path) -> Path:
    def change(document: dict) -> None:
        document["data"]["path"] = document["model"]["path"] = NAME

    return kept(folder, "scan", change)


def rope_swap(folder: Path) -> Path:
    def change(document: dict) -> None:
        found = next(one for one in document["results"]["conditions"] if one["kind"] == "first_moved")
        found["name"] = CONDITION

    return kept(folder, "rope-swap", change)


def first_token(folder: Path) -> Path:
    def change(document: dict) -> None:
        results = document["results"]
        results["pieces"][0] = PIECE
        results["without_growth"]["ids"][0]["piece"] = PIECE

    return kept(folder, "first-token", change)


def zero_sweep(folder: Path) -> Path:
    def change(document: dict) -> None:
        named = [row for row in (*document["results"]["trials"], *document["results"]["table"]) if row["name"] == "zero blocks.0.mlp_out"]
        assert len(named) == 2
        for row in named:
            row["name"] = TRIAL

    return kept(folder, "zero-sweep", change)
