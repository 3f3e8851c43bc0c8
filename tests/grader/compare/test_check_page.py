"""The page of one comparison."""

import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_notebook

from d2l.grader.compare.report import MAX_MESSAGE, CheckReport, Finding, SectionReport, check_page


def page_of(*findings, **given):
    report = CheckReport((SectionReport("A heading", findings),), **given)
    notebook = new_notebook(cells=[new_code_cell("x")])
    return BeautifulSoup(check_page(report, notebook, "hw.ipynb", note="ran in 1 s"), "html.parser")


def test_a_full_match_is_said_in_one_line():
    page = page_of(Finding("match", "number", "", 0, 0))
    assert page.title.text == "hw.ipynb: full match"
    assert page.find(class_="verdict").text == "full match"
    assert page.find(id="differences") is None
    assert page.header.text == "ran in 1 s"


def test_sections_have_their_verdict_and_how_many_match():
    page = page_of(Finding("match", "number", "", 0, 0), Finding("missing", "table", "none", 1))
    cells = [cell.get_text(" ", strip=True) for cell in page.tbody.find_all(["th", "td"])]
    assert cells == ["A heading", "∅ missing", "1 of 2"]
    assert page.find(class_="verdict").text == "not a full match"


def test_why_nothing_could_be_compared_is_said():
    assert page_of(problem="no cell ran").find(class_="problem").text == "no cell ran"


def test_a_message_is_cut_where_nobody_reads_on():
    page = page_of(Finding("differs", "text", "a" * 10 * MAX_MESSAGE, 0, 0))
    assert {len(message.text) for message in page.select(".message")} == {MAX_MESSAGE + 2}


@pytest.mark.parametrize(
    ("num_findings", "note"), [(500, None), (501, "1 more"), (1800, "1,300 more")]
)
def test_a_page_lists_at_most_five_hundred_differences_and_says_how_many_it_hides(
    num_findings, note
):
    findings = [Finding("differs", f"number {i}", "wrong", 0, 0) for i in range(num_findings)]
    page = page_of(*findings)
    assert len(page.select(".differences li")) == 500
    hidden = page.select_one(".differences + p")
    assert (hidden and hidden.text) == (note and f"{note} are not shown.")
    assert page.tbody.find_all("td")[-1].text == f"0 of {num_findings}"
