"""CSV tables: change single cells and keep every other byte; escape texts for spreadsheets.

Encoding, delimiter, quotes and line ends are detected.
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
# A spreadsheet with another list separator may start a new cell after these.
_CELL_IN_CELL = re.compile(r"([,;|]\s*)(?=[=+\-@＝＋－＠])")
_DECIMAL_COMMA = re.compile(r"-?\d+,\d+")


class TableError(D2LError, ValueError):
    """Raised for a file that is not a table, or lacks a column."""


class Cell(NamedTuple):
    """The value of a cell, and its position in the text, including quotes."""

    value: str
    start: int
    stop: int


@dataclass(frozen=True)
class CsvTable:
    """The text of a file and its cells; the first row is the header."""

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
        """Return the value of a cell; "" if its row is too short."""
        cells = self.rows[row]
        return cells[column].value if column < len(cells) else ""

    def number(self, value: float) -> str:
        """Format a number as in the table: with a decimal comma if the table uses them."""
        text = f"{value:.2f}".rstrip("0").rstrip(".")
        cells = (cell.value for row in self.rows[1:] for cell in row)
        if self.delimiter != "," and any(map(_DECIMAL_COMMA.fullmatch, cells)):
            return text.replace(".", ",")
        return text

    def with_values(self, column: int, values: dict[int, str]) -> bytes:
        """Return the file with new values in one column, by row; all other bytes are kept."""
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
    """Read a CSV file; raise `TableError` if it is not a table."""
    data = path.read_bytes()
    if len(data) > MAX_BYTES:
        raise TableError(f"{path} has {len(data):,} bytes; a table may have up to {MAX_BYTES:,}")
    if data.startswith((b"PK", b"\xd0\xcf")):
        raise TableError(f"{path} is a spreadsheet, not a CSV file; export or save it as CSV")
    mark, encoding, text = _decoded(data)
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    rows = _rows(text, delimiter)
    if not rows or len(rows[0]) < 2:
        raise TableError(f"{path} is not a table: expected a first line with column names")
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
    return b"", "latin-1", data.decode("latin-1")  # maps every byte, in both directions


def _decode(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise TableError(
            f"the byte order mark is that of {encoding}, but the file is not: {error.reason}"
        ) from error


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
    """Return `text` in one line, escaped so that spreadsheets do not interpret it as a formula.

    >>> harmless("=1+1")
    "'=1+1"
    """
    line = "".join(c if c.isprintable() else " " for c in text)
    line = _CELL_IN_CELL.sub(r"\1'", line)
    return f"'{line}" if text.startswith(_FORMULA) or line.lstrip().startswith(_FORMULA) else line
