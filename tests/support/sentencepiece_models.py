"""Tokenizers of Llama's kind: a tokenizer.model, trained on the spot, and `tokenizers` set up as Llama's tokenizer.json is."""

from __future__ import annotations

from pathlib import Path

import sentencepiece
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from support.tokenizer_strings import natural_texts

ADDED = [dict(content="<|im_start|>", special=True, normalized=False), dict(content="[L]", lstrip=True, normalized=False),
         dict(content="[R]", rstrip=True, normalized=False), dict(content="wordy", single_word=True, normalized=False)]
NAMES = ["<s>", "</s>", "<unk>", " [L]", "[R]  ", "wordy", " wordy ", "▁", " ▁", "<0x41>", "<|im_start|>"]


def train(folder: Path, kind: str = "bpe", **options: object) -> None:
    """Llama 2's settings unless told otherwise."""
    settings = dict(vocab_size=900, byte_fallback=True, split_digits=True, normalization_rule_name="identity",
                    remove_extra_whitespaces=False, add_dummy_prefix=True, character_coverage=0.9995, allow_whitespace_only_pieces=True,
                    max_sentence_length=100_000, minloglevel=2) | options
    lines = [line for text in natural_texts() for line in text.splitlines()]
    sentencepiece.SentencePieceTrainer.Train(sentence_iterator=iter(lines), model_type=kind, **settings,
                                             model_prefix=str(folder / "tokenizer"))
    (folder / "tokenizer.vocab").unlink()


def load(folder: Path) -> sentencepiece.SentencePieceProcessor:
    return sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))


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
