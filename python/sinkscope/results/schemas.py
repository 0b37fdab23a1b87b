"""Results, and what commands print with --json, against their JSON Schemas. As a command: python -m sinkscope.results.schemas RESULT..."""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from sinkscope import ROOT

PLACES = ("configs/schema/*.json", "experiments/*/*schema.json", "src/commands/*.schema.json", "python/sinkscope/*/schema.json")


@cache
def schemas() -> dict[str, dict[str, Any]]:
    """By $id, which is the experiment's or command's name with .json behind it, or the name that other schemas have for a shared part."""
    found: dict[str, dict[str, Any]] = {}
    for path in (path for pattern in PLACES for path in sorted(ROOT.glob(pattern))):
        schema = json.loads(path.read_text(encoding="utf-8"))
        if schema["$id"] in found:
            raise ValueError(f"{path}: another schema has the $id {schema['$id']} already")
        found[schema["$id"]] = schema
    return found


@cache
def validator(experiment: str) -> Draft202012Validator:
    schema = schemas()[f"{experiment}.json"]
    Draft202012Validator.check_schema(schema)
    registry = Registry().with_resources([(name, Resource.from_contents(one)) for name, one in schemas().items()])
    return Draft202012Validator(schema, registry=registry)


def validate(result: dict[str, Any]) -> None:
    """Raises jsonschema.ValidationError with the path of the first thing that is wrong."""
    validator(result["experiment"]).validate(result)


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        validate(json.loads(Path(argument).read_text(encoding="utf-8")))
        print(f"{argument}: valid")
