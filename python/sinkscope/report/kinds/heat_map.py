"""Heat maps: a number by two axes, missing cells left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sinkscope.report.kinds.figure import Trace

if TYPE_CHECKING:
    from pandas import DataFrame

SEQUENTIAL, SIGNED = "Cividis", "RdBu"  # Plotly's RdBu ends in red, as matplotlib's RdBu_r does


def heat_map(z: Sequence[Sequence[float | None]], x: Sequence[Any], y: Sequence[Any], *, across: str, up: str, value: str,
             low: float | None = 0, high: float | None = None, colours: str = SEQUENTIAL, words: Sequence | None = None,
             cells: bool = False, shown: str = "%{z:.4~g}", **more: Any) -> Trace:
    """A trace of heatmap, z[y][x]. `words`: more for the hover, a text a cell (or, in `customdata`, what `shown` names);
    `cells`: the number is written into the cell."""
    hover = f"{across} %{{x}}<br>{up} %{{y}}<br>{value} {shown}"
    trace = {"type": "heatmap", "z": [list(row) for row in z], "x": list(x), "y": list(y), "colorscale": colours,
             "colorbar": {"title": {"text": value, "side": "right"}, "thickness": 12, "len": 1}, **more}
    if low is not None and high is not None:
        trace |= {"zmin": low, "zmax": high}
    if words is not None:
        trace["hovertext"] = [list(row) for row in words]
        hover += "<br>%{hovertext}"
    if cells:
        trace["texttemplate"] = "%{z:.2f}"
    return trace | {"hovertemplate": f"{hover}<extra></extra>"}


def grid(frame: DataFrame, y: str, x: str, value: str) -> tuple[list[list[float]], list, list]:
    """z[y][x], the labels of x and those of y, in the order in which the frame has them; NaN for cells that it lacks."""
    columns, rows = list(dict.fromkeys(frame[x].tolist())), list(dict.fromkeys(frame[y].tolist()))
    z = np.full((len(rows), len(columns)), np.nan)
    at_row, at_column = ({label: place for place, label in enumerate(labels)} for labels in (rows, columns))
    z[[at_row[one] for one in frame[y]], [at_column[one] for one in frame[x]]] = frame[value].to_numpy(dtype=float)
    return z.tolist(), columns, rows
