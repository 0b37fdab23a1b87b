"""Random parts of tokenizer.json and random pipelines of them, as JSON, around vocabularies that are trained once."""

from __future__ import annotations

import copy
import json
import random
from functools import cache
from typing import Any

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from support.tokenizer_strings import MARKS, SCRIPTS, SPECIAL, natural_texts

Json = dict[str, Any]

REGEXES = [r"\s+", r"\d", r"\p{L}+", r"[^\p{L}\p{N}\s]+", r"\p{Lu}[\p{Ll}\p{M}]*", r"(?i:ab|é)", r"a|b|c", r"\w+", r"\b", r"\W",
           r"[a-f]+\s*", r" ?\p{L}+| ?\p{N}{1,3}|\s+(?!\S)|\s+", r"\p{Han}|\p{Hiragana}+", r"[一-龥぀-ゟ]+", r"\n", r"(?<=\d)(?=\d)",
           r"x*", r"\p{M}+", r"[\p{Lu}\p{Lt}]+", r"\P{L}", r"(?i:[\p{Lu}k]+)", r"\S{2}", r"\p{P}", r"\p{Sc}|\p{So}"]
STRINGS = [" ", "▁", "a", "th", "\n", "é", "''", "  ", "ab", "Ġ"]
BEHAVIORS = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]
ADDED = ["<s>", "</s>", "<unk>", "<|end|>", "<|end|>more", "Hello", "he", "hell", "  ", "\n\n", "é!", "wordy", "▁▁", "[L]", "[R]", "THE",
         "0"]


def pattern(draw: random.Random) -> Json:
    return {"Regex": draw.choice(REGEXES)} if draw.random() < 0.6 else {"String": draw.choice(STRINGS)}


def normalizer(draw: random.Random) -> Json:
    kind = draw.choice(["NFC", "NFD", "NFKC", "NFKD", "Lowercase", "Strip", "StripAccents", "Prepend", "Replace", "ByteLevel", "Nmt"])
    if kind == "Strip":
        return {"type": kind, "strip_left": draw.random() < 0.5, "strip_right": draw.random() < 0.5}
    if kind == "Prepend":
        return {"type": kind, "prepend": draw.choice(["▁", " ", "ab"])}
    if kind == "Replace":
        return {"type": kind, "pattern": pattern(draw), "content": draw.choice(["", " ", "▁", "xy", "é"])}
    return {"type": kind}


def pre_tokenizer(draw: random.Random) -> Json:
    kind = draw.choice(["ByteLevel", "ByteLevel", "Split", "Split", "Split", "Digits", "Metaspace", "Metaspace", "Punctuation",
                        "Whitespace", "WhitespaceSplit", "CharDelimiterSplit", "BertPreTokenizer", "FixedLength"])
    options: Json = {}
    if kind == "ByteLevel":
        options = {"add_prefix_space": draw.random() < 0.5, "trim_offsets": True, "use_regex": draw.random() < 0.5}
    elif kind == "Split":
        options = {"pattern": pattern(draw), "behavior": draw.choice(BEHAVIORS), "invert": draw.random() < 0.3}
    elif kind == "Digits":
        options = {"individual_digits": draw.random() < 0.5}
    elif kind == "Metaspace":
        options = {"replacement": draw.choice("▁▁_"), "prepend_scheme": draw.choice(["always", "first", "never"]),
                   "split": draw.random() < 0.5}
    elif kind == "Punctuation":
        options = {"behavior": draw.choice(BEHAVIORS)}
    elif kind == "CharDelimiterSplit":
        options = {"delimiter": draw.choice(" a-")}
    elif kind == "FixedLength":
        options = {"length": draw.randint(1, 6)}
    return {"type": kind, **options}


def decoder(draw: random.Random) -> Json:
    kind = draw.choice(["ByteLevel", "Metaspace", "ByteFallback", "Fuse", "Strip", "Replace", "BPEDecoder"])
    if kind == "Metaspace":
        return {"type": kind, "replacement": "▁", "prepend_scheme": draw.choice(["always", "first", "never"]), "split": True}
    if kind == "Strip":
        return {"type": kind, "content": draw.choice(" ▁a"), "start": draw.randint(0, 2), "stop": 0}
    if kind == "Replace":
        return {"type": kind, "pattern": pattern(draw), "content": draw.choice(["", " ", "xy"])}
    if kind == "BPEDecoder":
        return {"type": kind, "suffix": "</w>"}
    return {"type": kind} | ({"add_prefix_space": True, "trim_offsets": True, "use_regex": True} if kind == "ByteLevel" else {})


def some(draw: random.Random, part: Any, kind: str, most: int = 3) -> Json | None:
    parts = [part(draw) for _ in range(draw.randint(0, most))]
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else {"type": "Sequence", kind: parts}


