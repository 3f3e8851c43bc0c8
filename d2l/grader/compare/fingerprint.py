"""What a code cell does and shows, as a set of short words that two cells can be compared by.

Reads source as tokens, never as a tree: it may be anything, and it is never compiled or run.
"""

import builtins
import io
import keyword
import re
import token
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator

from nbformat import NotebookNode

_SOURCE_CHARACTERS = 20_000
_OUTPUT_CHARACTERS = 4_000
_OUTPUT_WORDS = 80  # of one cell
_KEPT_NAMES = frozenset(dir(builtins))
_SPACE = {
    token.COMMENT, token.NL, token.INDENT, token.DEDENT, token.ENCODING, token.ENDMARKER
}  # fmt: skip


def imported_names(sources: Iterable[str]) -> frozenset[str]:
    """Return the names that import statements in these cells bind: they are no one's own choice."""
    names: set[str] = set()
    for source in sources:
        for line in re.findall(
            r"^[ \t]*(?:from|import)\b(.{0,500})", source[:_SOURCE_CHARACTERS], re.MULTILINE
        ):
            names.update(re.findall(r"\w+", line))
    return frozenset(names)


def fingerprint(cell: NotebookNode, imported: frozenset[str]) -> frozenset[str]:
    """Return what the cell defines, calls, writes down and shows, a word for each.

    What is there again, up to three times, has a word of its own: "calls sum", "calls sum 1".
    Names that the writer chose for variables are not in it, so renaming them changes nothing.
    """
    words: Counter[str] = Counter(_shown(cell))
    for line in _logical_lines(cell.source[:_SOURCE_CHARACTERS]):
        words.update(_words_of(line, imported))
    again = {f"{word} {time}" for word, count in words.items() for time in range(1, min(count, 4))}
    return frozenset(words) | again


def _logical_lines(source: str) -> Iterator[list[tokenize.TokenInfo]]:
    # Magics and shell lines are no Python.
    source = re.sub(r"^[ \t]*[%!?].*$", "", source, flags=re.MULTILINE)
    line: list[tokenize.TokenInfo] = []
    try:
        for part in tokenize.generate_tokens(io.StringIO(source).readline):
            if part.type == token.NEWLINE:
                yield line
                line = []
            elif part.type not in _SPACE:
                line.append(part)
    except (tokenize.TokenError, SyntaxError):
        pass  # what could be read up to here is what there is to compare by
    if line:
        yield line


def _words_of(line: list[tokenize.TokenInfo], imported: frozenset[str]) -> Iterator[str]:
    texts = ["", *(part.string for part in line), ""]
    order: dict[str, str] = {}
    normal: list[str] = []
    for part, before, after in zip(line, texts, texts[2:], strict=False):
        text = part.string[:60]
        if part.type == token.NAME and not keyword.iskeyword(text):
            if before in ("def", "class"):
                yield f"defines {text}"
            elif after == "(":
                yield f"calls {text}"
            if before != "." and text not in imported and text not in _KEPT_NAMES:
                text = order.setdefault(text, f"name{len(order)}")
        elif part.type in (token.NUMBER, token.STRING):
            yield f"writes {text}"
        normal.append(text)
    if normal:
        yield f"line {' '.join(normal)}"


def _shown(cell: NotebookNode) -> Iterator[str]:
    for output in cell.get("outputs", [])[:50]:
        kind = output.get("output_type")
        if kind == "stream":
            yield from _words_shown(str(output.get("text", "")))
        elif kind == "error":
            yield f"raises {str(output.get('ename', ''))[:60]}"
        else:
            data = output.get("data", {})
            yield from (f"shows {mime}" for mime in data if mime.startswith("image/"))
            yield from _words_shown(str(data.get("text/plain", "")))


def _words_shown(text: str) -> list[str]:
    found = re.findall(r"[^\W\d_]+|\d+\.?\d*(?:e[+-]?\d+)?", text[:_OUTPUT_CHARACTERS])
    return [f"shows {_rounded(word)}" for word in found[:_OUTPUT_WORDS]]


def _rounded(word: str) -> str:
    return f"{float(word):.3g}" if word[0].isdecimal() and word[0].isascii() else word[:40]
