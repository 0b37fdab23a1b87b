"""doctor finds what is made to fail, names the mend, and ends with exit code 1 for it alone."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from sinkscope import ROOT
from sinkscope.results.schemas import validator
from support.program import Program

MODEL = ROOT / "models/planted"


def checks(program: Program, *words: object, code: int = 0, **environment: str) -> dict[str, dict[str, Any]]:
    done = program.run("doctor", "--json", *words, env=os.environ | environment)
    assert done.returncode == code, done.stdout + done.stderr
    printed = json.loads(done.stdout)
    validator("doctor").validate(printed)
    assert printed["ok"] == (code == 0) == all(check["state"] != "fails" for check in printed["checks"])
    assert all(check["mend"] for check in printed["checks"] if check["state"] == "fails")
    return {check["name"]: check for check in printed["checks"]}


@pytest.fixture(scope="module")
def well(program: Program, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """On this machine, with an empty cache."""
    cache = tmp_path_factory.mktemp("hub")
    (cache / "models--a--b").mkdir()
    return checks(program, "--model", MODEL, HF_HUB_CACHE=str(cache))


def test_all_is_well_here(well: dict[str, dict[str, Any]]) -> None:
    names = {"sinkscope", "libtorch", "processor", "threads", "memory", "GPU", "Hugging Face cache", "working folder", "model", "tokenizer",
             "Python", "figures", "fonts"}
    assert names <= well.keys()
    assert "1 models" in well["Hugging Face cache"]["found"]


def test_versions_are_those_of_python(well: dict[str, dict[str, Any]]) -> None:
    import matplotlib
    import torch

    assert well["libtorch"]["found"].startswith(torch.__version__.split("+")[0])
    assert torch.backends.cpu.get_cpu_capability() in well["processor"]["found"]
    assert matplotlib.__version__ in well["figures"]["found"]


def test_memory_is_no_more_than_there_is(well: dict[str, dict[str, Any]]) -> None:
    import psutil

    free = float(well["memory"]["found"].split(" GB")[0])
    assert 0 < free <= psutil.virtual_memory().total * 1e-9


def test_a_cache_that_is_named_and_not_there(program: Program, tmp_path: Path) -> None:
    found = checks(program, code=1, HF_HUB_CACHE=str(tmp_path / "none"))["Hugging Face cache"]
    assert found["state"] == "fails" and "HF_HUB_CACHE" in found["mend"] and str(tmp_path / "none") in found["found"]


def test_a_model_that_is_not_there_or_not_whole(program: Program, tmp_path: Path) -> None:
    assert checks(program, "--model", "no/such", code=1)["model"]["state"] == "fails"
    for file in MODEL.iterdir():
        if file.is_file() and file.suffix != ".safetensors":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    assert "safetensors" in checks(program, "--model", tmp_path, code=1)["model"]["found"]


def test_a_result_that_could_not_be_written(program: Program, tmp_path: Path) -> None:
    assert checks(program, "--out", tmp_path / "a.json")["--out"]["state"] == "ok"
    assert checks(program, "--out", tmp_path / "none/a.json", code=1)["--out"]["state"] == "fails"
    (tmp_path / "a.json").touch()
    assert "--force" in checks(program, "--out", tmp_path / "a.json", code=1)["--out"]["found"]
    assert checks(program, "--out", tmp_path / "a.json", "--force")["--out"]["state"] == "ok"


def test_more_threads_than_cpus(program: Program) -> None:
    found = checks(program, OMP_NUM_THREADS="64", SLURM_CPUS_PER_TASK="1")["threads"]
    assert found["state"] == "note" and "OMP_NUM_THREADS=64" in found["found"] and "by Slurm" in found["found"]
    assert "--threads 1" in found["mend"]


def test_a_python_without_the_package(program: Program, tmp_path: Path) -> None:
    empty = tmp_path / "python"
    empty.write_text("#!/bin/sh\nexit 1\n")
    empty.chmod(0o755)
    assert checks(program, "--python", empty, code=1)["Python"]["state"] == "fails"
    other = tmp_path / "other"
    other.write_text("#!/bin/sh\necho hello\n")
    other.chmod(0o755)
    assert "no package sinkscope" in checks(program, "--python", other, code=1)["Python"]["found"]


def test_a_package_of_another_version() -> None:
    from sinkscope import doctor

    own = doctor.declared().version
    assert doctor.python("9.9.9", own).state == "fails"
    assert doctor.python(own, own).state == doctor.python(None, own).state == "ok"


def test_what_a_clone_declares_is_what_toml_says() -> None:
    """It is read without tomllib, which Python 3.10 lacks."""
    import tomllib

    from sinkscope import doctor

    text = (ROOT / "pyproject.toml").read_text()
    project = tomllib.loads(text)["project"]
    assert doctor.table(text, "project.optional-dependencies") == project.pop("optional-dependencies")
    project.pop("scripts")
    assert doctor.table(text, "project") == project


def test_a_requirement_that_is_not_met() -> None:
    from sinkscope import doctor

    assert doctor.problem("numpy>=1.26") is None
    assert doctor.problem("sinkscope[frames]") is None
    assert "expected" in doctor.problem("numpy>=99")
    assert doctor.problem("no-such-package-at-all>=1") == "no-such-package-at-all is missing"


def test_the_page_says_the_same(program: Program) -> None:
    page = program.output("doctor")
    assert "nothing here would fail" in page and "libtorch" in page
    failing = program.run("doctor", "--model", "no/such")
    assert failing.returncode == 1 and "fails" in failing.stdout and "mend:" in failing.stdout
    assert "Looks at" in program.output("doctor", "--help")
