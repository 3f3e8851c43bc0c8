"""Parse printed text into items: arrays, numbers with their labels, tables.

Text that varies by nature is omitted: times, speeds, addresses, paths, progress bars; so are
objects that a cell shows in passing: functions, parts of a plot.
"""

import math
import re
from collections.abc import Iterator, Sequence
from html import unescape
from itertools import pairwise

import numpy as np

from d2l.grader.outputs.output_values import (
    MOST_CHARACTERS,
    MOST_COMPARED_CELLS,
    MOST_ITEMS,
    MOST_LINES,
    Cell,
    Line,
    Output,
    Table,
    Text,
)
from d2l.grader.outputs.parse_values import (
    Node,
    Reader,
    Token,
    array_of,
    is_by_product,
    is_number,
    number_of,
    printed_unit,
    tokens_of,
    visible,
)

_NOISE = ("per loop", "CPU times", "Wall time", "it/s", "s/it", "%|")
_CLOCK = re.compile(r"(?<![\w:])[0-9]{1,4}[:-][0-9]{2}[:-][0-9]{2}(?![\w:])")
_PATH = re.compile(r"(?<![\w./])(?:/[\w.\-]+){2,}")
_UNITS_OF_TIME = {
    "s", "sec", "secs", "second", "seconds", "ms", "us", "µs", "μs", "ns", "min", "mins", "minute",
    "minutes", "hours",
}  # fmt: skip
_NAMES_OF_TIMES = {
    "time", "elapsed", "took", "duration", "wall", "runtime", "seconds", "sec", "secs", "speed",
    "timer",
}  # fmt: skip
_MOST_HTML = 500_000
_HTML = re.compile(r"<(?P<tag>/?[a-zA-Z]+)[^<>]*>|[^<]+|<")
_CELL_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_NOTHING = ("NaN", "nan", "None", "<NA>", "NaT")
_COLUMN_NAME = re.compile(r"\S+(?: \S+)*")  # columns are separated by two spaces


def read_text(text: str, is_result: bool) -> list[Output]:
    """Return the items of a text in order; `is_result`: the value of a cell's last expression."""
    items: list[Output] = []
    for piece in split_tables(visible(text[:MOST_CHARACTERS])):
        if isinstance(piece, str):
            items += _Text(piece, is_result).items()
        else:
            items.append(piece)
    return items


class _Text:
    """Parses the tokens of a text: values in brackets, otherwise lines."""

    def __init__(self, text: str, is_result: bool) -> None:
        self._is_result = is_result
        lines = (line for line in text.split("\n") if not any(noise in line for noise in _NOISE))
        self._tokens = list(tokens_of(_PATH.sub(" ", _CLOCK.sub(" ", "\n".join(lines)))))
        self._items: list[Output] = []

    def items(self) -> list[Output]:
        if self._is_result and is_by_product([t for t in self._tokens if t.kind != "line"]):
            return []
        reader, position = Reader(self._tokens), 0
        pending: list[Token] = []  # of this line, since the last value
        is_after_value = False
        while position < len(self._tokens) and len(self._items) < MOST_LINES:
            token = self._tokens[position]
            read = reader.read(position) if reader.is_bracket(position) else None
            if read is not None:
                self._items += self._labelled(read[0], pending)
                pending, is_after_value, position = [], True, read[1]
                continue
            if token.kind == "line":
                self._end_line(pending, is_after_value)
                pending, is_after_value = [], False
            else:
                pending.append(token)
            position += 1
        self._end_line(pending, is_after_value)
        return self._items

    def _labelled(self, node: Node, before: list[Token]) -> Iterator[Output]:
        label = "" if _has_numbers(before) else _joined(before)
        if _has_numbers(before):
            yield from _line_items(before, self._is_result)
        yield from _node_items(node, label, self._is_result)

    def _end_line(self, tokens: list[Token], is_after_value: bool) -> None:
        if not is_after_value or _has_numbers(tokens):
            self._items += _line_items(tokens, self._is_result)


