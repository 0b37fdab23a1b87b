"""Results against the JSON Schemas of configs/schema. As a command: schemas.py RESULT..."""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

SCHEMAS = Path(__file__).resolve().parent.parent / "configs" / "schema"


@cache
def registry() -> Registry:
    resources = [(path.name, Resource.from_contents(json.loads(path.read_text()))) for path in SCHEMAS.glob("*.json")]
    return Registry().with_resources(resources)


@cache
def validator(experiment: str) -> Draft202012Validator:
    schema = json.loads((SCHEMAS / f"{experiment}.json").read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, registry=registry())


def validate(result: dict) -> None:
    """Raises jsonschema.ValidationError with the path of the first thing that is wrong."""
    validator(result["experiment"]).validate(result)


if __name__ == "__main__":
    for path in sys.argv[1:]:
        validate(json.loads(Path(path).read_text()))
        print(f"{path}: good")
