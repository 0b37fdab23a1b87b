"""The wheel, in the environment that scripts/wheel.sh has installed it into: SINKSCOPE_WHEEL names the file."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def wheel() -> Path:
    named = os.environ.get("SINKSCOPE_WHEEL")
    if not named:
        pytest.skip("scripts/wheel.sh builds a wheel and runs these tests where it is installed")
    return Path(named)


@pytest.fixture(scope="session")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder
