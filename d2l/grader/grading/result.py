"""What became of one submission, as plain data: points, reasons, and where they come from.

Knows no rubric and no files: it is what the journal keeps and what pages and tables show.
"""

from dataclasses import dataclass
from typing import Literal

from d2l.grader.compare.report import CheckReport, Verdict
from d2l.grader.sandbox.job import CellOutcome, RunStatus

# "refused": there was no notebook to run. "not graded": the grader itself failed, look into it.
ResultStatus = RunStatus | Literal["refused", "not graded"]
CheckStatus = Literal["passed", "partly", "failed", "broken"]


@dataclass(frozen=True)
class SectionResult:
    """The points of one section of the rubric, by comparison with the reference."""

    heading: str
    points: float
    out_of: float
    matched: int  # findings that match, of
    expected: int  # findings in all
    verdict: Verdict


@dataclass(frozen=True)
class CheckResult:
    """The points of one hidden check; "broken" is the instructor's to mend, not the student's."""

    name: str
    section: str  # the heading it belongs to; empty for none
    points: float
    out_of: float
    status: CheckStatus
    message: str  # why points are missing; empty when none are


@dataclass(frozen=True)
class StudentResult:
    """All that is kept of a submission once it is judged, its notebook aside."""

    student: str  # the name shown; hostile text, as every text here is
    key: str  # the name of the student's files, safe and unique in the class
    status: ResultStatus
    reason: str  # one readable line; empty when status is "ok"
    sections: tuple[SectionResult, ...]
    checks: tuple[CheckResult, ...]
    total: float
    out_of: float
    report: CheckReport | None = None  # None where nothing was run
    cells: tuple[CellOutcome, ...] = ()  # of the run that went worst
    submitted: str = ""  # the file that was graded, as the student named it
    content: str = ""  # the hash of that file
    seconds: float = 0.0  # of all runs together
    peak_memory: int = 0  # bytes
    same_as: tuple[str, ...] = ()  # students who handed in the very same file: not for their pages

    @property
    def broken(self) -> tuple[CheckResult, ...]:
        """The checks that did not work on this submission."""
        return tuple(check for check in self.checks if check.status == "broken")
