"""Published tokenizers' settings around vocabularies that are trained here: what their tokenizer.json says but for the
vocabulary."""

from __future__ import annotations

from collections.abc import Callable

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from support.tokenizer_strings import natural_texts, strings

QWEN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
        r"|\s*[\r\n]+|\s+(?!\S)|\s+")
LLAMA_3 = QWEN.replace(r"\p{N}|", r"\p{N}{1,3}|", 1)
QWEN_3_5 = QWEN.replace(r"?\p{L}+", r"?[\p{L}\p{M}]+").replace(r"[^\s\p{L}\p{N}]", r"[^\s\p{L}\p{M}\p{N}]")
O200K = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
DEEPSEEK_3 = (r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"""
              r"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
KIMI = (r"[\p{Han}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+"
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+"
        r"[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
        r"|\s*[\r\n]+|\s+(?!\S)|\s+")
END = "<|endoftext|>"


def isolated(pattern: str) -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.Split(Regex(pattern), "isolated")


def byte_level(use_regex: bool = True) -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=use_regex)


def texts() -> list[str]:
    return [*natural_texts(), *strings(1000, 1, [])]


def bytes_bpe(parts: list[pre_tokenizers.PreTokenizer], normalizer: normalizers.Normalizer | None = None, missing: int = 0,
              ignore_merges: bool = False) -> Tokenizer:
    """Byte-level BPE; of the 256 byte symbols the last ones may be missing."""
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = parts[0] if len(parts) == 1 else pre_tokenizers.Sequence(parts)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(texts(), trainers.BpeTrainer(
        vocab_size=900, show_progress=False, limit_alphabet=256 - missing, initial_alphabet=alphabet if missing == 0 else []))
    tokenizer.add_special_tokens([AddedToken(END, special=True), AddedToken("<|im_start|>", special=True)])
    return tokenizer


def sentencepiece_bpe() -> Tokenizer:
    """BPE over characters with ▁ for spaces and a token for each byte, as sentencepiece's models are."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    lines = [line for text in natural_texts() for line in text.splitlines()]
    special = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    pre = tokenizer.pre_tokenizer = pre_tokenizers.Metaspace("▁", prepend_scheme="always", split=True)
    assert pre
    tokenizer.train_from_iterator(lines, trainers.BpeTrainer(vocab_size=1200, show_progress=False, special_tokens=special))
    plain = Tokenizer(tokenizer.model)  # without the bytes as added tokens
    plain.add_special_tokens([AddedToken(name, normalized=False, special=True) for name in special[:3]])
    plain.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
                                       decoders.Strip(" ", 1, 0)])
    plain.post_processor = processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)])
    return plain


def unigram(parts: pre_tokenizers.PreTokenizer, normalizer: normalizers.Normalizer | None, byte_fallback: bool = False) -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram())
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = parts
    lines = [line for text in natural_texts() for line in text.splitlines()]
    tokenizer.train_from_iterator(lines, trainers.UnigramTrainer(vocab_size=800, show_progress=False, unk_token="<unk>",
                                                                 special_tokens=["<pad>", "</s>", "<unk>"]))
    tokenizer.decoder = decoders.Metaspace("▁", prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)])
    return tokenizer


def neox() -> Tokenizer:
    tokenizer = bytes_bpe([byte_level()], normalizers.NFC())
    tokenizer.add_tokens([AddedToken(" " * n, normalized=True) for n in range(24, 1, -1)])
    return tokenizer


def falcon() -> Tokenizer:
    return bytes_bpe([pre_tokenizers.Punctuation("contiguous"), byte_level(), pre_tokenizers.Digits(False),
                      isolated("[0-9][0-9][0-9]")])


def deepseek_coder() -> Tokenizer:
    return bytes_bpe([isolated("[\r\n]"), isolated(r"\s?\p{L}+"), isolated(r"\s?\p{P}+"), isolated("[一-龥ࠀ-一가-퟿]+"),
                      pre_tokenizers.Digits(True), byte_level(False)])


