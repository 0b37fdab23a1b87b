"""A small result of every experiment that has a figure."""

from __future__ import annotations

import json
from pathlib import Path

from sinkscope import ROOT
from sinkscope.results import Result, read

MEASURED = ROOT / "results/smollm2-135m"
RECORD = ROOT / "models/demo/emergence.json"


def result_of(module: str) -> Result:
    """The committed one of SmolLM2-135M. Raises FileNotFoundError where an experiment has none."""
    if module == "intervene":
        return of_trials()
    path = RECORD if module == "emergence" else MEASURED / f"{module.replace('_', '-')}.json"
    if not path.exists():
        raise FileNotFoundError(f"{path}: expected a result of {module}, so that its figure is tested")
    return read(path)


def of_trials() -> Result:
    """stat-match's trials as they would be declared: results of intervene are none but trials."""
    path: Path = MEASURED / "stat-match.json"
    document = json.loads(path.read_text())
    trials = document["results"]["trials"][:8]
    names = {trial["name"] for trial in trials}
    found = document["results"] | {"trials": trials, "table": [row for row in document["results"]["table"] if row["name"] in names]}
    return Result(path, document | {"experiment": "intervene", "results": found})


def sweep_of_the_atlas() -> Result:
    """vocab-sweep, of the ids alone that the first-token result beside it tells of, as if both were of one run."""
    path = MEASURED / "vocab-sweep.json"
    document, atlas = (json.loads(one.read_text()) for one in (path, path.with_name("first-token.json")))
    found, known = document["results"], set(atlas["results"]["ids"])
    kept = [at for at, one in enumerate(found["ids"]) if one in known]
    weakest = sorted(kept, key=lambda at: found["score"][at])[:14]
    entries = [{"id": found["ids"][at], "piece": f"id {found['ids'][at]}", "score": found["score"][at]} for at in weakest]
    found |= {key: [found[key][at] for at in kept] for key in ("ids", "score")} | {"top": entries[::-1], "bottom": entries}
    return Result(path, document | {"model": atlas["model"], "results": found})
