"""How a whole class did on each part of the rubric, and the table of that."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from statistics import mean

from d2l.grader.compare.report import message_html
from d2l.grader.grading.result import StudentResult
from d2l.grader.grading.rubric import Rubric
from d2l.grader.grading.student_page import points

_FAILED_IN_GRADING = ("refused", "not graded")


@dataclass(frozen=True)
class Question:
    """One part of the rubric over the whole class; `shares` is from 0 to 1, one per student."""

    name: str
    kind: str
    out_of: float
    shares: tuple[float, ...]
    messages: tuple[str, ...]

    @property
    def share(self) -> float:
        """The part of its points that the class reached."""
        return mean(self.shares) if self.shares else 0.0

    @property
    def full(self) -> int:
        """How many have all its points."""
        return sum(share >= 1 for share in self.shares)


def questions_of(rubric: Rubric, results: Sequence[StudentResult]) -> list[Question]:
    """Return all sections and checks, the worst done first."""
    judged = [result for result in results if result.status not in _FAILED_IN_GRADING]
    found = []
    for rule in rubric.sections:
        parts = [part for r in judged for part in r.sections if part.heading == rule.heading]
        shares = tuple(_share(part.points, part.out_of) for part in parts)
        found.append(Question(rule.heading, "compared", rule.points, shares, ()))
    for check in rubric.checks:
        parts_of_all = (part for r in judged for part in r.checks if part.name == check.name)
        ours = [part for part in parts_of_all if part.status != "broken"]
        shares = tuple(_share(part.points, part.out_of) for part in ours)
        messages = tuple(part.message for part in ours if part.status in ("partly", "failed"))
        found.append(Question(check.name, "hidden check", check.points, shares, messages))
    return sorted(found, key=lambda question: question.share)


def _share(reached: float, out_of: float) -> float:
    return reached / out_of if out_of else 1.0


def questions_table(questions: Iterable[Question]) -> str:
    """Return the table of questions, each with the message that came most often."""
    rows = "\n".join(map(_question, questions))
    head = (
        '<tr><th scope="col">Question</th><th scope="col" class="number">Points</th>'
        '<th scope="col" class="number">All points</th><th scope="col">Reached</th></tr>'
    )
    note = "Of the submissions that could be judged: how many have all points, and the mean share."
    return f"<p>{note}</p>\n{table(head, rows, 'questions')}"


def _question(question: Question) -> str:
    said = ""
    common = Counter(message for message in question.messages if message).most_common(1)
    if common:
        message, times = common[0]
        said = f'<p class="often">most often, {times}×:</p>{message_html(message[:300])}'
    percent = round(100 * question.share)
    reached = f"{percent} %" if question.shares else "–"
    return (
        f'<tr><th scope="row"><bdi>{escape(question.name)}</bdi> '
        f'<span class="kind">{question.kind}</span>{said}</th>'
        f'<td class="number">{points(question.out_of)}</td>'
        f'<td class="number">{question.full} of {len(question.shares)}</td>'
        f'<td><span class="share"><span class="bar" style="width: {percent}%"></span></span> '
        f'<span class="percent">{reached}</span></td></tr>'
    )


def table(head: str, rows: str, labelled_by: str) -> str:
    """Return a table that scrolls if it must; `labelled_by` is the id of its heading."""
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-labelledby="{labelled_by}">'
        f'<table class="{labelled_by}">\n<thead>{head}</thead>\n'
        f"<tbody>\n{rows}\n</tbody>\n</table></div>"
    )