def deepseek_3() -> Tokenizer:
    return bytes_bpe([isolated(r"\p{N}{1,3}"), isolated("[一-龥぀-ゟ゠-ヿ]+"), isolated(DEEPSEEK_3), byte_level(False)])


def mistral() -> Tokenizer:
    tokenizer = sentencepiece_bpe()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace("▁", prepend_scheme="first", split=False)
    tokenizer.add_special_tokens([AddedToken(name, normalized=False, special=True) for name in ("[INST]", "[/INST]")])
    return tokenizer


def llama_2() -> Tokenizer:
    tokenizer = sentencepiece_bpe()
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    return tokenizer


def phi_3() -> Tokenizer:
    tokenizer = llama_2()
    tokenizer.add_special_tokens([AddedToken(name, normalized=False, special=True, rstrip=True)
                                  for name in ("<|user|>", "<|end|>", "<|assistant|>")])
    return tokenizer


def gemma() -> Tokenizer:
    tokenizer = sentencepiece_bpe()
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.add_tokens([AddedToken("\n" * n, normalized=False) for n in range(2, 6)])
    tokenizer.add_tokens([AddedToken("▁" * n, normalized=False) for n in range(2, 6)])
    return tokenizer


def llama_3() -> Tokenizer:
    tokenizer = bytes_bpe([isolated(LLAMA_3), byte_level(False)], ignore_merges=True)
    bos = "<|begin_of_text|>"
    tokenizer.add_special_tokens([AddedToken(name, normalized=False, special=True) for name in (bos, "<|eot_id|>")])
    tokenizer.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), processors.TemplateProcessing(
        single=f"{bos} $A", pair=f"{bos} $A {bos}:1 $B:1", special_tokens=[(bos, tokenizer.token_to_id(bos))])])
    return tokenizer


def roberta() -> Tokenizer:
    tokenizer = bytes_bpe([byte_level()])
    tokenizer.add_special_tokens([AddedToken("<mask>", special=True, lstrip=True, normalized=False)])
    tokenizer.post_processor = processors.RobertaProcessing((END, tokenizer.token_to_id(END)), ("a", tokenizer.token_to_id("a")))
    return tokenizer


KINDS: dict[str, Callable[[], Tokenizer]] = {
    "GPT-2": lambda: bytes_bpe([byte_level()]),
    "RoBERTa": roberta,
    "Pythia, GPT-NeoX, OLMo": neox,
    "SmolLM2": lambda: bytes_bpe([pre_tokenizers.Digits(True), byte_level()], missing=21),
    "StarCoder": lambda: bytes_bpe([pre_tokenizers.Digits(True), byte_level()]),
    "DeepSeek Coder": deepseek_coder,
    "DeepSeek V3": deepseek_3,
    "Falcon": falcon,
    "BLOOM": lambda: bytes_bpe([isolated(r" ?[^(\s|[.,!?…。，、।۔،])]+"), byte_level(False)]),
    "Qwen 2 and 3": lambda: bytes_bpe([isolated(QWEN), byte_level(False)], normalizers.NFC()),
    "Qwen 3.5": lambda: bytes_bpe([isolated(QWEN_3_5), byte_level(False)], normalizers.NFC()),
    "Llama 3": llama_3,
    "GPT-4o's pattern (Llama 4, Mistral's Tekken)": lambda: bytes_bpe([isolated(O200K), byte_level(False)]),
    "Kimi": lambda: bytes_bpe([isolated(KIMI), byte_level(False)]),
    "Cohere": lambda: bytes_bpe([pre_tokenizers.Digits(True), byte_level()], normalizers.NFC()),
    "Llama 2": llama_2,
    "Mistral 0.3": mistral,
    "Phi-3": phi_3,
    "Gemma": gemma,
    "Unigram as T5's": lambda: unigram(pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]), None),
    "Unigram as XLM-R's": lambda: unigram(pre_tokenizers.Metaspace(), normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])),
}
