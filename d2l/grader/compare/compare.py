"""Compare a submission's runs with the reference's, section by section.

Decides which cells are compared; `compare_items` decides whether their outputs match.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from nbformat import NotebookNode

from d2l.grader.compare.align import Cell, Group, align
from d2l.grader.compare.compare_items import (
    count_random_values,
    items_of,
    match_items,
    stale_outputs,
)
from d2l.grader.compare.compare_repeats import num_random_values
from d2l.grader.compare.match_sections import Section, match_sections
from d2l.grader.compare.notebook_runs import Failed, NotebookRuns
from d2l.grader.compare.report import CheckReport, Finding, SectionReport
from d2l.grader.compare.tolerance import (
    ALL_AUTO,
    ENOUGH_VALUES,
    FIRST_REFERENCE_RUNS,
    MOST_REFERENCE_RUNS,
    SUBMISSION_RUNS,
    Rule,
    SectionRules,
)
from d2l.grader.outputs.output_values import Output
from d2l.grader.sandbox.isolation import SandboxConfig
from d2l.grader.sandbox.job import Job, Outcome

Rules = Mapping[str, SectionRules]  # by headings; others have the rules of their parents


def compare(
    references: Sequence[Outcome],
    submissions: Sequence[Outcome],
    stored: NotebookNode | None = None,
    rules: Rules | None = None,
) -> CheckReport:
    """Return which outputs of the reference the submission shows, and whether they match.

    The outcomes of a notebook differ only in their seed offsets: outputs that differ between the
    reference's runs are random. `stored` is the submission with its stored outputs, which are
    compared with the submission's own runs.
    """
    problem = _problem(references, submissions)
    if problem:
        return CheckReport((), problem=problem)
    reference, submission = NotebookRuns(references), NotebookRuns(submissions)
    sections = _Comparison.of(reference, submission, rules or {}).sections()
    stale = stale_outputs(stored, submission) if stored is not None else ()
    return CheckReport(tuple(sections), stale)


def needs_more_runs(references: Sequence[Outcome]) -> bool:
    """Whether an output has too few random values to be compared with these runs."""
    shown = NotebookRuns(references)
    items = (items_of(shown.shown([cell])) for cell in shown.words)
    counts = (num_random_values(runs) for found in items for runs in found)
    return any(0 < count < ENOUGH_VALUES for count in counts)


def needs_another_run(report: CheckReport) -> bool:
    """Whether a verdict may be due to chance: a repeated random value, or an outlier run."""
    return any(one.is_unsure for section in report.sections for one in section.findings)


class RunCounts(NamedTuple):
    """The number of runs of each notebook."""

    reference: int = FIRST_REFERENCE_RUNS
    submission: int = SUBMISSION_RUNS
    most_reference: int = MOST_REFERENCE_RUNS  # where the reference shows few random values


_USUAL = RunCounts()


@dataclass(frozen=True)
class Comparison:
    """What was found, and the runs in which it was."""

    report: CheckReport
    references: Sequence[Outcome]
    submissions: Sequence[Outcome]


def compare_notebooks(
    reference: NotebookNode,
    submission: NotebookNode,
    sandbox: SandboxConfig,
    counts: RunCounts = _USUAL,
    *,
    num_workers: int = 1,
    files: Path | None = None,
    on_end: Callable[[str, Outcome], None] = lambda name, outcome: None,
) -> Comparison:
    """Run both notebooks, `num_workers` runs at a time, and compare what they show.

    Copies of what is in the folder `files` lie next to each run. `on_end` gets the end of each run
    by its name, such as "reference 1/3", from another thread. At Ctrl-C all runs are ended.
    """
    run = _Runs(sandbox, num_workers, files, on_end)
    references = run("reference", reference, range(counts.reference))
    submissions = run("submission", submission, range(counts.submission))
    if 1 < counts.reference < counts.most_reference and needs_more_runs(references):
        more = range(counts.reference, counts.most_reference)
        references = [*references, *run("reference", reference, more)]
    return Comparison(compare(references, submissions, submission), references, submissions)


def _problem(references: Sequence[Outcome], submissions: Sequence[Outcome]) -> str:
    if not references or not submissions:
        missing = "submission" if references else "reference"
        return f"nothing to compare: there is no run of the {missing}"
    broken = next((run for run in references if run.status not in ("ok", "error")), None)
    return f"the reference failed: {broken.reason}" if broken else ""


class _Place(NamedTuple):
    """The position of an item of the submission."""

    cell: int
    number: int


@dataclass
class _Found:
    """The findings for one cell of the reference."""

    expected: list[list[Output]]
    findings: list[Finding]


@dataclass(frozen=True)
class _Comparison:
    """Two notebooks whose cells are aligned."""

    reference: NotebookRuns
    submission: NotebookRuns
    rules: Rules
    parent_sections: list[int]  # for each section of the submission that of the reference
    groups: dict[int, Group]  # by the cells of the reference
    used: set[_Place] = field(default_factory=set)  # outputs that are matched already
    read: dict[tuple[int, Callable[[Output], Rule]], list[list[Output]]] = field(
        default_factory=dict
    )

    @classmethod
    def of(cls, reference: NotebookRuns, submission: NotebookRuns, rules: Rules) -> "_Comparison":
        parent_sections = match_sections(reference.sections, submission.sections)
        own = _cells(reference, list(range(len(reference.sections))))
        groups = align(own, _cells(submission, parent_sections))
        by_cell = {cell: group for group in groups for cell in group.reference}
        return cls(reference, submission, rules, parent_sections, by_cell)

    def sections(self) -> list[SectionReport]:
        """Return a report for each section of the reference that has code."""
        numbered = [(n, s) for n, s in enumerate(self.reference.sections) if s.cells]
        found = {n: {cell: self._in_place(cell, s) for cell in s.cells} for n, s in numbered}
        for number, section in numbered:
            self._search_section(found[number], number, self._rule_in(section))
        return [
            SectionReport(
                section.heading,
                tuple(
                    replace(finding, reference_cell=cell)
                    for cell, one in found[number].items()
                    for finding in self._with_places(cell, one.findings, number)
                ),
            )
            for number, section in numbered
        ]

    def _in_place(self, cell: int, section: Section) -> _Found:
        """Compare a cell with the aligned cells, and mark outputs that match as used."""
        rule = self._rule_in(section)
        expected = items_of(self.reference.shown([cell]), rule)
        places, items = self._items(self._aligned_cells(cell), rule)
        matched = match_items(expected, items, self._num_random, rule)
        for finding, at in zip(matched.findings, matched.places, strict=True):
            if finding.verdict == "match" and at is not None:
                self.used.add(places[at])
        return _Found(expected, matched.findings)

    def _search_section(
        self, found: dict[int, _Found], number: int, rule: Callable[[Output], Rule]
    ) -> None:
        """Search for outputs that do not match in the other cells of the section, in order."""
        around = self._cells_in(number) or list(self.submission.words)
        for cell, one in found.items():
            wrong = [at for at, finding in enumerate(one.findings) if finding.verdict != "match"]
            elsewhere = [other for other in around if other not in self._aligned_cells(cell)]
            places, items = self._items(elsewhere, rule)
            if not wrong or not items:
                continue
            expected = [one.expected[at] for at in wrong]
            matched = match_items(expected, items, self._num_random, rule)
            for at, finding, place in zip(wrong, *matched, strict=True):
                if finding.verdict == "match" and place is not None:
                    one.findings[at] = finding
                    self.used.add(places[place])

    def _items(
        self, cells: Iterable[int], rule: Callable[[Output], Rule]
    ) -> tuple[list[_Place], list[list[Output]]]:
        """Return the unused outputs of these cells and their positions."""
        each = [(cell, self._items_of(cell, rule)) for cell in cells]
        whole = [
            (_Place(cell, index), runs)
            for cell, items in each
            for index, runs in enumerate(items)
            if (cell, index) not in self.used
        ]
        return [place for place, _ in whole], [runs for _, runs in whole]

    def _items_of(self, cell: int, rule: Callable[[Output], Rule]) -> list[list[Output]]:
        if (cell, rule) not in self.read:
            self.read[cell, rule] = items_of(self.submission.shown([cell]), rule)
        return self.read[cell, rule]

    def _aligned_cells(self, cell: int) -> tuple[int, ...]:
        group = self.groups.get(cell)
        return group.submission if group else ()

    def _rule_in(self, section: Section) -> Callable[[Output], Rule]:
        above = (section.heading, *reversed(section.parents))
        rules = next((self.rules[name] for name in above if name in self.rules), ALL_AUTO)
        return lambda item: rules.of(item.what)

    @cached_property
    def _num_random(self) -> int:
        """The number of random outputs of the reference, among which false alarms are divided."""
        return count_random_values(self.reference)

    def _cells_in(self, section: int) -> list[int]:
        pairs = zip(self.submission.sections, self.parent_sections, strict=True)
        return [cell for own, parent in pairs if parent == section for cell in own.cells]

    def _with_places(self, cell: int, findings: list[Finding], section: int) -> list[Finding]:
        """Add the submission's cell to findings, and its failure to those that do not match."""
        aligned = self._aligned_cells(cell)
        placed = [replace(f, submission_cell=next(iter(aligned), None)) for f in findings]
        failed = self.submission.failure(aligned or self._cells_in(section))
        if failed is None or self.reference.failure([cell]):  # the error may be expected
            return placed
        if aligned and not placed:
            return [_as_failed(Finding("missing", "code"), failed)]
        return [f if f.verdict == "match" else _as_failed(f, failed) for f in placed]


