"""Tables: single cells of another program's changed, every other byte kept; harmless texts in ours.

Knows the usual encodings, delimiters, quotes and line ends, and finds out which of them it is.
"""

import codecs
import re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from d2l.errors import D2LError

MAX_BYTES = 50 * 2**20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DELIMITERS = ",;\t"
_FORMULA = tuple("=+-@;\t\r\n＝＋－＠")
# A spreadsheet whose lists are separated by semicolons or tabs begins a new cell there.
_CELL_IN_CELL = re.compile(r"([,;|]\s*)(?=[=+\-@＝＋－＠])")
_DECIMAL_COMMA = re.compile(r"-?\d+,\d+")


class TableError(D2LError, ValueError):
    """A file that is not a table, or lacks a column."""


class Cell(NamedTuple):
    """What a cell says, and where it stands in the text, quotes included."""

    value: str
    start: int
    stop: int


@dataclass(frozen=True)
class CsvTable:
    """The text of a file as it is, and its cells; the first row is the header."""

    path: Path
    mark: bytes  # the byte order mark
    encoding: str
    text: str
    delimiter: str
    rows: list[list[Cell]]

    @property
    def header(self) -> list[str]:
        """The names of the columns."""
        return [cell.value for cell in self.rows[0]]

    def value(self, row: int, column: int) -> str:
        """What a cell says; nothing where its row is too short."""
        cells = self.rows[row]
        return cells[column].value if column < len(cells) else ""

    def number(self, value: float) -> str:
        """Write a number as the table writes others: with a comma where it has decimal commas."""
        text = f"{value:.2f}".rstrip("0").rstrip(".")
        cells = (cell.value for row in self.rows[1:] for cell in row)
        if self.delimiter != "," and any(map(_DECIMAL_COMMA.fullmatch, cells)):
            return text.replace(".", ",")
        return text

    def with_values(self, column: int, values: dict[int, str]) -> bytes:
        """The file with other values in one column, by row; all else is kept byte by byte."""
        text, end = [], 0
        for row, value in sorted(values.items()):
            cells = self.rows[row]
            start, stop, new = cells[-1].stop, cells[-1].stop, value
            if column < len(cells):
                _, start, stop = cells[column]
            else:
                new = self.delimiter * (column + 1 - len(cells)) + value
            if self.text[start:stop].startswith('"') or self.delimiter in value:
                new = f'"{value}"'
            text += [self.text[end:start], new]
            end = stop
        return self.mark + "".join([*text, self.text[end:]]).encode(self.encoding)


def read_table(path: Path) -> CsvTable:
    """Read a CSV file; raise `TableError` if it is none."""
    data = path.read_bytes()
    if len(data) > MAX_BYTES:
        raise TableError(f"{path} has {len(data):,} bytes, and a table may have {MAX_BYTES:,}")
    if data.startswith((b"PK", b"\xd0\xcf")):
        raise TableError(f"{path} is a spreadsheet, not CSV: export or save it as CSV")
    mark, encoding, text = _decoded(data)
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    rows = _rows(text, delimiter)
    if not rows or len(rows[0]) < 2:
        raise TableError(f"{path} is no table: expected a first line with the names of columns")
    return CsvTable(path, mark, encoding, text, delimiter, rows)


def _decoded(data: bytes) -> tuple[bytes, str, str]:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return mark, encoding, _decode(data[len(mark) :], encoding)
    for encoding in ("utf-8", "cp1252"):
        try:
            return b"", encoding, data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return b"", "latin-1", data.decode("latin-1")  # which takes and gives back every byte


def _decode(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise TableError(f"it is marked as {encoding} and is not: {error.reason}") from error


def _rows(text: str, delimiter: str) -> list[list[Cell]]:
    quoted_or_plain = re.compile(rf'"([^"]*(?:""[^"]*)*)"[^{delimiter}\r\n]*|[^{delimiter}\r\n]*')
    rows: list[list[Cell]] = []
    row: list[Cell] = []
    position = 0
    while position < len(text) or row:
        found = quoted_or_plain.match(text, position)
        assert found is not None  # it matches the empty text
        quoted = found[1]
        value = found[0] if quoted is None else quoted.replace('""', '"')
        row.append(Cell(value, *found.span()))
        position = found.end()
        if text.startswith(delimiter, position):
            position += 1
            continue
        rows.append(row)
        row = []
        position += 2 if text.startswith("\r\n", position) else 1
    return rows


def harmless(text: str) -> str:
    """Return `text` in one line, and so that no spreadsheet takes it for a formula.

    >>> harmless("=1+1")
    "'=1+1"
    """
    line = "".join(c if c.isprintable() else " " for c in text)
    line = _CELL_IN_CELL.sub(r"\1'", line)
    return f"'{line}" if text.startswith(_FORMULA) or line.lstrip().startswith(_FORMULA) else line
