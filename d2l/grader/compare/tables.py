"""Compares tables by their cells."""

import math

import numpy as np

from d2l.grader.compare.difference import Difference, plain
from d2l.grader.compare.outputs import Cell, Table
from d2l.grader.compare.tolerance import close


def table_difference(expected: Table, found: Table) -> Difference | None:
    """Return how a table differs from the one it should be; None if it does not."""
    return form_of_table_difference(expected, found) or _cell_difference(expected, found)


def form_of_table_difference(expected: Table, found: Table) -> Difference | None:
    """Return how the columns and the number of rows differ."""
    if sorted(expected.columns) != sorted(found.columns):
        here, there = ", ".join(found.columns[1:]), ", ".join(expected.columns[1:])
        return Difference(
            f"columns {here[:200]} where the reference has {there[:200]}",
            f"columns {here[:200]} are not the ones asked for",
        )
    if len(expected.rows) != len(found.rows):
        here = f"{len(found.rows)} rows"
        wanted = f"{here} where the reference has {len(expected.rows)}"
        return Difference(wanted, f"{here} are not as many as asked for")
    return None


def numbers_of(table: Table) -> np.ndarray:
    """Return the cells that hold numbers, row by row; nan for all others."""
    cells = [cell for row in table.rows for cell in row[1:]]
    return np.array([cell if isinstance(cell, float) else math.nan for cell in cells])


def in_order_of(expected: Table, found: Table) -> Table:
    """Return `found` with its columns in the order of `expected`, which has the same ones."""
    order = [found.columns.index(column) for column in expected.columns]
    rows = tuple(tuple(row[i] for i in order if i < len(row)) for row in found.rows)
    return Table(expected.columns, rows, tuple(found.units[i] for i in order))


def _cell_difference(expected: Table, found: Table) -> Difference | None:
    found = in_order_of(expected, found)
    wrong = [
        (row, column)
        for row in range(len(expected.rows))
        for column in range(len(expected.columns))
        if not _is_same(expected, found, row, column)
    ]
    if not wrong:
        return None
    row, column = wrong[0]
    here, there = _at(found, row, column), _at(expected, row, column)
    place = f"row {row + 1}, column {expected.columns[column] or 'index'}"
    return Difference(
        f"{len(wrong)} cells differ, the first in {place}: "
        f"{_text(here)} where the reference has {_text(there)}",
        f"{len(wrong)} cells are not right, the first in {place}: {_text(here)}",
    )


def _is_same(expected: Table, found: Table, row: int, column: int) -> bool:
    a, b = _at(expected, row, column), _at(found, row, column)
    if isinstance(a, str) or isinstance(b, str):
        return a == b
    return bool(close(np.array(a), np.array(b), expected.units[column], found.units[column]))


def _at(table: Table, row: int, column: int) -> Cell:
    return table.rows[row][column] if column < len(table.rows[row]) else ""


def _text(cell: Cell) -> str:
    return repr(cell[:60]) if isinstance(cell, str) else plain(cell)