def _cells(notebook: NotebookRuns, parent_sections: Sequence[int]) -> list[Cell]:
    pairs = zip(notebook.sections, parent_sections, strict=True)
    return [
        Cell(index, parent, notebook.words[index], any(notebook.shown([index])))
        for section, parent in pairs
        for index in section.cells
        if index in notebook.words
    ]


def _as_failed(finding: Finding, failed: Failed) -> Finding:
    return replace(
        finding,
        verdict="failed",
        message=failed.reason,
        hint=failed.reason,
        submission_cell=failed.cell,
    )


class _Runs(NamedTuple):
    """Runs notebooks in sandboxes, several at a time."""

    sandbox: SandboxConfig
    num_workers: int
    files: Path | None
    on_end: Callable[[str, Outcome], None]

    def __call__(self, name: str, notebook: NotebookNode, seeds: range) -> list[Outcome]:
        from d2l.grader.sandbox.sandbox_run import run_in_sandbox

        def run(seed_offset: int) -> Outcome:
            job = Job(notebook, seed_offset=seed_offset, files=self.files)
            outcome = run_in_sandbox(job, self.sandbox)
            self.on_end(f"{name} {seed_offset + 1}/{seeds.stop}", outcome)
            return outcome

        with ThreadPoolExecutor(self.num_workers) as pool:
            try:
                return list(pool.map(run, seeds))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                self.sandbox.cancellation.cancel()
                raise
