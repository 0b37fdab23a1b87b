"""What would fail of the Python side, and the mend: packages and fonts. `sinkscope doctor` asks it and shows the answer.

python -m sinkscope.doctor [--version VERSION_OF_THE_PROGRAM]     prints a JSON list of findings
"""

from __future__ import annotations

import argparse
import ast
import json
import platform
import re
import sys
from dataclasses import asdict, dataclass
from importlib import metadata
from typing import Any

from sinkscope import IS_CLONE, ROOT

SCRIPTS = {"Chinese and Japanese": "中の", "Korean": "한", "Arabic": "ع", "Hindi": "अ", "emoji": "😀"}  # a character or two each
OPTIONAL = {"frames": "pandas frames", "parquet": ".to_parquet", "report": "HTML reports", "schemas": "checking results"}  # extras


@dataclass(frozen=True)
class Finding:
    name: str
    state: str  # ok, note, fails
    found: str
    mend: str = ""


@dataclass(frozen=True)
class Declared:
    """What the package says of itself."""

    version: str
    dependencies: list[str]
    extras: dict[str, list[str]]


def table(text: str, title: str) -> dict[str, Any]:
    """A table of pyproject.toml whose values are strings and lists of strings, which Python spells alike; tomllib is of Python 3.11."""
    body = re.search(rf"^\[{re.escape(title)}\]\n(.*?)^\[", text, re.MULTILINE | re.DOTALL)[1]
    values = re.findall(r"^([\w-]+) = (.+?)(?=^\S|\Z)", body, re.MULTILINE | re.DOTALL)  # further lines of a value are indented
    return {key: ast.literal_eval(value) for key, value in values}


def declared() -> Declared:
    """By pyproject.toml in a clone, where nothing is installed; by the metadata of a wheel."""
    if IS_CLONE:
        text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
        project = table(text, "project")
        return Declared(project["version"], project["dependencies"], table(text, "project.optional-dependencies"))
    found = Declared(metadata.version("sinkscope"), [], {})
    for line in metadata.requires("sinkscope") or []:
        requirement, _, marker = (part.strip() for part in line.partition(";"))
        extra = re.search(r"extra\s*==\s*['\"]([\w-]+)['\"]", marker)
        (found.extras.setdefault(extra[1], []) if extra else found.dependencies).append(requirement)
    return found


def install(requirements: list[str], extra: str = "") -> str:
    missing = " ".join(f"'{one}'" for one in requirements if problem(one))
    return f"pip install {missing}" if IS_CLONE else f"pip install 'sinkscope{extra}'"


def problem(requirement: str) -> str | None:
    """Why a requirement is not met; its version is looked at where `packaging` is there, which matplotlib brings."""
    name = re.match(r"[\w.-]+", requirement)[0]
    if name == "sinkscope":  # another extra's, which is looked at by itself
        return None
    try:
        installed = metadata.version(name)
    except metadata.PackageNotFoundError:
        return f"{name} is missing"
    try:
        from packaging.requirements import Requirement
    except ModuleNotFoundError:
        return None
    wanted = Requirement(requirement).specifier
    return None if wanted.contains(installed, prereleases=True) else f"{name} {installed}, expected {wanted}"


def unmet(requirements: list[str]) -> str:
    return "; ".join(filter(None, map(problem, requirements)))


def python(version: str | None, own: str) -> Finding:
    found = f"{platform.python_version()} of {sys.executable}, package sinkscope {own}"
    if version is None or own == version:
        return Finding("Python", "ok", found)
    return Finding("Python", "fails", f"{found}; the program is {version}", "take both from one clone, or from one wheel")


def packages(own: Declared) -> list[Finding]:
    missing = unmet(own.dependencies)
    findings = [Finding("figures", "fails", missing, install(own.dependencies)) if missing else
                Finding("figures", "ok", ", ".join(f"{name} {metadata.version(name)}" for name in ("matplotlib", "numpy")))]
    for extra, what in OPTIONAL.items():
        if missing := unmet(own.extras[extra]):
            findings.append(Finding(what, "note", missing, install(own.extras[extra], f"[{extra}]")))
    return findings


def fonts() -> Finding:
    from sinkscope.figures.parts.words import families, family_with

    escaped = [script for script, characters in SCRIPTS.items() if any(family_with(c) is None for c in characters)]
    if not escaped:
        return Finding("fonts", "ok", f"{len(families())} families, with every script that was looked for")
    return Finding("fonts", "note", f"{len(families())} families; tokens in {', '.join(escaped)} are drawn as their escapes (\\u4e2d)",
                   "apt-get install fonts-noto-cjk fonts-noto-core, or the same fonts in ~/.fonts")


def look(version: str | None) -> list[Finding]:
    own = declared()
    findings = [python(version, own.version), *packages(own)]
    if all(finding.state != "fails" for finding in findings):
        findings.append(fonts())
    return findings


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m sinkscope.doctor", description="Says what would fail of the Python side, as JSON.")
    parser.add_argument("--version", help="of the program, which the package's must be")
    print(json.dumps([asdict(finding) for finding in look(parser.parse_args().version)], indent=1))
