"""Points out of findings: shares, headings below headings, and nothing for what is not there."""

from dataclasses import replace

import classroom

from d2l.grader.compare.match_sections import Section
from d2l.grader.compare.report import CheckReport, Finding, SectionReport
from d2l.grader.grading.result import (
    by_heading,
    no_points,
    rubric_headings_of,
    section_results,
    total,
)
from d2l.grader.grading.rubric import SectionRule

MATCH, DIFFERS = Finding("match", "number"), Finding("differs", "number")
RUBRIC = replace(classroom.rubric(), sections=(SectionRule("A", 6), SectionRule("A.2", 3)))
SECTIONS = [
    Section("Start", (), (0,)),
    Section("A", (), (1,)),
    Section("A.1", ("A",), (2,)),
    Section("A.2", ("A",), ()),
    Section("A.2.1", ("A", "A.2"), (3,)),
    Section("B", (), (4,)),
]


def report(*findings):
    return CheckReport(tuple(SectionReport("", tuple(found)) for found in findings))


def test_a_heading_counts_for_the_nearest_one_above_that_the_rubric_names():
    assert rubric_headings_of(RUBRIC, SECTIONS) == ("", "A", "A", "A.2", "")


def test_points_are_the_share_of_what_is_expected_that_matches():
    headings = rubric_headings_of(RUBRIC, SECTIONS)
    found = by_heading(headings, report([], [MATCH], [MATCH, DIFFERS], [MATCH], [DIFFERS]))
    sections = section_results(RUBRIC, {"A": 3, "A.2": 2}, found)
    assert [section.points for section in sections] == [6 * 2 / 3, 3 / 2]
    assert [(section.matched, section.expected) for section in sections] == [(2, 3), (1, 2)]
    assert [section.verdict for section in sections] == ["differs", "match"]
    assert total(sections, ()) == 5.5


def test_without_findings_there_are_no_points():
    sections, checks = no_points(RUBRIC, {"A": 3, "A.2": 0}, "it was empty")
    assert [(section.points, section.verdict) for section in sections] == [(0, "missing")] * 2
    assert {(check.points, check.status, check.message) for check in checks} == {
        (0, "failed", "it was empty")
    }
    assert by_heading(("A",), CheckReport((), problem="nothing to compare")) == {}


def test_thirds_are_rounded_to_cents():
    found = {"A": SectionReport("A", (MATCH, DIFFERS, DIFFERS))}
    rubric = replace(RUBRIC, sections=(SectionRule("A", 10),))
    assert section_results(rubric, {"A": 3}, found)[0].points == 3.33
