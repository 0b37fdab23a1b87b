"""tokenizer.model: ids against the `sentencepiece` package, and with added tokens and prefix spaces against `tokenizers`
set up as Llama's tokenizer.json is, with models trained here; zero differences. Run: sentencepiece_agreement.py PROGRAM."""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import sentencepiece
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM, LlamaTokenizer

from sinkscope.results.schemas import validate
from tokenizer_agreement import check_bos, compare_decoding, compare_strings, natural_texts, program_ids, shared_texts, strings

STRINGS = 20_000
ADDED = [dict(content="<|im_start|>", special=True, normalized=False), dict(content="[L]", lstrip=True, normalized=False),
         dict(content="[R]", rstrip=True, normalized=False), dict(content="wordy", single_word=True, normalized=False)]
NAMES = ["<s>", "</s>", "<unk>", " [L]", "[R]  ", "wordy", " wordy ", "▁", " ▁", "<0x41>", "<|im_start|>"]


def trained(folder: Path, kind: str, **options: object) -> sentencepiece.SentencePieceProcessor:
    """Llama 2's settings unless told otherwise."""
    settings = dict(vocab_size=900, byte_fallback=True, split_digits=True, normalization_rule_name="identity",
                    remove_extra_whitespaces=False, add_dummy_prefix=True, character_coverage=0.9995, allow_whitespace_only_pieces=True,
                    max_sentence_length=100_000, minloglevel=2) | options
    lines = [line for text in natural_texts() for line in text.splitlines()]
    sentencepiece.SentencePieceTrainer.Train(sentence_iterator=iter(lines), model_type=kind, **settings,
                                             model_prefix=str(folder / "tokenizer"))
    (folder / "tokenizer.vocab").unlink()
    return sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))


def plain(texts: list[str], model: sentencepiece.SentencePieceProcessor) -> list[str]:
    """Without those in which the names of control tokens stand: the package takes them for text."""
    control = [model.IdToPiece(i) for i in range(model.GetPieceSize()) if model.IsControl(i) or model.IsUnknown(i)]
    return [text for text in texts if not any(name in text for name in control)]


def check_package(program: str, folder: Path, kind: str, **options: object) -> int:
    model = trained(folder, kind, **options)
    every = [chr(c) for c in range(1, 0x110000, 7) if not 0xD800 <= c < 0xE000]
    texts = natural_texts() + shared_texts() + strings(STRINGS, seed=31, added=[name for name in NAMES if "▁" in name or "0x" in name])
    texts += [" ", "  ", " a", "a ", " a b  ", "\n", "007 1234567890"] + ["".join(every[i : i + 64]) for i in range(0, len(every), 64)]
    texts = plain(texts, model)
    file = folder / "strings.jsonl"
    file.write_text("".join(json.dumps(text) + "\n" for text in texts), encoding="utf-8")
    for text, mine in zip(texts, program_ids(program, folder, file), strict=True):
        assert mine == model.EncodeAsIds(text), f"{kind}: {text!r}: {mine} against {model.EncodeAsIds(text)}"
    with_bos = program_ids(program, folder, file, "--bos")
    assert all(row[0] == model.bos_id() for row in with_bos)
    return len(texts)


def llama(model: sentencepiece.SentencePieceProcessor, prefix: str) -> Tokenizer:
    """As tokenizer.json of Llama 2 (prefix "prepend"), or with Metaspace's scheme, as Mistral 0.3 and transformers 5."""
    pieces = [model.IdToPiece(i) for i in range(model.GetPieceSize())]
    ids = {piece: i for i, piece in enumerate(pieces)}
    merges = [(ids[piece], piece[:cut], piece[cut:]) for piece in pieces for cut in range(1, len(piece))
              if piece[:cut] in ids and piece[cut:] in ids and not model.IsControl(ids[piece]) and not model.IsByte(ids[piece])]
    merges.sort(key=lambda merge: (merge[0], ids[merge[1]], ids[merge[2]]))
    tokenizer = Tokenizer(models.BPE(ids, [(a, b) for _, a, b in merges], fuse_unk=True, byte_fallback=True, unk_token="<unk>"))
    if prefix in ("prepend", "none"):
        replace = [normalizers.Replace(" ", "▁")]
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), *replace] if prefix == "prepend" else replace)
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace("▁", prepend_scheme=prefix, split=False)
    strip = [] if prefix in ("never", "none") else [decoders.Strip(" ", 1, 0)]
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), *strip])
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)])
    tokenizer.add_special_tokens([AddedToken(name, normalized=False, special=True) for name in ("<unk>", "<s>", "</s>")])
    for options in ADDED:
        (tokenizer.add_special_tokens if options.get("special") else tokenizer.add_tokens)([AddedToken(**options)])
    return tokenizer


