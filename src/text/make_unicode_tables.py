#!/usr/bin/env python3
"""Writes src/text/unicode_tables.h: what the pinned `tokenizers` package takes for a letter, a number, white space and a
combining mark, asked of the package itself for every code point. ICU and the package hold different Unicode versions;
with these tables the program splits and normalises as the package does, whatever ICU it is built with.
Run: src/text/make_unicode_tables.py > src/text/unicode_tables.h"""

import sys

import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, models
from tokenizers.normalizers import NFC
from tokenizers.pre_tokenizers import Split

CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
LAST_CLASS = "\u0345"  # combining class 240, the largest: any lower mark after it is moved before it


def matching(pattern: str) -> list[int]:
    """Code points that match a one-character pattern, each between separators that do not."""
    split = Split(Regex(pattern), "isolated")
    found = []
    for start in range(0, len(CODE_POINTS), 4096):
        chunk = CODE_POINTS[start : start + 4096]
        for piece, _ in split.pre_tokenize_str("".join(map(chr, chunk))):
            if len(piece) == 1 and split.pre_tokenize_str("-" + piece + "-")[1:2] == [(piece, (1, 2))]:
                found.append(ord(piece))
    return found


def inside_words() -> list[int]:
    """Code points before which an added token with single_word is not matched."""
    tokenizer = Tokenizer(models.BPE(vocab={"x": 0}, merges=[]))
    tokenizer.add_tokens([AddedToken("X", single_word=True, normalized=False)])
    encoded = tokenizer.encode_batch_fast([chr(c) + "X" for c in CODE_POINTS])
    return [c for c, found in zip(CODE_POINTS, encoded) if tokenizer.token_to_id("X") not in found.ids]


def reordered() -> list[int]:
    """Code points that the package's NFC moves before U+0345: those with a combining class from 1 to 239."""
    nfc = NFC()
    return [c for c in CODE_POINTS if nfc.normalize_str("a" + LAST_CLASS + chr(c)).endswith(LAST_CLASS) and chr(c) != LAST_CLASS]


def ranges(code_points: list[int]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for c in sorted(code_points):
        if joined and c == joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], c)
        else:
            joined.append((c, c))
    return joined


def table(name: str, what: str, code_points: list[int]) -> str:
    cells = [f"{{0x{a:X}, 0x{b:X}}}" for a, b in ranges(code_points)]
    lines, line = [], "   "
    for cell in cells:
        if len(line) + len(cell) > 105:
            lines, line = lines + [line], "   "
        line += f" {cell},"
    body = "\n".join(lines + [line])
    return f"/// {what}\ninline constexpr CodePointRange {name}[] = {{\n{body}\n}};\n"


def main() -> None:
    print("#pragma once\n")
    print(f"// Made by src/text/make_unicode_tables.py from tokenizers {tokenizers.__version__}; do not edit.\n// clang-format off\n")
    print("namespace sinkscope::text {\n")
    print("struct CodePointRange {\n  char32_t first, last;\n};\n")
    print(table("kLetters", "What \\p{L} matches.", matching(r"\p{L}")))
    print(table("kNumbers", "What \\p{N} matches.", matching(r"\p{N}")))
    print(table("kWhiteSpace", "What \\s matches.", matching(r"\s")))
    print(table("kWord", "What stands inside a word for an added token with single_word.", inside_words()))
    print(table("kCombining", "Marks with a canonical combining class from 1 to 239.", reordered()))
    print("}  // namespace sinkscope::text")


if __name__ == "__main__":
    sys.exit(main())
