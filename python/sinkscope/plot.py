"""plot.py RESULT -o FIGURE: the figure of a result, whichever experiment it is of."""

from __future__ import annotations

import argparse
import inspect
import sys
from pathlib import Path

from sinkscope.figures import module_of
from sinkscope.figures.parts.style import save
from sinkscope.results import ResultError, read

USAGE = """usage: plot.py RESULT -o FIGURE [--all] [OPTION...]

Draws the figure of a result, whichever experiment it is of. `plot.py RESULT --help` lists the options of its experiment."""


def parse(argv: list[str], module) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="plot.py", description=inspect.cleandoc(module.__doc__))
    parser.add_argument("result", type=Path, help="JSON file that sinkscope wrote")
    parser.add_argument("-o", "--output", type=Path, required=True, help="figure to write: .png, .pdf or .svg")
    parser.add_argument("--all", action="store_true", help="write the experiment's other figures too, as FIGURE-NAME")
    if hasattr(module, "options"):
        module.options(parser)
    return parser.parse_args(argv)


def plot(argv: list[str]) -> None:
    result = read(argv[0])
    module = module_of(result)
    options = vars(parse(argv, module))
    output, everything = options.pop("output"), options.pop("all")
    del options["result"]
    save(module.draw(result, **options), output)
    if everything and hasattr(module, "more"):
        for name, others in module.more(result).items():
            save(module.draw(result, **options | others), output.with_stem(f"{output.stem}-{name}"))


def main(argv: list[str] | None = None) -> None:
    argv = sys.argv[1:] if argv is None else argv
    if argv[:1] in (["-h"], ["--help"]):
        print(USAGE)
        return
    try:
        if not argv or argv[0].startswith("-"):
            raise ResultError(USAGE.splitlines()[0])
        plot(argv)
    except (ResultError, OSError) as error:  # a figure that cannot be written is an OSError, which names it
        print(error, file=sys.stderr)
        sys.exit(2)