def _node_items(node: Node, label: str, is_result: bool) -> Iterator[Output]:
    array = array_of(node, label)
    if array is not None:
        yield array
    elif node.kind == "by-product":
        return
    elif node.kind == "atom" and node.token.kind == "string":
        yield from _Text(node.token.text[1:-1], is_result).items()
    elif node.kind == "atom":
        yield from _words([node.token], is_value=True)
    elif node.parts and all(part.token.kind == "string" for part in node.parts):
        yield Text(" ".join(part.token.text[1:-1] for part in node.parts), is_value=True)
    else:
        for part in node.parts:
            yield from _node_items(part, label, is_result)


def _line_items(tokens: list[Token], is_result: bool) -> Iterator[Output]:
    if any(token.kind == "address" for token in tokens):
        return
    if len(tokens) == 1 and tokens[0].kind == "string":
        yield from _string_items(tokens[0].text[1:-1], is_result)
        return
    numbers = [position for position, token in enumerate(tokens) if token.kind == "number"]
    kept = [position for position in numbers[:MOST_ITEMS] if not _is_time(tokens, position)]
    words = [token for token in tokens if token.kind in ("word", "string")]
    if kept and not words:
        yield from (number_of(tokens[position]) for position in kept)
    elif kept:
        yield _line(tokens, kept)
    elif len(tokens) == 1 and is_number(tokens[0]):
        yield number_of(tokens[0])
    elif not numbers:
        yield from _words(tokens, is_value=is_result or _is_value(tokens))


def _string_items(text: str, is_result: bool) -> Iterator[Output]:
    if re.search(r"[0-9]", text):
        yield from _Text(text, is_result).items()
    elif text.strip():
        yield Text(" ".join(text.split()), is_value=is_result)


def _line(tokens: list[Token], numbers: Sequence[int]) -> Line:
    labels, begin = [], 0
    for position in numbers:
        labels.append(_joined(tokens[begin:position]))
        begin = position + 1
    found = [tokens[position] for position in numbers]
    return Line(
        tuple(labels),
        np.array([[token.number for token in found]]),
        np.array([token.unit for token in found]),
        np.array([token.is_integer for token in found]),
    )


def merged(items: Sequence[Output]) -> list[Output]:
    """Return the items, with consecutive lines of the same words merged into one."""
    result: list[Output] = []
    blocks: list[list[Line]] = []
    for item in items:
        last = result[-1] if result else None
        if isinstance(item, Line) and isinstance(last, Line) and item.labels == last.labels:
            blocks[-1].append(item)
            continue
        result.append(item)
        blocks.append([item] if isinstance(item, Line) else [])
    return [_block(block) if block else item for item, block in zip(result, blocks, strict=True)]


def _block(lines: Sequence[Line]) -> Line:
    values = np.concatenate([line.values for line in lines])
    units = np.min([line.units for line in lines], axis=0)
    integers = np.all([line.integers for line in lines], axis=0)
    return Line(lines[0].labels, values, units, integers)


def _words(tokens: list[Token], is_value: bool) -> Iterator[Text]:
    text = _joined(tokens).removeprefix("< class ").removesuffix(" >").strip("'\" ")
    if any(character.isalnum() for character in text) and text != "Parameter containing :":
        yield Text(text, is_value)


def _is_value(tokens: list[Token]) -> bool:
    """Whether printed words are a value, such as a dtype, rather than a remark."""
    texts = [token.text for token in tokens]
    is_name = len(texts) == 1 and (texts[0] == "None" or "." in texts[0])
    return is_name or texts[:2] == ["<", "class"]


