"""A file that is there whole or not at all, and is named as the user named it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sinkscope.whole_files import new_file


def test_a_file_gets_its_name_when_it_is_whole(tmp_path: Path) -> None:
    with new_file(tmp_path / "a.txt") as file:
        file.write(b"whole")
        assert not (tmp_path / "a.txt").exists()
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a.txt", b"whole")]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_nothing_stays_of_one_that_was_not_written(tmp_path: Path, error: type[BaseException]) -> None:
    (tmp_path / "a.txt").write_text("earlier")
    with pytest.raises(error), new_file(tmp_path / "a.txt") as file:
        file.write(b"half")
        raise error
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.txt", "earlier")]


def test_errors_name_the_file_that_was_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "d.html").mkdir()
    for name, words in (("d.html", "d.html: cannot be written: it is a folder"),
                        ("none/x.html", f"x.html: cannot be written: there is no folder {tmp_path / 'none'}")):
        with pytest.raises(OSError) as refused, new_file(tmp_path / name):
            pass
        assert str(refused.value).endswith(words)

    def no_room(part: Path, _: Path) -> None:
        raise OSError(28, "No space left on device", str(part))

    monkeypatch.setattr(os, "replace", no_room)
    with pytest.raises(OSError) as refused, new_file(tmp_path / "x.html"):
        pass
    assert str(refused.value) == f"{tmp_path / 'x.html'}: cannot be written: No space left on device"
    assert [path.name for path in tmp_path.iterdir()] == ["d.html"]
