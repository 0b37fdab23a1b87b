"""scripts/plot.py finds a figure by the experiment's name, shows the options of its module, and refuses the rest in one line."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from inspect import signature
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from sinkscope import ROOT
from sinkscope.figures import names
from sinkscope.figures.parts.style import new
from sinkscope.figures.vocab_sweep import histogram
from sinkscope.plotting import main
from sinkscope.results.schemas import schemas

RECORD = ROOT / "models/demo/emergence.json"
MODULES = names()


def refused(capsys: pytest.CaptureFixture, *words: object) -> str:
    """What plot.py says when it ends with exit code 2."""
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    assert ended.value.code == 2
    return capsys.readouterr().err


def test_every_experiment_has_a_figure_and_every_figure_an_experiment() -> None:
    of_experiments = {path.parent.name for path in ROOT.glob("experiments/*/schema.json")}
    assert set(MODULES) == of_experiments | {"emergence"}
    assert {f"{name.replace('_', '-')}.json" for name in MODULES} <= set(schemas())


@pytest.mark.parametrize("name", MODULES)
def test_a_module_has_what_the_package_asks_of_it(name: str) -> None:
    module = import_module(f"sinkscope.figures.{name}")
    result, *options = signature(module.draw).parameters.values()
    assert (result.name, module.__doc__[:9]) == ("result", "Figure of")
    assert all(option.default is not option.empty for option in options)
    assert hasattr(module, "options") == bool(options)
    assert hasattr(module, "ORDER") == hasattr(module, "summary")


def test_no_two_experiments_have_one_place_in_the_summary() -> None:
    orders = [module.ORDER for module in (import_module(f"sinkscope.figures.{name}") for name in MODULES) if hasattr(module, "ORDER")]
    assert len(orders) == len(set(orders))


@pytest.mark.parametrize("counts", [[3.0] * 40, [0.0, 500.0, 1.0], [150000.0, 0.4, 2.0], [1.0]],
                         ids=["even", "one peak", "a tail", "one bar"])
def test_the_legend_of_the_sweeps_histogram_covers_nothing(counts: list[float]) -> None:
    figure, axes = new(2, 3, height=2.7)  # as draw() does
    edges = np.linspace(0, 0.2, len(counts) + 1).tolist()
    histogram(axes[0][0], {"histogram": {"edges": edges, "counts": counts}, "mean": 0.1, "uniform": 0.098, "position": 0})
    FigureCanvasAgg(figure).draw()
    (axis, *_), *_ = axes
    legend = axis.get_legend().get_window_extent()
    assert axis.bbox.contains(*legend.min)
    bars = axis.transData.transform((0, max(counts)))[1]
    lines = max(line.get_window_extent().y1 for line in axis.lines)
    assert legend.y0 > max(bars, lines)


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_a_figure_is_drawn_the_same_twice(tmp_path: Path, suffix: str) -> None:
    """Once by the command, once in this process."""
    command, here = (tmp_path / f"{name}.{suffix}" for name in ("command", "here"))
    words = [RECORD, "--beside", RECORD.with_name("emergence-twin.json")]
    done = subprocess.run([sys.executable, ROOT / "scripts/plot.py", *words, "-o", command], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    main([*map(str, words), "-o", str(here)])
    assert command.read_bytes() == here.read_bytes()


def test_options_are_those_of_the_experiment(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit):
        main([str(RECORD), "--help"])
    assert "--beside" in capsys.readouterr().out
    assert "unrecognized arguments: --atlas" in refused(capsys, RECORD, "-o", tmp_path / "a.png", "--atlas", RECORD)


@pytest.mark.parametrize(("change", "output", "words"), [
    ({"experiment": "no-such"}, "a.png", "no figure is known for results of no-such"),
    ({"experiment": "parts"}, "a.png", "no figure is known for results of parts"),
    ({"experiment": "../style"}, "a.png", "no figure is known for results of ../style"),
    ({"schema_version": 99}, "a.png", "schema version 99"),
    ({}, "a.txt", "expected a name that ends in .png, .pdf or .svg"),
    ({}, "-", "expected a name that ends in .png, .pdf or .svg"),
    ({}, "no/such/folder/a.png", "No such file or directory"),
])  # fmt: skip
def test_what_cannot_be_drawn_is_refused_in_one_line(
        tmp_path: Path, capsys: pytest.CaptureFixture, change: dict, output: str, words: str) -> None:
    path = tmp_path / "result.json"
    path.write_text(json.dumps(json.loads(RECORD.read_text()) | change))
    error = refused(capsys, path, "-o", tmp_path / output)
    assert len(error.splitlines()) == 1
    assert words in error
    assert not (tmp_path / output).exists()


def test_without_a_result_it_says_how_it_is_called(capsys: pytest.CaptureFixture) -> None:
    usage = "usage: plot.py RESULT -o FIGURE [--width WIDTH] [--panel NAME,...] [--bare] [--all] [OPTION...]\n"
    assert refused(capsys) == refused(capsys, "-o", "a.png") == usage
    main(["--help"])
    assert capsys.readouterr().out.startswith(usage)


def test_options_may_stand_before_the_result(tmp_path: Path) -> None:
    """Those of an experiment, too, which are known once the result is."""
    main(["-o", str(tmp_path / "a.png"), "--beside", str(RECORD), "--width", "page", str(RECORD)])
    main([str(RECORD), "-o", str(tmp_path / "b.png"), "--beside", str(RECORD), "--width", "page"])
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_the_figure_of_the_screening_simulation_is_drawn(tmp_path: Path) -> None:
    words = [sys.executable, ROOT / "bench/plot_screening.py", ROOT / "bench/results/screening.json", "-o"]
    done = subprocess.run([*words, tmp_path / "a.png"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    done = subprocess.run([*words, tmp_path / "a.txt"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "expected a name that ends in .png, .pdf or .svg" in done.stderr
