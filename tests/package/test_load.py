"""sinkscope.load: metadata, and frames of every committed result, tidy, documented, with the JSON's own numbers."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import sinkscope
from sinkscope import ROOT, ResultError, load
from sinkscope.frames import declared, of_experiment
from sinkscope.frames.__main__ import columns_table, frames_table
from sinkscope.frames.columns import lookup

RESULTS = [*sorted((ROOT / "results").glob("*/*.json")), *sorted((ROOT / "models").glob("*/emergence*.json"))]
SMOLLM2 = ROOT / "results/smollm2-135m"
NO_EXPERIMENTS = {"merge", "status"}  # of list.cpp: they write results of vocab-sweep, or none


def test_what_a_result_says_of_itself() -> None:
    scan, document = load(SMOLLM2 / "scan.json", "scan"), json.loads((SMOLLM2 / "scan.json").read_text())
    for part in ("experiment", "command", "warnings", "model", "data", "numerics", "metrics", "config", "results"):
        assert getattr(scan, part) == document[part]
    with pytest.raises(ResultError, match="expected a result of self-mask, found one of scan"):
        load(SMOLLM2 / "scan.json", "self-mask")


@pytest.mark.parametrize("path", RESULTS, ids=[str(path.relative_to(ROOT)) for path in RESULTS])
def test_every_frame_is_tidy_and_documented(path: Path) -> None:
    result = load(path)
    assert next(iter(result.frames)) == next(iter(declared(result))), "the main frame has no row"
    for name in result.frames:
        frame = result.frame(name)
        assert len(frame) > 0 and not frame.columns.duplicated().any()
        assert {str(kind) for kind in frame.dtypes} <= {"int64", "Int64", "float64", "bool", "boolean", "string"}, name
        assert [column for column in frame if lookup(column) is None] == [], name
        assert not any(frame[column].astype(str).str.contains(r"[\[{]\d").any() for column in frame.select_dtypes("string")
                       if column not in ("piece", "what")), f"{name}: a list in a cell"  # fmt: skip
        assert not frame.duplicated().any(), f"{name}: rows that nothing tells apart"
        assert list(frame.index) == list(range(len(frame)))


def test_every_experiment_has_frames() -> None:
    listed = set(re.findall(r"^  experiment\((\w+)\)", (ROOT / "experiments/list.cpp").read_text(), re.MULTILINE)) - NO_EXPERIMENTS
    assert len(listed) > 15
    of_trials = {name for name in listed if "trials.json#/$defs/results" in (ROOT / f"experiments/{name}/schema.json").read_text()}
    assert [name for name in sorted(listed - of_trials) if not of_experiment(name)] == []


# Of the JSON, read by eye. The number of rows is layers x heads x tokens and the like.
@pytest.mark.parametrize(("file", "frame", "rows", "where", "column", "value"), [
    ("scan", "attention", 4 * 30 * 9, "token == 0 and layer == 0 and head == 0", "mean_attention", 0.0559),
    ("scan", "attention_mean", 4, "token == 0", "mean_attention_ci95_low", 0.44057),
    ("scan", "attention_by_layer", 4 * 30, "token == 0 and layer == 0", "mean_attention_ci95_high", 0.04725 + 0.0029227),
    ("scan", "attention_by_sample", 4 * 100, "token == 0 and sample == 0", "mean_attention", 0.477),
    ("scan", "norms", 3 * 30 * 5, "site == 'resid_post' and layer == 0 and token == 0", "norm", 54.65),
    ("scan", "norms", 3 * 30 * 5, "site == 'resid_post' and layer == 0 and token_set == 'others'", "norm", 43.949),
    ("scan", "top_dimensions", 120 * 3, "layer == 0 and token == 0 and rank == 0", "dimension", 247),
    ("scan", "loss_by_sample", 100, "sample == 0", "loss", 4.93),
    ("rope-swap", "maps", 16 * 3 * 48 * 48, "condition == 'baseline' and layer == 3 and query == 0 and key == 0", "pattern", 1.0),
    ("rope-swap", "positions", 18, "condition == 'first-to-8'", "rotary_position", 8),
    ("self-mask", "ratio", 99, "mode == 'not_self' and layers == '0-4' and token == 4", "ratio", 0.034571),
    ("self-mask", "change_of_first", 36, "layers == '0' and tokens == '1'", "change_of_first", -0.034868),
    ("zero-sweep", "trials", 174, "name == 'zero blocks.0.attn_out'", "mean_attention_edited_ci95_high", None),
    ("zero-sweep", "trials", 174, "name == 'zero blocks.0.attn_out'", "mean_attention_difference", -0.059025),
    ("zero-sweep", "trials", 174, "name == 'zero blocks.0.attn_out'", "random_p95", 0.087939),
    ("zero-sweep", "attention_by_layer", 174 * 27, "name == 'zero blocks.0.attn_out' and token == 0 and layer == 3",
     "mean_attention_edited", 0.435),
    ("zero-sweep.layer-23", "attention_by_layer", 174 * 7, "name == 'zero blocks.0.attn_out' and token == 0 and layer == 23",
     "mean_attention_edited", 0.8134),
    ("head-attribution", "attention_by_layer", 40 * 2 * 27, "name == 'all heads of layer 0 at token 8' and token == 8 and layer == 3",
     "mean_attention_edited", 0.07273),
    ("mlp-probe", "activations", 30 * 5 * 4, "layer == 0 and site == 'resid_pre' and token == 0", "norm_sd", 0.30089),
    ("mlp-probe", "contributions", 4 * 8 * 2, "token == 0 and neuron == 1229 and dimension == 247", "contribution", 1226.1),
    ("vocab-sweep", "ids", 4096, "id == 3", "paired_half_width", 0.51792),
    ("first-token", "without_growth_by_site", 7 * 31, "id == 21982 and site == 'hook_embed'", "norm", 3.6534),
    ("channel-trace", "channel_means", 397 * 9, "site == 'hook_embed' and dimension == 56 and token == 0", "mean", 0.02002),
    ("gate-readout", "projections_by_sample", 11 * 9 * 50, "read_out == 'neuron 90' and site == 'blocks.2.ln2.hook_out' and token == 0 "
     "and sample == 6", "projection", 0.755),
    ("magc", "channels", 576, "channel == 0", "R_plus", 2.1824),
    ("stat-match", "statistics", 3, "row == 'later'", "cosine_to_first", 0.76401),
    ("identify", "conditions", 64, "site == 'blocks.1.hook_resid_mid' and condition == 'removed'", "value_ci95_low", -0.046814 + 0),
    ("identify", "chain", 16, "stage == 1 and `from` == 'massive activation' and to == 'sink'", "removed_edited", 0.92039),
])  # fmt: skip
def test_numbers_are_the_jsons(file: str, frame: str, rows: int, where: str, column: str, value: float | None) -> None:
    found = load(SMOLLM2 / f"{file}.json").frame(frame)
    assert len(found) == rows
    picked = found.query(where)
    assert len(picked) == 1, picked
    if value is None:  # of the table
        table = json.loads((SMOLLM2 / f"{file}.json").read_text())["results"]["table"]
        value = next(row["sink"][0]["level"]["ci95"][1] for row in table if row["name"] == picked["name"].iloc[0])
    assert picked[column].iloc[0] == pytest.approx(value, rel=1e-12)


def test_a_frame_that_is_not_there_is_named() -> None:
    with pytest.raises(ResultError, match=r"scan\.json: results of scan have no frame heads; they have attention, attention_by_layer,"):
        load(SMOLLM2 / "scan.json").frame("heads")


def test_the_main_frame_is_the_first_that_has_a_row(tmp_path: Path) -> None:
    """As of `scan --measure norms`, which has no attention."""
    document = json.loads((SMOLLM2 / "scan.json").read_text())
    document["results"] |= {"sink": None, "profile": None, "loss": None}
    (tmp_path / "norms.json").write_text(json.dumps(document))
    norms = load(tmp_path / "norms.json")
    assert list(norms.frames) == ["norms", "top_dimensions", "samples"]
    assert norms.frame().equals(norms.frame("norms")) and len(norms.frame()) > 0


def test_the_page_has_every_frame_and_column() -> None:
    page = (ROOT / "docs/python.md").read_text()
    for table in (frames_table(), columns_table()):
        assert table in page, f"docs/python.md has another table; python -m sinkscope.frames prints\n{table}"


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    scan = load(SMOLLM2 / "scan.json")
    assert "attention" in scan.frames
    with pytest.raises(ImportError, match=r"frames need pandas, .*sinkscope\[frames\]"):
        scan.frame()
    with pytest.raises(ImportError, match=r"parquet files need pyarrow, .*sinkscope\[parquet\]"):
        scan.to_parquet(tmp_path)


def test_parquet_holds_the_frames(tmp_path: Path) -> None:
    import pandas

    scan = load(SMOLLM2 / "scan.json")
    written = scan.to_parquet(tmp_path / "scan")
    assert [path.stem for path in written] == list(scan.frames)
    for path in written:
        pandas.testing.assert_frame_equal(pandas.read_parquet(path), scan.frame(path.stem))


def test_import_waits_for_nothing() -> None:
    code = """import sys, sinkscope
