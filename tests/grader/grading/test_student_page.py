"""The page of a student says what there are points for, what is missing, and where."""

import pytest
from bs4 import BeautifulSoup
from classroom import notebook, report, result

from d2l.grader.grading.result import CheckResult
from d2l.grader.grading.student_page import points, student_page
from d2l.grader.sandbox.job import CellOutcome


def page_of(**given):
    shown = notebook() if given.pop("ran", True) else None
    return BeautifulSoup(student_page(result(**given), shown, "Homework 1"), "html.parser")


@pytest.fixture(scope="module")
def page():
    return page_of()


def rows(table):
    return [
        [cell.get_text(" ", strip=True) for cell in row.find_all(["th", "td"])]
        for row in table.find_all("tr")
    ]


def test_only_checks_within_a_section_are_marked_as_its_parts(page):
    parts = [cell.get_text(strip=True) for cell in page.table.select("tr.part > th")]
    assert parts == ["softmax, unseen"]


def test_the_head_names_the_student_the_points_and_the_homework(page):
    assert page.title.text == "Ada Example: 7.5 of 15"
    assert page.h1.text == "Ada Example"
    assert page.find(class_="total").text == "7.5 of 15 points"
    assert page.header.get_text(" ", strip=True) == "Homework 1 homework.ipynb"


def test_the_table_has_each_section_with_its_checks_and_the_total(page):
    assert rows(page.table) == [
        ["Part", "Result", "Points"],
        ["1. Tensors", "≠ differs 1 of 2 results match", "2 of 4"],
        ["softmax, unseen", "✕ failed rows sum to 4", "1.5 of 3"],
        ["2. Training", "≠ differs 1 of 2 results match", "3 of 6"],
        ["loss, unseen", "✕ failed rows sum to 4", "1 of 2"],
        ["Total", "", "7.5 of 15"],
    ]


def test_each_difference_is_listed_with_a_link_to_its_cell(page):
    items = [item.get_text(" ", strip=True) for item in page.select(".differences li")]
    assert items == [
        "≠ differs number code cell 2 3.0 is wrong",
        "✕ failed curve code cell 3 ValueError: no",
        "∅ missing table nothing like it",
        "≠ stale number code cell 4 the code shows none",
    ]
    targets = [link["href"].removeprefix("#") for link in page.select(".differences a")]
    assert targets == ["cell-2", "cell-3", "cell-4"]
    assert all(page.find(id=target) for target in targets)


def test_the_values_of_the_reference_are_not_on_a_students_page(page):
    assert "expected 2.0" not in page.text


def test_beside_each_cell_stands_what_became_of_it_and_what_was_found(page):
    heads = [head.get_text(" ", strip=True) for head in page.select(".cell-head")]
    assert heads == [
        "Code cell 1 ✓ ok 0.2 s",
        "Code cell 2 ✓ ok 0.5 s",
        "Code cell 3 ✕ error 1.0 s",
        "Code cell 4 ✓ ok 1.2 s",
    ]
    assert page.find(id="cell-1").aside.get_text(" ", strip=True) == "✓ match tensor"
    assert "the code shows none" in page.find(id="cell-4").aside.text
    assert page.find(id="cell-1").find("pre", class_="code").text == "x = 1  #"


def test_a_cell_that_did_not_run_says_so_without_a_time():
    page = page_of(cells=(CellOutcome(1, "not run"),))
    heads = [head.get_text(" ", strip=True) for head in page.select(".cell-head")]
    assert heads == ["Code cell 1 – not run", "Code cell 2", "Code cell 3", "Code cell 4"]


def test_a_run_that_failed_is_said_first_with_its_reason():
    said = page_of(status="timeout", reason="stopped after 60 s").find(class_="problem").text
    assert "stopped after 60 s" in said
    assert "Cells that ran before that point were still compared." in said


def test_a_submission_that_was_refused_has_a_page_without_a_notebook():
    page = page_of(ran=False, status="refused", reason="it is truncated", report=None, cells=())
    assert "it is truncated" in page.find(class_="problem").text
    assert page.find(id="notebook") is None
    assert page.find(id="differences") is None


def test_the_reason_of_a_failed_run_is_said_once():
    reason = "it is truncated"
    checks = tuple(CheckResult(name, "", 0, 1, "failed", reason) for name in "abc")
    assert (
        page_of(ran=False, status="refused", reason=reason, checks=checks).text.count(reason) == 1
    )


def test_a_broken_check_is_not_blamed_on_the_student():
    broken = CheckResult("a check", "", 0, 2, "broken", "TypeError: the instructor's own words")
    page = page_of(checks=(broken,))
    assert "your code is not the cause" in page.text
    assert "own words" not in page.text


def test_who_else_handed_in_the_file_is_not_on_a_students_page():
    assert "Bob" not in page_of(same_as=("Bob",)).text


def test_a_comparison_that_could_not_be_made_says_why():
    problem = type(report())((), problem="the reference shows nothing")
    assert "the reference shows nothing" in page_of(report=problem).text


@pytest.mark.parametrize(
    ("number", "written"), [(0, "0"), (10, "10"), (2.5, "2.5"), (1 / 3, "0.33"), (99.999, "100")]
)
def test_points_are_written_with_two_digits_at_most(number, written):
    assert points(number) == written