def check_hugging_face(program: str, folder: Path, prefix: str) -> int:
    model = trained(folder, "bpe")
    tokenizer = llama(model, prefix)
    texts = natural_texts() + shared_texts() + strings(STRINGS, seed=41, added=NAMES) + [" ", " a", "a ", "<s>", "<s> a", "<s>a</s> b"]
    tokenizer.save(str(folder / "tokenizer.json"))
    compare_strings(program, folder, tokenizer, texts)
    compare_decoding(program, folder, tokenizer, seed=4)
    check_bos(program, folder, tokenizer)
    return len(texts)


def check_config(program: str, folder: Path) -> int:
    """The same added tokens by tokenizer_config.json, where there is no tokenizer.json."""
    model = trained(folder, "bpe")
    texts = strings(5000, seed=43, added=NAMES)
    for legacy, prefix in ((True, "prepend"), (False, "first")):
        tokenizer = llama(model, prefix)
        listed = {str(i): {"content": token.content, "lstrip": token.lstrip, "rstrip": token.rstrip, "special": token.special,
                           "single_word": token.single_word, "normalized": token.normalized}
                  for i, token in tokenizer.get_added_tokens_decoder().items()}
        (folder / "tokenizer_config.json").write_text(json.dumps({"legacy": legacy, "added_tokens_decoder": listed}))
        compare_strings(program, folder, tokenizer, texts)
    return 2 * len(texts)


def with_model(folder: Path) -> Path:
    """A Llama for the tokenizer, so that experiments run on text."""
    config = LlamaConfig(vocab_size=1000, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2)
    LlamaForCausalLM(config).save_pretrained(folder)
    (folder / "text.txt").write_text("Some words to begin with, and then some more of them.")
    return folder / "text.txt"


def scanned(program: str, folder: Path, *options: str) -> dict:
    command = [program, "scan", "--model", folder, "--text", folder / "text.txt", "--samples", "2", "--length", "6", "--device", "cpu",
               "--measure", "sink", "--track", "0", "--quiet", "--force", "--out", folder / "result.json", *options]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    result = json.loads((folder / "result.json").read_text())
    validate(result)
    return result


def check_auto_bos(program: str, folder: Path) -> int:
    """What `--bos auto` does is what transformers does: by the template of tokenizer.json, else by tokenizer_config.json."""
    model = trained(folder, "bpe")
    text, tokenizer = with_model(folder).read_text(), llama(model, "prepend")
    built = json.loads(tokenizer.to_str())
    configs = [{}, {"add_bos_token": True}, {"add_bos_token": False}]
    silent = [{"add_bos_token": True, "bos_token": None}, {"add_bos_token": True, "bos_token": "</s>"},
              {"add_bos_token": True, "bos_token": {"content": "</s>"}}, {"add_bos_token": False, "bos_token": "</s>"}]
    cases = [(built | {"post_processor": post}, config) for post in (built["post_processor"], None) for config in configs]
    cases += [(None, config) for config in configs + silent]
    for tokenizer_json, config in cases:
        (folder / "tokenizer_config.json").write_text(json.dumps(config | {"tokenizer_class": "LlamaTokenizer"}))
        if tokenizer_json:
            (folder / "tokenizer.json").write_text(json.dumps(tokenizer_json))
            theirs = AutoTokenizer.from_pretrained(folder)
        else:  # from_pretrained reads a tokenizer.model by protobuf, and gives the class what stands here
            (folder / "tokenizer.json").unlink(missing_ok=True)
            merges = [tuple(merge) for merge in built["model"]["merges"]]
            options = {name: value["content"] if isinstance(value, dict) else value for name, value in config.items()}
            theirs = LlamaTokenizer(vocab=built["model"]["vocab"], merges=merges, **options)
        ids, plain = theirs(text).input_ids, theirs(text, add_special_tokens=False).input_ids
        assert ids[len(ids) - len(plain):] == plain
        first = ids[: len(ids) - len(plain)]
        data = scanned(program, folder)["data"]
        assert [data["bos"]] == (first or ["none"]), (config, data["bos"], first)
        assert (data["length"], data["text_tokens"]) == (6, len(plain))
        assert scanned(program, folder, "--bos", "without")["data"]["bos"] == "none"
        assert scanned(program, folder, "--bos", "with")["data"]["bos"] == (first or [theirs.bos_token_id or 1])[0]
    return len(cases)


