"""Files and folders that are there whole or not at all, whatever ends the process that writes them; what a whole one holds."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, which gets its name once it is on the disk; nothing of it stays where that fails. An OSError names it."""
    check_place(path)
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise of_file(error, part, path) from None
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def check_place(path: Path) -> None:
    """Before work is done for a file that cannot be there. Raises an OSError that names it."""
    if path.is_dir():
        raise IsADirectoryError(f"{path}: cannot be written: it is a folder")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path}: cannot be written: there is no folder {path.parent}")


def of_file(error: OSError, part: Path, path: Path) -> OSError:
    """The error by the name that the user gave; that of another file as it is. One of a write names no file."""
    if error.errno is None or error.filename not in (None, part, str(part)):
        return error
    return type(error)(f"{path}: cannot be written: {error.strerror}")


def sha256(path: Path, chunk: int = 1 << 20) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while read := file.read(chunk):
            digest.update(read)
    return digest.hexdigest()


def check_empty(path: Path) -> None:
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise FileExistsError(f"{path}: expected a new or an empty folder, found {'files in it' if path.is_dir() else 'a file'}")


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder to fill, which gets its name when the block ends well. What an earlier attempt left is thrown away."""
    check_empty(path)
    part = path.with_name(path.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    yield part
    os.sync()
    os.replace(part, path)
