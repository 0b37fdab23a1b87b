"""Figures of results, whichever experiment they are of: `sinkscope.plot(result)`, and the command plot.py RESULT -o FIGURE."""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sinkscope.figures import draw, module_of
from sinkscope.figures.parts.style import new, save
from sinkscope.figures.parts.words import settle_within
from sinkscope.results import Result, ResultError, read

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

USAGE = """usage: {name} RESULT -o FIGURE [--all] [OPTION...]

Draws the figure of a result, whichever experiment it is of. `{name} RESULT --help` lists the options of its experiment."""


def plot(result: Result, ax: Axes | None = None, panel: str | None = None, **options: Any) -> Figure:
    """The figure of a result, to be shown, restyled or saved; with `panel` one of its panels alone, and with `ax` in those axes.

    `options` are those of the whole figure (`scripts/plot.py RESULT --help`). Panels in axes of the caller's take the caller's style;
    the style of whole figures does not outlive the call. Raises ResultError, which names the panels, where one must be named.

    >>> from sinkscope import ROOT, load
    >>> figure = plot(load(ROOT / "results/smollm2-135m/scan.json"), panel="by_layer")
    >>> figure.axes[0].get_ylabel()
    'mean attention'
    """
    if ax is not None:
        chosen(result, panel)(ax)
        settle_within(ax, [ax])
        return ax.get_figure(root=True)
    from matplotlib import rc_context  # after sinkscope.figures, which imports it whatever MPLBACKEND names

    with rc_context():
        if panel is None:
            figure = draw(result, **options)
        else:
            wanted = chosen(result, panel)
            figure, axes = new(1, 1, width=3.5)
            wanted(axes[0][0])
            settle_within(axes[0][0], [axes[0][0]])
        figure.draw_without_rendering()  # ticks, in the style of the rest
    return figure


def chosen(result: Result, panel: str | None) -> Callable[[Axes], None]:
    module = module_of(result)
    found = module.panels(result) if hasattr(module, "panels") else {}
    if panel is None and len(found) == 1:
        return next(iter(found.values()))
    if panel not in found:
        asked = "panel= must name the one to draw" if panel is None else f"there is no panel {panel}"
        raise ResultError(f"{result.path}: {asked}; the figure of {result.experiment} has "
                          f"{'the panels ' + ', '.join(found) if found else 'no panel that can stand alone'}")
    return found[panel]


def parse(argv: list[str], module, name: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=name, description=inspect.cleandoc(module.__doc__))
    parser.add_argument("result", type=Path, help="JSON file that sinkscope wrote")
    parser.add_argument("-o", "--output", type=Path, required=True, help="figure to write: .png, .pdf or .svg")
    parser.add_argument("--all", action="store_true", help="write the experiment's other figures too, as FIGURE-NAME")
    if hasattr(module, "options"):
        module.options(parser)
    return parser.parse_args(argv)


def write(argv: list[str], name: str) -> None:
    result = read(argv[0])
    module = module_of(result)
    options = vars(parse(argv, module, name))
    output, everything = options.pop("output"), options.pop("all")
    del options["result"]
    save(module.draw(result, **options), output)
    if everything and hasattr(module, "more"):
        for name, others in module.more(result).items():
            save(module.draw(result, **options | others), output.with_stem(f"{output.stem}-{name}"))


def main(argv: list[str] | None = None, name: str = "plot.py") -> None:
    argv = sys.argv[1:] if argv is None else argv
    if argv[:1] in (["-h"], ["--help"]):
        print(USAGE.format(name=name))
        return
    try:
        if not argv or argv[0].startswith("-"):
            raise ResultError(USAGE.splitlines()[0].format(name=name))
        write(argv, name)
    except (ResultError, OSError) as error:  # a figure that cannot be written is an OSError, which names it
        print(error, file=sys.stderr)
        sys.exit(2)
