"""The first-token atlas in the figure of a sweep: drawn where it fits, refused where it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.atlas import MODELS, atlas
from support.figures import assert_drawn_the_same_twice, draw
from support.program import QUIET, Program, text_of


def sweep(program: Program, model: str, folder: Path, *options: object) -> Path:
    out = folder / "sweep.json"
    program.result("vocab-sweep", out, *text_of(MODELS[model], 2, 24), *QUIET, *options)
    return out


@pytest.mark.parametrize("model", MODELS)
def test_the_figure_is_drawn_the_same_twice(model: str, program: Program, tmp_path: Path) -> None:
    atlas(program, MODELS[model], tmp_path / "atlas.json")
    swept = sweep(program, model, tmp_path, "--ids", "130-160")
    assert_drawn_the_same_twice(swept, tmp_path, "--atlas", tmp_path / "atlas.json", suffixes=("png", "pdf", "svg"))


@pytest.mark.parametrize(("model", "swept", "ids", "words"), [
    pytest.param("demo", ("--ids", "0-9"), (), "of another model", id="another model"),
    pytest.param("planted", ("--ids", "7-12"), ("--ids", "0-9"), "lacks 3 of", id="not every id"),
    pytest.param("planted", ("--ids", "0-9", "--at", 3), (), "position 3", id="a sweep of a later position"),
])
def test_an_atlas_that_does_not_fit_is_refused(model: str, swept: tuple, ids: tuple, words: str, program: Program, tmp_path: Path) -> None:
    atlas(program, MODELS["planted"], tmp_path / "atlas.json", *ids)
    done = draw(sweep(program, model, tmp_path, *swept), "--atlas", tmp_path / "atlas.json", "-o", tmp_path / "x.png")
    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