def check_hashes(program: str, folder: Path) -> None:
    """Every file that changes the ids is in the result with its hash; what is not read is not."""
    llama(trained(folder, "bpe"), "prepend").save(str(folder / "tokenizer.json"))
    with_model(folder)
    for name in ("tokenizer_config.json", "added_tokens.json", "special_tokens_map.json"):
        (folder / name).write_text("{}")
    sha = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*")}
    for read in (["tokenizer.json"], ["added_tokens.json", "tokenizer_config.json"]):
        tokenizer = scanned(program, folder)["tokenizer"]
        assert tokenizer["sha256"] == sha["tokenizer.model"]
        assert tokenizer["beside"] == {name: sha[name] for name in read}, tokenizer
        (folder / "tokenizer.json").unlink(missing_ok=True)


def check_bad_input(program: str, folder: Path) -> int:
    nowhere = json.loads(llama(trained(folder, "bpe"), "prepend").to_str())
    nowhere["post_processor"]["special_tokens"]["<s>"]["ids"] = [5000]
    file, text = folder / "tokenizer.model", folder / "text.txt"
    whole = file.read_bytes()
    text.write_text("a text")
    damaged = [whole[: len(whole) * i // 40] for i in range(40)] + [b"{}", b"\xff" * 100, whole + b"\x1a\x7f", whole[1:]]
    normalizer = whole.rindex(b"identity") - 4  # before it: the end of trainer_spec, a cut between two fields
    damaged += [whole[:cut] for cut in range(normalizer - 20, normalizer + 4)]
    beside = [("tokenizer.json", "{"), ("tokenizer_config.json", "["), ("tokenizer_config.json", '{"added_tokens_decoder": {"x": {}}}'),
              ("tokenizer_config.json", '{"added_tokens_decoder": {"1000": {"content": "a", "normalized": true}}}'),
              ("tokenizer_config.json", '{"bos_token": "<no>"}'), ("tokenizer_config.json", '{"add_bos_token": "yes"}'),
              ("tokenizer.json", json.dumps(nowhere)), ("added_tokens.json", '{"a": -1}'), ("tokenizer.json", '{"model": {"vocab": {}}, "pre_tokenizer": null}')]
    cases = [("tokenizer.model", data) for data in damaged] + [(name, content.encode()) for name, content in beside]
    for name, data in cases:
        (folder / name).write_bytes(data)
        done = subprocess.run([program, "tokenize", "--model", folder, "--text", text], capture_output=True, text=True)
        assert done.returncode == 2 and name in done.stderr, f"{name} of {len(data)} bytes: {done.returncode} {done.stderr}"
        (folder / name).unlink()
        file.write_bytes(whole)
    draw = random.Random(5)
    for _ in range(100):  # any byte: taken, or refused, and nothing else
        data = bytearray(whole)
        data[draw.randrange(len(data))] = draw.randrange(256)
        file.write_bytes(data)
        done = subprocess.run([program, "tokenize", "--model", folder, "--text", text], capture_output=True, text=True)
        assert done.returncode == 0 or done.returncode == 2 and "tokenizer.model" in done.stderr, done
    return len(cases)


def main() -> None:
    program = sys.argv[1]
    counts = {}
    with tempfile.TemporaryDirectory() as name:
        def place(title: str) -> Path:
            folder = Path(name) / title
            folder.mkdir()
            return folder

        kinds = {"Llama 2's settings": ("bpe", {}), "unigram": ("unigram", {}),
                 "unigram, NFKC": ("unigram", dict(normalization_rule_name="nmt_nfkc", remove_extra_whitespaces=True)),
                 "no prefix, no bytes": ("bpe", dict(add_dummy_prefix=False, byte_fallback=False))}
        for title, (kind, options) in kinds.items():
            counts[f"sentencepiece, {title}"] = check_package(program, place(title), kind, **options)
        for prefix in ("prepend", "always", "first", "never", "none"):
            counts[f"tokenizers, prefix {prefix}"] = check_hugging_face(program, place(prefix), prefix)
        counts["tokenizers, tokenizer_config.json"] = check_config(program, place("config"))
        counts["transformers, with or without BOS"] = check_auto_bos(program, place("bos"))
        check_hashes(program, place("hashes"))
        print(*(f"{title}: {count} strings, no difference" for title, count in counts.items()), sep="\n")
        print(f"{check_bad_input(program, place('bad'))} damaged files refused")


if __name__ == "__main__":
    main()
