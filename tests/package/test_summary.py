"""The summary's numbers are those of the result files, worked out by hand here, and its order that of the modules."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sinkscope.results import SCHEMA_VERSION
from sinkscope.results.findings import Findings
from sinkscope.summary import main, rows

COMMON = {
    "schema_version": SCHEMA_VERSION, "config": {}, "model": {"name": "m", "path": "models/m", "planted": False},
    "data": {}, "numerics": {}, "metrics": {},
}


def put(folder: Path, name: str, results: dict, **change: object) -> None:
    (folder / f"{name}.json").write_text(json.dumps(COMMON | {"experiment": name, "results": results} | change))


def tracked(token: int, by_layer: list[float], half_widths: list[float | None]) -> dict:
    return {"token": token, "mean_attention": {"by_layer": by_layer, "by_layer_ci95": half_widths}, "uniform": 0.05}


FIRST = tracked(0, [0.1, 0.5, 0.3], [0.01, 0.02, 0.03])  # strongest in layer 1; layers 1 and 2 are above the first third
OTHER = tracked(3, [0.9, 0.2, 0.7], [0.01, 0.02, 0.03])


def scan(folder: Path) -> None:
    put(folder, "scan", {"sink": [FIRST]})


def in_layer_1(attention: float) -> dict:
    return {"mean_attention": {"by_layer": [9.0, attention, 9.0]}}


def rope_swap(folder: Path) -> None:
    levels = {"baseline": [0.5], "first-to-8": [0.4, 0.1], "swap-0-8": [0.3, 0.2]}
    put(folder, "rope-swap", {"conditions": [{"name": name, "sink": list(map(in_layer_1, each))} for name, each in levels.items()]})


def self_mask(folder: Path) -> None:
    def run(layers: str, token: int, masked: float) -> dict:
        return {"mode": "self_only", "tokens": [token], "layers": layers, "masked": [in_layer_1(masked)], "first": [in_layer_1(0.4)]}
    sets = {"0": [0], "0-1": [0, 1], "0-2": [0, 1, 2], "2": [2]}
    shares = {"0": (0.1, 0.04), "0-1": (0.3, 0.2), "0-2": (0.28, 0.2), "2": (0.4, 0.4)}
    put(folder, "self-mask", {
        "tokens": [4, 8], "layer_sets": [{"name": name, "layers": layers} for name, layers in sets.items()],
        "runs": [run(name, token, masked) for name, pair in shares.items() for token, masked in zip((4, 8), pair, strict=True)]})


def first_token(folder: Path, without_growth: dict | None) -> None:
    dimensions = [{"dimension": 7, "mean": 89.6}, {"dimension": 3, "mean": -4.2}]
    growth = {"layer": 6, "growth": 152.51, "median_norm": 900.0, "complete_layer": 7, "dimensions": dimensions}
    put(folder, "first-token", {"largest_growth": growth, "without_growth": without_growth}, data={"samples": 300})


def test_the_ids_without_growth_are_named(tmp_path: Path) -> None:
    scan(tmp_path)
    first_token(tmp_path, {"norm_below": 70.0, "count": 9, "ids": [{"id": i, "piece": f"w{i}"} for i in range(9)]})
    assert list(rows(Findings(tmp_path)))[1:] == [
        ("3 every id alone (300 ids)", "block 6 makes the median norm 153 times as long: dimensions 7 (+90), 3 (-4)"),
        ("  ids that get none of it", "9: w0 w1 w2 w3 w4 w5 w6 w7 ..."),
    ]
    first_token(tmp_path, None)
    assert list(rows(Findings(tmp_path)))[1:] == [("3 every id alone (300 ids)", "no block makes the median norm four times as long")]


def test_rows_are_ordered_by_the_modules_and_read_at_scans_layer(tmp_path: Path) -> None:
    scan(tmp_path)
    self_mask(tmp_path)
    rope_swap(tmp_path)
    put(tmp_path, "identify", {"stages": [], "statement": "No sink, nothing to explain."})
    assert list(rows(Findings(tmp_path))) == [
        ("1 attention to the first token, layer 1", "0.500 ± 0.020, uniform 0.050; layers above the first third 0.400"),
        ("2 its rotary position moved to 8", "gets 0.400 where it got 0.500: 0.80 times"),
        ("  rotary positions of 0 and 8 swapped", "token 0 gets 0.300, token 8 gets 0.200"),
        ("4 tokens 4, 8 self-only in layers 0", "get 0.25, 0.10 of what the first token gets"),
        ("4 tokens 4, 8 self-only in layers 0-1", "get 0.75, 0.50 of what the first token gets"),
        ("4 tokens 4, 8 self-only in layers 2", "get 1.00, 1.00 of what the first token gets"),
        ("8 what tells which token is first", "no sink: No sink, nothing to explain."),
    ]


def test_the_first_token_is_token_0_wherever_it_stands(tmp_path: Path) -> None:
    put(tmp_path, "scan", {"sink": [OTHER, FIRST]})
    assert [value for _, value in rows(Findings(tmp_path))] == ["0.500 ± 0.020, uniform 0.050; layers above the first third 0.400"]


def test_one_sample_has_no_interval(tmp_path: Path) -> None:
    put(tmp_path, "scan", {"sink": [tracked(0, [0.1, 0.5, 0.3], [None] * 3)]})
    assert [value for _, value in rows(Findings(tmp_path))] == ["0.500, uniform 0.050; layers above the first third 0.400"]


@pytest.mark.parametrize(("sink", "words"), [
    ([OTHER], "needs a scan that tracks token 0, found one that tracks 3"),
    (None, "needs a scan that measured attention (--measure sink)"),
])
def test_a_scan_without_token_0_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture, sink: list | None, words: str) -> None:
    put(tmp_path, "scan", {"sink": sink})
    with pytest.raises(SystemExit) as ended:
        main([str(tmp_path)])
    assert (ended.value.code, *capsys.readouterr()) == (2, "", f"summary: {tmp_path / 'scan.json'}: {words}\n")


def test_conditions_that_were_not_run_have_no_row(tmp_path: Path) -> None:
    scan(tmp_path)
    put(tmp_path, "rope-swap", {"conditions": [{"name": "baseline", "sink": [in_layer_1(0.5)]},
                                               {"name": "swap-0-8", "sink": [in_layer_1(0.3), in_layer_1(0.2)]}]})
    assert list(rows(Findings(tmp_path)))[1:] == [("  rotary positions of 0 and 8 swapped", "token 0 gets 0.300, token 8 gets 0.200")]


def test_what_it_leaves_out_it_names(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    scan(tmp_path)
    put(tmp_path, "identify", {}, schema_version=99)
    put(tmp_path, "of-another-name", {}, experiment="self-mask")
    (tmp_path / "tokens.json").write_text("[[1, 2]]")
    main([str(tmp_path)])
    out, error = capsys.readouterr()
    assert "models/m; attention in layer 1, where the sink is strongest\n  1 attention" in out
    left_out = error.splitlines()
    assert len(left_out) == 3
    for line, name in zip(left_out, ("identify", "of-another-name", "tokens"), strict=True):
        assert line.startswith(f"summary: left out {tmp_path / name}.json: ")


def test_without_a_scan_it_refuses(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    self_mask(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main([str(tmp_path)])
    out, error = capsys.readouterr()
    assert (ended.value.code, out) == (2, "")
    assert f"{tmp_path / 'scan.json'}: cannot be read" in error
