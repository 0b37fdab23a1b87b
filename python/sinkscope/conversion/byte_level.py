"""tokenizer.json of a byte-level BPE. A GGUF file names the way in which text is split before, `tokenizer.ggml.pre`; what that
name stands for is here, as the tokenizers of these models were published."""

import json
from dataclasses import dataclass
from typing import Any

from sinkscope.conversion.gguf_file import GgufFile
from sinkscope.conversion.token_list import Kind, TokenList

Json = dict[str, Any]


def bytes_as_letters(use_regex: bool) -> Json:
    return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": use_regex}


def by_pattern(pattern: str) -> Json:
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    return {"type": "Sequence", "pretokenizers": [split, bytes_as_letters(use_regex=False)]}


def words_and(digits: str) -> Json:
    """GPT-4's split: contractions, words with one mark before them, digits, other signs, line ends, spaces."""
    return by_pattern(r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|" + digits +
                      r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")


@dataclass(frozen=True)
class Split:
    pre_tokenizer: Json
    nfc: bool = False
    ignore_merges: bool = False  # a whole word that is a token is that token
    adds_bos: bool = False  # where the file does not say


SPLITS = {
    "gpt-2": Split(bytes_as_letters(use_regex=True)),
    "smollm": Split({"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": True},
                                                           bytes_as_letters(use_regex=True)]}),
    "qwen2": Split(words_and(r"\p{N}"), nfc=True),
    "llama-bpe": Split(words_and(r"\p{N}{1,3}"), ignore_merges=True, adds_bos=True),
}


def make(file: GgufFile, tokens: TokenList) -> tuple[str, bytes, bool]:
    """Name and content of the file, and whether a text begins with BOS."""
    name = file.need("tokenizer.ggml.pre")
    if name not in SPLITS:
        raise file.error(f"'tokenizer.ggml.pre': expected one of {', '.join(SPLITS)}, found '{name}'")
    split = SPLITS[name]
    adds_bos = file.get("tokenizer.ggml.add_bos_token", split.adds_bos)
    content = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": tokens.added(),
        "normalizer": {"type": "NFC"} if split.nfc else None, "pre_tokenizer": split.pre_tokenizer,
        "post_processor": bos_first(file, tokens) if adds_bos else None,
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": bpe(file, tokens, split.ignore_merges),
    }  # fmt: skip
    return "tokenizer.json", json.dumps(content, ensure_ascii=False, indent=1).encode(), adds_bos


def bpe(file: GgufFile, tokens: TokenList, ignore_merges: bool) -> Json:
    """Padding that only fills up the rows of the embedding is no token: a published tokenizer has none of it either."""
    vocabulary = {token: i for i, (token, kind) in enumerate(zip(tokens.tokens, tokens.kinds)) if kind != Kind.unused}
    merges = [merge.split(" ") for merge in file.need("tokenizer.ggml.merges")]
    for i, merge in enumerate(merges):
        if len(merge) != 2 or not {*merge, "".join(merge)} <= vocabulary.keys():
            raise file.error(f"'tokenizer.ggml.merges': expected two tokens that make a third, found {' '.join(merge)!r} ({i})")
    return {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None,
            "fuse_unk": False, "byte_fallback": False, "ignore_merges": ignore_merges, "vocab": vocabulary, "merges": merges}


def bos_first(file: GgufFile, tokens: TokenList) -> Json:
    bos = file.need("tokenizer.ggml.bos_token_id")
    token, text = ({"SpecialToken": {"id": tokens.tokens[bos], "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}})
    second = {"SpecialToken": {"id": tokens.tokens[bos], "type_id": 1}}, {"Sequence": {"id": "B", "type_id": 1}}
    return {"type": "TemplateProcessing", "single": [token, text], "pair": [token, text, *second],
            "special_tokens": {tokens.tokens[bos]: {"id": tokens.tokens[bos], "ids": [bos], "tokens": [tokens.tokens[bos]]}}}
