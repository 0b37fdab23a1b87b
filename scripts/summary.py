#!/usr/bin/env python3
"""The demo's table: what the experiments found, from their result files alone. summary.py FOLDER"""

import json
import sys
from pathlib import Path


def results(folder: Path, name: str) -> dict:
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


def condition(found: dict, kind: str, position: int | None = None) -> dict | None:
    rows = [c for c in found["conditions"] if c["kind"] == kind]
    named = [c for c in rows if position is None or [0, position] in c["positions"]]
    return (named or rows or [None])[0]


def rows(folder: Path):
    scan = results(folder, "scan")["results"]
    first = scan["sink"][0]
    best = max(first["mean_attention"]["by_layer"])
    yield "attention to the first token", f"{first['mean_attention']['mean']:.3f} over layers, {best:.3f} in the best (uniform {first['uniform']:.3f})"
    rope = results(folder, "rope-swap")["results"]
    moved, swapped = condition(rope, "first_moved", 8), condition(rope, "swap", 8)
    if moved:
        yield f"its rotary position moved ({moved['name']})", f"{moved['sink'][0]['mean_attention']['mean']:.3f}: the sink stays with the physically first token"
    if swapped and len(swapped["sink"]) > 1:
        yield f"rotary positions exchanged ({swapped['name']})", f"the other token gets {swapped['sink'][1]['mean_attention']['mean']:.3f}"
    sweep = results(folder, "vocab-sweep")["results"]
    half = sum(s >= 0.5 * sweep["mean"] for s in sweep["score"]) / len(sweep["score"])
    yield f"every id first ({len(sweep['ids'])} ids)", f"mean {sweep['mean']:.3f}, sd {sweep['sd']:.3f}; {100 * half:.1f} % keep at least half of the mean"
    mask = results(folder, "self-mask")["results"]
    for run in mask["runs"]:
        if run["mode"] == "self_only" and run["tokens"] == [4] and run["layers"] in ("0", "0-1"):
            yield f"token 4 self-only in layers {run['layers']}", f"gets {run['ratio'][0]:.2f} times what the first token gets in the same run"
    spike = results(folder, "mlp-probe")["results"]["spike"]
    if spike is None:
        yield "massive activation", "no dimension of any MLP's output meets the outlier rule"
    else:
        dimensions = ", ".join(f"{d['dimension']} ({d['mean']:+.0f})" for d in spike["dimensions"][:4])
        yield "massive activation", f"written by the MLP of layer {spike['layer']} into dimensions {dimensions}"


def main() -> None:
    folder = Path(sys.argv[1])
    model = results(folder, "scan")["model"]
    planted = ": a circuit planted by hand, a test and no evidence" if model["planted"] else ""
    print(f"\n{model['path']}{planted}")
    for what, found in rows(folder):
        print(f"  {what:<44} {found}")
    print("\nfigures:")
    for figure in sorted(folder.glob("*.png")):
        print(f"  {figure}")


if __name__ == "__main__":
    main()
