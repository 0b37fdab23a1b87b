"""A small byte-level BPE tokenizer with Qwen3's normalizer and split pattern."""

from collections import Counter
from string import punctuation

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

# The pattern of Qwen3's published tokenizer.json, so that one code path reads both.
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
END_OF_TEXT = "<|endoftext|>"


def train_tokenizer(text: str, size: int) -> Tokenizer:
    """A tokenizer of exactly `size` ids: 256 bytes, merges learned from `text`, and `<|endoftext|>` last."""
    if size < 257:
        raise ValueError(f"vocabulary of {size}: 256 bytes and one added token need at least 257")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    tokenizer.post_processor = processors.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=size - 1, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator([text], trainer)
    tokenizer.add_special_tokens([AddedToken(END_OF_TEXT, special=True, normalized=False)])
    if tokenizer.get_vocab_size() != size:
        raise ValueError(f"the text gives a vocabulary of {tokenizer.get_vocab_size()} ids, expected {size}")
    return tokenizer


def commonest_mark(tokenizer: Tokenizer, ids: list[int]) -> int:
    """The id among `ids` that occurs most often and is one punctuation mark."""
    counts = Counter(i for i in ids if tokenizer.decode([i]) in list(punctuation))
    if not counts:
        raise ValueError("the text has no punctuation mark for a delimiter; name an id")
    return counts.most_common(1)[0][0]


def unused_ids(ids: list[int], size: int) -> list[int]:
    """Ids of the vocabulary that never occur among `ids`."""
    return sorted(set(range(size)) - set(ids))
