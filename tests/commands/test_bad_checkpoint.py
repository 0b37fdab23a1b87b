"""Damage to a checkpoint ends with a clear one-line error, exit code 2 and no result file."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from sinkscope import ROOT
from support.program import Program, text_of

MODEL = ROOT / "models" / "planted"


def header_and_tensors(model: Path) -> tuple[dict, bytes]:
    """Header and tensor bytes of a model's safetensors file."""
    data = (model / "model.safetensors").read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def put(model: Path, header: dict | bytes, body: bytes, length: int | None = None) -> None:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    (model / "model.safetensors").write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + body)


def edit_header(change: Callable[[dict], None]) -> Callable[[Path], None]:
    def damage(model: Path) -> None:
        header, body = header_and_tensors(model)
        change(header)
        put(model, header, body)
    return damage


def edit_config(**values: object) -> Callable[[Path], None]:
    def damage(model: Path) -> None:
        config = json.loads((model / "config.json").read_text())
        for key, value in values.items():
            config.pop(key, None) if value is ... else config.update({key: value})
        (model / "config.json").write_text(json.dumps(config))
    return damage


def file(name: str, data: bytes) -> Callable[[Path], None]:
    return lambda model: (model / name).write_bytes(data)


def remove(name: str) -> Callable[[Path], None]:
    return lambda model: (model / name).unlink()


def index(**other: str) -> Callable[[Path], None]:
    """An index over the weights under another name, with some tensors put elsewhere."""
    def damage(model: Path) -> None:
        names = [n for n in header_and_tensors(model)[0] if n != "__metadata__"]
        (model / "model.safetensors").rename(model / SHARD)
        files = {n: SHARD for n in names} | other
        (model / "model.safetensors.index.json").write_text(json.dumps({"weight_map": files}))
    return damage


def instead(*names: str) -> Callable[[Path], None]:
    """Other files in place of the weights."""
    def damage(model: Path) -> None:
        (model / "model.safetensors").unlink()
        for name in names:
            (model / name).write_bytes(b"{}")
    return damage


FIRST = "model.embed_tokens.weight"
SHARD = "model-00001-of-00001.safetensors"
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 9\n"
NORM = "model.norm.weight"


def duplicate_key(model: Path) -> None:
    header, body = header_and_tensors(model)
    put(model, json.dumps(header).encode()[:-1] + b', "' + NORM.encode() + b'": ' + json.dumps(header[NORM]).encode() + b"}", body)


def truncate(model: Path) -> None:
    file = model / "model.safetensors"
    file.write_bytes(file.read_bytes()[:40])


def overlap(header: dict) -> None:
    header[NORM]["data_offsets"] = [o - 4 for o in header[NORM]["data_offsets"]]


def swap_shape(header: dict) -> None:
    header[FIRST]["shape"] = header[FIRST]["shape"][::-1]


LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 64}