print(*sorted({"numpy", "pandas", "torch", "matplotlib"} & sys.modules.keys()), "then")
sinkscope.load, sinkscope.run
print(*sorted({"pandas", "torch", "matplotlib"} & sys.modules.keys()), "loaded")"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT / "python")
    assert done.stdout == "then\nloaded\n"
    assert {"load", "run", "plot"} <= set(dir(sinkscope))
    with pytest.raises(AttributeError, match="no attribute 'lode'"):
        sinkscope.lode  # noqa: B018


def test_a_type_checker_sees_what_there_is() -> None:
    """sinkscope/__init__.py names for it what is imported lazily; nothing else does, since it must not take every name for one."""
    module = ast.parse((ROOT / "python/sinkscope/__init__.py").read_text())
    checked = next(part for part in module.body if isinstance(part, ast.If) and ast.unparse(part.test) == "TYPE_CHECKING")
    seen = {name.name: part.module for part in checked.body if isinstance(part, ast.ImportFrom) for name in part.names}
    assert seen == {name: f"sinkscope.{place}" for name, place in sinkscope.LAZY.items()} | {"Report": "sinkscope.report"}
    assert isinstance(sinkscope.report, sinkscope.report.Report) and callable(sinkscope.report)
    assert (ROOT / "python/sinkscope/py.typed").exists()
