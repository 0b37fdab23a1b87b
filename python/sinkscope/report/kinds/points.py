"""Points and curves: a value over an axis, with its 95 % interval where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sinkscope.report.kinds.figure import Trace

Numbers = Sequence[float | None]
INTERVAL = "95 % interval"


def points(name: str, x: Sequence[Any], y: Sequence[Any], low: Numbers | None = None, high: Numbers | None = None, *, colour: str,
           across: str | None = "x", value: str = "value", mode: str = "markers", dash: str = "solid", symbol: str = "circle",
           size: float = 6, width: float = 1.6, words: Sequence[str] | None = None, ends_are: str = INTERVAL, **more: Any) -> Trace:
    """A trace of scatter. `across` and `value` name in the hover what x and y are; `low`, `high`: the ends of an interval of the
    value, which is y, or x where y has names, and what `ends_are`. `words`: more for the hover, a text a point."""
    sideways = bool(y) and isinstance(y[0], str)
    hover = hovered(across, value, sideways)
    trace = {"type": "scatter", "name": name, "x": list(x), "y": list(y), "mode": mode, **more,
             "line": {"color": colour, "dash": dash, "width": width}, "marker": {"color": colour, "symbol": symbol, "size": size}}
    if low is not None and high is not None and any(one is not None for one in low):
        trace["customdata"] = [list(pair) for pair in zip(low, high)]
        ends = f"<br>{ends_are} %{{customdata[0]:.4~g}} to %{{customdata[1]:.4~g}}"
        trace["meta"] = {"along": "x" if sideways else "y", "hover": ends}  # the script draws them, where a point has both
    if words is not None:
        trace["text"] = list(words)
        hover += "<br>%{text}"
    return trace | {"hovertemplate": f"{hover}<extra></extra>"}


def curve(name: str, x: Sequence[Any], y: Numbers, low: Numbers | None = None, high: Numbers | None = None, *, colour: str,
          marks: bool = True, **more: Any) -> Trace:
    return points(name, x, y, low, high, colour=colour, **{"mode": "lines+markers" if marks else "lines", "size": 4, **more})


def hovered(across: str | None, value: str, sideways: bool) -> str:
    """Words of ours around what Plotly puts in; no place where `across` is None, since the words of the point tell it."""
    place, number = ("%{y}", "%{x:.4~g}") if sideways else ("%{x}", "%{y:.4~g}")
    return f"<b>%{{fullData.name}}</b><br>{'' if across is None else f'{across} {place}<br>'}{value} {number}"


def bars(name: str, x: Sequence[Any], y: Sequence[Any], *, colour: str, across: str, value: str,
         words: Sequence[str] | None = None) -> Trace:
    hover = hovered(across, value, sideways=False)
    trace = {"type": "bar", "name": name, "x": list(x), "y": list(y), "marker": {"color": colour}}
    if words is not None:
        trace |= {"hovertext": list(words)}
        hover += "<br>%{hovertext}"
    return trace | {"hovertemplate": f"{hover}<extra></extra>"}
