"""The page of a class: the spread of points, what was missed, who failed."""

import pytest
from bs4 import BeautifulSoup
from classroom import result, rubric

from d2l.grader.grading.class_page import histogram, summary_page
from d2l.grader.grading.result import CheckResult

CLASS = (
    result("Zoe", 1.0),
    result("Ada", 0.5, same_as=("Bob",)),
    result("Bob", 0.5, same_as=("Ada",)),
    result("Carl", 0.0, status="timeout", reason="stopped after 60 s"),
    result("Dora", 0.0, status="refused", reason="it is truncated", report=None),
)


def page_of(results):
    return BeautifulSoup(summary_page(rubric(), results), "html.parser")


def rows(page, heading):
    table = page.find(id=heading).find_next("table")
    cells = [row.find_all(["th", "td"]) for row in table.tbody.find_all("tr")]
    return [[cell.get_text(" ", strip=True) for cell in row] for row in cells]


@pytest.fixture(scope="module")
def page():
    return page_of(CLASS)


def test_a_class_without_submissions_has_a_page():
    values = [value.text for value in page_of(()).select(".numbers dd")]
    assert values == ["0", "0", "0", "15", "0 of 0"]


def test_the_head_has_the_numbers_of_the_class(page):
    names = [name.text for name in page.select(".numbers dt")]
    values = [value.text for value in page.select(".numbers dd")]
    assert dict(zip(names, values, strict=True)) == {
        "submissions": "5", "median": "7.5", "mean": "6", "total points": "15",
        "completed": "3 of 5",
    }  # fmt: skip


def test_students_are_listed_by_name_with_links_to_their_pages(page):
    assert [row[0] for row in rows(page, "students")] == ["Ada", "Bob", "Carl", "Dora", "Zoe"]
    assert rows(page, "students")[4] == ["Zoe", "✓ ok", "8.2 s", "15"]
    links = [a["href"] for a in page.find(id="students").find_next("table").find_all("a")]
    assert links[0] == "./students/ada.html"


def test_a_name_with_odd_letters_links_to_its_file():
    page = page_of([result("김 & 'Q' #1", key="김 'Q' 1")])
    assert page.tbody.find_parent("main").select("#students ~ div a")[0]["href"] == (
        "./students/%EA%B9%80%20%27Q%27%201.html"
    )


def test_questions_come_with_the_most_often_missed_first():
    def one(first, second):
        checks = (
            CheckResult(
                "softmax, unseen", "1. Tensors", 3 * first, 3, "partly", "a mean is missing"
            ),
            CheckResult("loss, unseen", "", 2 * second, 2, "passed", ""),
        )
        return result(share=1.0, checks=checks)

    found = rows(page_of([one(0.0, 1.0), one(0.5, 0.5)]), "questions")
    assert [row[0] for row in found] == [
        "softmax, unseen hidden check most often, 2×: a mean is missing",
        "loss, unseen hidden check",
        "1. Tensors compared",
        "2. Training compared",
    ]
    assert [row[1:] for row in found[:2]] == [["3", "0 of 2", "25 %"], ["2", "1 of 2", "75 %"]]


def test_those_that_were_not_judged_do_not_count_in_the_questions(page):
    assert {row[2].partition(" of ")[2] for row in rows(page, "questions")} == {"4"}


def test_runs_that_failed_are_listed_with_their_reasons(page):
    assert rows(page, "failures") == [
        ["Carl", "✕ timeout", "stopped after 60 s"],
        ["Dora", "✕ refused", "it is truncated"],
    ]


def test_those_who_handed_in_the_same_file_are_one_group(page):
    assert [item.text for item in page.select(".same li")] == ["Ada, Bob"]


def test_a_class_without_troubles_has_no_headings_for_them():
    page = page_of([result("Zoe", 1.0)])
    assert [page.find(id=name) for name in ("failures", "same")] == [None, None]
    assert page.find(class_="problem") is None


def test_a_broken_check_is_said_first_and_counts_for_no_question():
    broken = CheckResult("loss, unseen", "", 0, 2, "broken", "TypeError: no argument")
    page = page_of([result("Ada", checks=(broken,)), result("Bob", checks=(broken,))])
    assert "loss, unseen on 2 submissions" in page.find(class_="problem").text
    assert "TypeError: no argument" in page.find(class_="problem").text
    question = next(row for row in rows(page, "questions") if row[0].startswith("loss"))
    assert question[2:] == ["0 of 0", "–"]


def test_an_empty_class_has_a_page():
    assert page_of([]).select(".numbers dd")[0].text == "0"


@pytest.mark.parametrize(
    ("totals", "counts"),
    [
        ([0, 0.9, 1, 10, 9.99], {0: 2, 1: 1, 9: 2}),
        ([5], {5: 1}),
        ([12, -1], {9: 1, 0: 1}),
    ],
)
def test_the_chart_has_a_bar_as_high_as_its_count(totals, counts):
    chart = BeautifulSoup(histogram(totals, 10), "html.parser")
    bars = {
        round((float(bar["x"]) - 13) / 62): float(bar["height"]) for bar in chart.find_all("rect")
    }
    highest = max(counts.values())
    assert bars == {place: pytest.approx(150 * n / highest) for place, n in counts.items()}
    assert [int(text.text) for text in chart.select("text.count")] == [
        counts[place] for place in sorted(counts)
    ]