# Title: damage to a copy of the model, words that the error must hold.
CHECKPOINTS: dict[str, tuple[Callable[[Path], object], list[str]]] = {
    "truncated tensors": (lambda m: put(m, header_and_tensors(m)[0], header_and_tensors(m)[1][:-5]), ["model.safetensors", "cut short"]),
    "truncated header": (truncate, ["cut short"]),
    "huge header length": (lambda m: put(m, header_and_tensors(m)[0], b"", length=1 << 60), ["header of"]),
    "empty file": (file("model.safetensors", b""), ["too few"]),
    "trailing bytes": (lambda m: put(m, header_and_tensors(m)[0], header_and_tensors(m)[1] + b"abcd"), ["left over"]),
    "header no object": (lambda m: put(m, b"[1, 2] ", header_and_tensors(m)[1]), ["'{'"]),
    "header broken JSON": (lambda m: put(m, b'{"a": ', b""), ["not JSON"]),
    "header bad UTF-8": (lambda m: put(m, b'{"\xff": 1}', b""), ["not JSON"]),
    "header duplicate key": (duplicate_key, [NORM, "twice"]),
    "overlapping tensors": (edit_header(overlap), ["overlap"]),
    "missing tensor": (edit_header(lambda h: h.update({"other": h.pop(NORM)})), [NORM]),
    "left-over tensor": (edit_header(lambda h: h.update({"stranger": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}})),
                         ["stranger"]),
    "wrong shape": (edit_header(swap_shape), [FIRST, "config"]),
    "wrong dtype": (edit_header(lambda h: h[NORM].update(dtype="I32")), [NORM, "I32"]),
    "unknown dtype": (edit_header(lambda h: h[NORM].update(dtype="F31")), [NORM, "F31"]),
    "size mismatch": (edit_header(lambda h: h[NORM].update(shape=[7])), [NORM, "bytes"]),
    "negative shape": (edit_header(lambda h: h[NORM].update(shape=[-1])), [NORM]),
    "float offset": (edit_header(lambda h: h[NORM].update(data_offsets=[0.5, 2])), [NORM]),
    "path traversal in the index": (index(**{NORM: "../../etc/passwd"}), [NORM, "same folder"]),
    "absolute path in the index": (index(**{NORM: "/etc/passwd"}), [NORM]),
    "index names a missing shard": (index(**{NORM: "nowhere.safetensors"}), ["nowhere.safetensors"]),
    "index broken": (lambda m: (index()(m), file("model.safetensors.index.json", b"{")(m)), ["not JSON"]),
    "no weights": (remove("model.safetensors"), ["model.safetensors"]),
    "a git-lfs pointer for the weights": (file("model.safetensors", LFS), ["model.safetensors", "git-lfs", "git lfs pull"]),
    "a git-lfs pointer for a shard": (lambda m: (index()(m), file(SHARD, LFS)(m)), [SHARD, "git-lfs"]),
    "a git-lfs pointer for the index": (lambda m: (index()(m), file("model.safetensors.index.json", LFS)(m)), ["index.json", "git-lfs"]),
    "a git-lfs pointer for the config": (file("config.json", LFS), ["config.json", "git-lfs"]),
    "a git-lfs pointer for the tokenizer": (file("tokenizer.json", LFS), ["tokenizer.json", "git-lfs"]),
    "a git-lfs pointer for tokenizer.model": (lambda m: (remove("tokenizer.json")(m), file("tokenizer.model", LFS)(m)),
                                              ["tokenizer.model", "git-lfs"]),
    "a git-lfs pointer for the text": (file("text.txt", LFS), ["text.txt", "git-lfs"]),
    "a pickle named safetensors": (file("model.safetensors", b"PK\3\4" + bytes(40)), ["model.safetensors", "zip"]),
    "a web page named safetensors": (file("model.safetensors", b"<!DOCTYPE html><html></html>"), ["model.safetensors", "web page"]),
    "pickles alone": (instead("pytorch_model.bin"), ["pytorch_model.bin", "pickles", "save_pretrained"]),
    "sharded pickles alone": (instead("pytorch_model.bin.index.json", "pytorch_model-00001-of-00002.bin"), ["pickles"]),
    "GGUF beside a config": (instead("x-Q4_K_M.gguf"), ["x-Q4_K_M.gguf", "GGUF"]),
    "GGUF alone": (lambda m: (instead("x.gguf")(m), remove("config.json")(m)), ["config.json", "x.gguf", "GGUF"]),
    "an adapter alone": (lambda m: (instead("adapter_config.json", "adapter_model.safetensors")(m), remove("config.json")(m)),
                         ["config.json", "adapter_config.json", "merge_and_unload"]),
    "an adapter beside a config": (instead("adapter_config.json", "adapter_model.safetensors"), ["adapter_config.json", "adapter"]),
    "the author's own format": (instead("consolidated.safetensors", "params.json"), ["consolidated.safetensors", "Hugging Face"]),
    "shards without an index": (instead("model-00001-of-00002.safetensors"), ["model-00001-of-00002.safetensors", "index"]),
    "a variant of the weights": (instead("model.fp16.safetensors"), ["model.fp16.safetensors", "variant"]),
    "no config": (remove("config.json"), ["config.json"]),
    "config broken": (file("config.json", b'{"model_type": '), ["config.json", "not JSON"]),
    "config key twice": (file("config.json", b'{"vocab_size": 1, "vocab_size": 2}'), ["vocab_size", "twice"]),
    "config without head_dim": (edit_config(head_dim=...), ["q_proj", "config"]),  # 128 to the class
    "config with a null head_dim": (edit_config(head_dim=None), ["head_dim", "null"]),
    "config with a negative size": (edit_config(hidden_size=-4), ["hidden_size", "-4"]),
    "config with a huge size": (edit_config(vocab_size=1 << 62), ["vocab_size"]),
    "config with a fraction": (edit_config(num_hidden_layers=2.5), ["num_hidden_layers"]),
    "heads that do not divide": (edit_config(num_key_value_heads=3), ["num_key_value_heads", "divisor"]),
    "sliding layers without a window": (edit_config(layer_types=["sliding_attention"] * 4, num_hidden_layers=4), ["layer_types", "window"]),
    "mixture of experts": (edit_config(num_experts=8), ["num_experts", "mixture"]),
    "another family": (edit_config(model_type="gpt2"), ["gpt2"]),
    "attention bias": (edit_config(attention_bias=True), ["attention_bias"]),
    "another activation": (edit_config(hidden_act="gelu"), ["hidden_act", "gelu"]),
    "unknown rope type": (edit_config(rope_scaling={"rope_type": "longrope"}, rope_parameters=..., rope_theta=1e6), ["longrope"]),
    "rope without its numbers": (edit_config(rope_scaling=LLAMA3, rope_parameters=..., rope_theta=1e6),
                                 ["rope_scaling", "low_freq_factor", "missing"]),
    "rope whose ramp is empty": (edit_config(rope_parameters=LLAMA3 | {"rope_theta": 1e6, "low_freq_factor": 4.0}),
                                 ["rope_parameters", "high_freq_factor", "more than low_freq_factor"]),
    "tensors of another family": (edit_config(model_type="llama"), ["k_norm", "llama"]),
    "llama's MLP bias": (edit_config(model_type="llama", mlp_bias=True), ["mlp_bias"]),
    "llama's attention bias": (edit_config(model_type="llama", attention_bias=True), ["attention_bias"]),
    "llama's dynamic rope": (edit_config(model_type="llama", rope_parameters={"rope_type": "dynamic", "rope_theta": 1e4, "factor": 2.0}),
                             ["dynamic", "llama3"]),
    "heads that do not divide the model": (
        edit_config(model_type="llama", head_dim=..., hidden_size=100, num_attention_heads=8, num_key_value_heads=8),
        ["num_attention_heads", "hidden_size", "100"]),
    "qwen2's multimodal rotary": (edit_config(model_type="qwen2", use_mrope=True), ["use_mrope"]),
    "qwen2 without biases": (edit_config(model_type="qwen2"), ["q_proj.bias"]),
    "mistral with an empty window": (edit_config(model_type="mistral", sliding_window=0), ["sliding_window", "0"]),
    "mistral with a layer too few": (edit_config(model_type="mistral", sliding_window=8, layer_types=["sliding_attention"]),
                                     ["layer_types", "num_hidden_layers"]),
    "quantized": (edit_config(quantization_config={"bits": 4}), ["quantization_config"]),
    "tokenizer broken": (file("tokenizer.json", b"{"), ["tokenizer.json"]),
    "tokenizer.model broken": (lambda m: (remove("tokenizer.json")(m), file("tokenizer.model", b"no model")(m)), ["tokenizer.model"]),
    "tokenizer.model cut short": (lambda m: (remove("tokenizer.json")(m), file("tokenizer.model", b"\n\5\n\3<s>")(m)),
                                  ["tokenizer.model", "cut short"]),
}


@pytest.mark.parametrize(("damage", "parts"), CHECKPOINTS.values(), ids=CHECKPOINTS)
def test_a_damaged_checkpoint_is_refused(damage: Callable[[Path], object], parts: list[str], program: Program, tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(MODEL, model)
    damage(model)
    before = sorted(tmp_path.rglob("*"))
    program.assert_refused("scan", *text_of(model, 2, 16), "--quiet", out=tmp_path / "out.json", parts=parts)
    assert sorted(tmp_path.rglob("*")) == before
