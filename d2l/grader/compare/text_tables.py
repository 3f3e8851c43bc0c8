"""Tables as pandas prints them: columns that end below the ends of their names, or HTML."""

import math
import re
from collections.abc import Iterator, Sequence
from html import unescape
from itertools import pairwise

from d2l.grader.compare.arrays import printed_unit
from d2l.grader.compare.outputs import Cell, Table
from d2l.grader.compare.tokenizer import Token

_MOST_CELLS = 20_000
_MOST_CHARACTERS = 500_000
_HTML = re.compile(r"<(?P<tag>/?[a-zA-Z]+)[^<>]*>|[^<]+|<")
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_NOTHING = ("NaN", "nan", "None", "<NA>", "NaT")
_NAME = re.compile(r"\S+(?: \S+)*")  # two spaces part two columns


def split_tables(text: str) -> Iterator[str | Table]:
    """Cut printed text into tables and the text around them, in order."""
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
    """Return the first table of a piece of HTML; None if there is none."""
    rows = _html_rows(html[:_MOST_CHARACTERS])
    return table_of(rows) if len(rows) > 1 else None


def table_of(rows: Sequence[Sequence[str]]) -> Table:
    """Return the table whose first row holds the names of its columns."""
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
    ends = [match.end() for match in _NAME.finditer(header)]
    rows: list[list[str]] = []
    for line in lines[position + 1 :]:
        row = _row(line, ends)
        if row is None or len(rows) * len(ends) > _MOST_CELLS:
            break
        rows.append(row)
    return rows


def _row(line: str, ends: list[int]) -> list[str] | None:
    """The cells of a line below names that end at `ends`; None if it is no row of that table."""
    if len(line) != ends[-1] or line.startswith(" ") or any(line[end - 1] == " " for end in ends):
        return None
    index, _, first = line[: ends[0]].rpartition("  " if "  " in line[: ends[0]] else " ")
    if not index.strip():
        return None
    later = [line[begin:end].strip() for begin, end in pairwise(ends)]
    return [index.strip(), first.strip(), *later]


def _names(header: str) -> list[str]:
    return ["", *(match.group() for match in _NAME.finditer(header))]


def _cell(text: str) -> tuple[Cell, float]:
    text = " ".join(text[:500].split())
    if text in _NOTHING:
        return math.nan, 0.0
    if _NUMBER.fullmatch(text):
        return float(text), Token("number", text, True).unit
    return ("…" if text in ("..", "...") else text), 0.0


def _html_rows(html: str) -> list[list[str]]:
    """The texts of the cells of the first table, row by row."""
    rows: list[list[str]] = []
    num_cells, is_in_cell = 0, False
    for match in _HTML.finditer(html):
        tag = (match.group("tag") or "").lower()
        if tag == "/table" or num_cells > _MOST_CELLS:
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
