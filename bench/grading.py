"""What grading a class costs beyond running its notebooks: `python -m bench.grading`.

The good submissions of the sample course are graded, and run by nothing but a kernel as often and
as many at a time; then a second grading is killed in the middle and gone on with.
"""

import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import click

from bench import grading_case as case
from bench.grading_case import RUBRIC, Resumed

MOST_OVERHEAD_SECONDS = 3.0  # for each submission, beyond plain execution, kernel start included
MOST_TIMES = 1.3  # the time that running the notebooks takes by itself, on as many cores
MOST_MEMORY = 500 * 2**20  # of the grader and its checks
HEADINGS = ("what", "d2l grade", "a kernel alone", "beyond it")


class Found(NamedTuple):
    """What was measured; seconds of a submission are those that one of `jobs` spends on it."""

    submissions: int
    jobs: int
    runs: int  # of each submission
    begin_seconds: float
    grade_seconds: float
    plain_seconds: float
    own_memory: int

    @property
    def overhead_seconds(self) -> float:
        """Of a submission, all its runs together."""
        return self.each(self.grade_seconds - self.plain_seconds)

    def each(self, seconds: float) -> float:
        """The part of one submission."""
        return seconds * self.jobs / self.submissions


@click.command()
@click.option("--submissions", default=60, show_default=True, type=click.IntRange(2))
@click.option("--jobs", default=2, show_default=True, type=click.IntRange(1))
@click.option("--plain", type=click.IntRange(2), help="Run only so many of them plainly.")
@click.option("--without-kill", is_flag=True, help="Leave out the grading that is killed.")
@click.option("--check", is_flag=True, help="Exit with status 1 if a promise is missed.")
def main(submissions: int, jobs: int, plain: int | None, without_kill: bool, check: bool) -> None:
    """Grade a class, run it plainly, kill a grading and resume it; print what each took."""
    from bench.summary import table

    with tempfile.TemporaryDirectory(prefix="bench-grading-") as folder:
        place = Path(folder)
        files = case.make_class(place / "class", submissions)
        click.echo(f"grading {submissions} submissions, {jobs} at a time", err=True)
        graded = case.grade(place / "class", place / "out", jobs)
        runs = _runs()
        chosen = files[:plain]  # the kinds of submissions take turns
        click.echo(f"running {len(chosen)} by a kernel alone, {runs} times each", err=True)
        seconds = case.run_plainly(chosen, runs, jobs) * submissions / len(chosen)
        found = Found(submissions, jobs, runs, *graded[:2], seconds, graded.own_memory)
        kept, lines = verdicts(found)
        click.echo("\n".join(["", table(_rows(found), HEADINGS), "", *lines]))
        if not without_kill:
            click.echo("\nkilling a grading in the middle, and resuming it", err=True)
            resumed = case.kill_and_resume(place / "class", place / "killed", jobs, place / "out")
            is_kept, line = _verdict_on_resuming(resumed)
            kept = kept and is_kept
            click.echo(line)
    sys.exit(0 if kept or not check else 1)


def verdicts(found: Found) -> tuple[bool, list[str]]:
    """Whether the promises are kept, and a line for each."""
    promises = (
        (
            "s for a submission beyond plain execution",
            found.overhead_seconds,
            MOST_OVERHEAD_SECONDS,
        ),
        (
            "times plain execution",
            found.grade_seconds / found.plain_seconds,
            MOST_TIMES,
        ),
        ("MB of the grader itself", found.own_memory / 2**20, MOST_MEMORY / 2**20),
    )
    lines = [
        f"{_word(value <= bound)}  {value:.3g} {words}, promised at most {bound:g}"
        for words, value, bound in promises
    ]
    return all(value <= bound for _, value, bound in promises), lines


def _verdict_on_resuming(resumed: Resumed) -> tuple[bool, str]:
    is_kept = resumed.has_same_table and not resumed.repeated and not resumed.left_running
    words = (
        f"killed by -9 when {resumed.finished} were finished: {resumed.repeated} graded twice, "
        f"{resumed.left_running} processes left, "
        f"{'the same' if resumed.has_same_table else 'ANOTHER'} table"
    )
    return is_kept, f"{_word(is_kept)}  {words}"


def _word(is_kept: bool) -> str:
    return "kept  " if is_kept else "MISSED"


def _rows(found: Found) -> list[tuple[str, ...]]:
    grade, plain = found.grade_seconds, found.plain_seconds
    return [
        (
            "submissions an hour",
            *(f"{3600 * found.submissions / s:,.0f}" for s in (grade, plain)),
            "",
        ),
        _row("s for a submission", found.each(grade), found.each(plain)),
        _row("s for a run", found.each(grade) / found.runs, found.each(plain) / found.runs),
        ("s before the first", f"{found.begin_seconds:.1f}", "", ""),
        ("MB at the peak, sandboxes apart", f"{found.own_memory / 2**20:.0f}", "", ""),
    ]


def _row(words: str, grade: float, plain: float) -> tuple[str, ...]:
    return words, f"{grade:.2f}", f"{plain:.2f}", f"{grade - plain:.2f}"


def _runs() -> int:
    from d2l.grader.grading.rubric import read_rubric

    return len(read_rubric(RUBRIC).runs)


if __name__ == "__main__":
    main()
