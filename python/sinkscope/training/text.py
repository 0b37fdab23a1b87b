"""Gathers the natural English that the demo model is trained on, out of Debian packages that are fetched and unpacked in OUT.

    python -m sinkscope.training.text OUT [EXTRA_TEXT ...]

Leaves OUT/corpus.txt (documents separated by a line that holds only <|endoftext|>) and OUT/sources.tsv (package, version and
kept characters). Run it again to use packages already fetched.
"""

import argparse
import shutil
import sys
from pathlib import Path

from sinkscope.training.clean_text import clean
from sinkscope.training.packages import PACKAGES, fetch


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sinkscope.training.text", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder for the packages and the text")
    parser.add_argument("extras", type=Path, nargs="*", help="more plain text, blank lines between paragraphs")
    args = parser.parse_args()
    for tool in ("apt-get", "dpkg-deb"):
        if not shutil.which(tool):
            sys.exit(f"text: {tool} is missing; this needs a Debian system")
    for extra in args.extras:
        if not extra.is_file():
            parser.error(f"cannot read the extra text {extra}")
    out = args.out.resolve()
    fetch(PACKAGES, out / "debs", out / "root")
    clean(out / "root", out / "debs", out, [str(extra.resolve()) for extra in args.extras])


if __name__ == "__main__":
    main()
