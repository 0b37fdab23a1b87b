"""Token ids and decoded text against the `tokenizers` package: zero differences on natural texts with the real Qwen3
tokenizer (where the shared data is), and on 100,000 generated strings. Run: tokenizer_agreement.py PROGRAM."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("SINKSCOPE_SHARED_DATA", ROOT.parent / "shared" / "data"))
QWEN_PATTERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
                r"|\s*[\r\n]+|\s+(?!\S)|\s+")
LLAMA3_PATTERN = QWEN_PATTERN.replace(r"\p{N}|", r"\p{N}{1,3}|", 1)
OTHER_PATTERN = r"'s|'t| ?\p{L}+| ?\p{N}{1,3}| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"  # takes the regular-expression path
STRINGS = 100_000
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
    return [path.read_bytes().decode("utf-8") for path in sorted(SHARED.glob("*.txt"))]


def trained(pattern: str, added: list[dict], ignore_merges: bool = False, nfc: bool = True) -> Tokenizer:
    """A small byte-level BPE of our own, with Qwen3's parts."""
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    if nfc:
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(pattern), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    texts = natural_texts() + strings(2000, 1, [])
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=900, show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    from tokenizers import AddedToken
    for options in added:
        token = AddedToken(**options)
        (tokenizer.add_special_tokens if options.get("special") else tokenizer.add_tokens)([token])
    return tokenizer


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


def program_ids(program: str, folder: Path, texts: Path, *more: str) -> list[list[int]]:
    output = subprocess.run([program, "tokenize", "--model", folder, "--text", texts, *more], check=True, capture_output=True).stdout
    return [json.loads(line) for line in output.splitlines()]


def compare_strings(program: str, folder: Path, tokenizer: Tokenizer, texts: list[str]) -> None:
    file = folder / "strings.jsonl"
    file.write_text("".join(json.dumps(text) + "\n" for text in texts), encoding="utf-8")
    got = program_ids(program, folder, file)
    assert len(got) == len(texts), f"{len(got)} results for {len(texts)} strings"
    for text, mine, theirs in zip(texts, got, tokenizer.encode_batch_fast(texts, add_special_tokens=False)):
        assert mine == theirs.ids, f"{text!r}: {mine} against {theirs.ids}"


def compare_decoding(program: str, folder: Path, tokenizer: Tokenizer, seed: int) -> None:
    draw = random.Random(seed)
    rows = [[draw.randrange(tokenizer.get_vocab_size()) for _ in range(draw.randint(1, 12))] for _ in range(5000)]
    file = folder / "ids.json"
    file.write_text(json.dumps(rows))
    output = subprocess.run([program, "tokenize", "--model", folder, "--decode", file], check=True, capture_output=True).stdout
    for row, line in zip(rows, output.splitlines(), strict=True):
        assert json.loads(line) == tokenizer.decode(row, skip_special_tokens=False), row


def check_small(program: str, folder: Path) -> int:
    added = [dict(content="<|endoftext|>", special=True), dict(content="<|end|>", special=True, normalized=False),
             dict(content="<think>", normalized=False), dict(content="<think>more", normalized=False),
             dict(content="é!", normalized=True), dict(content="wordy", single_word=True, normalized=False),
             dict(content="[L]", lstrip=True, normalized=False), dict(content="[R]", rstrip=True, normalized=False)]
    names = [options["content"] for options in added] + ["e\u0301!", " [L]", "[R]  ", "xwordy", "wordyé", "wordy"]
    counted = 0
    for index, (pattern, ignore) in enumerate([(QWEN_PATTERN, False), (OTHER_PATTERN, False), (QWEN_PATTERN, True)]):
        tokenizer = trained(pattern, added, ignore)
        place = folder / f"small{index}"
        place.mkdir()
        tokenizer.save(str(place / "tokenizer.json"))
        texts = strings(20_000 if index else STRINGS, seed=7 + index, added=names)
        every = [chr(c) for c in range(1, 0x110000, 1 if index == 0 else 97) if not 0xD800 <= c < 0xE000]
        texts += ["".join(every[i : i + 64]) for i in range(0, len(every), 64)]
        compare_strings(program, place, tokenizer, texts)
        compare_decoding(program, place, tokenizer, seed=index)
        counted += len(texts)
    return counted


def llama3(added: list[dict]) -> Tokenizer:
    """Llama 3's parts, of which the second token is the BOS that the template puts first."""
    special = [dict(content=name, special=True, normalized=False) for name in ("<|end_of_text|>", "<|begin_of_text|>")]
    tokenizer = trained(LLAMA3_PATTERN, special + added, ignore_merges=True, nfc=False)
    bos = "<|begin_of_text|>"
    tokenizer.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), processors.TemplateProcessing(
        single=f"{bos} $A", pair=f"{bos} $A {bos}:1 $B:1", special_tokens=[(bos, tokenizer.token_to_id(bos))])])
    return tokenizer


def check_bos(program: str, folder: Path, tokenizer: Tokenizer) -> None:
    for path in sorted(ROOT.glob("models/*/text.txt")):
        assert program_ids(program, folder, path, "--bos") == [tokenizer.encode(path.read_bytes().decode("utf-8")).ids], path


def check_llama3(program: str, folder: Path) -> int:
    added = [dict(content=f"<|reserved_special_token_{i}|>", special=True, normalized=False) for i in range(12)]
    tokenizer = llama3(added)
    place = folder / "llama3"
    place.mkdir()
    tokenizer.save(str(place / "tokenizer.json"))
    names = [options["content"] for options in added] + ["<|begin_of_text|>", "<|reserved_special_token_"]
    texts = natural_texts() + shared_texts() + strings(20_000, seed=21, added=names)
    compare_strings(program, place, tokenizer, texts)
    compare_decoding(program, place, tokenizer, seed=3)
    check_bos(program, place, tokenizer)
    return len(texts)


def check_real(program: str, folder: Path) -> int:
    place = folder / "qwen3"
    place.mkdir()
    shutil.copy(SHARED / "qwen3-tokenizer" / "tokenizer.json", place)
    tokenizer = Tokenizer.from_file(str(place / "tokenizer.json"))
    total = 0
    for name in ("wikitext-2-test.txt", "wikitext-2-valid.txt", "tinyshakespeare.txt"):
        ids = program_ids(program, place, SHARED / name)[0]
        assert ids == tokenizer.encode((SHARED / name).read_bytes().decode("utf-8")).ids, name
        total += len(ids)
    added = [token.content for token in tokenizer.get_added_tokens_decoder().values()]
    compare_strings(program, place, tokenizer, strings(STRINGS, seed=11, added=added))
    compare_decoding(program, place, tokenizer, seed=5)
    return total


def main() -> None:
    program = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        print(f"own tokenizers: {check_small(program, Path(folder))} strings, no difference")
        print(f"a tokenizer of Llama 3's kind: {check_llama3(program, Path(folder))} strings, no difference")
        if not SHARED.is_dir():
            print("skipped: the real Qwen3 tokenizer and texts are not here")
            sys.exit(77)
        print(f"Qwen3's tokenizer: {check_real(program, Path(folder))} tokens of text and {STRINGS} strings, no difference")


if __name__ == "__main__":
    main()