def post_processor(draw: random.Random, vocabulary: dict[str, int]) -> Json | None:
    kind = draw.choice([None, "TemplateProcessing", "RobertaProcessing", "ByteLevel", "Sequence"])
    tokens = draw.sample(sorted(vocabulary), 3)
    if kind == "TemplateProcessing":
        around = [[{"SpecialToken": {"id": token, "type_id": 0}} for token in tokens[: draw.randint(0, 3)]] for _ in range(2)]
        ids = {token: {"id": token, "ids": [vocabulary[token]], "tokens": [token]} for token in tokens}
        single = [*around[0], {"Sequence": {"id": "A", "type_id": 0}}, *around[1]]
        return {"type": kind, "single": single, "pair": single + [{"Sequence": {"id": "B", "type_id": 1}}], "special_tokens": ids}
    if kind == "RobertaProcessing":
        return {"type": kind, "sep": [tokens[0], vocabulary[tokens[0]]], "cls": [tokens[1], vocabulary[tokens[1]]], "trim_offsets": True,
                "add_prefix_space": False}
    if kind == "ByteLevel":
        return {"type": kind, "add_prefix_space": True, "trim_offsets": False, "use_regex": True}
    if kind == "Sequence":
        parts = [post_processor(draw, vocabulary) for _ in range(2)]
        return {"type": kind, "processors": [part for part in parts if part]}
    return None


@cache
def trained(kind: str) -> Json:
    """A model of a small vocabulary, as JSON."""
    texts = [line for text in natural_texts() for line in text[:60_000].splitlines()]
    if kind == "Unigram":
        tokenizer = Tokenizer(models.Unigram())
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
        tokenizer.train_from_iterator(texts, trainers.UnigramTrainer(vocab_size=700, show_progress=False, unk_token="<unk>",
                                                                     special_tokens=["<unk>", "<s>", "</s>"]))
    else:
        tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True))
        alphabet: list[str] = []
        if kind == "bytes":
            tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
            alphabet = pre_tokenizers.ByteLevel.alphabet()
        else:
            tokenizer.normalizer = normalizers.Replace(" ", "▁")
            tokenizer.decoder = decoders.Fuse()
        bytes_ = [f"<0x{byte:02X}>" for byte in range(256)]
        tokenizer.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=1200, show_progress=False, initial_alphabet=alphabet,
                                                                 special_tokens=["<unk>", "<s>", "</s>", *bytes_]))
    return json.loads(tokenizer.to_str())["model"]


def model(draw: random.Random) -> Json:
    made = copy.deepcopy(trained(draw.choice(["bytes", "characters", "characters", "Unigram"])))
    if made["type"] == "Unigram":
        made["byte_fallback"] = draw.random() < 0.5
        return made
    made |= {"unk_token": draw.choice([None, "<unk>"]), "fuse_unk": draw.random() < 0.5, "byte_fallback": draw.random() < 0.5,
             "ignore_merges": draw.random() < 0.3}
    used = {part for merge in made["merges"] for part in (*merge, "".join(merge))} | {"<unk>"}
    if draw.random() < 0.3:  # symbols that are missing: of what no merge needs
        gone = set(draw.sample(sorted(made["vocab"]), 200)) - used
        made["vocab"] = {token: i for token, i in made["vocab"].items() if token not in gone}
    if draw.random() < 0.3 and not any(" " in part for merge in made["merges"] for part in merge):
        made["merges"] = [" ".join(merge) for merge in made["merges"]]
    if draw.random() < 0.1:
        made |= {"merges": [], draw.choice(["continuing_subword_prefix", "end_of_word_suffix"]): draw.choice(["a", "▁"])}
    return made


def added_tokens(draw: random.Random) -> list[Json]:
    flags = ["single_word", "lstrip", "rstrip", "normalized", "special"]
    return [{"id": 5000 + i, "content": content} | {flag: draw.random() < 0.3 for flag in flags}
            for i, content in enumerate(draw.sample(ADDED, draw.randint(0, 6)))]


def pipeline(draw: random.Random) -> Json:
    made = model(draw)
    vocabulary = made["vocab"] if isinstance(made["vocab"], dict) else {piece[0]: i for i, piece in enumerate(made["vocab"])}
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added_tokens(draw),
            "normalizer": some(draw, normalizer, "normalizers"), "pre_tokenizer": some(draw, pre_tokenizer, "pretokenizers"),
            "post_processor": post_processor(draw, vocabulary), "decoder": some(draw, decoder, "decoders"), "model": made}


def text(draw: random.Random) -> str:
    def piece() -> str:
        kind = draw.randrange(8)
        if kind == 0:
            return draw.choice([" ", "  ", "\n", "\t", " \n ", "\u3000", "\u00a0", "▁", " ▁"])
        if kind == 1:
            return draw.choice(ADDED)
        if kind == 2:
            return draw.choice(SPECIAL)
        if kind == 3:
            return draw.choice("aeoAEOn가अ") + "".join(chr(draw.choice(MARKS)) for _ in range(draw.randint(1, 3)))
        if kind == 4:
            return str(draw.randrange(10 ** draw.randint(1, 5)))
        if kind == 5:
            return draw.choice(["the", "Hello", "THE", " ab", "hello wordy", "x-y", "don't", "a", "'s"])
        first, last = draw.choice(SCRIPTS)
        return "".join(chr(c) for c in (draw.randint(first, last) for _ in range(draw.randint(1, 4))) if not 0xD800 <= c < 0xE000)

    return "".join(piece() for _ in range(draw.randint(0, 7)))
