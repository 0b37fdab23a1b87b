"""What is trimmed of a result: numbers to three to five digits, ids to a sample with those that a table names, vectors of bases, values
by sample and by layer of the ordinary token and of the unedited run, which the first trial keeps, nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from sinkscope.frames import frame
from sinkscope.plotting import main as plot
from sinkscope.results import Result, read
from sinkscope.results.differences import differences
from sinkscope.results.schemas import validate
from sinkscope.results.trim import MOST_IDS, WEAKEST_IDS, main, trim
from sinkscope.results.trimmed_signals import write_kept
from support.demo import Demo


def big_sweep(ids: int) -> dict:
    table = [{"id": 3, "score": 0.123456789}, {"id": ids - 1, "score": 2.0}]
    scores = [i / 7 for i in range(ids)]
    return {"results": {"ids": list(range(ids)), "kept": {"score": scores}, "bottom": table, "by_layer": [[1 / 3] * 30]}, "warnings": ["w"]}


def test_ids_are_cut_to_a_sample_with_the_named_ones_and_stay_in_line() -> None:
    trimmed = trim(big_sweep(9000))
    found = trimmed["results"]
    assert {3, 8999} <= set(found["ids"]) and MOST_IDS <= len(found["ids"]) <= MOST_IDS + 2
    assert found["ids"] == sorted(found["ids"])
    assert found["kept"]["score"] == [float(f"{i / 7:.5g}") for i in found["ids"]]
    assert (found["bottom"][0]["score"], found["by_layer"]) == (0.12346, [[0.3333] * 30])
    assert trimmed["warnings"][0] == "w" and f"{len(found['ids'])} of 9000 ids" in trimmed["warnings"][1]
    assert len(trim(big_sweep(4000))["results"]["ids"]) == 4000


def test_the_ids_with_the_smallest_norm_stay() -> None:
    document = big_sweep(9000)
    norms = [float((i * 7919) % 9000 + 1) for i in range(9000)]
    document["results"]["after_growth"] = {"norm": norms, "key_cosine": None}
    found = trim(document)["results"]
    smallest = {i for i, norm in enumerate(norms) if norm <= WEAKEST_IDS}
    assert len(smallest) == WEAKEST_IDS and smallest <= set(found["ids"])
    assert found["after_growth"]["norm"] == [float(f"{norms[i]:.3g}") for i in found["ids"]]


def test_of_a_trial_the_ordinary_token_and_the_unedited_run_by_sample_stay_behind(demo: Demo, tmp_path: Path) -> None:
    whole, out = demo.result("zero-sweep"), tmp_path / "zero-sweep.json"
    main([str(whole.path), str(out)])
    trimmed = read(out)
    validate(trimmed.document)
    gone = [place for place, by, _ in differences(whole.results, trimmed.results) if by == float("inf")]
    places = {re.sub(r"\[\d+\]", "", place.split(".", 1)[1]) for place in gone}
    by_layer = {f"ordinary.by_layer.{key}" for key in ("edited", "unedited", "difference_low", "difference_high")}
    by_sample = {"ordinary.by_sample.edited", "ordinary.by_sample.unedited"}
    assert places == by_layer | by_sample | {"mean_attention.by_sample.unedited", "mean_attention.by_layer.unedited"}
    assert not any(place.startswith("trials[0].mean_attention") for place in gone)
    for kind in ("sample", "layer"):
        assert_same_frame(whole, trimmed, kind)


def assert_same_frame(whole: Result, trimmed: Result, kind: str) -> None:
    """By sample or layer, of the tokens that stay."""
    name, columns = f"attention_by_{kind}", ["mean_attention_unedited", "mean_attention_edited"]
    before, after = (frame(one, name).query("token_set == 'tracked'") for one in (whole, trimmed))
    np.testing.assert_allclose(after[columns], before[columns], rtol=6e-3)
    assert len(after) and (after[["name", kind]].values == before[["name", kind]].values).all()


@pytest.mark.parametrize("experiment", ["scan", "self-mask"])
def test_a_trimmed_result_is_a_result(experiment: str, demo: Demo, tmp_path: Path) -> None:
    whole, out = demo.result(experiment), tmp_path / f"{experiment}.json"
    main([str(whole.path), str(out)])
    trimmed = read(out)
    validate(trimmed.document)
    assert len(out.read_text()) < 0.5 * len(json.dumps(whole.document, indent=1))
    assert max((by for _, by, _ in differences(whole.results, trimmed.results)), default=0) < 5e-3  # of numbers below 1,000
    plot([str(out), "-o", str(tmp_path / "figure.png")])


def test_of_identify_refuted_channel_sets_lose_their_tensors(tmp_path: Path) -> None:
    def signal(candidate: int, name: str | None = None, of: int | None = 0) -> dict:
        return {"candidate": candidate, "set": of} | {part: {"file": "whole.safetensors", "tensor": f"{name or candidate}.{part}"}
                                                       for part in ("basis", "first", "ordinary")}

    def candidate(refuted: bool, directions: bool) -> dict:
        return {"refuted": refuted, "sufficient": [{"directions": directions}]}

    stage = {"trials": [], "signals": [signal(0), signal(0, "lesser", None), signal(1), signal(2)],
             "candidates": [candidate(True, False), candidate(True, True), candidate(False, False)]}
    tensors = {f"{name}.{part}": np.zeros(3, np.float32) for name in (0, 1, 2, "lesser") for part in ("basis", "first", "ordinary")}
    metadata = {"signals": json.dumps(stage["signals"]), "result": "w"}
    save_file({**tensors, "other": np.zeros(2, np.int64)}, tmp_path / "whole.safetensors", metadata)
    found = trim({"warnings": [], "results": {"stages": [stage]}})
    assert found["results"]["stages"][0]["signals"] == stage["signals"][1:]
    write_kept(tmp_path / "whole.safetensors", {"stages": [stage]}, tmp_path / "kept.safetensors")
    with safe_open(tmp_path / "kept.safetensors", "np") as file:
        assert set(file.keys()) == {"other", *(name for name in tensors if name[0] != "0")}
        assert json.loads(file.metadata()["signals"]) == stage["signals"][1:] and file.metadata()["result"] == "w"


def test_of_maps_two_decimals_stay_and_of_a_basis_its_rank() -> None:
    results = {"maps": {"heads": [{"layer": 1, "head": 2}], "conditions": [{"name": "baseline", "maps": [[[1.0, 0.0], [0.996, 0.0042]]]}]},
               "trials": [{"edits": [{"basis": [[0.1, 0.2], [0.3, 0.4]]}, {"basis": {"tensor": "a", "file": "b"}}, {"dose": 1.0}]}]}
    found = trim({"results": results, "warnings": []})["results"]
    assert found["maps"]["conditions"][0]["maps"] == [[[1, 0], [1, 0]]] and found["maps"]["heads"] == results["maps"]["heads"]
    assert found["trials"][0]["edits"] == [{"basis": [[], []]}, {"basis": {"tensor": "a", "file": "b"}}, {"dose": 1}]


def test_help_is_no_error(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0 and capsys.readouterr().out.startswith("usage: python -m sinkscope.results.trim ")
