"""Turns unpacked documentation packages into one file of English paragraphs.

Kept: paragraphs of more than 60 characters, 88 % of them letters or spaces, that read like English and that no earlier
page held. Written: corpus.txt, documents in an order fixed by their content, separated by a line <|endoftext|>.
"""

import bz2
import gzip
import hashlib
import os
import re
import sys
from collections import Counter
from multiprocessing import Pool
from pathlib import Path

from sinkscope.training.read_formats import READERS, reader_of

SEPARATOR = "<|endoftext|>"
PACKAGE_CHARS = 8_000_000  # at most of one package
DOCUMENT_CHARS = 20_000  # longer books are cut at paragraphs, so that the shuffle mixes them
LEFT_OUT = re.compile(r"/(?:help|html|installation-guide-amd64)/(?!en\b|en[-_]|C/)[a-z]{2,3}(?:[-_@]\w+)?/"
                      r"|changelog|copyright|licen[cs]e|/NEWS|/po/|genindex", re.I)
COMMON = frozenset("the of and to in a is that it for as with on be this by are from or an at which not was his you have "
                   "he if can but they one all when has will its we there who i her had were my so their what she him "
                   "do no out up me then would into more your only some must may other such these than been shall".split())
WORD = re.compile(r"[a-z']+")


def undo_wikitext(text: str) -> str:
    """WikiText stands spaces around punctuation, writes ` @-@ ` for a hyphen and <unk> for a rare word: undoes the first
    two and leaves out the sentences with the third."""
    text = re.sub(r" @([-,.])@ ", r"\1", text)
    text = re.sub(r'" ([^"\n]*) "', r'"\1"', text)
    text = re.sub(r" ([,.;:?!)])|(\() ", r"\1\2", text).replace(" 's", "'s").replace(" n't", "n't")
    return re.sub(r"[^.?!\n]*<unk>[^.?!\n]*[.?!]*", "", text)


def is_english_prose(paragraph: str) -> bool:
    """More than 60 characters, 88 % letters or spaces, a quarter of the words among the commonest English ones."""
    if len(paragraph) <= 60:
        return False
    plain = sum(c.isalpha() or c == " " for c in paragraph)
    ascii_share = sum(c < "\x80" for c in paragraph) / len(paragraph)
    if plain < 0.88 * len(paragraph) or ascii_share < 0.97:
        return False
    words = WORD.findall(paragraph.lower())
    return len(words) > 8 and sum(w in COMMON for w in words) >= 0.25 * len(words)


def read_page(path: str) -> tuple[str, list[str]]:
    """All paragraphs of one file that read like English, in its order."""
    try:
        raw = Path(path).read_bytes()
        if path.endswith((".gz", ".dz")):
            raw = gzip.decompress(raw)
        elif path.endswith(".bz2"):
            raw = bz2.decompress(raw)
        text = raw.decode("latin-1" if path.endswith(".rdb") else "utf-8", errors="replace")
        paragraphs = READERS[reader_of(path)](undo_wikitext(text) if "<unk>" in text else text)
    except (OSError, EOFError, ValueError) as error:
        print(f"text: skipped {path}: {error}", file=sys.stderr)
        return path, []
    cleaned = (" ".join(p.split()) for p in paragraphs)
    return path, [p for p in cleaned if is_english_prose(p)]


def files_of(root: Path) -> list[str]:
    """Every readable file under root but translations, changelogs and licences, in sorted order."""
    found = []
    for folder, subfolders, names in os.walk(root):
        subfolders.sort()
        for name in sorted(names):
            path = os.path.join(folder, name)
            if reader_of(path) and not os.path.islink(path) and not LEFT_OUT.search(path[len(str(root)):]):
                found.append(path)
    return found


def digest(paragraph: str) -> bytes:
    """Equal for paragraphs that differ only in case, digits or punctuation."""
    return hashlib.blake2b(" ".join(WORD.findall(paragraph.lower())).encode(), digest_size=8).digest()


def unseen(paragraphs: list[str], seen: set[bytes]) -> list[str]:
    """The page's new paragraphs; none when most of the page was seen before."""
    marks = [digest(p) for p in paragraphs]
    fresh = []
    for paragraph, mark in zip(paragraphs, marks):
        if mark not in seen:
            seen.add(mark)
            fresh.append(paragraph)
    return fresh if 2 * len(fresh) > len(paragraphs) else []


def documents(paragraphs: list[str]) -> list[str]:
    """Joins paragraphs by newlines, cut into documents of about DOCUMENT_CHARS."""
    cut, size = [[]], 0
    for paragraph in paragraphs:
        if size > DOCUMENT_CHARS:
            cut, size = cut + [[]], 0
        cut[-1].append(paragraph)
        size += len(paragraph)
    return ["\n".join(lines) for lines in cut if lines]


def write_through(path: Path, text: str) -> None:
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.rename(path)


def clean(root: Path, debs: Path, out: Path, extras: list[str]) -> None:
    """Writes corpus.txt and sources.tsv of the packages unpacked in `root`, a folder each, and of more plain text files; `debs` has
    the packages' files, for their versions."""
    seen: set[bytes] = set()
    kept, sizes = [], Counter()
    with Pool(os.cpu_count()) as pool:
        for path, paragraphs in pool.imap(read_page, extras + files_of(root), chunksize=32):
            source = Path(path).relative_to(root).parts[0] if path.startswith(str(root)) else Path(path).name
            for text in documents(unseen(paragraphs, seen)):
                if sizes[source] + len(text) <= PACKAGE_CHARS:
                    kept.append(text)
                    sizes[source] += len(text)
    if not kept:
        sys.exit(f"text: no English paragraph found under {root}")

    kept.sort(key=lambda text: hashlib.sha256(text.encode()).digest())
    write_through(out / "corpus.txt", f"\n{SEPARATOR}\n".join(kept) + "\n")
    versions = dict(deb.name.split("_")[:2] for deb in sorted(debs.glob("*.deb")))
    rows = [f"{name}\t{versions.get(name, '-').replace('%3a', ':')}\t{size}" for name, size in sorted(sizes.items())]
    write_through(out / "sources.tsv", "source\tversion\tkept_characters\n" + "\n".join(rows) + "\n")
    print(f"{out / 'corpus.txt'}: {sum(map(len, kept)) / 1e6:.1f} M characters in {len(kept)} documents")
