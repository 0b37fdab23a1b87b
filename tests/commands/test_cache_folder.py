"""An id is looked for where huggingface_hub keeps it, whatever its variables hold."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

import pytest
from huggingface_hub import constants

from support.program import Program

NAMES = ("HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "XDG_CACHE_HOME", "HOME", "SINKSCOPE_A", "SINKSCOPE_B")


@pytest.mark.parametrize("variables", [
    {}, {"HF_HOME": "~/hf"}, {"HF_HOME": "$HOME/hf"}, {"HF_HOME": "${SINKSCOPE_B}/x", "SINKSCOPE_B": "$SINKSCOPE_A", "SINKSCOPE_A": "/a"},
    {"HF_HUB_CACHE": "~root/hub", "HF_HOME": "/b"}, {"HF_HUB_CACHE": "$SINKSCOPE_A/${SINKSCOPE_B}", "SINKSCOPE_A": "/a"},
    {"HUGGINGFACE_HUB_CACHE": "~/old", "HF_HOME": "/b"},
    {"HUGGINGFACE_HUB_CACHE": "$SINKSCOPE_A", "SINKSCOPE_A": "/a", "HF_HUB_CACHE": "/c"},
    {"XDG_CACHE_HOME": "~/cache"}, {"XDG_CACHE_HOME": "$SINKSCOPE_A", "SINKSCOPE_A": "$SINKSCOPE_B", "SINKSCOPE_B": "/b"},
    {"XDG_CACHE_HOME": "", "HF_HOME": ""}, {"HF_HUB_CACHE": ""}, {"HOME": ""}, {"HF_HOME": "~no-such-user/x$"},
])  # fmt: skip
def test_the_cache_is_where_huggingface_hub_has_it(variables: dict[str, str], program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/me")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    try:
        wanted = Path(importlib.reload(constants).HF_HUB_CACHE) / "models--no-such--model"
        done = program.run("info", "--model", "no-such/model", env=dict(os.environ))
    finally:
        monkeypatch.undo()
        importlib.reload(constants)
    assert done.returncode == 2
    assert f"neither a folder nor in the Hugging Face cache ({wanted})" in done.stderr
