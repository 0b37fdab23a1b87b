"""intervene takes bases and values from the file that identify writes: the same edit gives the same numbers, another text gives the
sink again, and a file that has changed is another run."""

from __future__ import annotations

import hashlib
import json
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from support.planted_cases import Planted
from support.program import QUIET, Program, text_of
from support.selection import halves
from support.stages import first_stage
from support.sweeps import until_journal_has

SAMPLES, LENGTH, TOKEN = 24, 64, 8
FAST = (*QUIET, "--threads", 1, "--controls", 2, "--no-frozen", "--no-loss")
SAME = 2e-6  # of attention: an edit along one-hot rows rounds once more than one of channels


@dataclass(frozen=True)
class Identified:
    """A planted model, and what identify says of it."""

    model: Planted
    out: Path
    results: dict[str, Any]

    def place(self, part: str) -> dict[str, str]:
        """Of the verdict's signal."""
        site = self.results["verdict"]["signal"]["site"]
        return next(one[part] for one in self.results["signals"] if one["site"] == site)

    def edit(self, token: int, level: str) -> dict[str, Any]:
        site = self.results["verdict"]["signal"]["site"]
        return {"site": site, "tokens": token, "operation": "set", "basis": self.place("basis"), "values": self.place(level)}

    def list_of_trials(self) -> Path:
        """Beside the tensors."""
        trials = self.out.with_name("trials.json")
        trials.write_text(json.dumps([{"name": "remove", "role": "removal", "edits": [self.edit(0, "ordinary")]},
                                      {"name": "write", "role": "writing", "edits": [self.edit(TOKEN, "first")]}]))
        return trials

    def trial(self, role: str) -> dict[str, Any]:
        """identify's own, of the first set."""
        site = self.results["verdict"]["signal"]["site"]
        return next(one for one in self.results["trials"] if one["role"] == role and one["about"]["part"] == "candidate"
                    and one["about"].get("set", 0) == 0 and one["edits"][0]["site"] == site)


@pytest.fixture(scope="module", params=["base", "rotated"])
def identified(request: pytest.FixtureRequest, program: Program, planted: Callable, tmp_path_factory: pytest.TempPathFactory) -> Identified:
    model, out = planted(request.param), tmp_path_factory.mktemp("identified") / "identify.json"
    words = (*text_of(model.folder, SAMPLES, LENGTH), *FAST)
    return Identified(model, out, first_stage(program.result("identify", out, *words)["results"]))


def intervene(program: Program, identified: Identified, out: Path, *options: object) -> dict[str, Any]:
    words = (*text_of(identified.model.folder, SAMPLES, LENGTH), *FAST, "--track", f"0,{TOKEN}", *options)
    return program.result("intervene", out, *words, "--trials", identified.list_of_trials())


def test_the_answer_applied_again_is_the_same(identified: Identified, program: Program, tmp_path: Path) -> None:
    result = intervene(program, identified, tmp_path / "intervene.json")
    tested = halves(identified.results)["testing"]
    for trial in result["results"]["trials"]:
        wanted = identified.trial(trial["role"])
        for ours, theirs in zip(trial["mean_attention"], wanted["mean_attention"], strict=True):
            for run in ("unedited", "edited"):
                given, expected = (np.array(one["by_sample"][run], dtype=float)[tested] for one in (ours, theirs))
                np.testing.assert_allclose(given, expected, atol=SAME, err_msg=f"{trial['name']}, token {ours['token']}, {run}")
    tensors = load_file(identified.out.with_suffix(".safetensors"))
    (edit,) = result["results"]["trials"][1]["edits"]  # it says what was used
    np.testing.assert_array_equal(np.array(edit["values"], dtype=np.float32), tensors[identified.place("first")["tensor"]])
    np.testing.assert_allclose(edit["basis"], tensors[identified.place("basis")["tensor"]], atol=1e-7)
    (file,) = result["tensor_files"]
    assert Path(file["path"]) == identified.out.with_suffix(".safetensors")
    assert file["sha256"] == hashlib.sha256(Path(file["path"]).read_bytes()).hexdigest()


def test_on_other_text_it_makes_and_ends_the_sink_too(identified: Identified, program: Program, tmp_path: Path) -> None:
    removed, written = intervene(program, identified, tmp_path / "other.json", "--seed", 5)["results"]["trials"]
    assert removed["mean_attention"][0]["is_ordinary"] == "yes"
    first, later = written["mean_attention"]
    assert later["edited"] == pytest.approx(first["edited"], abs=0.02)  # they share it
    assert later["edited"] > 10 * later["unedited"]


@pytest.mark.parametrize("identified", ["base"], indirect=True)
def test_a_changed_file_is_another_run(identified: Identified, program: Program, tmp_path: Path) -> None:
    out, trials = tmp_path / "intervene.json", tmp_path / "trials.json"
    file = tmp_path / "identify.safetensors"
    tensors = load_file(identified.out.with_suffix(".safetensors"))
    save_file(tensors, file)
    trials.write_text(identified.list_of_trials().read_text())
    words = ("intervene", *text_of(identified.model.folder, SAMPLES, LENGTH), *FAST, "--controls", 400, "--trials", trials, "--out", out)
    journal, process = out.with_suffix(".journal"), program.start(*words)
    until_journal_has(1_000, journal, process)  # a journal without a whole header is begun anew
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert journal.exists() and not out.exists()
    save_file(tensors | {"another": np.ones(1, dtype=np.float32)}, file)
    refused = program.run(*words)
    assert refused.returncode == 2
    assert "tensor_files" in refused.stderr and not out.exists()
    save_file(tensors, file)
    program.output(*words)


@pytest.mark.parametrize("identified", ["base"], indirect=True)
@pytest.mark.parametrize(("change", "parts"), [
    pytest.param({"basis": {"file": "no.safetensors", "tensor": "a"}}, ["'write', edit 0: basis", "no.safetensors"], id="no file"),
    pytest.param({"values": {"file": "identify.safetensors", "tensor": "a"}}, ["'write', edit 0: values", "no tensor is named 'a'"],
                 id="no tensor"),
    pytest.param({"site": "blocks.0.mlp.hook_post"}, ["'write', edit 0: basis", "identify.safetensors", "candidates."], id="wrong width"),
])
def test_refused(identified: Identified, change: dict, parts: list[str], program: Program, tmp_path: Path) -> None:
    trials = identified.out.with_name("changed.json")
    trials.write_text(json.dumps([{"name": "write", "edits": [identified.edit(TOKEN, "first") | change]}]))
    words = (*text_of(identified.model.folder, 8, LENGTH), *FAST, "--trials", trials)
    program.assert_refused("intervene", *words, out=tmp_path / "intervene.json", parts=parts)
