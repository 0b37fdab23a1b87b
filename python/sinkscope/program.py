"""The command `sinkscope` where the Python package is installed: what is Python's own, and the program for all else.

The program is C++ and links libtorch. A wheel holds the one and not the other: it runs on the torch of the environment that the wheel
is installed in, which must be of the minor version that it was built with.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from sinkscope import ROOT

BUILT = ROOT / "build/release/sinkscope"  # of a clone
INSTALLED = Path(__file__).parent / "bin/sinkscope"  # of a wheel
BESIDE = Path(__file__).parents[1] / "torch"  # where its RPATH leads, before anything else
COMMANDS = {"report": "report.__main__", "plot": "plotting", "summary": "summary", "get-model": "models.get"}
BAD_USAGE = 2  # exit code, the program's own


class NoProgram(FileNotFoundError):
    """The program, or the torch that it needs, is not there."""


def own() -> Path:
    """The program of this package: the wheel's, or what the clone has built. It need not be there."""
    return INSTALLED if INSTALLED.exists() else BUILT


def environment(program: Path) -> dict[str, str]:
    """The variables to start a program with. Raises NoProgram where it is the wheel's and there is no torch that fits."""
    if program != INSTALLED:
        return dict(os.environ)
    torch = fitting_torch(Path(f"{INSTALLED}.torch").read_text().strip())
    if torch == BESIDE:
        return dict(os.environ)
    paths = [str(torch / "lib"), *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]
    return os.environ | {"LD_LIBRARY_PATH": os.pathsep.join(paths)}


def fitting_torch(wanted: str) -> Path:
    """The folder of the torch that the wheel's program takes: the one beside the package, else the one that Python finds, which is
    not imported. Raises NoProgram where it is not of the minor version of `wanted`."""
    minor = wanted.rpartition(".")[0]
    mend = f"this wheel was built with torch {wanted} and needs one of {minor}: pip install 'torch=={minor}.*'"
    folder = BESIDE if BESIDE.exists() else imported_torch()
    if folder is None:
        raise NoProgram(f"there is no torch in the environment of {sys.executable}; {mend}")
    found = version(folder)
    if found.split(".")[:2] != minor.split("."):
        raise NoProgram(f"{folder} is torch {found}; {mend}")
    return folder


def imported_torch() -> Path | None:
    spec = find_spec("torch")
    return Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None


def version(torch: Path) -> str:
    """By the file that `torch.__version__` comes from, which takes no second to read."""
    try:
        found = re.search(r"^__version__ = '(.+)'", (torch / "version.py").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found[1] if found else "of an unknown version"


def main(argv: Sequence[str] | None = None) -> None:
    words = list(sys.argv[1:] if argv is None else argv)
    if words and words[0] in COMMANDS:
        from sinkscope.standard_streams import ending_quietly

        with ending_quietly():
            sys.exit(import_module(f"sinkscope.{COMMANDS[words[0]]}").main(words[1:], name=f"sinkscope {words[0]}"))
    program = own()
    try:
        if not program.exists():
            raise NoProgram(f"{program} does not exist; scripts/build.sh builds it")
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # which Python ignores, and the program would inherit that
        os.execve(program, ["sinkscope", *words], environment(program) | {"SINKSCOPE_PYTHON": sys.executable})
    except OSError as error:
        print(f"sinkscope: {error}", file=sys.stderr)
        sys.exit(BAD_USAGE)


if __name__ == "__main__":
    main()
