"""What a user gets wrong must end with a clear one-line error, exit code 2 and no result file.
Run: bad_input.py PROGRAM."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODEL = ROOT / "models" / "planted"


def parts(model: Path) -> tuple[dict, bytes]:
    """Header and tensor bytes of a model's safetensors file."""
    data = (model / "model.safetensors").read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def put(model: Path, header: dict | bytes, body: bytes, length: int | None = None) -> None:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    (model / "model.safetensors").write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + body)


def edit_header(change: Callable[[dict], None]) -> Callable[[Path], None]:
    def damage(model: Path) -> None:
        header, body = parts(model)
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


def index(weight_map: dict | None = None, **other: str) -> Callable[[Path], None]:
    """An index over the single file, with some tensors put elsewhere."""
    def damage(model: Path) -> None:
        names = [n for n in parts(model)[0] if n != "__metadata__"]
        files = {n: "model.safetensors" for n in names} if weight_map is None else weight_map
        files.update(other)
        (model / "model.safetensors.index.json").write_text(json.dumps({"weight_map": files}))
    return damage


FIRST = "model.embed_tokens.weight"
NORM = "model.norm.weight"


def duplicate_key(model: Path) -> None:
    header, body = parts(model)
    put(model, json.dumps(header).encode()[:-1] + b', "' + NORM.encode() + b'": ' + json.dumps(header[NORM]).encode() + b"}", body)


def overlap(header: dict) -> None:
    header[NORM]["data_offsets"] = [o - 4 for o in header[NORM]["data_offsets"]]


def swap_shape(header: dict) -> None:
    header[FIRST]["shape"] = header[FIRST]["shape"][::-1]


