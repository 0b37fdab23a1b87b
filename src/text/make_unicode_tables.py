#!/usr/bin/env python3
"""Writes src/text/unicode_tables.h: what the pinned `tokenizers` package takes for a letter, a number, white space, a word
and so on, asked of the package itself for every code point. Its parts hold several Unicode versions (patterns, lower case,
normalisation, punctuation), ICU and Oniguruma on the machine others; with these tables the program does as the package
does, whatever it is built with.
Run: src/text/make_unicode_tables.py > src/text/unicode_tables.h"""

import sys

import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, models
from tokenizers.normalizers import NFC, NFD, NFKD, Lowercase, Normalizer, Replace, StripAccents
from tokenizers.pre_tokenizers import Digits, PreTokenizer, Punctuation, WhitespaceSplit

CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
LAST_CLASS = "\u0345"  # combining class 240, the largest: any lower mark after it is moved before it
CATEGORIES = ["Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po",
              "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Co"]  # no Cs in UTF-8; what is in none is Cn
SCRIPTS = ["Arabic", "Armenian", "Bengali", "Bopomofo", "Common", "Cyrillic", "Devanagari", "Ethiopic", "Georgian", "Greek",
           "Gujarati", "Gurmukhi", "Han", "Hangul", "Hebrew", "Hiragana", "Inherited", "Kannada", "Katakana", "Khmer", "Lao", "Latin",
           "Malayalam", "Mongolian", "Myanmar", "Oriya", "Sinhala", "Tamil", "Telugu", "Thai", "Tibetan"]


def chunks() -> list[str]:
    return ["".join(map(chr, CODE_POINTS[start : start + 4096])) for start in range(0, len(CODE_POINTS), 4096)]


def matching(characters: str) -> list[int]:
    """Code points that a class of these contents matches."""
    drop_others = Replace(Regex(f"[^{characters}]"), "")
    return [ord(c) for chunk in chunks() for c in drop_others.normalize_str(chunk)]


def changed(normalizer: Normalizer) -> dict[int, str]:
    """What the normalizer makes of each code point that it does not leave alone."""
    results = ((c, normalizer.normalize_str(chr(c))) for c in CODE_POINTS)
    return {c: result for c, result in results if result != chr(c)}


def split_off(pre_tokenizer: PreTokenizer) -> list[int]:
    """Code points that do not stay between two letters."""
    return [c for c in CODE_POINTS if len(pre_tokenizer.pre_tokenize_str("a" + chr(c) + "a")) != 1]


def inside_words() -> list[int]:
    """Code points before which an added token with single_word is not matched: \\w of another engine than the patterns'."""
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


def array(kind: str, name: str, what: str, cells: list[str]) -> str:
    lines, line = [], "   "
    for cell in cells:
        if len(line) + len(cell) > 117:
            lines, line = lines + [line], "   "
        line += f" {cell},"
    body = "\n".join(lines + [line])
    return f"/// {what}\ninline constexpr {kind} {name}[] = {{\n{body}\n}};\n"


def table(name: str, what: str, code_points: list[int]) -> str:
    return array("CodePointRange", name, what, [f"{{0x{a:X}, 0x{b:X}}}" for a, b in ranges(code_points)])


def categories() -> str:
    cells = sorted((a, b, name) for name in CATEGORIES for a, b in ranges(matching(rf"\p{{{name}}}")))
    return array("CategoryRange", "kCategories", "The general categories of \\p{...}; what is in none is Cn.",
                 [f"{{0x{a:X}, 0x{b:X}, Category::{name}}}" for a, b, name in cells])


def scripts() -> str:
    cells = [f'{{0x{a:X}, 0x{b:X}, "{name}"}}' for name in SCRIPTS for a, b in ranges(matching(rf"\p{{{name}}}"))]
    return array("ScriptRange", "kScripts", "The scripts of \\p{...} that patterns may name.", cells)


def lowercase() -> str:
    """Runs of letters, every `step`-th of which becomes the one `offset` behind it; U+0130 alone becomes two."""
    mapped = changed(Lowercase())
    assert mapped.pop(0x130) == "i\u0307"
    assert all(len(lower) == 1 for lower in mapped.values())
    runs: list[list[int]] = []
    for c, lower in sorted(mapped.items()):
        offset = ord(lower) - c
        if runs and runs[-1][2] == offset and (c - runs[-1][1] == runs[-1][3] or (runs[-1][0] == runs[-1][1] and c - runs[-1][1] <= 2)):
            runs[-1][3] = c - runs[-1][1]
            runs[-1][1] = c
        else:
            runs.append([c, c, offset, 1])
    return array("LowercaseRun", "kLowercase", "Lower case, but for U+0130.",
                 [f"{{0x{a:X}, 0x{b:X}, {offset}, {step}}}" for a, b, offset, step in runs])


def main() -> None:
    white_space = matching(r"\s")
    assert split_off(WhitespaceSplit()) == white_space
    print("#pragma once\n")
    print(f"// Made by src/text/make_unicode_tables.py from tokenizers {tokenizers.__version__}; do not edit.\n// clang-format off\n")
    print("#include <cstdint>\n\nnamespace sinkscope::text {\n")
    print("struct CodePointRange {\n  char32_t first, last;\n};\n")
    print(f"enum class Category : uint8_t {{ Cn, {', '.join(CATEGORIES)} }};\n")
    print("struct CategoryRange {\n  char32_t first, last;\n  Category category;\n};\n")
    print("struct ScriptRange {\n  char32_t first, last;\n  const char* script;\n};\n")
    print("struct LowercaseRun {\n  char32_t first, last;\n  int32_t offset;\n  uint8_t step;\n};\n")
    print(categories())
    print(scripts())
    print(table("kWhiteSpace", "What \\s matches.", white_space))
    print(table("kPatternWord", "What \\w matches in a pattern.", matching(r"\w")))
    print(table("kWord", "What \\w is to added tokens and to the pre-tokenizer Whitespace.", inside_words()))
    print(table("kNumeric", "What the pre-tokenizer Digits takes for a digit.", split_off(Digits())))
    print(table("kPunctuation", "What the pre-tokenizer Punctuation splits off.", split_off(Punctuation())))
    print(table("kAccents", "What the normalizer StripAccents removes.", list(changed(StripAccents()))))
    print(table("kCombining", "Marks with a canonical combining class from 1 to 239.", reordered()))
    print(table("kDecomposing", "What NFKD changes.", list(changed(NFKD()))))
    print(table("kCanonical", "What NFD changes.", list(changed(NFD()))))
    print(lowercase())
    print("}  // namespace sinkscope::text")


if __name__ == "__main__":
    sys.exit(main())
