"""Paragraphs out of the formats that documentation comes in. A reader takes a file's text and gives raw paragraphs."""

import html
import re
import zlib
from collections.abc import Callable, Iterator

CODE = re.compile(r"<(pre|script|style|head|nav|footer|svg|math|table|title|programlisting|screen|code-block)\b.*?</\1>",
                  re.S | re.I)
BLOCK = re.compile(r"</?(?:p|div|li|dd|dt|td|th|tr|h[1-6]|ul|ol|dl|table|section|article|blockquote|para|page|body|br|hr)"
                   r"\b[^>]*>", re.I)
TAG = re.compile(r"<[^>]*>")
CHARSXP = re.compile(rb"\x00[\x04\x00][\x00\x80]\x09(....)", re.S)


def from_html(text: str) -> Iterator[str]:
    """Also DocBook and Mallard: what stands between block tags, without code and page furniture."""
    for block in BLOCK.split(CODE.sub("\n", text)):
        yield html.unescape(TAG.sub("", block)).replace("¶", "")


def from_plain(text: str) -> Iterator[str]:
    """Hard-wrapped text: blank lines end a paragraph; indented code and tables do not pass the letters' rule later."""
    yield from re.split(r"\n\s*\n|\n%\n|\f|\x1f", text.replace("\r", ""))


def from_pod(text: str) -> Iterator[str]:
    """Perl's documentation: commands and verbatim blocks dropped, X<...> undone."""
    for block in re.split(r"\n\s*\n", text):
        if not block.startswith(("=", " ", "\t")):
            yield re.sub(r"[A-Z]<+ ?([^<>]*?) ?>+", r"\1", block)


def from_markdown(text: str) -> Iterator[str]:
    text = re.sub(r"^```.*?^```", "", text, flags=re.S | re.M)
    for block in re.split(r"\n\s*\n", text):
        yield re.sub(r"\[([^\]]*)\]\([^)]*\)|[*_`#>]", r"\1", block)


def from_dictionary(text: str) -> Iterator[str]:
    """dictd entries: head words stand at the margin, meanings are indented."""
    text = re.sub(r"\[[^\]\n]{0,40}\]|[{}]", "", text)
    for block in re.split(r"\n\s*\n|\n(?=\S)|\n\s+(?=\d+\. )", text):
        yield re.sub(r"^\s*\d+\. ", "", block)


def from_wordnet(text: str) -> Iterator[str]:
    """WordNet's gloss is what follows the bar; its examples stand in quotes."""
    for line in text.splitlines():
        if " | " in line:
            yield line.split(" | ", 1)[1].replace('"', "")


def from_game(text: str) -> Iterator[str]:
    """Wesnoth's stories: _ "translatable" strings, joined where the author broke them with +."""
    text = re.sub(r'"\s*\+\s*_\s*"', "", text)
    for quoted in re.findall(r'_\s*"([^"]*)"', text):
        yield re.sub(r"<[^>]*>|\^", "", quoted)


def from_r_data(text: str) -> Iterator[str]:
    """R's lazy-load base: zlib blocks after a 4-byte length; character vectors inside, a line of a novel each."""
    raw = text.encode("latin-1")
    for start in (m.start() for m in re.finditer(rb"\x78[\x01\x5e\x9c\xda]", raw)):
        try:
            data = zlib.decompressobj().decompress(raw[start:])
        except zlib.error:
            continue
        lines, at = [], 0
        while match := CHARSXP.search(data, at):
            length = int.from_bytes(match[1], "big")
            at = match.end() + (length if length < 500 else 0)
            lines.append(data[match.end():at].decode("utf-8", errors="replace"))
        yield from from_plain("\n".join(lines))


READERS: dict[str, Callable[[str], Iterator[str]]] = {
    "html": from_html, "plain": from_plain, "pod": from_pod, "markdown": from_markdown, "dictionary": from_dictionary,
    "wordnet": from_wordnet, "game": from_game, "r-data": from_r_data,
}
RULES = [
    (r"/wesnoth/.*\.cfg$", "game"),
    (r"/janeaustenr/data/.*\.rdb$", "r-data"),
    (r"/dictd/.*\.dict\.dz$", "dictionary"),
    (r"/wordnet/data\.\w+$", "wordnet"),
    (r"/fortunes/[\w-]+$", "plain"),
    (r"/stellarium/.*description\.en\.utf8$", "html"),
    (r"\.(x?html?|page|docbook|xml)(\.gz)?$", "html"),
    (r"\.pod$", "pod"),
    (r"\.(md|markdown)(\.gz)?$", "markdown"),
    (r"\.(txt|text|rst|info(-\d+)?)(\.gz)?$", "plain"),
]
RULES = [(re.compile(pattern, re.I), reader) for pattern, reader in RULES]


def reader_of(path: str) -> str | None:
    """The name of the reader for this file, or None where it holds no prose."""
    return next((reader for pattern, reader in RULES if pattern.search(path)), None)
