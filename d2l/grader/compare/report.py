"""What a comparison found, as plain data: sections, findings, one verdict."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["match", "differs", "missing", "failed"]


@dataclass(frozen=True)
class Finding:
    """One thing that the reference shows, and what the submission has in its place."""

    verdict: Verdict
    what: str  # "tensor of shape (2, 3)", "curve val_acc", "picture", "table"
    message: str = ""  # the readable difference; empty for a match
    reference_cell: int | None = None  # index among all cells of the reference
    submission_cell: int | None = None
    hint: str = ""  # the message without the reference's values, for those who must not see them


@dataclass(frozen=True)
class SectionReport:
    """One section of the reference, by its heading."""

    heading: str
    findings: tuple[Finding, ...]

    @property
    def matched(self) -> int:
        """How many of the findings match."""
        return sum(finding.verdict == "match" for finding in self.findings)

    @property
    def verdict(self) -> Verdict:
        """The worst there is: failed, then missing, then differs, then match."""
        order: tuple[Verdict, ...] = ("failed", "missing", "differs")
        found = {finding.verdict for finding in self.findings}
        return next((verdict for verdict in order if verdict in found), "match")


@dataclass(frozen=True)
class CheckReport:
    """A whole comparison: sections in the order of the reference, and stored outputs that lie."""

    sections: tuple[SectionReport, ...]
    stale: tuple[Finding, ...] = ()  # stored outputs that a fresh run does not produce
    problem: str = ""  # why nothing could be compared, if so

    @property
    def is_full_match(self) -> bool:
        """Whether everything is there, is right, and is what the code produces."""
        sections = all(section.verdict == "match" for section in self.sections)
        return sections and not self.stale and not self.problem
