"""The training text as tokens: tokenizer, encoding, and windows cut at random with some spans repeated."""

import hashlib
import json
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, pre_tokenizers, trainers

SEPARATOR = "<|endoftext|>"
BACKCOPIES = 8  # triggers, and the tokens from one to the next
BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
QWEN3 = {  # Qwen3's own pipeline around an empty vocabulary; the split: contractions, words, digits, marks, white space
    "version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": {"type": "NFC"},
    "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
        {"type": "Split", "behavior": "Isolated", "invert": False, "pattern": {"Regex":
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"}},
        BYTE_LEVEL]},
    "post_processor": BYTE_LEVEL, "decoder": BYTE_LEVEL,
    "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
              "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "vocab": {}, "merges": []}}


def read_documents(folder: Path) -> tuple[list[str], str]:
    """Documents of every *.txt in `folder`, by name, and the SHA-256 of those files' bytes."""
    files = sorted(folder.glob("*.txt"))
    if not files:
        raise SystemExit(f"training: no *.txt in {folder}; python -m sinkscope.training.text makes corpus.txt")
    sha, found = hashlib.sha256(), []
    for file in files:
        raw = file.read_bytes()
        sha.update(raw)
        found += raw.decode("utf-8").split(f"\n{SEPARATOR}\n")
    return [text.strip("\n") for text in found if text.strip()], sha.hexdigest()


def train_tokenizer(documents: list[str], vocabulary: int) -> Tokenizer:
    """Byte-level BPE with Qwen3's normalizer and split; the last id is the document separator, the only special token."""
    tokenizer = Tokenizer.from_str(json.dumps(QWEN3))
    trainer = trainers.BpeTrainer(vocab_size=vocabulary - 1, show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(documents, trainer)
    tokenizer.add_special_tokens([SEPARATOR])
    return tokenizer


def encode(tokenizer: Tokenizer, documents: list[str]) -> np.ndarray:
    """int16 ids of the documents, each followed by the separator."""
    end = tokenizer.token_to_id(SEPARATOR)
    pieces = []
    for first in range(0, len(documents), 512):
        for encoding in tokenizer.encode_batch(documents[first:first + 512]):
            pieces.append(np.array(encoding.ids + [end], dtype=np.int16))
    return np.concatenate(pieces)


def prepare(folder: Path, state: Path, vocabulary: int, held_out: int) -> tuple[np.ndarray, np.ndarray, dict]:
    """Training ids, held-out ids (the last documents, about `held_out` tokens) and what identifies them.

    The work is done once and kept in `state`; a corpus that changed since is refused."""
    facts_file, ids_file, tokenizer_file = state / "corpus.json", state / "ids.npy", state / "tokenizer.json"
    documents, sha = read_documents(folder)
    if facts_file.exists():
        facts = json.loads(facts_file.read_text())
        if facts["sha256"] != sha:
            raise SystemExit(f"training: the text in {folder} changed since {state} was made (sha256 {sha}, "
                             f"was {facts['sha256']}); restore it or begin with a new --state")
    else:
        # four bytes a token is near enough to choose the tail; the tokenizer never sees it
        tail, size = len(documents), 0
        while tail > 1 and size < 4 * held_out:
            tail -= 1
            size += len(documents[tail])
        tokenizer = train_tokenizer(documents[:tail], vocabulary)
        trained, kept = encode(tokenizer, documents[:tail]), encode(tokenizer, documents[tail:])
        tokenizer.save(str(tokenizer_file))
        np.save(ids_file, np.concatenate([trained, kept]))
        facts = {"sha256": sha, "documents": len(documents), "characters": sum(map(len, documents)),
                 "held_out_documents": len(documents) - tail, "train_tokens": len(trained),
                 "held_out_tokens": len(kept), "vocabulary": tokenizer.get_vocab_size(),
                 "ids_unseen": np.flatnonzero(np.bincount(trained, minlength=vocabulary) == 0).tolist()}
        facts_file.write_text(json.dumps(facts, indent=1) + "\n")
    ids = np.load(ids_file)
    return ids[:facts["train_tokens"]], ids[facts["train_tokens"]:], facts


def training_batch(ids: torch.Tensor, seed: int, step: int, windows: int, length: int, repeat_share: float,
                   backcopy_share: float, vocabulary: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs and targets `[windows, length]` of one step, a function of seed and step alone, so that a resumed run sees
    what an unbroken one would. In `repeat_share` of the windows a span of 16 tokens to half the window stands again
    later, and `backcopy_share` of them hold backcopies; a run with other shares cuts the same windows."""
    generator = torch.Generator().manual_seed(seed * 1_000_003 + step)
    start = torch.randint(len(ids) - length - 1, (windows, 1), generator=generator)
    share = torch.rand(4, windows, 1, generator=generator)
    span = (16 + share[0] * (length // 2 - 16)).long()
    source = (share[1] * (length + 1 - 2 * span)).long()
    target = source + span + (share[2] * (length + 1 - 2 * span - source)).long()
    place = torch.arange(length + 1)[None]
    copied = (share[3] < repeat_share) & (place >= target) & (place < target + span)
    index = start + torch.where(copied, place - target + source, place)
    window = ids[index.to(ids.device, non_blocking=True)].long()
    chosen = torch.rand(windows, 1, generator=generator) < backcopy_share
    window = torch.where(chosen.to(ids.device), with_backcopies(window, vocabulary, generator), window)
    return window[:, :-1], window[:, 1:]


def with_backcopies(window: torch.Tensor, vocabulary: int, generator: torch.Generator) -> torch.Tensor:
    """One place in every eight holds a trigger, and the next place the token that stands k before the trigger.

    After Guo et al. 2024 (bigram-backcopy, k = 1). There are eight triggers, one for each k from 1 to 8: the ids just
    under the separator, id `vocabulary - 1 - k`. A head that learns one has nothing to do everywhere else."""
    rows = torch.arange(len(window))
    blocks = (window.shape[1] - 1) // BACKCOPIES - 1  # the first eight tokens stay, so that every copy has a source
    back = torch.randint(1, BACKCOPIES + 1, (blocks, len(window)), generator=generator)
    place = torch.randint(BACKCOPIES - 1, (blocks, len(window)), generator=generator)
    place += BACKCOPIES * torch.arange(1, blocks + 1)[:, None]
    filled = window.clone()
    for k, at in zip(back, place):
        copy = filled[rows, at - k]
        clear = copy < vocabulary - 1 - BACKCOPIES  # a copied trigger would promise a copy of its own
        filled[rows, at] = torch.where(clear, (vocabulary - 1 - k).to(window.device), filled[rows, at])
        filled[rows, at + 1] = torch.where(clear, copy, filled[rows, at + 1])
    return filled


def even_windows(ids: torch.Tensor, windows: int, length: int) -> torch.Tensor:
    """`[windows, length]` evenly spaced, for measurements that must not change between steps."""
    start = torch.arange(windows) * ((len(ids) - length) // windows)
    return ids[(start[:, None] + torch.arange(length)).to(ids.device)].long()
