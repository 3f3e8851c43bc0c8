"""Which cells of a submission do what which cells of the reference do.

By what they define, call, write down and show, and by the sections they are in; the order counts
only between equals. Source is read as tokens: it may be anything,
and it is never compiled or run. Knows nothing of right and wrong.
"""

import builtins
import io
import keyword
import re
import token
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from nbformat import NotebookNode
from scipy.optimize import linear_sum_assignment

from d2l.grader.compare.output_values import HINT
from d2l.grader.compare.tolerance import LIKE_CELL, MOST_CELLS, SAME_PLACE, SAME_SECTION, WITHIN

_BLOCK = 4_096  # words that are counted at once, which bounds the memory
_WEIGHTS = {"defines": 4.0, "line": 2.0, "calls": 1.0, "writes": 0.7, "shows": 1.0, "raises": 0.5}
_SOURCE_CHARACTERS = 20_000
_OUTPUT_CHARACTERS = 4_000
_OUTPUT_WORDS = 80  # of one cell
_KEPT_NAMES = frozenset(dir(builtins))
_SPACE = {
    token.COMMENT, token.NL, token.INDENT, token.DEDENT, token.ENCODING, token.ENDMARKER
}  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """One code cell, as far as it matters here."""

    index: int  # among all cells of its notebook
    section: int  # of the reference
    words: frozenset[str]  # its fingerprint
    shows: bool


@dataclass(frozen=True)
class Group:
    """Cells that belong together: one and one, or one and the pieces of it, as indices."""

    reference: tuple[int, ...]
    submission: tuple[int, ...]


def align(reference: Sequence[Cell], submission: Sequence[Cell]) -> list[Group]:
    """Return the groups of cells that do the same; each cell is in one at most.

    A group has a cell of the reference and one or, if it was split, several of the submission; or
    several of the reference that were merged.
    """
    reference, submission = reference[:MOST_CELLS], submission[:MOST_CELLS]
    if not reference or not submission:
        return []
    likeness = _Likeness.of(reference, submission)
    pairs = _best_pairs(reference, submission, likeness)
    pieces = _pieces(reference, submission, likeness, pairs)
    return _grouped(reference, submission, [*pairs.items(), *pieces])


@dataclass(frozen=True)
class _Likeness:
    """For each cell of the reference (row) and of the submission (column), from 0 to 1."""

    both: np.ndarray  # how much the two have in common
    of_reference: np.ndarray  # how much of the reference's cell is in the submission's
    of_submission: np.ndarray

    @classmethod
    def of(cls, reference: Sequence[Cell], submission: Sequence[Cell]) -> "_Likeness":
        weights = _weights(reference, submission)
        ours = _totals(reference, weights)[:, None]
        theirs = _totals(submission, weights)[None, :]
        common = _common(reference, submission, weights)
        return cls(
            2 * common / np.maximum(ours + theirs, 1e-9),
            common / np.maximum(ours, 1e-9),
            common / np.maximum(theirs, 1e-9),
        )


def _weights(reference: Sequence[Cell], submission: Sequence[Cell]) -> dict[str, float]:
    """A word weighs more the fewer cells have it."""
    cells = [*reference, *submission]
    spread = Counter(word for cell in cells for word in cell.words)
    return {
        word: _WEIGHTS[word.partition(" ")[0]] * float(np.log(1 + len(cells) / count))
        for word, count in spread.items()
    }


def _totals(cells: Sequence[Cell], weights: dict[str, float]) -> np.ndarray:
    return np.array([sum(weights[word] for word in cell.words) for cell in cells])


def _common(
    reference: Sequence[Cell], submission: Sequence[Cell], weights: dict[str, float]
) -> np.ndarray:
    ours = frozenset[str]().union(*(cell.words for cell in reference))
    theirs = frozenset[str]().union(*(cell.words for cell in submission))
    words = sorted(ours & theirs)
    common = np.zeros((len(reference), len(submission)), dtype=np.float32)
    for start in range(0, len(words), _BLOCK):
        block = {word: column for column, word in enumerate(words[start : start + _BLOCK])}
        weight = np.array([weights[word] for word in block], dtype=np.float32)
        common += (_presence(reference, block) * weight) @ _presence(submission, block).T
    return common


