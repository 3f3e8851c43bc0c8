"""A submission's runs against the reference's, section by section: what is shown, and is it right.

Knows which cells to hold together; what makes two values equal is the business of `values`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice

from nbformat import NotebookNode

from d2l.grader.compare.align import Cell, Group, align
from d2l.grader.compare.compare_values import compare_items
from d2l.grader.compare.match_sections import match_sections
from d2l.grader.compare.notebook_runs import Failed, NotebookRuns
from d2l.grader.compare.report import CheckReport, Finding, SectionReport
from d2l.grader.compare.stale_outputs import stale_outputs
from d2l.grader.sandbox.job import Outcome


def compare(
    references: Sequence[Outcome],
    submissions: Sequence[Outcome],
    stored: NotebookNode | None = None,
) -> CheckReport:
    """Return what the submission shows of what the reference shows, and whether it is right.

    Each notebook's outcomes differ in their seed offset alone: what differs between the
    reference's runs is random. `stored` is the submission with the outputs that it was handed in
    with; where given, they are held against the submission's own runs.
    """
    problem = _problem(references, submissions)
    if problem:
        return CheckReport((), problem=problem)
    reference, submission = NotebookRuns(references), NotebookRuns(submissions)
    sections = _Comparison.of(reference, submission).sections()
    stale = stale_outputs(stored, submission) if stored is not None else ()
    return CheckReport(tuple(sections), stale)


def _problem(references: Sequence[Outcome], submissions: Sequence[Outcome]) -> str:
    if not references or not submissions:
        missing = "submission" if references else "reference"
        return f"nothing to compare: no run of the {missing} was given"
    broken = next((run for run in references if run.status not in ("ok", "error")), None)
    return f"the reference itself did not run: {broken.reason}" if broken else ""


@dataclass(frozen=True)
class _Comparison:
    """Two notebooks whose cells are aligned."""

    reference: Side
    submission: Side
    homes: list[int]  # for each section of the submission the one of the reference
    groups: dict[int, Group]  # by the cells of the reference

    @classmethod
    def of(cls, reference: NotebookRuns, submission: NotebookRuns) -> "_Comparison":
        homes = match_sections(reference.sections, submission.sections)
        own = _cells(reference, list(range(len(reference.sections))))
        groups = align(own, _cells(submission, homes))
        by_cell = {cell: group for group in groups for cell in group.reference}
        return cls(reference, submission, homes, by_cell)

    def sections(self) -> list[SectionReport]:
        """One report for each section of the reference that has code."""
        return [
            SectionReport(section.heading, tuple(self._findings(section.cells, number)))
            for number, section in enumerate(self.reference.sections)
            if section.cells
        ]

    def _findings(self, cells: Sequence[int], section: int) -> list[Finding]:
        by_cell = {cell: self._shown_in(self._theirs(cell), [cell]) for cell in cells}
        by_cell = self._look_around(by_cell, self._cells_in(section) or list(self.submission.words))
        return [
            replace(finding, reference_cell=cell)
            for cell, found in by_cell.items()
            for finding in self._with_places(cell, found, section)
        ]

    def _theirs(self, cell: int) -> tuple[int, ...]:
        group = self.groups.get(cell)
        return group.submission if group else ()

    def _shown_in(self, theirs: Iterable[int], cells: Iterable[int]) -> list[Finding]:
        expected = self.reference.shown(cells)
        return compare_items(expected, self.submission.shown(theirs)) if any(expected) else []

    def _look_around(
        self, by_cell: dict[int, list[Finding]], around: Sequence[int]
    ) -> dict[int, list[Finding]]:
        """Let what is not where it was looked for be elsewhere in the section.

        First in cells that nothing else is compared with, then anywhere, each output once.
        """
        if _all_match(by_cell):
            return by_cell
        free = [cell for cell in around if cell not in self._taken]
        by_cell = {c: _better(f, self._shown_in(free, [c])) for c, f in by_cell.items()}
        anywhere = self._shown_in(around, by_cell)
        if _all_match(by_cell) or len(anywhere) != sum(map(len, by_cell.values())):
            return by_cell
        others = iter(anywhere)
        return {c: _better(f, list(islice(others, len(f)))) for c, f in by_cell.items()}

    @cached_property
    def _taken(self) -> frozenset[int]:
        """The cells of the submission that stand for what the reference shows."""
        showing = (cell for cell in self.groups if any(self.reference.shown([cell])))
        return frozenset(cell for shown in showing for cell in self._theirs(shown))

    def _cells_in(self, section: int) -> list[int]:
        pairs = zip(self.submission.sections, self.homes, strict=True)
        return [cell for own, home in pairs if home == section for cell in own.cells]

    def _with_places(self, cell: int, findings: list[Finding], section: int) -> list[Finding]:
        """Say where it is, and of what is not there that the cell to show it failed, if so."""
        theirs = self._theirs(cell)
        placed = [replace(f, submission_cell=next(iter(theirs), None)) for f in findings]
        failed = self.submission.failure(theirs or self._cells_in(section))
        if failed is None or self.reference.failure([cell]):  # or an error is what is asked for
            return placed
        if theirs and not placed:
            return [_blame(Finding("missing", "code"), failed)]
        return [f if f.verdict == "match" else _blame(f, failed) for f in placed]


def _cells(side: NotebookRuns, homes: Sequence[int]) -> list[Cell]:
    pairs = zip(side.sections, homes, strict=True)
    return [
        Cell(index, home, side.words[index], any(side.shown([index])))
        for section, home in pairs
        for index in section.cells
    ]


def _all_match(by_cell: dict[int, list[Finding]]) -> bool:
    return all(finding.verdict == "match" for found in by_cell.values() for finding in found)


def _better(findings: list[Finding], elsewhere: list[Finding]) -> list[Finding]:
    pairs = zip(findings, elsewhere, strict=True)
    return [other if other.verdict == "match" else finding for finding, other in pairs]


def _blame(finding: Finding, failed: Failed) -> Finding:
    return replace(
        finding,
        verdict="failed",
        message=failed.how,
        hint=failed.how,
        submission_cell=failed.cell,
    )
