"""Figures of results, whichever experiment they are of: `sinkscope.plot(result)`, and the command plot.py RESULT -o FIGURE."""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from sinkscope.figures import module_of
from sinkscope.figures import names as modules
from sinkscope.figures.parts.paged import chosen, of_panels, whole
from sinkscope.figures.parts.style import bare as without_words
from sinkscope.figures.parts.style import save
from sinkscope.figures.parts.widths import WIDTHS, inches_of
from sinkscope.figures.parts.words import settle_within
from sinkscope.results import Result, ResultError, read
from sinkscope.results.loaded import result_of
from sinkscope.results.reading import reading
from sinkscope.standard_streams import STREAM, input_path

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

USAGE = """usage: {name} RESULT -o FIGURE [--width WIDTH] [--panel NAME,...] [--bare] [--all] [OPTION...]

Draws the figure of a result, whichever experiment it is of. `{name} RESULT --help` lists the options of its experiment."""


def plot(result: Path | str | Result, ax: Axes | None = None, panel: str | Sequence[str] | None = None, width: str | float | None = None,
         **options: Any) -> Figure:
    """The figure of a result (or of the one in that file), to be shown, restyled or saved; with `panel` that panel alone, or those, and
    with `ax` in those axes.

    `width`: "column", "text" or "page" of a paper, or inches; panels then stand in as many a row as have room, with their text at its
    own size. `options` are those of the whole figure (`scripts/plot.py RESULT --help`). Panels in axes of the caller's take the caller's
    style; the style of whole figures does not outlive the call. Raises ResultError, which names the panels, where one must be named, and
    where a figure cannot be read in that width.

    >>> from sinkscope import ROOT, load
    >>> figure = plot(load(ROOT / "results/smollm2-135m/scan.json"), panel="by_layer", width="column")
    >>> figure.axes[0].get_ylabel(), float(figure.get_figwidth())
    ('mean attention', 3.25)
    """
    result, names = result_of(result), [panel] if isinstance(panel, str) else list(panel or [])
    with reading(result):
        return drawn(result, names, ax, width, options)


def drawn(result: Result, names: list[str], ax: Axes | None, width: str | float | None, options: dict[str, Any]) -> Figure:
    if ax is not None:
        if len(names) > 1:
            raise ResultError(f"{result.path}: ax= has room for one panel, found {len(names)}")
        chosen(result, names)[0](ax)
        settle_within(ax, [ax])
        return ax.get_figure(root=True)
    from matplotlib import rc_context  # after sinkscope.figures, which imports it whatever MPLBACKEND names

    inches = None if width is None else inches_of(width)
    with rc_context():
        figure = of_panels(result, names, inches) if names else whole(result, inches, options)
        figure.draw_without_rendering()  # ticks, in the style of the rest
    return figure


def parse(argv: list[str], module, name: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=name, description=inspect.cleandoc(module.__doc__))
    declare(parser)
    if hasattr(module, "options"):
        module.options(parser)
    return parser.parse_args(argv)


def declare(parser: argparse.ArgumentParser) -> None:
    """What figures of every experiment take."""
    parser.add_argument("result", help="JSON file that sinkscope wrote; `-`: standard input")
    parser.add_argument("-o", "--output", type=Path, required=True, help="figure to write: .png, .pdf or .svg")
    presets = ", ".join(f"{name} ({inches:g})" for name, inches in WIDTHS.items())
    parser.add_argument("--width", help=f"of the page that it is for: {presets}, or inches; its text is not to be scaled there (7)")
    parser.add_argument("--panel", metavar="NAME,...", help="these panels alone, without title and note; a name that is none lists them")
    parser.add_argument("--bare", action="store_true", help="leave out title and note, for a paper's own caption, and print them instead")
    parser.add_argument("--all", action="store_true", help="write the experiment's other figures too, as FIGURE-NAME")


class OfAll(argparse.ArgumentParser):
    """Of the options of all experiments. Raises ResultError, which says how plot is called."""

    def error(self, message: str) -> NoReturn:
        raise ResultError(self.usage)


def result_in(argv: list[str], usage: str) -> str:
    """The word that names the result, which says whose options the others are: the first, else the one that no option takes."""
    if argv and (argv[0] == STREAM or not argv[0].startswith("-")):
        return argv[0]
    parser = OfAll(usage=usage, add_help=False, conflict_handler="resolve")
    declare(parser)
    for name in modules():
        module = import_module(f"sinkscope.figures.{name}")
        if hasattr(module, "options"):
            module.options(parser)
    return parser.parse_known_args(argv)[0].result


def write(argv: list[str], name: str) -> str:
    """Returns what is left to say: the words of bare figures, a line each."""
    result = read(input_path(result_in(argv, USAGE.splitlines()[0].format(name=name))))
    with reading(result):
        return written(result, argv, name)


def written(result: Result, argv: list[str], name: str) -> str:
    module = module_of(result)
    options = vars(parse(argv, module, name))
    output, everything, width, panel, bare = (options.pop(name) for name in ("output", "all", "width", "panel", "bare"))
    del options["result"]
    inches = None if width is None else inches_of(width)
    if panel is not None:
        save(of_panels(result, panel.split(","), inches), output)
        return ""
    said, drawn = "", {output: options}
    if everything and hasattr(module, "more"):
        drawn |= {output.with_stem(f"{output.stem}-{name}"): options | others for name, others in module.more(result).items()}
    for path, some in drawn.items():
        figure = whole(result, inches, some)
        said += f"{without_words(figure)}\n" if bare else ""
        save(figure, path)
    return said


def main(argv: list[str] | None = None, name: str = "plot.py") -> None:
    argv = sys.argv[1:] if argv is None else argv
    if argv[:1] in (["-h"], ["--help"]):
        print(USAGE.format(name=name))
        return
    try:
        said = write(argv, name)
    except (ResultError, OSError) as error:  # a figure that cannot be written is an OSError, which names it
        print(error, file=sys.stderr)
        sys.exit(2)
    print(said, end="")
