"""The tokens of a GGUF file and what kind each is."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from sinkscope.conversion.gguf_file import GgufFile


class Kind(IntEnum):
    """`tokenizer.ggml.token_type`; the numbers are sentencepiece's."""

    normal = 1
    unknown = 2
    control = 3
    user_defined = 4
    unused = 5
    byte = 6


@dataclass(frozen=True)
class TokenList:
    tokens: list[str]
    kinds: list[Kind]

    def named(self, token: int | None) -> str | None:
        return None if token is None else self.tokens[token]

    def added(self) -> list[dict[str, Any]]:
        """Those that are looked for in the raw text before anything else, as tokenizer.json lists them."""
        special = {Kind.unknown: True, Kind.control: True, Kind.user_defined: False}
        return [{"id": i, "content": token, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
                 "special": special[kind]} for i, (token, kind) in enumerate(zip(self.tokens, self.kinds)) if kind in special]


def read_tokens(file: GgufFile) -> TokenList:
    tokens = file.need("tokenizer.ggml.tokens")
    numbers = file.get("tokenizer.ggml.token_type", [Kind.normal] * len(tokens))
    if len(numbers) != len(tokens):
        raise file.error(f"'tokenizer.ggml.token_type': expected {len(tokens)}, one a token, found {len(numbers)}")
    if len(tokens) > (rows := file.shape("token_embd.weight")[0]):
        raise file.error(f"'tokenizer.ggml.tokens': expected at most {rows}, the rows of token_embd.weight, found {len(tokens)}")
    seen: dict[str, int] = {}
    for i, token in enumerate(tokens):
        if (first := seen.setdefault(token, i)) != i:
            raise file.error(f"'tokenizer.ggml.tokens': token {i} is {token!r}, and so is token {first}")
    for field in ("bos", "eos", "unknown", "padding"):
        token = file.get(name := f"tokenizer.ggml.{field}_token_id")
        if token is not None and not 0 <= token < len(tokens):
            raise file.error(f"'{name}': expected one of {len(tokens)} tokens, found {token}")
    try:
        return TokenList(tokens, [Kind(number) for number in numbers])
    except ValueError as error:
        raise file.error(f"'tokenizer.ggml.token_type': {error}") from error