# Title: damage to a copy of the model, words that the error must hold.
CHECKPOINTS: dict[str, tuple[Callable[[Path], object], list[str]]] = {
    "truncated tensors": (lambda m: put(m, parts(m)[0], parts(m)[1][:-5]), ["model.safetensors", "cut short"]),
    "truncated header": (lambda m: (m / "model.safetensors").write_bytes((m / "model.safetensors").read_bytes()[:40]), ["cut short"]),
    "huge header length": (lambda m: put(m, parts(m)[0], b"", length=1 << 60), ["header of"]),
    "empty file": (file("model.safetensors", b""), ["too few"]),
    "trailing bytes": (lambda m: put(m, parts(m)[0], parts(m)[1] + b"abcd"), ["left over"]),
    "header no object": (lambda m: put(m, b"[1, 2] ", parts(m)[1]), ["'{'"]),
    "header broken JSON": (lambda m: put(m, b'{"a": ', b""), ["not JSON"]),
    "header bad UTF-8": (lambda m: put(m, b'{"\xff": 1}', b""), ["not JSON"]),
    "header duplicate key": (duplicate_key, [NORM, "twice"]),
    "overlapping tensors": (edit_header(overlap), ["overlap"]),
    "missing tensor": (edit_header(lambda h: h.update({"other": h.pop(NORM)})), [NORM]),
    "left-over tensor": (edit_header(lambda h: h.update({"stranger": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}})), ["stranger"]),
    "wrong shape": (edit_header(swap_shape), [FIRST, "config"]),
    "wrong dtype": (edit_header(lambda h: h[NORM].update(dtype="I32")), [NORM, "I32"]),
    "unknown dtype": (edit_header(lambda h: h[NORM].update(dtype="F31")), [NORM, "F31"]),
    "size mismatch": (edit_header(lambda h: h[NORM].update(shape=[7])), [NORM, "bytes"]),
    "negative shape": (edit_header(lambda h: h[NORM].update(shape=[-1])), [NORM]),
    "float offset": (edit_header(lambda h: h[NORM].update(data_offsets=[0.5, 2])), [NORM]),
    "path traversal in the index": (index(**{NORM: "../../etc/passwd"}), [NORM, "same folder"]),
    "absolute path in the index": (index(**{NORM: "/etc/passwd"}), [NORM]),
    "index names a missing shard": (index(**{NORM: "nowhere.safetensors"}), ["nowhere.safetensors"]),
    "index misses a tensor": (index({FIRST: "model.safetensors"}), ["index"]),
    "index broken": (file("model.safetensors.index.json", b"{"), ["not JSON"]),
    "no weights": (remove("model.safetensors"), ["model.safetensors"]),
    "no config": (remove("config.json"), ["config.json"]),
    "config broken": (file("config.json", b'{"model_type": '), ["config.json", "not JSON"]),
    "config key twice": (file("config.json", b'{"vocab_size": 1, "vocab_size": 2}'), ["vocab_size", "twice"]),
    "config without head_dim": (edit_config(head_dim=...), ["head_dim", "missing"]),
    "config with a negative size": (edit_config(hidden_size=-4), ["hidden_size", "-4"]),
    "config with a huge size": (edit_config(vocab_size=1 << 62), ["vocab_size"]),
    "config with a fraction": (edit_config(num_hidden_layers=2.5), ["num_hidden_layers"]),
    "heads that do not divide": (edit_config(num_key_value_heads=3), ["num_key_value_heads", "divisor"]),
    "sliding window": (edit_config(use_sliding_window=True), ["use_sliding_window", "sliding-window"]),
    "mixture of experts": (edit_config(num_experts=8), ["num_experts", "mixture"]),
    "another family": (edit_config(model_type="gpt2"), ["gpt2"]),
    "attention bias": (edit_config(attention_bias=True), ["attention_bias"]),
    "another activation": (edit_config(hidden_act="gelu"), ["hidden_act", "gelu"]),
    "unknown rope type": (edit_config(rope_scaling={"rope_type": "longrope"}, rope_parameters=..., rope_theta=1e6), ["longrope"]),
    "rope without its numbers": (edit_config(rope_scaling={"rope_type": "llama3", "factor": 8.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 64}, rope_parameters=..., rope_theta=1e6), ["rope_scaling", "low_freq_factor", "missing"]),
    "rope whose ramp is empty": (edit_config(rope_parameters={"rope_type": "llama3", "rope_theta": 1e6, "factor": 8.0, "low_freq_factor": 4.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 64}), ["rope_parameters", "high_freq_factor", "more than low_freq_factor"]),
    "tensors of another family": (edit_config(model_type="llama"), ["k_norm", "llama"]),
    "llama's MLP bias": (edit_config(model_type="llama", mlp_bias=True), ["mlp_bias"]),
    "llama's attention bias": (edit_config(model_type="llama", attention_bias=True), ["attention_bias"]),
    "llama's dynamic rope": (edit_config(model_type="llama", rope_parameters={"rope_type": "dynamic", "rope_theta": 1e4, "factor": 2.0}), ["dynamic", "llama3"]),
    "heads that do not divide the model": (edit_config(model_type="llama", head_dim=..., hidden_size=100, num_attention_heads=8, num_key_value_heads=8), ["num_attention_heads", "hidden_size", "100"]),
    "qwen2's sliding window": (edit_config(model_type="qwen2", use_sliding_window=True, sliding_window=8, max_window_layers=1), ["use_sliding_window", "max_window_layers"]),
    "qwen2's multimodal rotary": (edit_config(model_type="qwen2", use_mrope=True), ["use_mrope"]),
    "qwen2 without biases": (edit_config(model_type="qwen2"), ["q_proj.bias"]),
    "mistral without a word on its window": (edit_config(model_type="mistral", sliding_window=...), ["sliding_window", "missing"]),
    "mistral with an empty window": (edit_config(model_type="mistral", sliding_window=0), ["sliding_window", "0"]),
    "mistral with two kinds of layers": (edit_config(model_type="mistral", sliding_window=8, layer_types=["sliding_attention", "full_attention"]), ["layer_types", "sliding_attention"]),
    "quantized": (edit_config(quantization_config={"bits": 4}), ["quantization_config"]),
    "tokenizer broken": (file("tokenizer.json", b"{"), ["tokenizer.json"]),
    "tokenizer.model broken": (lambda m: (remove("tokenizer.json")(m), file("tokenizer.model", b"no model")(m)), ["tokenizer.model"]),
    "tokenizer.model cut short": (lambda m: (remove("tokenizer.json")(m), file("tokenizer.model", b"\n\5\n\3<s>")(m)),
                                  ["tokenizer.model", "cut short"]),
}

SCAN = ["--text", str(MODEL / "text.txt"), "--samples", "2", "--length", "16"]

