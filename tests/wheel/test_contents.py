"""What is in the wheel: the program, what it needs beside torch, and no path of the machine that built it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection

# What a machine has, by the manylinux policies; what torch brings; what NVIDIA's wheels bring with torch.
SYSTEM = {"libc.so.6", "libm.so.6", "libstdc++.so.6", "libgcc_s.so.1", "ld-linux-x86-64.so.2", "libpthread.so.0", "libdl.so.2"}
TORCH = {"libc10.so", "libtorch_cpu.so", "libgomp.so.1", "libc10_cuda.so", "libtorch_cuda.so", "libcudart.so.13"}
MOST_MB = 30
REPOSITORY = Path(__file__).resolve().parents[2]


def libraries(folder: Path) -> Iterator[tuple[Path, ELFFile]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.open("rb").read(4) == b"\x7fELF":
            with path.open("rb") as file:
                yield path, ELFFile(file)


def tags(elf: ELFFile, kind: str, value: str) -> list[str]:
    section = elf.get_section_by_name(".dynamic")
    assert isinstance(section, DynamicSection)
    return [getattr(tag, value) for tag in section.iter_tags() if tag.entry.d_tag == kind]


def test_the_tag_is_of_every_python_and_of_a_named_glibc(wheel: Path) -> None:
    assert re.fullmatch(r"sinkscope-[\d.]+-py3-none-manylinux_2_\d+_x86_64\.whl", wheel.name), wheel.name
    assert wheel.stat().st_size < MOST_MB * 1e6


def test_no_glibc_symbol_is_newer_than_the_tag(wheel: Path, unpacked: Path) -> None:
    allowed = int(re.search(r"manylinux_2_(\d+)", wheel.name)[1])
    newest = 0
    for _, elf in libraries(unpacked):
        section = elf.get_section_by_name(".gnu.version_r")
        if section is None:  # libicudata is data alone
            continue
        assert isinstance(section, GNUVerNeedSection)
        for _, needed in section.iter_versions():
            newest = max([newest, *(int(found[1]) for one in needed if (found := re.fullmatch(r"GLIBC_2\.(\d+)(\.\d+)?", one.name)))])
    assert 17 < newest <= allowed


def test_all_that_a_library_needs_is_there_or_is_torchs(unpacked: Path) -> None:
    found = dict(libraries(unpacked))
    bundled = {path.name for path in found}
    assert not bundled & (SYSTEM | TORCH)
    assert {"sinkscope"} < bundled
    for path in found:
        with path.open("rb") as file:
            needed = set(tags(ELFFile(file), "DT_NEEDED", "needed"))
        assert needed <= bundled | SYSTEM | TORCH, f"{path.name} needs {needed - bundled - SYSTEM - TORCH}"


def test_libraries_are_looked_for_beside_the_package_alone(unpacked: Path) -> None:
    for path in dict(libraries(unpacked)):
        with path.open("rb") as file:
            elf = ELFFile(file)
            places = [place for kind, value in (("DT_RPATH", "rpath"), ("DT_RUNPATH", "runpath")) for found in tags(elf, kind, value)
                      for place in found.split(":")]
        assert all(place.startswith("$ORIGIN") for place in places), f"{path.name}: {places}"
        if path.name == "sinkscope":
            assert "$ORIGIN/../../torch/lib" in places


def test_no_path_of_the_machine_that_built_it(unpacked: Path) -> None:
    for path in dict(libraries(unpacked)):
        assert str(REPOSITORY).encode() not in path.read_bytes(), path.name


@pytest.mark.parametrize("file", ["sinkscope/data/configs/schema/common.json", "sinkscope/data/experiments/scan/schema.json",
                                  "sinkscope/report/assets", "sinkscope/results/loaded.py", "sinkscope/py.typed",
                                  "sinkscope/bin/sinkscope.torch"])
def test_what_the_package_reads_is_in_it(unpacked: Path, file: str) -> None:
    assert (unpacked / file).exists()
    assert list(unpacked.glob("sinkscope-*.dist-info/licenses/LICENSE"))
