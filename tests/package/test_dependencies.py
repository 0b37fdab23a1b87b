"""What pyproject.toml says the package needs is what is said of it elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from sinkscope import ROOT
from sinkscope.doctor import declared, table

TEXTS = ("README.md", "CONTRIBUTING.md", "docs/*.md", "docs/notebooks/*.ipynb", "python/**/*.py", "scripts/*", "scripts/slurm/*",
         "recipe/*", "container/*")
NAMED = re.compile(r"(?:sinkscope|\.whl)\[([\w.,-]+)\]")  # pip install 'sinkscope[frames]', sinkscope-0.2.0-….whl[report]


def texts() -> Iterator[tuple[Path, str]]:
    for pattern in TEXTS:
        yield from ((path, path.read_text(encoding="utf-8")) for path in sorted(ROOT.glob(pattern)) if path.is_file())


def test_every_extra_that_is_named_is_one() -> None:
    named = {(extra, path.name) for path, text in texts() for found in NAMED.findall(text) for extra in found.split(",")}
    assert {"get.py", "frame.py", "loaded.py", "page.py", "install.md"} <= {file for _, file in named}
    assert [(extra, file) for extra, file in sorted(named) if extra not in declared().extras] == []


def test_the_page_lists_every_extra() -> None:
    """But `test`, which is for a clone."""
    listed = re.findall(r"^\| `([\w-]+)` \| ", (ROOT / "docs/install.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(declared().extras.keys() - {"test"})


def required() -> list[Requirement]:
    """By pyproject.toml, the wheel's build with it."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    named = [*table(text, "build-system")["requires"], *declared().dependencies, *sum(declared().extras.values(), [])]
    return [found for found in map(Requirement, named) if found.name != "sinkscope"]


def pinned(file: str) -> dict[str, str]:
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return {canonicalize_name(name): version for line in lines if not line.startswith("#") for name, version in [line.split("==")]}


def test_what_is_tested_is_within_the_bounds() -> None:
    pins = pinned("requirements.txt")
    brought = {"referencing"}  # by jsonschema
    assert {found.name for found in required()} - brought <= pins.keys()
    assert [str(found) for found in required() if found.name in pins and not found.specifier.contains(pins[found.name])] == []


def test_every_dependency_says_why_it_is_there() -> None:
    """In a row of docs/dependencies.md, and no row is of another."""
    places = ("cmake/*.cmake", "src/**/CMakeLists.txt", "tests/**/CMakeLists.txt")
    cmake = "".join(path.read_text(encoding="utf-8") for place in places for path in ROOT.glob(place))
    libraries = set(re.findall(r"^(?:sinkscope_need|find_package)\((\w+) ", cmake, re.MULTILINE))
    packages = {found.name for found in required()} | pinned("requirements.txt").keys() | pinned("bench/requirements.txt").keys()
    page = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")
    rows = {name for row in re.findall(r"^\| (`.+?) \|", page, re.MULTILINE) for name in re.findall(r"`(.+?)`", row)}
    assert {"ICU", "Oniguruma", "GTest", "OpenMP"} <= libraries
    assert rows == libraries | packages
