"""Documentation, novels, dictionaries and stories out of Debian packages. Nothing is installed, so it needs no root."""

import shutil
import subprocess
import sys
from pathlib import Path

WESNOTH = "did dm dw ei httt l low nr sof sota sotbe thot trow tsg ttb utbs"
PACKAGES = [
    # prose
    *"""anarchism bible-kjv bible-kjv-text debian-handbook fortunes gnucash-docs jargon-text r-cran-janeaustenr stellarium-data
    wesnoth-1.16-data""".split(),
    *(f"wesnoth-1.16-{campaign}" for campaign in WESNOTH.split()),
    # words and what they mean
    *"dict-foldoc dict-gcide wordnet-base".split(),
    # technical documentation
    *"""ada-reference-manual-2012 apache2-doc autoconf-doc bash-doc debian-faq debian-policy debian-reference-en
    developers-reference doc-debian erlang-doc exim4-doc-html gap-doc gimp-help-en git-doc gnome-user-docs
    installation-guide-amd64 libboost1.81-doc libreoffice-help-en-us lilypond-doc-html linux-doc-6.1 llvm-14-doc
    maxima-doc octave-doc openjdk-17-doc perl-doc postfix-doc postgresql-doc-15 python-django-doc python-pandas-doc
    python-scipy-doc python-sklearn-doc python3.11-doc qtbase5-doc-html rust-doc sqlite3-doc subversion vim-doc yade-doc""".split(),
]


def fetch(packages: list[str], debs: Path, root: Path) -> None:
    """Puts each package's file in `debs` and what it holds in a folder of `root`, but for those that are there already. One that
    cannot be fetched is left out, with a line that says so."""
    debs.mkdir(parents=True, exist_ok=True)
    root.mkdir(parents=True, exist_ok=True)
    for package in packages:
        if not (root / package).is_dir() and (deb := deb_of(package, debs)):
            part = root / f"{package}.part"
            shutil.rmtree(part, ignore_errors=True)
            subprocess.run(["dpkg-deb", "-x", deb, part], check=True)
            part.rename(root / package)
    print_bible(root)


def deb_of(package: str, debs: Path) -> Path | None:
    if not (found := sorted(debs.glob(f"{package}_*.deb"))):
        done = subprocess.run(["apt-get", "download", "-qq", package], cwd=debs, capture_output=True, text=True)
        if done.returncode != 0:
            print(f"text: left out {package}: {done.stderr.partition(chr(10))[0]} (try 'apt-get update' first)", file=sys.stderr)
            return None
        found = sorted(debs.glob(f"{package}_*.deb"))
    return found[0]


def print_bible(root: Path) -> None:
    """The Bible comes compressed, with the program that prints it."""
    program, out = root / "bible-kjv/usr/bin/bible", root / "bible-kjv/bible.txt"
    if program.exists() and not (out.exists() and out.stat().st_size):
        part = out.with_suffix(".part")
        with part.open("w") as file:
            words = [program, "-p", root / "bible-kjv-text/usr/lib", "-f", "Gen1:1-Rev22:21"]
            subprocess.run(words, stdin=subprocess.DEVNULL, stdout=file, check=True)
        part.rename(out)
