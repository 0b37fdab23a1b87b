"""Every figure is held against an image of it. `pytest tests/package/test_figure_images.py --draw-images` draws those again, to be
looked at before they are committed.

An image has no text, whose pixels are another matplotlib's or font's; the panels are where their grid has them, not where room for text
puts them. What is written, and where, test_legible_figures.py sees to. matplotlib's own comparison is used: pytest-mpl would add its
decorator and a dependency, and holds a figure's text against the baseline's too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.legend import Legend
from matplotlib.testing.compare import calculate_rms, compare_images
from matplotlib.text import Text

from sinkscope import ROOT
from sinkscope.figures import draw, module_of, names
from sinkscope.results import Result
from support.figure_cases import MEASURED, RECORD, result_of, sweep_of_the_atlas

IMAGES = ROOT / "tests/data/figures"
DOTS = 50  # an inch
# Root mean square of differences of 0 to 255. matplotlib 3.10's curves differ by 0.35 at most from 3.11's and a curve that is missing by 1
# and more; the cells of its maps end a pixel elsewhere, which is up to 12: for other releases than requirements.txt's, draw them again.
TOLERANCE = 0.5
MOST_BYTES = 600_000


class Case(NamedTuple):
    image: str
    result: Callable[[], Result]
    options: dict

    def draw(self) -> Figure:
        return draw(self.result(), **self.options)


def cases() -> Iterator[Case]:
    """Every figure of every module, and those of several results."""
    for name in names():
        result = result_of(name)
        module, read = module_of(result), partial(result_of, name)
        others = module.more(result) if hasattr(module, "more") else {}
        yield Case(name, read, {})
        yield from (Case(f"{name}-{other}", read, options) for other, options in others.items())
    yield Case("emergence-beside", partial(result_of, "emergence"), {"beside": [RECORD.with_name("emergence-twin.json")]})
    yield Case("vocab_sweep-atlas", sweep_of_the_atlas, {"atlas": MEASURED / "first-token.json"})


CASES = list(cases())


def paint(figure: Figure, path: Path) -> None:
    """Without words: no text, no legend, and no layout that makes room for them."""
    figure.set_layout_engine("none")
    figure.set_size_inches(np.ceil(np.round(DOTS * figure.get_size_inches(), 3)) / DOTS + 1e-6)  # whole pixels, whoever rounds
    for legend in figure.findobj(Legend):
        legend.set_visible(False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Text, "draw", lambda *_, **__: None)
        figure.savefig(path, dpi=DOTS, metadata={"Software": None}, pil_kwargs={"optimize": True})


@pytest.mark.parametrize("case", CASES, ids=[case.image for case in CASES])
def test_a_figure_is_as_its_image(case: Case, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    baseline, now = IMAGES / f"{case.image}.png", tmp_path / f"{case.image}.png"
    if request.config.getoption("--draw-images"):
        paint(case.draw(), baseline)
        return
    assert baseline.exists(), f"{baseline}: there is no image to hold the figure against; --draw-images draws it"
    paint(case.draw(), now)
    difference = compare_images(str(baseline), str(now), tol=TOLERANCE)
    assert difference is None, difference


def test_every_figure_has_its_image_and_every_image_its_figure() -> None:
    images = {case.image for case in CASES}
    assert set(names()) <= images
    assert {path.stem for path in IMAGES.glob("*.png")} == images


def test_images_are_small() -> None:
    assert sum(path.stat().st_size for path in IMAGES.glob("*.png")) <= MOST_BYTES


def pixels(figure: Figure, path: Path) -> np.ndarray:
    paint(figure, path)
    return np.round(255 * imread(path)[..., :3]).astype(np.int16)


def recoloured(line: Artist) -> None:
    line.set_color("#FF00FF")


@pytest.mark.parametrize("spoil", [lambda line: line.set_visible(False), recoloured], ids=["a curve dropped", "another colour"])
@pytest.mark.parametrize(("name", "axis", "line"), [("scan", 1, 0), ("transplant", 0, 2), ("zero_sweep", 1, 0)])
def test_a_spoilt_curve_is_seen(name: str, axis: int, line: int, spoil, tmp_path: Path) -> None:
    before = pixels(draw(result_of(name)), tmp_path / "before.png")
    figure = draw(result_of(name))
    spoil(figure.axes[axis].lines[line])
    assert calculate_rms(before, pixels(figure, tmp_path / "after.png")) > 2 * TOLERANCE
