"""tokenizer.model of a sentencepiece BPE (Llama 2, Mistral): the protocol buffer that the sentencepiece library reads, written by
hand since it is four kinds of field."""

import struct

from sinkscope.conversion.gguf_file import GgufFile
from sinkscope.conversion.token_list import Kind, TokenList

# Numbers of fields in sentencepiece_model.proto.
PIECES, TRAINER, NORMALIZER = 1, 2, 3
PIECE, SCORE, KIND = 1, 2, 3
MODEL_TYPE, VOCABULARY_SIZE, BYTE_FALLBACK, UNKNOWN_ID, BOS_ID, EOS_ID, PAD_ID = 3, 4, 35, 40, 41, 42, 43
RULE, ADD_DUMMY_PREFIX, REMOVE_EXTRA_SPACES, ESCAPE_SPACES = 1, 3, 4, 5
BPE = 2


def number(value: int) -> bytes:
    """A varint: seven bits a byte, the lowest first; a negative number as its 64 bits."""
    value &= 2**64 - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def integer(field: int, value: int) -> bytes:
    return number(field << 3) + number(value)


def real(field: int, value: float) -> bytes:
    return number(field << 3 | 5) + struct.pack("<f", value)


def block(field: int, content: bytes) -> bytes:
    return number(field << 3 | 2) + number(len(content)) + content


def make(file: GgufFile, tokens: TokenList) -> tuple[str, bytes, bool]:
    """Name and content of the file, and whether a text begins with BOS."""
    pre = file.get("tokenizer.ggml.pre", "default")
    if pre != "default":
        raise file.error(f"'tokenizer.ggml.pre' of a sentencepiece tokenizer: expected default, found '{pre}'")
    scores = file.need("tokenizer.ggml.scores")
    if len(scores) != len(tokens.tokens):
        raise file.error(f"'tokenizer.ggml.scores': expected {len(tokens.tokens)}, one a token, found {len(scores)}")
    if (count := tokens.kinds.count(Kind.unknown)) != 1:
        raise file.error(f"'tokenizer.ggml.token_type': expected one unknown token, found {count}")
    pieces = b"".join(
        block(PIECES, block(PIECE, token.encode()) + real(SCORE, score) + integer(KIND, kind))
        for token, score, kind in zip(tokens.tokens, scores, tokens.kinds))
    content = pieces + block(TRAINER, trainer(file, tokens)) + block(NORMALIZER, normalizer(file))
    return "tokenizer.model", content, file.get("tokenizer.ggml.add_bos_token", True)


def trainer(file: GgufFile, tokens: TokenList) -> bytes:
    ids = {UNKNOWN_ID: tokens.kinds.index(Kind.unknown)}
    for field, name in ((BOS_ID, "bos"), (EOS_ID, "eos"), (PAD_ID, "padding")):
        ids[field] = file.get(f"tokenizer.ggml.{name}_token_id", -1)
    facts = {MODEL_TYPE: BPE, VOCABULARY_SIZE: len(tokens.tokens), BYTE_FALLBACK: Kind.byte in tokens.kinds} | ids
    return b"".join(integer(field, value) for field, value in facts.items())


def normalizer(file: GgufFile) -> bytes:
    return (block(RULE, b"identity") + integer(ADD_DUMMY_PREFIX, file.get("tokenizer.ggml.add_space_prefix", True))
            + integer(REMOVE_EXTRA_SPACES, file.get("tokenizer.ggml.remove_extra_whitespaces", False)) + integer(ESCAPE_SPACES, True))