def _is_time(tokens: list[Token], position: int) -> bool:
    after = [token.text for token in tokens[position + 1 : position + 4]]
    if after and after[0] in _UNITS_OF_TIME:
        return True
    if len(after) == 3 and after[1] == "/" and after[2] in _UNITS_OF_TIME:
        return True
    before = [t.text for t in tokens[max(0, position - 4) : position] if t.kind != "sign"]
    return bool(before) and before[-1].lower() in _NAMES_OF_TIMES


def _has_numbers(tokens: list[Token]) -> bool:
    return any(token.kind == "number" for token in tokens)


def _joined(tokens: Sequence[Token]) -> str:
    return " ".join(token.text for token in tokens)[:2_000]


def split_tables(text: str) -> Iterator[str | Table]:
    """Split printed text into tables and the text between them, in order."""
    lines = text.split("\n")
    plain: list[str] = []
    position = 0
    while position < len(lines):
        rows = _rows_below(lines, position)
        if not rows:
            plain.append(lines[position])
            position += 1
            continue
        if plain:
            yield "\n".join(plain)
        plain = []
        yield table_of([_names(lines[position]), *rows])
        position += 1 + len(rows)
    if plain:
        yield "\n".join(plain)


def html_table(html: str) -> Table | None:
    """Return the first table in HTML, None if there is none."""
    rows = _html_rows(html[:_MOST_HTML])
    return table_of(rows) if len(rows) > 1 else None


def table_of(rows: Sequence[Sequence[str]]) -> Table:
    """Return the table with the column names in its first row."""
    names, *body = rows
    read = [[_cell(text) for text in row] for row in body]
    columns = [[row[i][1] for row in read if i < len(row)] for i in range(len(names))]
    return Table(
        tuple(names),
        tuple(tuple(cell for cell, _ in row) for row in read),
        tuple(printed_unit(units, is_padded=False) for units in columns),
    )


def _rows_below(lines: list[str], position: int) -> list[list[str]]:
    header = lines[position]
    if not header.startswith(" ") or not header.strip():
        return []
    ends = [match.end() for match in _COLUMN_NAME.finditer(header)]
    rows: list[list[str]] = []
    for line in lines[position + 1 :]:
        row = _row(line, ends)
        if row is None or len(rows) * len(ends) > MOST_COMPARED_CELLS:
            break
        rows.append(row)
    return rows


def _row(line: str, ends: list[int]) -> list[str] | None:
    """Return the cells of a row below column names ending at `ends`, None if it is not one."""
    if len(line) != ends[-1] or line.startswith(" ") or any(line[end - 1] == " " for end in ends):
        return None
    index, _, first = line[: ends[0]].rpartition("  " if "  " in line[: ends[0]] else " ")
    if not index.strip():
        return None
    later = [line[begin:end].strip() for begin, end in pairwise(ends)]
    return [index.strip(), first.strip(), *later]


def _names(header: str) -> list[str]:
    return ["", *(match.group() for match in _COLUMN_NAME.finditer(header))]


def _cell(text: str) -> tuple[Cell, float]:
    text = " ".join(text[:500].split())
    if text in _NOTHING:
        return math.nan, 0.0
    if _CELL_NUMBER.fullmatch(text):
        return float(text), Token("number", text, True).unit
    return ("…" if text in ("..", "...") else text), 0.0


def _html_rows(html: str) -> list[list[str]]:
    """Return the texts of the cells of the first table, by rows."""
    rows: list[list[str]] = []
    num_cells, is_in_cell = 0, False
    for match in _HTML.finditer(html):
        tag = (match.group("tag") or "").lower()
        if tag == "/table" or num_cells > MOST_COMPARED_CELLS:
            break
        if tag == "tr":
            rows.append([])
        elif tag in ("td", "th") and rows:
            rows[-1].append("")
            num_cells += 1
        if tag in ("td", "th", "/td", "/th", "tr", "/tr"):
            is_in_cell = tag in ("td", "th") and bool(rows)
        elif not tag and is_in_cell:
            rows[-1][-1] += unescape(match.group()[:500])
    return [row for row in rows if row]
