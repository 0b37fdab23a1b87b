"""The tokenizer of a GGUF file as Hugging Face's files, by `tokenizer.ggml.model`."""

import json
from pathlib import Path
from typing import Any

from sinkscope.conversion import byte_level, sentencepiece_model
from sinkscope.conversion.gguf_file import GgufFile
from sinkscope.conversion.token_list import TokenList, read_tokens
from sinkscope.whole_files import new_file

KINDS = {"gpt2": byte_level, "llama": sentencepiece_model}  # tokenizer.ggml.model: what writes it


def tokenizer_files(file: GgufFile) -> dict[str, bytes]:
    """Name to content of each file."""
    kind = file.need("tokenizer.ggml.model")
    if kind not in KINDS:
        raise file.error(f"'tokenizer.ggml.model': expected one of {', '.join(KINDS)}, found '{kind}'")
    if file.get("tokenizer.ggml.add_eos_token", False):
        raise file.error("'tokenizer.ggml.add_eos_token' is true: a tokenizer that ends each text with a token is not supported")
    tokens = read_tokens(file)
    name, content, adds_bos = KINDS[kind].make(file, tokens)
    return {name: content, "tokenizer_config.json": as_json(tokenizer_config(file, tokens, adds_bos))}


def tokenizer_config(file: GgufFile, tokens: TokenList, adds_bos: bool) -> dict[str, Any]:
    config: dict[str, Any] = {"add_bos_token": adds_bos, "clean_up_tokenization_spaces": False,
                              "model_max_length": file.own("context_length")}
    for role, field in (("bos", "bos"), ("eos", "eos"), ("unk", "unknown"), ("pad", "padding")):
        config[role + "_token"] = tokens.named(file.get(f"tokenizer.ggml.{field}_token_id"))
    config["added_tokens_decoder"] = {
        str(token["id"]): {key: value for key, value in token.items() if key != "id"} for token in tokens.added()}
    sentencepiece = file.get("tokenizer.ggml.model") == "llama"
    return config | {"tokenizer_class": "LlamaTokenizer" if sentencepiece else "PreTrainedTokenizerFast"}


def as_json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


def write_tokenizer(file: GgufFile, folder: Path) -> None:
    for name, content in tokenizer_files(file).items():
        with new_file(folder / name) as out:
            out.write(content)
