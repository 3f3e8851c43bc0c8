"""A comparison in a terminal and in a folder: its runs as they end, its sections, its differences.

Everything that a submission wrote is stripped of what a terminal would obey.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from d2l.cli.terminal import bar_in, plain_console, printable, untrusted_text

if TYPE_CHECKING:
    from d2l.grader.compare.compare import Comparison
    from d2l.grader.compare.report import CheckReport, Finding
    from d2l.grader.sandbox.job import Outcome

_HEADING_WIDTH = 60
_MESSAGE_WIDTH = 300
_STYLES = {"match": "green", "differs": "red", "missing": "yellow", "failed": "red"}


@contextmanager
def runs_shown(count: int) -> Iterator[Callable[[str, "Outcome"], None]]:
    """Give what is to be called at the end of each of `count` runs: it prints a line."""
    console = plain_console()

    def tell(name: str, outcome: "Outcome") -> None:
        live.advance(bar)
        said = f"{name:<16} {outcome.status:<10} {outcome.seconds:7.1f} s  {outcome.reason}"
        console.print(untrusted_text(said.rstrip()))

    with bar_in(console) as live:
        bar = live.add_task("running", total=count)
        yield tell


def show_report(report: "CheckReport") -> None:
    """Print a line for each section, then what is different, then the verdict."""
    console = plain_console()
    if report.problem:
        console.print(untrusted_text(report.problem))
    width = max((len(section.heading) for section in report.sections), default=0)
    for section in report.sections:
        count = f"{section.matched} of {len(section.findings)}" if section.findings else "no output"
        line = untrusted_text(f"{section.heading[:_HEADING_WIDTH]:<{min(width, _HEADING_WIDTH)}}  ")
        console.print(line, Text(f"{section.verdict:<8}", _STYLES[section.verdict]), count)
    for section in report.sections:
        _show_differences(console, section.heading, section.findings)
    _show_differences(console, "Stored outputs", report.stale)
    console.print("full match" if report.is_full_match else "no full match")


def _show_differences(console: Console, heading: str, findings: "Sequence[Finding]") -> None:
    different = [finding for finding in findings if finding.verdict != "match"]
    if different:
        console.print(Text.assemble("\n", (printable(heading), "bold")))
    for finding in different:
        at = finding.submission_cell
        place = "" if at is None else f"cell {at + 1}: "
        said = f"  {finding.verdict}: {place}{finding.what}: {finding.message}"
        console.print(untrusted_text(said[:_MESSAGE_WIDTH]))


def write_comparison(done: "Comparison", title: str, out: Path) -> None:
    """Leave check.json and check.html in `out`."""
    from d2l.grader.compare.report import check_page

    out.mkdir(parents=True, exist_ok=True)
    runs = {
        name: [
            {
                "seed_offset": run.seed_offset,
                "status": run.status,
                "reason": run.reason,
                "seconds": run.seconds,
            }
            for run in outcomes
        ]
        for name, outcomes in (("reference", done.references), ("submission", done.submissions))
    }
    whole = {"full_match": done.report.is_full_match, **asdict(done.report), "runs": runs}
    text = json.dumps(whole, indent=1, ensure_ascii=True)
    (out / "check.json").write_text(text + "\n", encoding="utf-8")
    first = done.submissions[0]
    page = check_page(done.report, first.notebook, title, first.cells)
    (out / "check.html").write_text(page, encoding="utf-8", errors="replace")
