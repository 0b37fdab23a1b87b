#!/usr/bin/env python3
"""The demo's table: what the experiments found, from their result files alone. summary.py FOLDER"""

import sys
from collections.abc import Iterator
from pathlib import Path

from figures.findings import Findings


def rows(found: Findings) -> Iterator[tuple[str, str]]:
    yield f"1 attention to the first token, layer {found.layer}", \
        f"{found.sink:.3f} ± {found.half_width:.3f}, uniform {found.uniform:.3f}; layers above the first third {found.upper:.3f}"
    unmoved, moved, (first, other) = found.condition("baseline")[0], found.condition("first-to-8")[0], found.condition("swap-0-8")
    yield "2 its rotary position moved to 8", f"gets {moved:.3f} where it got {unmoved:.3f}: {moved / unmoved:.2f} times"
    yield "  rotary positions of 0 and 8 swapped", f"token 0 gets {first:.3f}, token 8 gets {other:.3f}"
    ids, scores, own = found.by_id()
    yield f"3 every id first ({len(ids)} ids)", \
        f"mean {sum(scores) / len(scores):.3f}, the samples' own first tokens {own:.3f}; {found.kept_half():.1%} keep half of that"
    for layers in ("0", "0-1"):
        masked, first = found.self_only(4, layers)
        yield f"4 token 4 self-only in layers {layers}" if layers == "0" else f"  in layers {layers}", \
            f"gets {masked:.3f} where the first token gets {first:.3f}: {masked / first:.2f} times"
    spike = found.spike()
    if spike is None:
        yield "massive activation", "no dimension of any MLP's output meets the outlier rule"
    else:
        dimensions = ", ".join(f"{d['dimension']} ({d['mean']:+.0f})" for d in spike["dimensions"][:4])
        yield "massive activation", f"written by the MLP of layer {spike['layer']} into dimensions {dimensions}"


def main() -> None:
    folder = Path(sys.argv[1])
    found = Findings(folder)
    planted = ": a circuit planted by hand, a test and no evidence" if found.model["planted"] else ""
    print(f"\n{found.model['path']}{planted}; attention in layer {found.layer}, where the sink is strongest")
    for what, value in rows(found):
        print(f"  {what:<44} {value}")
    print("\nfigures:")
    for figure in sorted(folder.glob("*.png")):
        print(f"  {figure}")


if __name__ == "__main__":
    main()
