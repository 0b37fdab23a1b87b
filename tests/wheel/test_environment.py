"""The wheel in an environment of its own: the command, the torch that it takes and refuses, and what Python gets."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from sinkscope import load
from support.program import Program

REPOSITORY = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.usefixtures("wheel")


def python(code: str, *words: object, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "SINKSCOPE_ROOT"} | variables
    return subprocess.run([sys.executable, "-c", code, *map(str, words)], capture_output=True, encoding="utf-8", env=environment)


COMMAND = "import sys; from sinkscope.program import main; main(sys.argv[1:])"


def test_the_command_is_the_wheels(program: Program) -> None:
    assert program.path.parent == Path(sys.executable).parent
    assert program.output("--version").split()[0] == version("sinkscope")
    done = python("import sinkscope, sinkscope.running as r; print(sinkscope.ROOT); print(r.program())")
    data, binary = map(Path, done.stdout.split())
    assert data.parent == binary.parents[1] and "site-packages" in data.parts


def test_nothing_is_there_to_build_with() -> None:
    assert not any(map(shutil.which, ("gcc", "g++", "cc", "cmake", "ninja", "nvcc")))


@pytest.fixture(scope="session")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel in a folder without torch, to be put on PYTHONPATH."""
    folder = tmp_path_factory.mktemp("elsewhere")
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--target", folder, wheel], check=True)
    return folder


@pytest.mark.parametrize("found", ["2.10.0+cu128", "2.12.1", "3.0.0", "1.13"])
def test_a_torch_of_another_minor_version_is_refused_by_name(found: str, elsewhere: Path, tmp_path: Path) -> None:
    """Where it lies beside the package, and where Python finds it in another folder."""
    beside = tmp_path / "beside"
    shutil.copytree(elsewhere, beside)
    for folder in (beside / "torch", tmp_path / "torch"):
        folder.mkdir()
        (folder / "__init__.py").touch()
        (folder / "version.py").write_text(f"from typing import Optional\n__version__ = '{found}'\n")
    for path, torch in ((beside, beside), (f"{elsewhere}{os.pathsep}{tmp_path}", tmp_path)):
        done = python(COMMAND, "--version", PYTHONPATH=str(path))
        assert (done.returncode, done.stdout) == (2, "")
        assert f"{torch / 'torch'} is torch {found}" in done.stderr and "pip install 'torch==2.11.*'" in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_without_torch_the_command_says_so_and_results_are_read(elsewhere: Path, tmp_path: Path) -> None:
    hide = "import importlib.util as u; found = u.find_spec; u.find_spec = lambda name: None if name == 'torch' else found(name); "
    done = python(hide + COMMAND, "--version", PYTHONPATH=str(elsewhere))
    assert (done.returncode, done.stdout) == (2, "") and "there is no torch in the environment" in done.stderr
    page = tmp_path / "report.html"
    done = python(hide + COMMAND, "report", REPOSITORY / "results/smollm2-135m/scan.json", "-o", page, PYTHONPATH=str(elsewhere))
    assert done.returncode == 0, done.stderr
    assert page.stat().st_size > 1e5


def test_torch_may_lie_in_another_folder_than_the_package(elsewhere: Path) -> None:
    done = python(COMMAND, "--version", PYTHONPATH=str(elsewhere))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(version("sinkscope"))


def test_published_numbers_are_in_the_program() -> None:
    done = python(COMMAND, "compare", REPOSITORY / "results/smollm2-135m/scan.json")
    assert done.returncode == 2 and "(from the numbers of Qwen3-8B), whose d_model is 4096; found 576" in done.stderr


def test_python_runs_it_and_draws_and_checks_the_result(tmp_path: Path) -> None:
    done = python(
        "import sys, sinkscope; from sinkscope.results.schemas import validate\n"
        "result = sinkscope.run('scan', model=sys.argv[1], text=sys.argv[2], samples=4, length=32, device='cpu', quiet=True)\n"
        "validate(result.document); sinkscope.plot(result).savefig(sys.argv[3])\n"
        "print(result.document['build']['libtorch'])",
        REPOSITORY / "models/demo", REPOSITORY / "models/demo/text.txt", tmp_path / "scan.png")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().startswith("2.11")
    assert (tmp_path / "scan.png").stat().st_size > 1e4


def test_findings_on_a_real_model(program: Program, tmp_path: Path) -> None:
    """As transformers has them by hand: two stages and a massive activation in dimension 507, and the sink does not follow the position."""
    model = os.environ.get("SINKSCOPE_MODEL")
    if not model:
        pytest.skip("SmolLM2-135M cannot be had here: scripts/get_model.py smollm2-135m says why")
    for experiment in ("scan", "mlp-probe", "rope-swap"):
        program.output(experiment, "--config", REPOSITORY / f"configs/smollm2-135m/{experiment}.json", "--model", model, "--device", "cpu",
                       "--text", REPOSITORY / "models/demo/text.txt", "--out", tmp_path / f"{experiment}.json")
    scan = load(tmp_path / "scan.json").results["sink"][0]["mean_attention"]["by_layer"]
    assert min(scan[4], scan[23]) > 0.3 > 0.1 > scan[11]
    assert "507" in program.output("summary", tmp_path)
