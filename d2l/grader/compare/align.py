"""Align the cells of a submission with those of the reference that do the same.

Cells are compared by what they define, call, contain and show, and by their sections; the order
only decides between equals. Source is tokenized, since it may be invalid; it is never compiled or
run.
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

from d2l.grader.compare.tolerance import LIKE_CELL, MOST_CELLS, SAME_PLACE, SAME_SECTION, WITHIN
from d2l.grader.outputs.output_values import HINT

_BLOCK = 4_096  # words processed at once, which bounds the memory
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
    """The properties of a code cell that are used for the alignment."""

    index: int  # among all cells of its notebook
    section: int  # of the reference
    words: frozenset[str]  # its fingerprint
    shows: bool


@dataclass(frozen=True)
class Group:
    """Indices of aligned cells: one and one, or one and the parts that it was split into."""

    reference: tuple[int, ...]
    submission: tuple[int, ...]


def align(reference: Sequence[Cell], submission: Sequence[Cell]) -> list[Group]:
    """Return the groups of cells that do the same; each cell is in at most one.

    A group has one cell of the reference and one or, if it was split, several cells of the
    submission; or several cells of the reference that were merged into one.
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
    """Similarities from 0 to 1 of the reference's cells (rows) and the submission's (columns)."""

    both: np.ndarray  # what the two have in common, relative to both
    of_reference: np.ndarray  # relative to the cell of the reference
    of_submission: np.ndarray  # relative to the cell of the submission

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
    """Return the weights of words: words in fewer cells have larger weights."""
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
    """Return pairs of an unpaired cell and the cell of the other notebook that contains it."""
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
    rows = {row: row for row, _ in links}  # maps each row to the first row of its group
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
    """Return the one-to-one pairs of rows and columns with the largest sum of scores.

    >>> assign(np.array([[3.0, 2.0], [2.9, 0.0]]))
    [(0, 1), (1, 0)]
    """
    rows, columns = linear_sum_assignment(scores, maximize=True)
    return list(zip(rows.tolist(), columns.tolist(), strict=True))


def imported_names(sources: Iterable[str]) -> frozenset[str]:
    """Return the names in import statements of these cells, which are not chosen by the author."""
    names: set[str] = set()
    for source in sources:
        for line in re.findall(
            r"^[ \t]*(?:from|import)\b(.{0,500})", source[:_SOURCE_CHARACTERS], re.MULTILINE
        ):
            names.update(re.findall(r"\w+", line))
    return frozenset(names)


def fingerprint(cell: NotebookNode, imported: frozenset[str]) -> frozenset[str]:
    """Return what the cell defines, calls, contains and shows as a set of words.

    Repetitions have additional words, at most three: "calls sum", "calls sum 1". Names of variables
    are not included, so renaming them has no effect.
    """
    words: Counter[str] = Counter(_shown(cell))
    for line in _logical_lines(cell.source[:_SOURCE_CHARACTERS]):
        words.update(_words_of(line, imported))
    again = {f"{word} {time}" for word, count in words.items() for time in range(1, min(count, 4))}
    return frozenset(words) | again


def _logical_lines(source: str) -> Iterator[list[tokenize.TokenInfo]]:
    # Magics and shell commands are not Python.
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
        pass  # the tokens before the error are used
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
