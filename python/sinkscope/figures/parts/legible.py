"""What makes a figure hard to read, found in its layout: texts that leave it or lie over each other, labels longer than their
panels, legends over what they explain, a note whose last line is a few words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from sinkscope.figures.parts.style import settle

SLACK = 2.0  # pixels of 1/200 inch: what rounding moves
MOST = 0.45  # of a panel's height
GAP = 5.0  # between two texts of one line
Box = tuple[str, Bbox]


def faults(figure: Figure) -> list[str]:
    """One line a fault; none in a figure that is easy to read."""
    settle(figure)
    figure.draw_without_rendering()
    boxes = list(words(figure))
    return [*leaving(figure, boxes), *lying_over(boxes), *long_labels(figure), *legends(figure), *widows(figure)]


def words(figure: Figure) -> Iterator[Box]:
    """Every text that is seen, and every legend as one."""
    axes = [axis for one in figure.axes for axis in (one.xaxis, one.yaxis)]
    ticks = {id(label) for axis in axes for label in axis.get_ticklabels(which="both")}
    labels = {id(axis.label) for axis in axes if not axis.axes.axison}
    inside = {id(text) for legend in figure.findobj(Legend) for text in legend.findobj(Text)}
    for text in figure.findobj(Text):
        if text.get_visible() and text.get_text().strip() and id(text) not in ticks | labels | inside:
            yield repr(text.get_text()), Text.get_window_extent(text)  # without an annotation's arrow
    for axis in both(figure):
        yield from ((f"tick {label.get_text()!r}", label.get_window_extent()) for label in tick_labels(axis))
    yield from (("legend", legend.get_window_extent()) for legend in figure.findobj(Legend))


def sizes(figure: Figure) -> Iterator[tuple[str, float]]:
    """Points of every text that is seen."""
    for text in figure.findobj(Text):
        if text.get_visible() and text.get_text().strip():
            yield text.get_text(), text.get_fontsize()


def both(figure: Figure) -> Iterator[Axis]:
    return (axis for axes in figure.axes if axes.axison for axis in (axes.xaxis, axes.yaxis))


def tick_labels(axis: Axis) -> Iterator[Text]:
    low, high = sorted(axis.get_view_interval())
    edge = 1e-9 * (high - low)
    for which in ("major", "minor"):
        for at, label in zip(axis.get_ticklocs(minor=which == "minor"), axis.get_ticklabels(which=which)):
            if low - edge <= at <= high + edge and label.get_visible() and label.get_text().strip():
                yield label


def leaving(figure: Figure, boxes: Iterable[Box]) -> Iterator[str]:
    for name, box in boxes:
        if not (figure.bbox.contains(box.x0, box.y0) and figure.bbox.contains(box.x1, box.y1)):
            yield f"leaves the figure: {name}"


def lying_over(boxes: Iterable[Box]) -> Iterator[str]:
    for (one, a), (other, b) in combinations(boxes, 2):
        if shared(a.padded(GAP, 0), b):
            yield f"{one} lies over {other}, or touches it"


def shared(a: Bbox, b: Bbox) -> bool:
    return min(a.x1, b.x1) - max(a.x0, b.x0) > SLACK and min(a.y1, b.y1) - max(a.y0, b.y0) > SLACK


def long_labels(figure: Figure) -> Iterator[str]:
    for axes in figure.axes:
        label = axes.yaxis.label
        if axes.axison and label.get_text() and label.get_window_extent().height > axes.bbox.height + SLACK:
            yield f"longer than its panel: {label.get_text()!r}"


def legends(figure: Figure) -> Iterator[str]:
    """A legend lies in its own panel or beside all, and over nothing that is drawn there."""
    for legend in figure.findobj(Legend):
        box = legend.get_window_extent()
        panels = [axes for axes in figure.axes if axes.axison and shared(axes.bbox, box)]
        if any(axes is not legend.axes for axes in panels):
            yield "a legend lies over another panel"
        elif panels and not (box.x0 > legend.axes.bbox.x0 - SLACK and box.x1 < legend.axes.bbox.x1 + SLACK):
            yield "a legend reaches past its panel"
        if panels and box.y1 <= panels[0].bbox.y1 + SLACK and box.height > MOST * panels[0].bbox.height:
            yield f"a legend takes more than {MOST:.0%} of its panel"
        yield from (f"a legend lies over {what}" for axes in panels for what in under(axes, box))


def under(axes: Axes, box: Bbox) -> Iterator[str]:
    for line in axes.lines:
        path = line.get_path().transformed(line.get_transform())
        joined = line.get_linestyle() not in ("None", "none", "") and len(path.vertices) > 1
        if path.intersects_bbox(box, filled=False) if joined else any(map(box.contains, *path.vertices.T)):
            yield f"a line, {line.get_label()!r}"
    for some in axes.collections:
        if isinstance(some, PathCollection):
            if any(map(box.contains, *some.get_offset_transform().transform(np.ma.filled(some.get_offsets(), np.nan)).T)):
                yield "points"
        elif isinstance(some, LineCollection) and any(
                path.transformed(some.get_transform()).intersects_bbox(box, filled=False) for path in some.get_paths()):
            yield "intervals"
    for patch in axes.patches:
        if patch.get_path().transformed(patch.get_transform()).intersects_bbox(box) and patch.get_zorder() > 0:
            yield "a bar"
    yield from ("a map" for _ in axes.images)


def widows(figure: Figure) -> Iterator[str]:
    """The note, but for its last line, which says over what samples, and what is said of fonts behind it."""
    lines = [line for line in figure.get_supxlabel().splitlines() if not line.startswith(("characters beyond", "\\u…"))]
    note = lines[:-1]
    if note and len(note[-1]) < 0.5 * max(map(len, note)):
        yield f"a line of few words: {note[-1]!r}"
