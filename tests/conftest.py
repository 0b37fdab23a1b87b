"""What every test shares: the program, and models that are made once for all workers of pytest-xdist.

Fixtures import what they need when a test asks for them: a test of the command line waits for no torch.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the products are tiny: a second thread costs more than it gives
if workers := int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "0")):  # threads that wait for a core spin on it
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, len(os.sched_getaffinity(0)) // workers)))

from sinkscope import ROOT
from support.made_once import made_once
from support.program import Program
from support.shared_data import SHARED_DATA

if TYPE_CHECKING:
    from sinkscope.planted.plan import Options
    from support.by_line import ByLine
    from support.demo import Demo
    from support.planted_cases import Planted

FAMILIES = ("qwen3", "qwen2", "llama", "mistral")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("sinkscope")
    group.addoption("--program", type=Path, default=os.environ.get("SINKSCOPE", ROOT / "build/release/sinkscope"),
                    help="the program under test (SINKSCOPE, or build/release/sinkscope)")
    group.addoption("--unseen", type=int, default=201, metavar="SEED",
                    help="with -m slow: the seed of the first of the planted models that identify has never met (201)")
    group.addoption("--strings", type=int, default=1500, metavar="N",
                    help="generated strings for each kind of tokenizer (1500)")
    group.addoption("--draw-images", action="store_true", help="draw the images that figures are held against again, and compare nothing")
    group.addoption("--pipelines", type=int, default=100, metavar="N",
                    help="random pipelines of tokenizer parts, with 20 strings each (100)")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """With -v: what tests measured on the way (record_property), by name: the largest of fractions, the sum of counts."""
    found: dict[str, list] = {}
    for report in terminalreporter.stats.get("passed", []):
        for name, value in report.user_properties:
            found.setdefault(name, []).append(value)
    if found and config.get_verbosity() > 0:
        terminalreporter.section("measured")
        for name, values in sorted(found.items()):
            if all(isinstance(value, float) for value in values):
                said = f"{max(values):.3g}"
            else:
                said = f"{sum(values):,}" if all(isinstance(value, int) for value in values) else "; ".join(map(str, values))
            terminalreporter.line(f"{name}: {said}")


@pytest.fixture(scope="session")
def program(request: pytest.FixtureRequest) -> Program:
    path = Path(request.config.getoption("--program")).absolute()
    assert path.exists(), f"{path}: the program is not there; scripts/build.sh builds it, --program names another"
    return Program(path)


@pytest.fixture(scope="session")
def read_models(program: Program) -> Callable[[list[Path]], list[dict]]:
    """What sinkscope reads in many configs and checkpoints, in one start of a tool that is built beside the unit tests."""
    tool = program.path.parent / "tests/unit/read_models"
    assert tool.exists(), f"{tool}: it is not there; scripts/build.sh builds it"

    def read(paths: list[Path]) -> list[dict]:
        done = subprocess.run([tool], input="".join(f"{path}\n" for path in paths), capture_output=True, encoding="utf-8")
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    return read


@pytest.fixture(scope="session")
def by_line(program: Program) -> Iterator[ByLine]:
    """Many tokenizers in one start of a program, which is built beside the one under test."""
    from support import by_line

    path = program.path.parent / "tests/tokenizers_by_line"
    assert path.exists(), f"{path} is not there; scripts/build.sh builds it"
    asked = by_line.ByLine(path)
    yield asked
    asked.close()


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this run that all of its workers see: every worker's own is a folder in it."""
    own = tmp_path_factory.getbasetemp()
    place = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "shared"
    place.mkdir(exist_ok=True)
    return place


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Texts and Qwen3's tokenizer, which are no part of a clone."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"Qwen3's tokenizer and the texts are not at {SHARED_DATA}; SINKSCOPE_SHARED_DATA names another place")
    return SHARED_DATA


@pytest.fixture(scope="session")
def smollm2() -> Path:
    return fetched("smollm2-135m")


@pytest.fixture(scope="session")
def qwen() -> Path:
    return fetched("qwen2.5-coder-0.5b")


def fetched(model: str) -> Path:
    """A real model, fetched once a machine into the folder that scripts/get_model.py fills."""
    from sinkscope.models import NotToBeHad, ensure

    try:
        return ensure(model)
    except NotToBeHad as error:
        pytest.skip(f"{model} cannot be had here: {error}")


@pytest.fixture(scope="session")
def planted(shared: Path) -> Callable[[str | Options], Planted]:
    """The planted model of a name in planted_cases, or of these options."""
    from sinkscope.planted.make import make_planted
    from support.planted_cases import CLOSED_FORM, FURTHER_KINDS, SETS, Planted

    text = (ROOT / "models/planted/text.txt").read_text(encoding="utf-8")

    def get(what: str | Options) -> Planted:
        options = (SETS | CLOSED_FORM | FURTHER_KINDS)[what] if isinstance(what, str) else what
        name = what if isinstance(what, str) else f"{options.variant}-{options.seed}"
        return Planted(made_once(shared / "planted" / name, lambda folder: make_planted(options, folder, text)))

    return get


@pytest.fixture(scope="session", params=FAMILIES)
def family_model(request: pytest.FixtureRequest, shared: Path) -> Path:
    """A small random model of every family; attention of Mistral's slides over five tokens."""
    from support.reference_model import first_shape, make_model

    family = request.param
    return made_once(shared / "families" / family, lambda folder: make_model(first_shape(family), seed=7).save_pretrained(folder))


@pytest.fixture(scope="session")
def random_model(shared: Path) -> Path:
    """Qwen3 with lively random weights: it has no sink."""
    from support.reference_model import SHAPES, make_model

    return made_once(shared / "random", lambda folder: make_model(SHAPES[0], seed=5).save_pretrained(folder))


@pytest.fixture(scope="session")
def even_model(shared: Path) -> Path:
    """Qwen3 as it is initialised, with attention close to uniform: there is nothing to find."""
    from support.reference_model import SHAPES, make_model

    def make(folder: Path) -> None:
        model = make_model(SHAPES[6], seed=9)
        for weight in model.parameters():
            weight.data.mul_(0.02) if weight.dim() == 2 else weight.data.fill_(1.0)
        model.save_pretrained(folder)

    return made_once(shared / "even", make)


@pytest.fixture
def llama2(shared: Path, tmp_path: Path) -> Path:
    """A folder of the test's own with a tokenizer.model of Llama 2's settings."""
    from support.sentencepiece_models import train

    shutil.copy(made_once(shared / "llama2", train) / "tokenizer.model", tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def demo(program: Program, shared: Path) -> Demo:
    """The demo model's results, as scripts/demo.sh has them."""
    from support.demo import Demo

    return Demo(program, ROOT / "models/demo", shared / "demo")


@pytest.fixture(scope="session")
def smollm2_demo(program: Program, smollm2: Path, shared: Path) -> Demo:
    """The same of SmolLM2."""
    from support.demo import Demo

    return Demo(program, smollm2, shared / "smollm2-demo", configs="smollm2-135m")


@pytest.fixture(scope="session")
def demo_llama(program: Program, shared: Path) -> Demo:
    """The same of the demo model without norms of queries and keys."""
    from support.demo import Demo

    return Demo(program, ROOT / "models/demo-llama", shared / "demo-llama", "--dtype", "float32")
