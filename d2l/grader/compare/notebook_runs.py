"""All runs of one notebook, read for a comparison: its sections, its cells, and their outputs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from nbformat import NotebookNode

from d2l.grader.compare.align import fingerprint, imported_names
from d2l.grader.compare.match_sections import Section, sections_of
from d2l.grader.compare.tolerance import MOST_CELLS, MOST_NOTEBOOK_CHARACTERS
from d2l.grader.outputs.output_values import Output
from d2l.grader.outputs.read_cell import POINTS, read_cell
from d2l.grader.sandbox.job import CellOutcome, Outcome

_MOST_CHARACTERS = 300  # of an error message, which is untrusted
_READ = ("text/plain", "text/html", POINTS)
_NO_RESULT = ("broken", "start")  # runs whose outputs are not trusted


class Failed(NamedTuple):
    """A cell that failed, and the reason as text."""

    cell: int
    reason: str


@dataclass(frozen=True)
class NotebookRuns:
    """One notebook with the outcomes of its runs, at least one, of the same cells."""

    runs: Sequence[Outcome]

    @cached_property
    def sections(self) -> list[Section]:
        """The sections of the notebook."""
        return sections_of(self.runs[0].notebook)

    @cached_property
    def words(self) -> dict[int, frozenset[str]]:
        """The fingerprint of each code cell, by its index."""
        cells = self.runs[0].notebook.cells
        code = [index for section in self.sections for index in section.cells][:MOST_CELLS]
        imported = imported_names(cells[index].source for index in code)
        return {index: fingerprint(cells[index], imported) for index in code}

    def shown(self, cells: Iterable[int]) -> list[list[Output]]:
        """Return the items shown by these cells, for each run."""
        indices = list(cells)
        return [[item for at in indices for item in run.get(at, ())] for run in self._items]

    def failure(self, cells: Iterable[int]) -> Failed | None:
        """Return the first of these cells that failed in one of the runs."""
        indices = set(cells)
        ended = ((run, cell) for run in self.runs for cell in run.cells if cell.index in indices)
        bad = next((pair for pair in ended if not _is_good(*pair)), None)
        return Failed(bad[1].index, _ending(*bad)) if bad else None

    @cached_property
    def _items(self) -> list[dict[int, list[Output]]]:
        return [_read_notebook(run, self.words) for run in self.runs]


def _read_notebook(run: Outcome, cells: Iterable[int]) -> dict[int, list[Output]]:
    """Return the items of each cell, up to a total number of characters."""
    read: dict[int, list[Output]] = {}
    left = 0 if run.status in _NO_RESULT else MOST_NOTEBOOK_CHARACTERS
    for index in cells:
        left -= _num_characters(run.notebook.cells[index])
        read[index] = read_cell(run.notebook.cells[index].outputs) if left > 0 else []
    return read


def _num_characters(cell: NotebookNode) -> int:
    """Return the number of characters that a cell shows, without pictures."""
    shown = [output.get("text") for output in cell.outputs]
    for output in cell.outputs:
        data = output.get("data")
        shown += [data.get(kind) for kind in _READ] if isinstance(data, dict) else []
    return sum(len(text) if isinstance(text, str) else len(str(text)) for text in shown)


def _is_good(run: Outcome, cell: CellOutcome) -> bool:
    return cell.status == "ok" and run.status not in _NO_RESULT


def _ending(run: Outcome, cell: CellOutcome) -> str:
    if run.status in _NO_RESULT:
        return f"the run has no result: {run.reason[:_MOST_CHARACTERS]}"
    if cell.status == "error":
        return f"the cell raised {cell.error[:_MOST_CHARACTERS]}"
    if cell.status == "not run":
        return f"the cell did not run: {run.reason[:_MOST_CHARACTERS]}"
    return f"the cell did not finish: {(cell.error or run.reason)[:_MOST_CHARACTERS]}"
