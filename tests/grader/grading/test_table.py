"""The table for spreadsheets: harmless texts, right numbers, letters of every language."""

import csv
import io

import classroom
import pytest

from d2l.grader.grading.grades_table import grades_csv, harmless, note_copies, summary


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1+1", "\n-1"]
)
def test_no_text_is_taken_for_a_formula(text):
    cell = harmless(text)
    assert cell.startswith("'")
    assert cell.isprintable()


def test_other_texts_stay_as_they_are():
    assert harmless('김 민수, a=b "c" 1-2') == '김 민수, a=b "c" 1-2'


def test_the_table_is_read_back_as_it_was_meant():
    names = ['김 민수, "A"', "=cmd|' /C calc'!A0", "line\nbreak"]
    results = [classroom.result(name, 0.5, key=str(i)) for i, name in enumerate(names)]
    content = grades_csv(classroom.rubric(), results)
    assert content.startswith("\N{BYTE ORDER MARK}".encode())
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert len({len(row) for row in rows}) == 1
    assert rows[0][:3] == ["student", "total", "section: 1. Tensors"]
    assert [row[0] for row in rows[1:]] == [names[0], f"'{names[1]}", "line break"]
    assert [float(value) for value in rows[1][1:6]] == [7.5, 2, 3, 1.5, 1]


def test_copies_name_each_other_and_refused_ones_do_not():
    results = [
        classroom.result("a", content="1"),
        classroom.result("b", content="2"),
        classroom.result("c", content="1"),
        classroom.result("d", content=""),
        classroom.result("e", content=""),
    ]
    assert [result.same_as for result in note_copies(results)] == [("c",), (), ("a",), (), ()]


def test_the_summary_has_the_means_and_the_broken_checks():
    whole, none = classroom.result("a", 1), classroom.result("b", 0)
    numbers = summary(classroom.rubric(), [whole, none, none])
    assert (numbers["mean"], numbers["median"], numbers["students"]) == (5, 0, 3)
    assert [part["mean"] for part in numbers["sections"]] == [round(4 / 3, 2), 2]
    assert [part["broken"] for part in numbers["checks"]] == [0, 0]
