"""The instructor's hand: free text that waits, points and comments, changes that are said."""

import csv
from dataclasses import replace

import classroom
import pytest
from bs4 import BeautifulSoup
from small_class import REFERENCE, WITHOUT_CHECKS, make_box, make_class, make_course, run_here

from d2l.files.csv_cells import TableError
from d2l.grader.grading.grade_class import GradingConfig, ProgressListener, grade_class
from d2l.grader.grading.grades_table import collect, named_apart
from d2l.grader.grading.manual import Override, read_overrides, with_overrides
from d2l.grader.grading.result import CheckResult
from d2l.grader.grading.rubric import RubricError, read_rubric, require_outside

ESSAY = REFERENCE + "# %% [markdown]\n# ## Why\n# %% [markdown]\n# The **answer** is growth.\n"
RUBRIC = WITHOUT_CHECKS + '[[section]]\nheading = "Why"\npoints = 5\nmanual = true\n'
ANSWERS = {
    "ada": "It <script>alert(1)</script> grows *slowly*.",
    "bob": "The **answer** is growth.",
    "yves": "No idea",
}


class Listener(ProgressListener):
    def __init__(self):
        self.changes = []

    def changed(self, results):
        self.changes += [(result.student, before, result.total) for result, before in results]


@pytest.fixture
def course(tmp_path):
    rubric = make_course(tmp_path / "course", RUBRIC, reference=ESSAY)
    make_class(tmp_path / "class", **dict.fromkeys(ANSWERS, ("", "")))
    for name, answer in ANSWERS.items():
        text = ESSAY.replace("The **answer** is growth.", answer)
        (tmp_path / "class" / f"{name}.py").write_text(text)
    return rubric


def config_of(tmp_path, run=run_here, overrides="", **changes):
    rubric = read_rubric(tmp_path / "course" / "rubric.toml")
    submissions = named_apart(
        replace(one, **changes.get(one.student, {})) for one in collect(tmp_path / "class")
    )
    path = tmp_path / "overrides.csv"
    path.write_text("student,item,points,comment\n" + overrides)
    return GradingConfig(
        rubric, submissions, make_box(), run, tmp_path / "out", 1,
        read_overrides(path, rubric, submissions),
    )  # fmt: skip


def graded(config, resume=False):
    listener = Listener()
    results = grade_class(config, listener, resume=resume)
    return {result.student: result for result in results}, listener.changes


def page_of(tmp_path, name):
    text = (tmp_path / "out" / name).read_text(encoding="utf-8")
    return BeautifulSoup(text, "html.parser")


def no_run(job, sandbox):
    raise AssertionError("nothing is to be run")


@pytest.mark.usefixtures("course")
def test_free_text_waits_side_by_side_and_gives_no_points_until_it_is_graded(tmp_path):
    results, _ = graded(config_of(tmp_path))
    assert {name: (one.total, one.out_of) for name, one in results.items()} == dict.fromkeys(
        ANSWERS, (14, 19)
    )
    assert {name: one.waiting for name, one in results.items()} == {
        "ada": ("Why",), "bob": (), "yves": ("Why",),
    }  # fmt: skip
    page = page_of(tmp_path, "to_grade.html")
    answers = {one.h3.a.text: one.get_text(" ", strip=True) for one in page.select("article")}
    assert list(answers) == list(ANSWERS)
    assert "slowly" in answers["ada"]
    assert "No answer." in answers["bob"]  # what the reference says is no answer of his
    assert page.find("script") is None
    assert page.find("em").text == "slowly"
    assert "growth" in page.find("details").text
    with open(tmp_path / "out" / "to_grade.csv", encoding="utf-8-sig") as file:
        rows = list(csv.reader(file))
    assert rows == [["student", "item", "points", "comment"], ["ada", "Why", "", ""],
                    ["yves", "Why", "", ""]]  # fmt: skip
    with open(tmp_path / "out" / "grades.csv", encoding="utf-8-sig") as file:
        notes = {row["student"]: row["note"] for row in csv.DictReader(file)}
    assert notes["yves"] == "Why must be graded by hand"


