"""Texts and generated strings for tokenizers, and the program's ids held against the `tokenizers` package."""

from __future__ import annotations

import json
import random
from pathlib import Path

from tokenizers import Tokenizer

from sinkscope import ROOT
from support.program import Program
from support.shared_data import SHARED_DATA

SCRIPTS = [(0x20, 0x7E), (0xA0, 0x24F), (0x370, 0x3FF), (0x400, 0x52F), (0x590, 0x5FF), (0x600, 0x6FF), (0x900, 0x97F),
           (0xE00, 0xE7F), (0x1100, 0x11FF), (0x1E00, 0x1FFF), (0x2000, 0x206F), (0x2100, 0x218F), (0x3040, 0x30FF),
           (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0xF900, 0xFAFF), (0xFE00, 0xFE0F), (0x10000, 0x1013F), (0x11000, 0x11FFF),
           (0x1D400, 0x1D7FF), (0x1E000, 0x1E8FF), (0x1F300, 0x1FAFF), (0x20000, 0x2FA1F), (0x2EBF0, 0x2EE5F), (0, 0x10FFFF)]
MARKS = [*range(0x300, 0x370), 0x93C, 0x94D, 0x5B0, 0x64B, 0x1AB0, 0x1AC5, 0x1DC0, 0x20D0, 0x302A, 0x3099, 0xFE20, 0x1E4EC,
         0x10EFD, 0x11F41, 0x897, 0x1ACF, 0x1D165]
SPECIAL = ["\u180e", "\u017f", "'\u017f", "\u200d", "\ufe0f", "\u00a0", "\u3000", "\u0085", "\u2028", "\ufeff", "\x00", "\x1c",
           "\u212a", "\u1e9e", "ﬆ", "'ﬆ", "👩‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪", "क्षि", "é", "e\u0301", "Å", "\u212b", "\ud7a3", "\u1100\u1161\u11a8"]
CONTRACTIONS = ["'s", "'S", "'t", "'re", "'RE", "'rE", "'ve", "'Ve", "'m", "'M", "'ll", "'lL", "'d", "'D", "’s", "'x", "''s", "'l"]


def natural_texts() -> list[str]:
    return [path.read_bytes().decode("utf-8") for path in sorted(ROOT.glob("models/*/text.txt"))]


def shared_texts() -> list[str]:
    """Of the data that is no part of a clone; none where it is not there."""
    return [path.read_bytes().decode("utf-8") for path in sorted(SHARED_DATA.glob("*.txt"))]


def every_code_point(step: int) -> list[str]:
    """Every `step`-th code point but the surrogates, 64 a string."""
    every = [chr(c) for c in range(1, 0x110000, step) if not 0xD800 <= c < 0xE000]
    return ["".join(every[i : i + 64]) for i in range(0, len(every), 64)]


def strings(count: int, seed: int, added: list[str]) -> list[str]:
    draw = random.Random(seed)

    def piece() -> str:
        kind = draw.randrange(10)
        if kind == 0:
            return draw.choice([" ", "  ", "   ", "\n", "\n\n", "\r\n", "\t", " \n ", "\n \n", "\r"]) * draw.randint(1, 3)
        if kind == 1:
            return str(draw.randrange(10 ** draw.randint(1, 8)))
        if kind == 2:
            return draw.choice(["I", "he", "WE", "it", "", " you"]) + draw.choice(CONTRACTIONS)
        if kind == 3 and added:
            return draw.choice(added)
        if kind == 4:
            return draw.choice(SPECIAL)
        if kind == 5:
            return draw.choice("aeoAEOn가अ\u0f71") + "".join(chr(draw.choice(MARKS)) for _ in range(draw.randint(1, 4)))
        if kind == 6:
            return "".join(draw.choice("{}[]()<>|/\\_=+-*&^%$#@!~`;:,.?\"'") for _ in range(draw.randint(1, 5)))
        first, last = draw.choice(SCRIPTS)
        letters = (chr(draw.randint(first, last)) for _ in range(draw.randint(1, 6)))
        return "".join(c for c in letters if not 0xD800 <= ord(c) < 0xE000)

    return ["".join(piece() for _ in range(draw.randint(1, 9))) or "a" for _ in range(count)]


def write_strings(file: Path, texts: list[str]) -> Path:
    file.write_text("".join(json.dumps(text) + "\n" for text in texts), encoding="utf-8")
    return file


def program_ids(program: Program, folder: Path, texts: Path, *more: str) -> list[list[int]]:
    return [json.loads(line) for line in program.output("tokenize", "--model", folder, "--text", texts, *more).splitlines()]


def compare_strings(program: Program, folder: Path, tokenizer: Tokenizer, texts: list[str]) -> None:
    got = program_ids(program, folder, write_strings(folder / "strings.jsonl", texts))
    assert len(got) == len(texts)
    for text, mine, theirs in zip(texts, got, tokenizer.encode_batch_fast(texts, add_special_tokens=False), strict=True):
        assert mine == theirs.ids, f"{text!r}: {mine} against {theirs.ids}"


def compare_decoding(program: Program, folder: Path, tokenizer: Tokenizer, seed: int) -> None:
    draw = random.Random(seed)
    rows = [[draw.randrange(tokenizer.get_vocab_size()) for _ in range(draw.randint(1, 12))] for _ in range(5000)]
    file = folder / "ids.json"
    file.write_text(json.dumps(rows))
    lines = program.output("tokenize", "--model", folder, "--decode", file).removesuffix("\n").split("\n")  # U+2028 ends no line
    for row, line in zip(rows, lines, strict=True):
        assert json.loads(line) == tokenizer.decode(row, skip_special_tokens=False), row


def compare_bos(program: Program, folder: Path, tokenizer: Tokenizer) -> None:
    for path in sorted(ROOT.glob("models/*/text.txt")):
        assert program_ids(program, folder, path, "--bos") == [tokenizer.encode(path.read_bytes().decode("utf-8")).ids], path
