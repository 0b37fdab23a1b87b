"""Standard input and output of the commands: `-` in place of a file's name, and a reader that has enough."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STDIN = Path("/dev/stdin")  # of a result that has come through a pipe: no file is beside it
STREAM = "-"  # `./-` is a file of that name


def input_path(word: str) -> Path:
    """Of a result that is named on the command line."""
    return STDIN if word == STREAM else Path(word)


@contextmanager
def ending_quietly() -> Iterator[None]:
    """Ends the process as a signal would, without a word, where nobody reads what it says any more: `sinkscope summary R | head -1`."""
    try:
        try:
            yield
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more when it ends
        sys.exit(128 + signal.SIGPIPE)
