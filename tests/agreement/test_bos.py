"""Whether samples begin with a BOS is what transformers does, and every file that decides it is in the result with its hash."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM, LlamaTokenizer

from support.program import QUIET, Program, text_of
from support.sentencepiece_models import llama, load

CONFIGS = [{}, {"add_bos_token": True}, {"add_bos_token": False}]
WITHOUT_JSON = [{"add_bos_token": True, "bos_token": None}, {"add_bos_token": True, "bos_token": "</s>"},
                {"add_bos_token": True, "bos_token": {"content": "</s>"}}, {"add_bos_token": False, "bos_token": "</s>"}]
CASES = [*(("template", config) for config in CONFIGS), *(("no template", config) for config in CONFIGS),
         *(("no tokenizer.json", config) for config in CONFIGS + WITHOUT_JSON)]


@pytest.fixture
def model(llama2: Path) -> Path:
    """A Llama for the tokenizer, so that experiments run on text."""
    config = LlamaConfig(vocab_size=1000, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2)
    LlamaForCausalLM(config).save_pretrained(llama2)
    (llama2 / "text.txt").write_text("Some words to begin with, and then some more of them.")
    return llama2


def scanned(program: Program, folder: Path, *options: str) -> dict:
    return program.result("scan", folder / "result.json", *text_of(folder, 2, 6), "--measure", "sink", "--track", 0, "--force",
                          *QUIET, *options)


@pytest.mark.parametrize(("tokenizer_json", "config"), CASES, ids=[f"{json.dumps(config)}, {which}" for which, config in CASES])
def test_auto_is_what_transformers_does(tokenizer_json: str, config: dict, program: Program, model: Path) -> None:
    """By the template of tokenizer.json, else by tokenizer_config.json."""
    built = json.loads(llama(load(model), "prepend").to_str())
    (model / "tokenizer_config.json").write_text(json.dumps(config | {"tokenizer_class": "LlamaTokenizer"}))
    if tokenizer_json == "no tokenizer.json":  # from_pretrained reads a tokenizer.model by protobuf, and gives the class what is here
        merges = [tuple(merge) for merge in built["model"]["merges"]]
        options = {name: value["content"] if isinstance(value, dict) else value for name, value in config.items()}
        theirs = LlamaTokenizer(vocab=built["model"]["vocab"], merges=merges, **options)
    else:
        post = built["post_processor"] if tokenizer_json == "template" else None
        (model / "tokenizer.json").write_text(json.dumps(built | {"post_processor": post}))
        theirs = AutoTokenizer.from_pretrained(model)
    text = (model / "text.txt").read_text()
    ids, plain = theirs(text).input_ids, theirs(text, add_special_tokens=False).input_ids
    assert ids[len(ids) - len(plain) :] == plain
    first = ids[: len(ids) - len(plain)]
    data = scanned(program, model)["data"]
    assert [data["bos"]] == (first or ["none"])
    assert (data["length"], data["text_tokens"]) == (6, len(plain))
    assert scanned(program, model, "--bos", "without")["data"]["bos"] == "none"
    assert scanned(program, model, "--bos", "with")["data"]["bos"] == (first or [theirs.bos_token_id or 1])[0]


def test_every_file_that_changes_the_ids_is_in_the_result(program: Program, model: Path) -> None:
    """With its hash; what is not read is not."""
    llama(load(model), "prepend").save(str(model / "tokenizer.json"))
    for name in ("tokenizer_config.json", "added_tokens.json", "special_tokens_map.json"):
        (model / name).write_text("{}")
    sha = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in model.glob("*")}
    for own, read in (("tokenizer.json", ["added_tokens.json", "special_tokens_map.json", "tokenizer_config.json"]),
                      ("tokenizer.model", ["added_tokens.json", "tokenizer_config.json"])):
        tokenizer = scanned(program, model)["tokenizer"]
        assert tokenizer["sha256"] == sha[own]
        assert tokenizer["beside"] == {name: sha[name] for name in read}
        (model / "tokenizer.json").unlink(missing_ok=True)