# Title: words after the command, what the error must hold. OUT stands for the result file, DIR for an empty folder.
WORDS: dict[str, tuple[list[str], list[str]]] = {
    "unknown command": (["scann"], []),
    "unknown option": (["scan", "--model", str(MODEL), *SCAN, "--out", "OUT", "--layer", "3"], ["--layer"]),
    "no model": (["scan", *SCAN, "--out", "OUT"], ["--model"]),
    "model not there": (["scan", "--model", "Qwen/NotThere", *SCAN, "--out", "OUT"], ["Qwen/NotThere", "cache"]),
    "revision of a folder": (["scan", "--model", str(MODEL), "--revision", "main", *SCAN, "--out", "OUT"], ["--revision"]),
    "no text": (["scan", "--model", str(MODEL), "--out", "OUT"], ["--text", "--tokens"]),
    "text and tokens": (["scan", "--model", str(MODEL), *SCAN, "--tokens", "random", "--out", "OUT"], ["--text", "--tokens"]),
    "text not there": (["scan", "--model", str(MODEL), "--text", "DIR/none.txt", "--out", "OUT"], ["none.txt"]),
    "more samples than text": (["scan", "--model", str(MODEL), *SCAN[:2], "--slice", "lines", "--samples", "99999", "--out", "OUT"], ["99999"]),
    "longer than the text": (["scan", "--model", str(MODEL), *SCAN[:2], "--length", "999999", "--out", "OUT"], ["999999"]),
    "zero samples": (["scan", "--model", str(MODEL), *SCAN[:2], "--samples", "0", "--out", "OUT"], ["--samples"]),
    "BOS of a tokenizer that has none": (["scan", "--model", str(MODEL), *SCAN, "--bos", "with", "--out", "OUT"], ["--bos", "tokenizer.json"]),
    "no out": (["scan", "--model", str(MODEL), *SCAN], ["--out"]),
    "out folder not there": (["scan", "--model", str(MODEL), *SCAN, "--out", "DIR/none/x.json"], ["none"]),
    "out is a folder": (["scan", "--model", str(MODEL), *SCAN, "--out", "DIR"], ["folder"]),
    "unknown measure": (["scan", "--model", str(MODEL), *SCAN, "--out", "OUT", "--measure", "sinks"], ["'sinks'", "'sink'"]),
    "track out of range": (["scan", "--model", str(MODEL), *SCAN, "--out", "OUT", "--track", "16"], ["16"]),
    "track no number": (["scan", "--model", str(MODEL), *SCAN, "--out", "OUT", "--track", "a"], ["'a'"]),
    "unknown dtype": (["scan", "--model", str(MODEL), *SCAN, "--out", "OUT", "--dtype", "int8"], ["int8"]),
    "unknown device": (["scan", "--model", str(MODEL), *SCAN, "--out", "OUT", "--device", "tpu"], ["tpu"]),
    "batch size zero": (["scan", "--model", str(MODEL), *SCAN, "--out", "OUT", "--batch-size", "0"], ["--batch-size"]),
    "position beyond the model": (["rope-swap", "--model", str(MODEL), *SCAN, "--out", "OUT", "--first-to", "99999999"], ["99999999"]),
    "map head out of range": (["rope-swap", "--model", str(MODEL), *SCAN, "--out", "OUT", "--map-heads", "0:99"], ["0:99"]),
    "block no pair": (["rope-swap", "--model", str(MODEL), *SCAN, "--out", "OUT", "--blocks", "4"], ["'4'"]),
    "mask token 0": (["self-mask", "--model", str(MODEL), *SCAN, "--out", "OUT", "--mask-tokens", "0"], ["token 0"]),
    "mask layer out of range": (["self-mask", "--model", str(MODEL), *SCAN, "--out", "OUT", "--layer-sets", "0;77"], ["77"]),
    "id out of range": (["vocab-sweep", "--model", str(MODEL), *SCAN, "--out", "OUT", "--ids", "99999999"], ["99999999"]),
    "at beyond the samples": (["vocab-sweep", "--model", str(MODEL), *SCAN, "--out", "OUT", "--at", "16"], ["16"]),
    "atlas of samples": (["first-token", "--model", str(MODEL), "--length", "16", "--out", "OUT"], ["--length"]),
    "atlas of a text": (["first-token", "--model", str(MODEL), "--text", str(MODEL / "text.txt"), "--out", "OUT"], ["--text"]),
    "atlas id out of range": (["first-token", "--model", str(MODEL), "--ids", "0-512", "--out", "OUT"], ["--ids", "512"]),
    "probe without ordinary tokens": (["mlp-probe", "--model", str(MODEL), *SCAN, "--out", "OUT", "--track", "0"], ["--track"]),
    "site misspelt": (["activations", "--model", str(MODEL), *SCAN, "--out", "OUT", "--sites", "blocks.0.hook_mlp_ou"], ["blocks.0.hook_mlp_out"]),
    "site layer out of range": (["activations", "--model", str(MODEL), *SCAN, "--out", "OUT", "--sites", "blocks.40.hook_mlp_out"], ["layer 40"]),
    "self-only field misspelt": (["activations", "--model", str(MODEL), *SCAN, "--out", "OUT", "--sites", "logits", "--self-only", "layer=0;tokens=1"], ["'layers'"]),
    "empty row": (["activations", "--model", str(MODEL), *SCAN, "--out", "OUT", "--sites", "logits", "--self-only", "block=0>0"], ["no key"]),
    "self-only token out of range": (["activations", "--model", str(MODEL), *SCAN, "--out", "OUT", "--sites", "logits", "--self-only", "tokens=400"], ["400"]),
    "positions no pair": (["activations", "--model", str(MODEL), *SCAN, "--out", "OUT", "--sites", "logits", "--positions", "0-8"], ["0-8"]),
    "unknown shape": (["random-model", "--like", "qwen3-9b", "--out", "DIR/model"], ["qwen3-8b"]),
    "random model over a folder": (["random-model", "--like", "qwen3-8b", "--out", "DIR"], ["already there"]),
    "tokenizer not there": (["tokenize", "--model", "DIR", "--text", str(MODEL / "text.txt")], ["tokenizer.json"]),
}

