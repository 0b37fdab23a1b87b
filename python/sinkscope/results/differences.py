"""Where two results differ: python -m sinkscope.results.differences BEFORE AFTER [--tolerance T] [--rename OLD=NEW ...]

BEFORE and AFTER are two result files, or two folders whose result files are compared by name. Prints one line per
difference and the largest difference between numbers; the exit code is 1 where something differs by more than the
tolerance. What says when, where and by which build a result was made is not compared; sidecar arrays are, if both are there.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

NOT_COMPARED = {"build", "timing", "command", "written", "created", "path", "out", "file", "git"}


def renamed(value: Any, names: dict[str, str]) -> Any:
    """The same JSON with other keys."""
    if isinstance(value, dict):
        return {names.get(key, key): renamed(one, names) for key, one in value.items()}
    return [renamed(one, names) for one in value] if isinstance(value, list) else value


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def differences(before: Any, after: Any, place: str = "", relative: float = 0, absolute: float = 0) -> Iterator[tuple[str, float, str]]:
    """Place, size (infinite where it is no number) and words of each difference; numbers as close as `relative` or `absolute` are equal."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted((before.keys() | after.keys()) - NOT_COMPARED):
            here = f"{place}.{key}" if place else key
            if key not in after:
                yield here, math.inf, "only before"
            elif key not in before:
                yield here, math.inf, "only after"
            else:
                yield from differences(before[key], after[key], here, relative, absolute)
    elif isinstance(before, list) and isinstance(after, list):
        if len(before) != len(after):
            yield place, math.inf, f"{len(before)} entries before, {len(after)} after"
        for index, (one, other) in enumerate(zip(before, after)):
            yield from differences(one, other, f"{place}[{index}]", relative, absolute)
    elif is_number(before) and is_number(after):
        if not math.isclose(before, after, rel_tol=relative, abs_tol=absolute):
            yield place, abs(before - after), f"{before} before, {after} after"
    elif before != after:
        yield place, math.inf, f"{str(before)[:60]!r} before, {str(after)[:60]!r} after"


def array_differences(before: Path, after: Path) -> Iterator[tuple[str, float, str]]:
    first, second = (load_file(path) for path in (before, after))
    for name in sorted(first.keys() | second.keys()):
        if name not in first or name not in second:
            yield name, math.inf, "only after" if name in second else "only before"
        elif first[name].shape != second[name].shape or first[name].dtype != second[name].dtype:
            yield name, math.inf, "another shape or type"
        elif not np.array_equal(first[name], second[name], equal_nan=first[name].dtype.kind == "f"):
            yield name, float(np.nanmax(np.abs(first[name].astype(float) - second[name].astype(float)))), "numbers"


def of_files(before: Path, after: Path, names: dict[str, str]) -> Iterator[tuple[str, float, str]]:
    first, second = (json.loads(path.read_text(encoding="utf-8")) for path in (before, after))
    yield from differences(renamed(first, names), second)
    sidecars = before.with_suffix(".safetensors"), after.with_suffix(".safetensors")
    if all(path.is_file() for path in sidecars):
        yield from array_differences(*sidecars)
    elif any(path.is_file() for path in sidecars):
        yield "sidecar", math.inf, "on one side only"


def pairs(before: Path, after: Path) -> list[tuple[Path, Path]]:
    if before.is_file() and after.is_file():
        return [(before, after)]
    names = sorted({path.relative_to(folder) for folder in (before, after) for path in folder.rglob("*.json")})
    return [(before / name, after / name) for name in names]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--tolerance", type=float, default=0, help="numbers may differ by this (%(default)s)")
    parser.add_argument("--rename", action="append", default=[], metavar="OLD=NEW", help="a key that has another name in AFTER")
    parser.add_argument("--show", type=int, default=10, help="differences shown per file (%(default)s)")
    args = parser.parse_args()
    names = dict(one.split("=", 1) for one in args.rename)
    bad = 0
    compared = pairs(args.before, args.after)
    for first, second in compared:
        missing = [path for path in (first, second) if not path.is_file()]
        found = [(str(missing[0]), math.inf, "does not exist")] if missing else list(of_files(first, second, names))
        beyond = [one for one in found if one[1] > args.tolerance]
        numbers = [size for _, size, _ in found if size < math.inf]
        bad += bool(beyond)
        print(f"{first.name}: {'equal' if not found else f'{len(found)} differences'}"
              + (f", numbers by at most {max(numbers):.3g}" if numbers else ""))
        for place, _, words in beyond[: args.show]:
            print(f"  {place}: {words}")
    print(f"{len(compared)} results compared, {bad} differ")
    return 1 if bad or not compared else 0


if __name__ == "__main__":
    sys.exit(main())
