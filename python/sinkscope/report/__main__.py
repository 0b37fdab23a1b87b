"""python -m sinkscope.report RESULT... -o report.html"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from sinkscope.report.page import html, write
from sinkscope.results import ResultError
from sinkscope.standard_streams import STREAM, ending_quietly, input_path


def main(argv: Sequence[str] | None = None, name: str = "python -m sinkscope.report") -> None:
    parser = argparse.ArgumentParser(prog=name, description="One HTML file that shows results, offline.")
    parser.add_argument("results", nargs="+", metavar="RESULT",
                        help="JSON file that sinkscope wrote, or the .safetensors of `activations --columns`; `-`: standard input")
    parser.add_argument("-o", "--output", required=True, help="page to write: .html; `-`: to standard output")
    wanted = parser.parse_intermixed_args(argv)
    try:
        said = made(wanted.results, wanted.output)
    except (ResultError, OSError, ImportError) as error:  # an ImportError says what to install
        print(f"report: {error}", file=sys.stderr)
        sys.exit(2)
    sys.stdout.buffer.write(said.encode())


def made(results: Sequence[str], output: str) -> str:
    """What standard output gets: the page, or what was written."""
    if results.count(STREAM) > 1:
        raise ResultError("standard input holds one result, found `-` more than once")
    paths = [input_path(word) for word in results]
    if output == STREAM:
        return html(paths, output)
    written = write(paths, Path(output))
    return f"{written}: {written.stat().st_size / 1e6:.1f} MB\n"


if __name__ == "__main__":
    with ending_quietly():
        main()
