"""A whole homework in real kernels: right in many ways, or with ten mistakes in it."""

from concurrent.futures import ThreadPoolExecutor

import jupytext
import pytest
from homework_variants import CORRECT, MISTAKES, REFERENCE, with_mistakes

from d2l.grader.compare.compare import compare
from d2l.grader.sandbox.isolation import Limits, SandboxConfig
from d2l.grader.sandbox.job import Job
from d2l.grader.sandbox.sandbox_run import run_in_sandbox
from d2l.grader.sandbox.selftest import choose_isolation

pytestmark = pytest.mark.slow

# One run of most right variants: what a second run is for, the reference and the mistakes show.
SHIFTS = {"reference": (0, 1, 2), "mistakes": (0, 1)}


@pytest.fixture(scope="module")
def runs():
    """The runs of the reference, of each right variant, and of the one with all mistakes."""
    texts = {"reference": REFERENCE, "mistakes": with_mistakes(*MISTAKES)}
    texts |= {name: vary(REFERENCE) for name, vary in CORRECT.items()}
    sandbox = SandboxConfig(choose_isolation().level, Limits(seconds=120, memory=2 * 2**30))

    def run(name, seed_offset):
        return run_in_sandbox(
            Job(jupytext.reads(texts[name], fmt="py:percent"), seed_offset), sandbox
        )

    with ThreadPoolExecutor(2) as pool:
        pending = {
            name: [pool.submit(run, name, seed_offset) for seed_offset in SHIFTS.get(name, (0,))]
            for name in texts
        }
        return {name: [future.result() for future in futures] for name, futures in pending.items()}


def different(report):
    return [
        (section.heading, finding)
        for section in report.sections
        for finding in section.findings
        if finding.verdict != "match"
    ]


@pytest.mark.parametrize("name", ["reference", *CORRECT])
def test_what_is_right_matches_in_full_however_it_is_written(runs, name):
    assert [run.status for run in runs[name]] == ["ok"] * len(runs[name])
    report = compare(runs["reference"], runs[name], runs[name][-1].notebook)
    assert report.problem == ""
    assert different(report) == []
    assert report.stale == ()
    assert sum(len(section.findings) for section in report.sections) == 25


def test_ten_mistakes_are_found_where_they_are_and_nothing_else_is(runs):
    report = compare(runs["reference"], runs["mistakes"])
    cells = runs["mistakes"][0].notebook.cells
    made = {(section, cell_with(wrong, cells)) for section, _, wrong in MISTAKES.values()}
    assert len(made) == 10
    # A learning rate that is too small shows in the curves and in the weights below them.
    made.add(("5 Linear regression", cell_with('"weights:"', cells)))
    assert {(section, finding.submission_cell) for section, finding in different(report)} == made
    assert {finding.verdict for _, finding in different(report)} == {"differs"}


def cell_with(code, cells):
    (index,) = (i for i, cell in enumerate(cells) if code in cell.source)
    return index
