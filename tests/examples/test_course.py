"""The sample course is graded by the command line, and gives what its README promises."""

import csv
import re
import subprocess
import sys
from pathlib import Path

import pytest

COURSE = Path(__file__).parents[2] / "examples" / "course"
pytestmark = pytest.mark.slow


def promised():
    """Points by student, from the README's table."""
    rows = re.findall(
        r"^\| ([^|]+) \|[^|]+\| ([\d.]+) \|", (COURSE / "README.md").read_text(), re.M
    )
    return {student: float(points) for student, points in rows}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The folder that grading leaves; `d2l grade` runs once for all tests."""
    out = tmp_path_factory.mktemp("course") / "grades"
    command = ["grade", COURSE / "submissions", "--rubric", COURSE / "rubric.toml", "--out", out]
    done = subprocess.run(
        [sys.executable, "-m", "d2l", *map(str, command), "--jobs", "2"],
        capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return out


@pytest.fixture(scope="module")
def table(graded):
    with open(graded / "grades.csv", encoding="utf-8-sig", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def test_each_student_gets_what_the_readme_says(table):
    assert {name: float(row["total"]) for name, row in table.items()} == promised()


def test_no_submission_that_is_right_was_given_a_hint_in_training(graded, table):
    right = [name for name, row in table.items() if float(row["total"]) == 26]
    assert right
    for name in right:
        notebook = (graded / "students" / f"{name}.ipynb").read_text("utf-8")
        assert "application/vnd.d2l.hint+json" not in notebook


def test_the_class_is_ten(table):
    assert len(table) == 10
    assert {row["out of"] for row in table.values()} == {"26.0"}


@pytest.mark.parametrize(
    ("student", "status", "why"),
    [
        ("grace_lindqvist", "timeout", "10 s"),
        ("hiro_tanaka", "error", "IndexError"),
        ("ines_duarte", "refused", "cannot be read"),
        ("felix_roth", "ok", "5 stored outputs that the code does not produce"),
        ("chiara_conti", "ok", ""),
    ],
)
def test_a_student_s_row_says_how_the_run_ended_and_why(table, student, status, why):
    assert table[student]["status"] == status
    assert why in table[student]["note"]


def test_hard_coded_answers_lose_every_check_on_hidden_inputs(table):
    checks = [value for name, value in table["elif_demir"].items() if name.startswith("check: ")]
    assert [float(value) for value in checks] == [0.0] * 6


def test_there_is_a_page_for_each_student_and_one_for_the_class(graded):
    summary = (graded / "index.html").read_text(encoding="utf-8")
    pages = {path.stem: path.read_text(encoding="utf-8") for path in graded.glob("students/*.html")}
    assert set(pages) == set(promised())
    assert all(f"{name}</bdi>" in summary for name in pages)
    assert "AssertionError" not in pages["amelie_brun"]
    assert "standardize(X) works along the rows" in pages["daniel_okafor"]
    assert "IndexError" in pages["hiro_tanaka"]
