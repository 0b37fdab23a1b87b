"""What pyproject.toml says the package needs is what is said of it elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from sinkscope import ROOT
from sinkscope.doctor import declared

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