@pytest.mark.usefixtures("course")
def test_points_by_hand_are_on_pages_and_in_tables_without_another_run(tmp_path):
    before, _ = graded(config_of(tmp_path))
    lines = 'ada,Why,"4,5",Well <b>said</b>\nYVES,why,0,\nbob,Sums,7,Half right\nbob,,,See me\n'
    results, changes = graded(config_of(tmp_path, no_run, lines), resume=True)
    assert {name: one.total for name, one in results.items()} == {
        "ada": 18.5,
        "bob": 11,
        "yves": 14,
    }
    assert changes == [("ada", 14, 18.5), ("bob", 14, 11)]
    assert {one.waiting for one in results.values()} == {()}
    page = page_of(tmp_path, "students/ada.html")
    assert "Well <b>said</b>" in page.get_text()
    assert page.find(class_="total").text == "18.5 of 19 points"
    assert "See me" in page_of(tmp_path, "students/bob.html").get_text()
    assert page.find(id="cell-1") is not None  # the notebook as it ran is still there
    again, changes = graded(config_of(tmp_path, no_run), resume=True)
    assert (again, changes) == (before, [("ada", 18.5, 14), ("bob", 11, 14)])


def test_resuming_after_a_change_of_the_rubric_says_whose_grade_changes(tmp_path, course):
    graded(config_of(tmp_path))
    course.write_text(RUBRIC.replace("points = 10", "points = 20"))
    seen = []

    class Looks(Listener):
        def changed(self, results):
            with open(tmp_path / "out" / "grades.csv", encoding="utf-8-sig") as file:
                seen.append({row["total"] for row in csv.DictReader(file)})
            super().changed(results)

    listener = Looks()
    grade_class(config_of(tmp_path), listener, resume=True)
    assert listener.changes == [(name, 14, 24) for name in ANSWERS]
    assert seen == [{"14.0"}]  # the tables were still those of before


@pytest.mark.usefixtures("course")
def test_pages_of_an_anonymous_class_name_nobody(tmp_path):
    (tmp_path / "class" / "yves.py").write_text("")
    aliases = {name: {"alias": f"student-{i}", "id": str(i)} for i, name in enumerate(ANSWERS)}
    results, _ = graded(config_of(tmp_path, **aliases))
    pages = [path for path in (tmp_path / "out").rglob("*") if path.suffix == ".html"]
    assert sorted(path.stem for path in pages) == [
        "index", "student-0", "student-1", "student-2", "to_grade",
    ]  # fmt: skip
    for path in pages:
        text = path.read_text(encoding="utf-8")
        assert not [name for name in ANSWERS if name in text], path
    assert results["yves"].status == "refused"
    with open(tmp_path / "out" / "grades.csv", encoding="utf-8-sig") as file:
        rows = [(row["student"], row["id"], row["page"]) for row in csv.DictReader(file)]
    assert rows == [(name, str(i), f"student-{i}") for i, name in enumerate(ANSWERS)]


@pytest.mark.usefixtures("course")
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("adda,Why,1,", "line 2: unknown student 'adda'. Did you mean 'ada'"),
        ("ada,Wy,1,", "line 2: the rubric has no section or check 'Wy'. Did you mean 'why'"),
        ("ada,Why,many,", "line 2: points must be a number >= 0 or empty, found 'many'"),
        ("ada,Why,-1,", "empty, found '-1'"),
        ("ada,Why,inf,", "empty, found 'inf'"),
    ],
)
def test_a_line_that_fits_nobody_or_nothing_is_said(tmp_path, line, words):
    with pytest.raises(TableError, match=words):
        config_of(tmp_path, overrides=line + "\n")


def test_points_by_hand_settle_a_check_that_is_broken():
    broken = CheckResult("loss, unseen", "", 0, 2, "broken", "it returned 'yes'")
    result = classroom.result(share=1.0, checks=(broken,))
    for points, status in ((2, "passed"), (0.5, "partly"), (0, "failed")):
        settled = with_overrides(result, [Override("loss, unseen", points, "by hand")])
        assert (settled.checks[0].status, settled.checks[0].points) == (status, points)
        assert (settled.total, settled.broken) == (10 + points, ())
    commented = with_overrides(result, [Override("loss, unseen", None, "wait")])
    assert commented.broken == (replace(broken, comment="wait"),)


def test_a_folder_for_notebooks_that_holds_what_they_must_not_see_is_refused(tmp_path):
    for name in (".", "shared"):
        (tmp_path / "course" / "shared").mkdir(parents=True, exist_ok=True)
        text = WITHOUT_CHECKS.replace("seed = 5", f'seed = 5\nfiles = "{name}"')
        path = make_course(tmp_path / "course", text)
        if name == "shared":
            rubric = read_rubric(path)
            continue
        with pytest.raises(
            RubricError, match=r"contains rubric\.toml, so every notebook could read"
        ):
            read_rubric(path)
    with pytest.raises(RubricError, match=r"--data, .*course, contains"):
        require_outside(rubric, tmp_path / "course", "--data")
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(RubricError, match=r"--data, .*link, contains"):
        require_outside(rubric, tmp_path / "link", "--data")
    require_outside(rubric, tmp_path / "elsewhere", "--data")
