"""python -m sinkscope.report RESULT... -o report.html"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sinkscope.report.page import write
from sinkscope.results import ResultError


def main(argv: list[str] | None = None, name: str = "python -m sinkscope.report") -> None:
    parser = argparse.ArgumentParser(prog=name, description="One HTML file that shows results, offline.")
    parser.add_argument("results", nargs="+", type=Path, metavar="RESULT",
                        help="JSON file that sinkscope wrote, or the .safetensors of `activations --columns`")
    parser.add_argument("-o", "--output", type=Path, required=True, help="page to write: .html")
    wanted = parser.parse_args(argv)
    try:
        written = write(wanted.results, wanted.output)
    except (ResultError, OSError, ImportError) as error:  # an ImportError says what to install
        print(f"report: {error}", file=sys.stderr)
        sys.exit(2)
    print(f"{written}: {written.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
