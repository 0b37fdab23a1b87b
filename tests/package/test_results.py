"""sinkscope.results reads what the program wrote and refuses everything else by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

import sinkscope
from sinkscope import ROOT
from sinkscope.plotting import main as plot
from sinkscope.report.__main__ import main as report
from sinkscope.results import SCHEMA_VERSION, ResultError, read

WHOLE = {
    "schema_version": SCHEMA_VERSION, "experiment": "scan", "config": {"q_min": 4},
    "model": {"name": "m", "planted": True}, "data": {}, "numerics": {}, "metrics": {"loss": "nats"},
    "results": {"norms": {"file": "scan.safetensors", "tensor": "norm"}},
}


def written(folder: Path, document: object) -> Path:
    path = folder / "scan.json"
    path.write_text(json.dumps(document))
    return path


def test_a_result_is_read(tmp_path: Path) -> None:
    result = read(written(tmp_path, WHOLE), "scan")
    assert (result.experiment, result.config, result.metrics) == ("scan", {"q_min": 4}, {"loss": "nats"})
    assert result.model_name == "m (planted circuit, no evidence)"


def test_the_sidecar_is_found_beside_the_result_wherever_both_were_moved(tmp_path: Path) -> None:
    save_file({"norm": np.array([[1.0, 2.5]], dtype=np.float32)}, tmp_path / "scan.safetensors")
    result = read(written(tmp_path, WHOLE))
    assert result.array(result.results["norms"]).tolist() == [[1.0, 2.5]]
    assert result.array({"file": "../elsewhere/scan.safetensors", "tensor": "norm"}).tolist() == [[1.0, 2.5]]
    with pytest.raises(ResultError, match=r"scan\.safetensors: tensor key"):
        result.array({"file": "scan.safetensors", "tensor": "key"})
    with pytest.raises(ResultError, match=r"other\.safetensors: cannot be read"):
        result.array({"file": "other.safetensors", "tensor": "norm"})


@pytest.mark.parametrize(("document", "words"), [
    ([], "expected an object, found list"),
    ({key: value for key, value in WHOLE.items() if key != "experiment"}, "names no experiment"),
    (WHOLE | {"experiment": 3}, "names no experiment"),
    (WHOLE | {"schema_version": "1"}, "expected a number as schema_version, found '1'"),
    (WHOLE | {"schema_version": SCHEMA_VERSION + 1}, f"version {SCHEMA_VERSION + 1}, of a newer sinkscope; this one reads version"),
    (WHOLE | {"schema_version": SCHEMA_VERSION - 1}, f"version {SCHEMA_VERSION - 1}, of an older sinkscope; this one reads version"),
    (WHOLE | {"schema_version": True}, "expected a number as schema_version, found True"),
    (WHOLE | {"model": {}}, "expected text as model.name, found NoneType"),
    (WHOLE | {"model": {"name": "m"}}, "expected true or false as model.planted, found NoneType"),
    (WHOLE | {"results": None}, "expected an object as results, found NoneType"),
    (WHOLE | {"experiment": "self-mask"}, "expected a result of scan, found one of self-mask"),
])  # fmt: skip
def test_what_is_no_such_result_is_refused(tmp_path: Path, document: object, words: str) -> None:
    with pytest.raises(ResultError) as refused:
        read(written(tmp_path, document), "scan")
    assert words in str(refused.value)
    assert str(refused.value).startswith(f"{tmp_path / 'scan.json'}: ")


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="cannot be read: No such file"):
        read(tmp_path / "missing.json")
    (tmp_path / "broken.json").write_text('{"experiment": ')
    with pytest.raises(ResultError, match="not JSON"):
        read(tmp_path / "broken.json")
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe{}")
    with pytest.raises(ResultError, match="not JSON"):
        read(tmp_path / "bytes.json")
    (tmp_path / "a.safetensors").write_bytes(b"\xff\0")
    with pytest.raises(ResultError, match="sinkscope.cache reads what `activations` exported"):
        read(tmp_path / "a.safetensors")


@pytest.mark.parametrize(("part", "key", "ask"), [
    ("results", "sink", lambda result: result.frames),
    ("results", "sink", lambda result: result.frame("attention")),
    ("results", "sink", sinkscope.plot),
    ("results", "profile", lambda result: sinkscope.plot(result, panel="by_layer")),
    ("results", "measures", lambda result: sinkscope.report(result, result.path.with_suffix(".html"))),
    ("data", "samples", lambda result: result.compare(result)),
], ids=["frames", "frame", "plot", "panel", "report", "compare"])  # fmt: skip
def test_a_key_that_a_result_lacks_is_named_with_its_file(tmp_path: Path, part: str, key: str, ask: Callable) -> None:
    document = json.loads((ROOT / "results/smollm2-135m/scan.json").read_text())
    del document[part][key]
    path = written(tmp_path, document)
    with pytest.raises(ResultError) as refused:
        ask(sinkscope.load(path))
    assert str(refused.value) == f"{path}: no whole result of scan: it has no key '{key}'"


def test_commands_say_it_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    path = written(tmp_path, json.loads((ROOT / "results/smollm2-135m/scan.json").read_text()) | {"results": {}})
    for command, name in ((report, "report: "), (plot, "")):
        with pytest.raises(SystemExit) as ended:
            command([str(path), "-o", str(tmp_path / "x.html")])
        assert (ended.value.code, capsys.readouterr().err) == (2, f"{name}{path}: no whole result of scan: it has no key 'sink'\n")
