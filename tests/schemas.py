"""Results against the JSON Schemas of configs/schema. As a command: schemas.py RESULT..."""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

ROOT = Path(__file__).resolve().parent.parent
SCHEMAS = ROOT / "configs" / "schema"
ELSEWHERE = {"emergence": ROOT / "python/sinkscope/training/schema.json"}


@cache
def registry() -> Registry:
    resources = [(path.name, Resource.from_contents(json.loads(path.read_text()))) for path in SCHEMAS.glob("*.json")]
    return Registry().with_resources(resources)


@cache
def validator(experiment: str) -> Draft202012Validator:
    schema = json.loads(ELSEWHERE.get(experiment, SCHEMAS / f"{experiment}.json").read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, registry=registry())


def validate(result: dict) -> None:
    """Raises jsonschema.ValidationError with the path of the first thing that is wrong."""
    validator(result["experiment"]).validate(result)


if __name__ == "__main__":
    for path in sys.argv[1:]:
        validate(json.loads(Path(path).read_text()))
        print(f"{path}: good")
