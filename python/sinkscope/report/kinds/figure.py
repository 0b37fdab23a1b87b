"""A figure of the page: its words and, for each choice that a reader has, the traces that Plotly draws."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from sinkscope.figures.parts.colours import DARK_GREY, TEXT

Trace = dict[str, Any]
INK, MUTED = TEXT, DARK_GREY  # the page's script takes the text's colours for these two in the dark


@dataclass(frozen=True)
class Figure:
    """`key` is the same for the same figure of another result. `says` is the figure in a sentence, for who does not see it. `options`
    holds the traces by what the reader chooses; one nameless choice where there is nothing to choose."""

    key: str
    title: str
    says: str
    options: Mapping[str, list[Trace]]
    layout: dict[str, Any]
    choice: str = ""  # of what the options are: layer set, condition, ...
    height: int = 380  # pixels
    first: str = ""  # the option that is shown first, where it is not the first

    def document(self) -> dict[str, Any]:
        """For the script, without the words that HTML has."""
        names = list(self.options)
        return {"kind": "plot", "names": names, "traces": list(self.options.values()), "layout": self.layout, "title": self.title,
                "height": self.height, "first": names.index(self.first) if self.first in names else 0}


@dataclass(frozen=True)
class Strip:
    """Tokens of a text in their order, coloured by a number that depends on what the sliders say."""

    key: str
    title: str
    says: str
    values: list  # nested by the sliders, innermost the tokens of a text
    sliders: list[tuple[str, list[str]]]  # (name, its values), outermost first
    tokens: list[list[str]]  # by the first slider's value, or one list for all of them
    label: str = "attention to token 0"
    start: dict[str, int] = field(default_factory=dict)  # by the slider's name: where it stands at first
    choice: ClassVar[str] = ""  # sliders choose
    height: ClassVar[int] = 120

    def document(self) -> dict[str, Any]:
        return {"kind": "strip", "values": self.values, "tokens": self.tokens, "label": self.label, "title": self.title,
                "sliders": [{"name": name, "values": values, "start": self.start.get(name, 0)} for name, values in self.sliders]}


def figure(key: str, title: str, says: str, traces: Iterable[Trace], x: str, y: str, height: int = 380, **layout: Any) -> Figure:
    """One without a choice. `x`, `y`: what the axes are."""
    return Figure(key, title, says, {"": list(traces)}, axes(x, y, **layout), height=height)


def axes(x: str, y: str, x_axis: Mapping[str, Any] | None = None, y_axis: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Layout with named axes."""
    return {"xaxis": {"title": {"text": x}, **(x_axis or {})}, "yaxis": {"title": {"text": y}, **(y_axis or {})}, **more}


def level_line(value: float, text: str, along: str = "x", dash: str = "dot") -> dict[str, Any]:
    """A line across the panel at what others are held against, for layout.shapes; its words are shown at its end."""
    other = "y" if along == "x" else "x"
    ends = {f"{other}0": value, f"{other}1": value, f"{along}0": 0, f"{along}1": 1, f"{along}ref": "paper"}
    return {"type": "line", "line": {"color": MUTED, "dash": dash, "width": 1}, **ends,
            "label": {"text": text, "textposition": "end", "font": {"size": 11, "color": MUTED}, "padding": 2}}
