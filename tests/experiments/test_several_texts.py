"""Several texts as strata: which windows they give, what is read of each alone, and what identify says of one that disagrees."""

from __future__ import annotations

import hashlib
import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer

import sinkscope
from sinkscope import load
from sinkscope.results.documents import documents_of, texts_of
from sinkscope.results.pairing import interval
from support.planted_cases import Planted
from support.program import QUIET, Program
from support.refusals import refusals
from support.stages import first_stage
from support.sweeps import until_journal_has

LENGTH = 48
FAST = (*QUIET, "--threads", 1, "--controls", 4, "--no-frozen", "--no-loss", "--other-token", 5)


@pytest.fixture(scope="module")
def base(planted: Callable) -> Planted:
    return planted("base")


@pytest.fixture(scope="module")
def texts(base: Planted, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Thirds of the planted model's text, one of them as records."""
    text = (base.folder / "text.txt").read_text(encoding="utf-8")
    folder, third = tmp_path_factory.mktemp("texts"), len(text) // 3
    (folder / "first.txt").write_text(text[:third])
    (folder / "second.txt").write_text(text[third : 2 * third])
    records = text[2 * third :].split(". ")
    (folder / "third.jsonl").write_text("\n".join(json.dumps({"text": ". ".join(records[i::8])}) for i in range(8)))
    return {path.stem: path for path in sorted(folder.iterdir())}


def joined(*files: Path) -> str:
    return ",".join(map(str, files))


def words(base: Planted, text: object, samples: int, *options: object) -> tuple[object, ...]:
    return ("--model", base.folder, "--text", text, "--samples", samples, "--length", LENGTH, *FAST, *options)


def zero_sweep(program: Program, out: Path, *options: object) -> dict[str, Any]:
    return program.result("zero-sweep", out, *options, "--operations", "zero")


def starts_by_hand(base: Planted, file: Path, n: int) -> tuple[list[int], int]:
    """Where `n` windows of a file start, and its tokens."""
    text = file.read_text(encoding="utf-8")
    records = [json.loads(line)["text"] for line in text.splitlines()] if file.suffix == ".jsonl" else [text]
    tokens = sum(len(Tokenizer.from_file(str(base.folder / "tokenizer.json")).encode(record).ids) for record in records)
    return [i * ((tokens - LENGTH) // n) for i in range(n)], tokens


def test_what_the_result_says_of_them(program: Program, base: Planted, texts: dict[str, Path], tmp_path: Path) -> None:
    files = [texts["first"], texts["third"], texts["second"]]
    data = zero_sweep(program, tmp_path / "a.json", *words(base, joined(*files), 20))["data"]
    assert (data["path"], data["sha256"], data["samples"]) == (None, None, 20)
    tokens = {}
    for number, (said, file, n) in enumerate(zip(data["texts"], files, (7, 7, 6), strict=True)):
        starts, tokens[file] = starts_by_hand(base, file, n)
        assert said == {"name": file.name, "path": str(file), "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
                        "samples": n, "text_tokens": tokens[file]}
        assert data["starts"][number::3] == starts
    assert data["text_tokens"] == sum(tokens.values())
    alone = zero_sweep(program, tmp_path / "b.json", *words(base, files[0], 7))["data"]
    assert (alone["path"], alone["sha256"], alone["starts"]) == (str(files[0]), data["texts"][0]["sha256"], data["starts"][0::3])
    assert "texts" not in alone


def test_each_text_is_read_as_if_alone(program: Program, base: Planted, texts: dict[str, Path], tmp_path: Path) -> None:
    """Its samples have the values that they have in a run of its own; its mean and interval are those of its samples."""
    files = [texts["first"], texts["second"]]
    both = zero_sweep(program, tmp_path / "both.json", *words(base, joined(*files), 61))
    own = [zero_sweep(program, tmp_path / f"{n}.json", *words(base, file, n)) for file, n in zip(files, (31, 30), strict=True)]
    documents = documents_of(load(tmp_path / "both.json"))
    apart = []
    for trial, *alone in zip(both["results"]["trials"], *(one["results"]["trials"] for one in own), strict=True):
        (found,), by_sample = trial["mean_attention"], {}
        for which in ("unedited", "edited"):
            by_sample[which] = np.array(found["by_sample"][which])
            for number, one in enumerate(alone):
                np.testing.assert_allclose(by_sample[which][number::2], one["mean_attention"][0]["by_sample"][which], atol=2e-6)
        difference = by_sample["edited"] - by_sample["unedited"]
        for number, file in enumerate(files):
            said, its = found["by_text"][file.name], difference[number::2]
            assert said["mean"] == pytest.approx(its.mean(), abs=1e-9) and said["n"] == len(its)
            apart.append(distance(said["ci95"], interval(its, documents[number::2])))
        apart.append(distance(found["difference"]["ci95"], interval(difference, documents, texts_of(load(tmp_path / "both.json")))))
    assert len(set(documents[0::2]) & set(documents[1::2])) == 0
    assert max(apart) < 0.08  # of the width, from 2,000 draws each (test_compare.py)


def distance(theirs: list[float], ours: tuple[float, float]) -> float:
    width = theirs[1] - theirs[0]
    return float(np.abs(np.array(ours) - theirs).max() / width) if width > 1e-4 else 0.0


def test_one_text_of_ids_that_make_no_sink(program: Program, base: Planted, texts: dict[str, Path], tmp_path: Path) -> None:
    """Its samples begin with weak ids, here bytes of letters that the planted text lacks, so that taking away the MLP of the massive
    activation takes nothing from them."""
    tokenizer = Tokenizer.from_file(str(base.folder / "tokenizer.json"))
    line = (base.folder / "text.txt").read_text(encoding="utf-8")[:400].replace("\n", " ")
    weak = [letter for letter in "αβДЖԱ水木" if tokenizer.encode(letter + line).ids[0] in base.circuits[0]["weak_ids"]]
    assert len(weak) > 1
    (tmp_path / "weak.txt").write_text("\n".join(weak[i % len(weak)] + line[3 * i :] for i in range(24)))
    (tmp_path / "plain.txt").write_text("\n".join(line[3 * i :] for i in range(24)))
    text = joined(tmp_path / "weak.txt", tmp_path / "plain.txt")
    result = zero_sweep(program, tmp_path / "a.json", *words(base, text, 40, "--slice", "lines"))
    site = f"blocks.{base.layers['massive_activation']}.mlp_out"
    (trial,) = (one for one in result["results"]["trials"] if one["name"] == f"zero {site}")
    (found,) = trial["mean_attention"]
    heads = len(base.circuits[0]["sink_heads"]) / base.truth["options"]["heads"]
    assert found["by_text"]["weak.txt"]["mean"] == pytest.approx(0, abs=0.02)
    assert found["by_text"]["plain.txt"]["mean"] == pytest.approx(-0.9 * heads, abs=0.1)
    assert found["difference"]["mean"] == pytest.approx(sum(one["mean"] for one in found["by_text"].values()) / 2, abs=1e-9)
    by_text = load(tmp_path / "a.json").frame("by_text").query(f"name == 'zero {site}'").set_index("text")
    assert by_text.loc["weak.txt", "mean_attention_difference"] == found["by_text"]["weak.txt"]["mean"]


def test_identify_asks_every_text(program: Program, base: Planted, texts: dict[str, Path], tmp_path: Path) -> None:
    files = [texts["first"], texts["second"]]
    result = program.result("identify", tmp_path / "identify.json", *words(base, joined(*files), 40))
    results, split = first_stage(result["results"]), result["results"]["selection_split"]
    documents = documents_of(load(tmp_path / "identify.json"))
    halves = [{text: {documents[sample] for sample in half if sample % 2 == text} for text in (0, 1)} for half in split.values()]
    for text in (0, 1):  # 20 windows of 20 parts, of which one or two have none
        assert not halves[0][text] & halves[1][text] and {len(half[text]) for half in halves} <= {9, 10}
    signal, page = results["verdict"]["signal"], (tmp_path / "identify.txt").read_text()
    assert signal["site"] == base.truth["signal_sites"][0]
    assert "Each of the 2 texts by itself meets the conditions that are asked of a text." in results["verdict"]["statement"]
    assert "first.txt (20), second.txt (20)" in page and "Each of the 2 texts by itself says the same" in page
    (candidate,) = (one for one in results["candidates"] if one["site"] == signal["site"])
    assert candidate["by_text"] == {"first.txt": "yes", "second.txt": "yes"}
    (removal,) = (one for one in results["trials"] if one["role"] == "removal" and one["about"] == {
        "part": "candidate", "candidate": results["candidates"].index(candidate)})
    (removed,) = (one for one in candidate["conditions"] if one["name"] == "removed")
    testing = np.array(split["testing"])
    edited, unedited = (np.array(removal["mean_attention"][0]["by_sample"][which], float) for which in ("edited", "unedited"))
    assert np.isfinite(edited[testing]).all() and np.isnan(np.delete(edited, testing)).all()
    for number, name in enumerate(("first.txt", "second.txt")):
        its = testing[testing % 2 == number]
        assert removal["mean_attention"][0]["by_text"][name]["mean"] == pytest.approx((edited - unedited)[its].mean(), abs=1e-9)
        # The condition takes an ordinary token's level away, which lies between nothing and a tenth of the sink.
        level = edited[its].mean() - 0.1 * unedited[its].mean()
        assert level - 0.1 < removed["by_text"][name]["value"]["mean"] < level
    rows = load(tmp_path / "identify.json").frame("conditions_by_text").query(f"site == '{signal['site']}' and condition == 'removed'")
    assert list(rows["text"]) == ["first.txt", "second.txt"] and set(rows["met"]) == {"yes"}


def test_the_journal_is_of_these_texts(program: Program, base: Planted, texts: dict[str, Path], tmp_path: Path) -> None:
    """A killed run goes on where the files have moved, and not where the second has other words."""
    out, moved = tmp_path / "zero-sweep.json", tmp_path / "moved"
    moved.mkdir()
    places = [moved / name for name in ("x.txt", "y.txt")]
    for place, name in zip(places, ("first", "second"), strict=True):
        place.write_bytes(texts[name].read_bytes())
    options = ("--controls", 60)
    wanted = zero_sweep(program, out, *words(base, joined(texts["first"], texts["second"]), 24, *options))["results"]
    out.unlink()
    journal = out.with_suffix(".journal")
    process = program.start("zero-sweep", *words(base, joined(texts["first"], texts["second"]), 24, *options), "--operations", "zero",
                            "--out", out)  # fmt: skip
    until_journal_has(8_000, journal, process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL and journal.exists()
    for other in (joined(texts["first"], texts["third"]), joined(texts["second"], texts["first"]), texts["first"]):
        refused = program.run("zero-sweep", *words(base, other, 24, *options), "--operations", "zero", "--out", out)
        assert refused.returncode == 2 and "data" in refused.stderr, refused.stderr
    before = journal.stat().st_size
    found = zero_sweep(program, out, *words(base, joined(*places), 24, *options))["results"]
    assert before > 8_000
    for trial in (*found["trials"], *wanted["trials"]):
        for tracked in trial["mean_attention"]:
            tracked["by_text"] = list(tracked["by_text"].values())  # the names are those of the files
    assert found == wanted


def test_from_python(program: Program, base: Planted, texts: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SINKSCOPE", str(program.path))
    options = {"model": base.folder, "samples": 6, "length": LENGTH, "quiet": True}
    first = sinkscope.run("scan", text=[texts["first"], texts["second"]], **options)
    assert list(first.frame("samples")["text"]) == ["first.txt", "second.txt"] * 3
    by_text = first.frame("attention_by_sample").query("token == 0").merge(first.frame("samples"), on="sample").groupby("text")
    assert list(by_text["mean_attention"].count()) == [3, 3]
    again = sinkscope.run("scan", text=[texts["first"], texts["second"]], **options)
    assert (first.compare(again)["difference"] == 0).all()
    other = sinkscope.run("scan", text=[texts["first"], texts["third"]], **options)
    with pytest.raises(sinkscope.ResultError, match="data.texts is a list of 2 and a list of 2"):
        first.compare(other)
    page = sinkscope.report([first], tmp_path / "report.html").read_text()
    assert "data.texts[1].name" in page


def test_a_file_with_a_comma_in_its_name(program: Program, base: Planted, texts: dict[str, Path], tmp_path: Path) -> None:
    odd = tmp_path / "a,b.txt"
    odd.write_bytes(texts["first"].read_bytes())
    data = program.result("scan", tmp_path / "a.json", *words(base, odd, 4)[:8], *QUIET)["data"]
    assert (data["path"], data["samples"], "texts" in data) == (str(odd), 4, False)


@refusals(
    (("first", "first"), "first.txt", "one text"),
    (("first", "none"), "none.txt"),
    (("first", ""), "between the commas"),
)
def test_refused(options: tuple, parts: list[str], program: Program, base: Planted, texts: dict[str, Path], tmp_path: Path) -> None:
    text = ",".join(str(texts["first"].with_stem(stem)) if stem else "" for stem in options)
    program.assert_refused("zero-sweep", *words(base, text, 8), out=tmp_path / "a.json", parts=parts)


@pytest.mark.parametrize(("samples", "parts"), [
    (1, ["--samples 1", "2 texts"]), (7, ["3 documents of second.txt", "4 or more"]),
    (9999, ["first.txt", "5000 windows", "different windows"]),
])  # fmt: skip
def test_too_few_samples_for_every_text(samples: int, parts: list[str], program: Program, base: Planted, texts: dict[str, Path],
                                        tmp_path: Path) -> None:
    """identify has to choose and to test on every text."""
    program.assert_refused("identify", *words(base, joined(texts["first"], texts["second"]), samples), out=tmp_path / "a.json",
                           parts=parts)
