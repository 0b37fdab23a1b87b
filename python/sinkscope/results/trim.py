"""A result small enough to be kept in a repository: python -m sinkscope.results.trim RESULT TRIMMED

Numbers keep five significant digits, those by layer four, by sample, head or id three; maps of attention two decimals. A sidecar stays
behind (but for identify's signals, without refuted channel sets), and so do the vectors of an edit's basis, a trial's values of the
ordinary token by sample and by layer, and the unedited run's in all trials but the first, which has the same. Of lists with a value for
every id of the vocabulary 4,096 drawn ids are kept, with those that a table names and, of first-token, the 64 with the smallest norm. A
warning says so. Figures are drawn from it as from the whole.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from sinkscope.results.reading import ResultError, read, reading
from sinkscope.results.trimmed_signals import kept, write_kept
from sinkscope.whole_files import new_file

DIGITS = 5
KINDS = ("by_sample", "by_layer")  # lists of a trial
MOST_IDS, WEAKEST_IDS = 4096, 64
MARK = "trimmed: "  # how its warning begins
WITHOUT_IN_TRIALS = ("by sample and layer without the ordinary token's values and all but the first trial's unedited ones",
                     "without the vectors of bases")


Cut = Callable[[float], float]


def significant(digits: int) -> Cut:
    return lambda value: float(f"{value:.{digits}g}")


def decimals(digits: int) -> Cut:
    return lambda value: round(value, digits)


ORDINARY = significant(DIGITS)
FEWER = {"by_layer": significant(4), "by_sample": significant(3), "by_layer_head": significant(3), "after_growth": significant(3),
         "maps": decimals(2)}  # their spread is far larger; maps are drawn as colours from 0 to 1


def rounded(value: Any, cut: Cut = ORDINARY) -> Any:
    """Whole numbers without `.0`."""
    if isinstance(value, float):
        short = cut(value)
        return int(short) if short.is_integer() and abs(short) < 10**DIGITS else short
    if isinstance(value, list):
        return [rounded(one, cut) for one in value]
    if isinstance(value, dict):
        return {key: rounded(one, FEWER.get(key, cut)) for key, one in value.items()}
    return value


def fewer_values(trial: dict[str, Any], first: bool) -> dict[str, Any]:
    """Without the ordinary token's values by sample and by layer, which no figure has, and but for the `first` trial without the
    unedited run's."""
    ordinary, tracked = trial.get("ordinary"), trial.get("mean_attention")
    trial = trial | {"edits": [without_basis(edit) for edit in trial.get("edits", [])]}
    if isinstance(ordinary, dict) and "by_sample" in ordinary:
        trial = trial | {"ordinary": ordinary | {kind: dict.fromkeys(ordinary[kind], [None]) for kind in KINDS}}
    if not first and isinstance(tracked, list):
        trial = trial | {"mean_attention": [without_unedited(one) for one in tracked]}
    return trial


def without_basis(edit: dict[str, Any]) -> dict[str, Any]:
    """Its rank stays: an empty row a direction."""
    return edit | {"basis": [[] for _ in edit["basis"]]} if isinstance(edit.get("basis"), list) else edit


def without_unedited(token: dict[str, Any]) -> dict[str, Any]:
    return token | {kind: token[kind] | {"unedited": [None]} for kind in KINDS}


def with_fewer_values(results: dict[str, Any]) -> dict[str, Any]:
    if "stages" in results:
        return results | {"stages": [with_fewer_values(stage) for stage in results["stages"]]}
    if "trials" not in results:
        return results
    return results | {"trials": [fewer_values(trial, first=number == 0) for number, trial in enumerate(results["trials"])]}


def named_ids(value: Any) -> set[int]:
    """Ids of the tables' entries: objects that have an `id`."""
    if isinstance(value, list):
        return set().union(*map(named_ids, value))
    if isinstance(value, dict):
        return ({value["id"]} if "id" in value else set()).union(*map(named_ids, value.values()))
    return set()


def kept_places(results: dict[str, Any]) -> list[int]:
    """Of the ids that stay, in their order."""
    ids = results["ids"]
    drawn = np.random.default_rng(0).choice(len(ids), MOST_IDS, replace=False)
    named, norms = named_ids(results), results.get("after_growth", {}).get("norm", [])
    weakest = np.argsort(norms, kind="stable")[:WEAKEST_IDS]
    return sorted(set(drawn.tolist()) | set(weakest.tolist()) | {place for place, one in enumerate(ids) if one in named})


def of_places(value: Any, count: int, places: list[int]) -> Any:
    """Every list of `count` values, cut to these places."""
    if isinstance(value, list):
        return [value[place] for place in places] if len(value) == count else [of_places(one, count, places) for one in value]
    if isinstance(value, dict):
        return {key: of_places(one, count, places) for key, one in value.items()}
    return value


def trim(document: dict[str, Any]) -> dict[str, Any]:
    """Of a trimmed one again, the last word on how it was."""
    earlier = [one for one in document["warnings"] if not one.startswith(MARK)]
    results = with_fewer_values(document["results"])
    what = [f"numbers to {DIGITS} significant digits or fewer",
            *(WITHOUT_IN_TRIALS if "trials" in results or "stages" in results else []),
            "without the tensors of refuted channel sets" if "stages" in results else "without sidecar"]
    results = kept(results) if "stages" in results else results
    ids = results.get("ids", [])
    if len(ids) > MOST_IDS:
        places = kept_places(results)
        weakest = f", the {WEAKEST_IDS} with the smallest norm" if "after_growth" in results else ""
        results = of_places(results, len(ids), places)
        what.append(f"{len(places)} of {len(ids)} ids: {MOST_IDS} drawn at random, those that a table names{weakest}")
    return rounded(document | {"results": results}) | {"warnings": [*earlier, f"{MARK}{'; '.join(what)}"]}


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m sinkscope.results.trim", description="A result small enough to be kept.")
    parser.add_argument("result", type=Path, metavar="RESULT", help="JSON file that sinkscope wrote")
    parser.add_argument("trimmed", type=Path, metavar="TRIMMED", help="file to write")
    wanted = parser.parse_args(argv)
    try:
        result = read(wanted.result)
        with reading(result):
            text = json.dumps(trim(result.document), ensure_ascii=False, separators=(",", ":"))
        with new_file(wanted.trimmed) as file:
            file.write((text + "\n").encode())
        if "stages" in result.results:
            write_kept(wanted.result.with_suffix(".safetensors"), result.results, wanted.trimmed.with_suffix(".safetensors"))
    except (ResultError, OSError) as error:
        print(f"trim: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