def _presence(cells: Sequence[Cell], columns: dict[str, int]) -> np.ndarray:
    present = np.zeros((len(cells), len(columns)), dtype=np.float32)
    for row, cell in enumerate(cells):
        present[row, [columns[word] for word in cell.words if word in columns]] = 1
    return present


def _best_pairs(
    reference: Sequence[Cell], submission: Sequence[Cell], likeness: _Likeness
) -> dict[int, int]:
    same_section = _sections(reference)[:, None] == _sections(submission)[None, :]
    places = np.abs(_places(len(reference))[:, None] - _places(len(submission))[None, :])
    scores = likeness.both + SAME_SECTION * same_section + SAME_PLACE * (1 - places)
    return {row: column for row, column in assign(scores) if scores[row, column] >= LIKE_CELL}


def _sections(cells: Sequence[Cell]) -> np.ndarray:
    return np.array([cell.section for cell in cells])


def _places(count: int) -> np.ndarray:
    return np.arange(count) / max(count - 1, 1)


def _pieces(
    reference: Sequence[Cell],
    submission: Sequence[Cell],
    likeness: _Likeness,
    pairs: dict[int, int],
) -> list[tuple[int, int]]:
    """Pairs of a cell that was left over and the cell on the other side that it is a piece of."""
    taken = set(pairs.values())
    near = 0.1 * (_sections(reference)[:, None] == _sections(submission)[None, :])
    of_reference, of_submission = likeness.of_reference + near, likeness.of_submission + near
    pieces = []
    for row, cell in enumerate(reference):
        column = int(np.argmax(of_reference[row]))
        if cell.shows and row not in pairs and of_reference[row, column] >= WITHIN:
            pieces.append((row, column))
    for column, cell in enumerate(submission):
        row = int(np.argmax(of_submission[:, column]))
        if cell.shows and column not in taken and of_submission[row, column] >= WITHIN:
            pieces.append((row, column))
    return pieces


def _grouped(
    reference: Sequence[Cell], submission: Sequence[Cell], links: list[tuple[int, int]]
) -> list[Group]:
    rows = {row: row for row, _ in links}  # to the first row of the group
    columns: dict[int, int] = {}
    for row, column in links:
        here, there = rows[row], rows[columns.setdefault(column, row)]
        rows = {key: here if first == there else first for key, first in rows.items()}
    groups = []
    for first in sorted(set(rows.values())):
        members = sorted(row for row in rows if rows[row] == first)
        found = sorted(column for column, row in columns.items() if rows[row] == first)
        groups.append(
            Group(
                tuple(reference[row].index for row in members),
                tuple(submission[column].index for column in found),
            )
        )
    return groups


def assign(scores: np.ndarray) -> list[tuple[int, int]]:
    """Return the pairs of a row and a column, each used once, whose sum of scores is largest.

    >>> assign(np.array([[3.0, 2.0], [2.9, 0.0]]))
    [(0, 1), (1, 0)]
    """
    rows, columns = linear_sum_assignment(scores, maximize=True)
    return list(zip(rows.tolist(), columns.tolist(), strict=True))


def imported_names(sources: Iterable[str]) -> frozenset[str]:
    """Return the names that import statements in these cells bind: nobody chooses them."""
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
    # Magics and shell lines are not Python.
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
            if HINT in data:
                continue
            yield from (f"shows {mime}" for mime in data if mime.startswith("image/"))
            yield from _words_shown(str(data.get("text/plain", "")))


def _words_shown(text: str) -> list[str]:
    found = re.findall(r"[^\W\d_]+|\d+\.?\d*(?:e[+-]?\d+)?", text[:_OUTPUT_CHARACTERS])
    return [f"shows {_rounded(word)}" for word in found[:_OUTPUT_WORDS]]


def _rounded(word: str) -> str:
    return f"{float(word):.3g}" if word[0].isdecimal() and word[0].isascii() else word[:40]