CONFIGS: dict[str, tuple[object, list[str]]] = {
    "misspelt key": ({"modle": "x"}, ["'modle'", "'model'"]),
    "a list of lists": ({"model": [[{}]]}, ["'model'"]),
    "no object": ([1], ["object"]),
    "wrong value": ({"model": str(MODEL), "samples": "many"}, ["samples"]),
}


def expect(program: str, words: list[str], folder: Path, held: list[str]) -> None:
    """Exit code 2, one line on stderr that holds these words, and nothing new in the folder."""
    before = sorted(folder.rglob("*"))
    done = subprocess.run([program, *words], capture_output=True, text=True, timeout=60)
    message = done.stderr.strip()
    assert done.returncode == 2, f"exit code {done.returncode}: {message}"
    for word in held:
        assert word in message, f"'{word}' is not in: {message}"
    lines = [line for line in message.splitlines() if not line.startswith("Run with --help") and "[warning]" not in line]
    assert len(lines) == 1, f"not one line: {message}"
    assert sorted(folder.rglob("*")) == before, "something was written"


def main() -> None:
    program, count, failed = sys.argv[1], 0, []

    def check(title: str, words: list[str], folder: Path, held: list[str]) -> None:
        nonlocal count
        count += 1
        try:
            expect(program, words, folder, held)
        except AssertionError as error:
            failed.append(f"{title}: {error}")

    with tempfile.TemporaryDirectory() as place:
        for number, (title, (damage, held)) in enumerate(CHECKPOINTS.items()):
            model = Path(place) / f"model{number}"
            shutil.copytree(MODEL, model)
            damage(model)
            check(title, ["scan", "--model", str(model), *SCAN, "--out", str(model / "out.json"), "--quiet"], model, held)
        folder = Path(place) / "empty"
        folder.mkdir()
        for title, (words, held) in WORDS.items():
            words = [w.replace("OUT", str(folder / "out.json")).replace("DIR", str(folder)) for w in words]
            check(title, words + (["--quiet"] if "--model" in words and words[0] not in ("tokenize",) else []), folder, held)
        for title, (config, held) in CONFIGS.items():
            (folder / "config.json").write_text(json.dumps(config))
            check(title, ["scan", "--config", str(folder / "config.json"), *SCAN, "--out", str(folder / "out.json")], folder, held)
        check("folder that cannot be written to", ["scan", "--model", str(MODEL), *SCAN, "--out", "/proc/sinkscope.json"], folder, ["/proc"])
        taken = folder / "taken.json"
        taken.write_text("{}")
        check("result already there", ["scan", "--model", str(MODEL), *SCAN, "--out", str(taken)], folder, ["--force"])
        assert taken.read_text() == "{}"
        bad = folder / "bad.txt"
        bad.write_bytes(b"some text \xff more")
        check("text that is not UTF-8", ["scan", "--model", str(MODEL), "--text", str(bad), "--out", str(folder / "out.json")], folder, ["bad.txt", "byte 10"])
    print(f"{count} cases, {len(failed)} failed")
    print("\n".join(failed))
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
