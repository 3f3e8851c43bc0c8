"""`d2l grade` from the platform's zip to the platform's table; notebooks are ours and run here."""

import csv
import io
import sys
import zipfile

import exports
import pytest
from small_class import REFERENCE, WITHOUT_CHECKS, make_box, make_course, run_here

from d2l.cli.main import main
from d2l.cli.sandbox_options import SandboxOptions
from d2l.grader.sandbox import sandbox_run

PEOPLE = exports.students(12)
ONE_RUN = 'title = "HW1"\nseeds = [0]\nruns = [0]'


@pytest.fixture
def grade(tmp_path, monkeypatch, capsys):
    """Call the command on a class in `tmp_path`; its exit status and what it printed."""
    monkeypatch.setattr(sandbox_run, "run_in_sandbox", run_here)
    monkeypatch.setattr(SandboxOptions, "sandbox", lambda *arguments: make_box())
    text = WITHOUT_CHECKS.replace('title = "Homework 1"', ONE_RUN)
    make_course(tmp_path / "course", text)

    def call(*arguments):
        rubric, out = tmp_path / "course" / "rubric.toml", tmp_path / "out"
        command = ["d2l", "grade", *arguments, "--rubric", rubric, "--out", out, "--jobs", "1"]
        monkeypatch.setattr(sys, "argv", [str(word) for word in command])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return ended.value.code or 0, printed.out, printed.err

    return call


def hand_in(folder, layout):
    """An export whose notebooks are the reference, the first student's with a mistake."""
    layout(folder, PEOPLE)
    for file in folder.rglob("*"):
        if file.suffix in (".ipynb", ".py"):
            is_first = str(PEOPLE[0].id) in str(file.relative_to(folder))
            text = REFERENCE.replace("max(x)", "min(x)") if is_first else REFERENCE
            file.rename(file.with_suffix(".py")).write_text(text)
    return folder


def table_of(path):
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


def test_a_zip_of_canvas_goes_in_and_its_table_comes_back_filled(tmp_path, grade):
    content, column = exports.canvas_table(PEOPLE[1:])
    absent = exports.Student("Absent", "Person", 5, "ap")
    extra = exports.canvas_table([absent])[0].splitlines()[-1] + b"\n"
    table = tmp_path / "export.csv"
    table.write_bytes(content + extra)
    folder = hand_in(tmp_path / "class", exports.canvas)
    archive = exports.zip_of(folder, tmp_path / "submissions.zip")
    code, said, errors = grade(archive, "--into", table)
    assert (code, errors) == (0, "")
    assert "Canvas export, 12 students, 11 notebooks, 1 without one" in said
    assert f"11 rows filled in the column {column!r}" in said
    assert "not in the table: 1 (kimada)" in said
    assert "in the table but without a submission: 1 (Absent Person)" in said
    again = grade(archive, "--into", table, "--resume")[1]
    assert "12 of 12 submissions were already graded" in again
    assert "11 rows filled in the column" in again
    assert table.read_bytes() == content + extra  # never written over
    before, after = table_of(table), table_of(tmp_path / "out" / "export.graded.csv")
    place = before[0].index(column)
    assert [row[place] for row in after[2:]] == [
        *("0" if i == 7 else "14" for i in range(1, 12)), ""
    ]  # fmt: skip
    for row, old in zip(after, before, strict=True):
        assert row[:place] + row[place + 1 :] == old[:place] + old[place + 1 :]


def test_pages_come_in_the_folders_that_moodle_takes_back(tmp_path, grade):
    hand_in(tmp_path / "class", exports.moodle)
    code, said, _ = grade(tmp_path / "class", "--anonymous")
    assert code == 0
    assert "feedback.zip" in said
    with zipfile.ZipFile(tmp_path / "out" / "feedback.zip") as archive:
        pages = {
            name.partition("/")[0].split("_")[1]: archive.read(name).decode()
            for name in archive.namelist()
        }
    assert set(pages) == {str(one.id) for one in PEOPLE}
    page = pages[str(PEOPLE[0].id)]
    assert "9 of 14 points" in page.replace("<strong>", "").replace("</strong>", "")
    assert PEOPLE[0].name not in page
    with open(tmp_path / "out" / "grades.csv", encoding="utf-8-sig") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    assert rows[str(PEOPLE[0].id)]["student"].startswith(PEOPLE[0].name)
    assert rows[str(PEOPLE[0].id)]["page"] in page


def test_submission_times_and_attempts_are_in_the_table(tmp_path, grade):
    hand_in(tmp_path / "class", exports.blackboard)
    code, said, _ = grade(tmp_path / "class", "--attempt", "2")
    assert code == 0
    assert "Blackboard export, 12 students" in said
    with open(tmp_path / "out" / "grades.csv", encoding="utf-8-sig") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    third = rows[PEOPLE[2].login]
    assert (third["submitted"], third["attempt"]) == ("2024-03-02 10:11:12", "2")


def test_names_reach_no_spreadsheet_as_formulas(tmp_path, grade):
    names = ["=1+1", ";=1+1", "+1", "@SUM(A1)", "\t-1", "a;=2", "b,=3", "c\t=4"]
    for name in names:
        exports.put(tmp_path / "class", f"{name}.py", REFERENCE)
    assert grade(tmp_path / "class")[0] == 0
    text = (tmp_path / "out" / "grades.csv").read_text(encoding="utf-8-sig")
    for delimiter in ",;\t":  # whatever a spreadsheet takes for the mark between cells
        for row in csv.reader(io.StringIO(text), delimiter=delimiter):
            assert not [cell for cell in row if cell.strip()[:1] in ("=", "+", "-", "@")]


def test_the_default_overrides_lie_next_to_the_rubric(tmp_path, grade):
    exports.put(tmp_path / "class", "kim.py", REFERENCE)
    overrides = tmp_path / "course" / "overrides.csv"
    overrides.write_text("student,item,points,comment\nkim,Sums,3,a comment\n")
    assert "7 of 14" in grade(tmp_path / "class")[1]
    overrides.write_text("student,item,points,comment\nkin,Sums,3,a comment\n")
    code, _, errors = grade(tmp_path / "class", "--resume")
    assert code == 1
    assert "unknown student 'kin'. Did you mean 'kim'?" in errors


def test_an_anonymous_grading_does_not_lie_among_pages_with_names(tmp_path, grade):
    exports.put(tmp_path / "class", "kim.py", REFERENCE)
    assert grade(tmp_path / "class")[0] == 0
    code, _, errors = grade(tmp_path / "class", "--resume", "--anonymous")
    assert code == 1
    assert "contains a page for kim, which names a student. Write" in errors


def test_the_rubric_names_the_notebook_that_counts_of_several(tmp_path, grade):
    for name, text in (("hw1", REFERENCE), ("scratch", "# %%\n1 / 0\n")):
        exports.put(tmp_path / "class", f"kim/{name}.py", text)
    assert "the submission contains 2 notebooks" in grade(tmp_path / "class")[1]
    rubric = tmp_path / "course" / "rubric.toml"
    rubric.write_text(f'notebook = "hw1.ipynb"\n{rubric.read_text()}')
    code, said, _ = grade(tmp_path / "class", "--resume")
    assert code == 0
    assert "14 of 14" in said
    assert "0 -> 14" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--column", "HW1"], "--column requires --into"),
        (["--into", "table.csv"], "exactly one column 'HW1' or 'reference' or 'grade' or 'score'"),
        (["--into", "table.csv", "--column", "Nam"], "did you mean 'Name'? Available: 'Name', 'X'"),
        (["--into", "nobody.csv", "--column", "B"], "has no column that identifies students"),
        (["--roster", "nobody.csv"], "has no column that identifies students"),
        (["--roster", "sheet.xlsx"], "is a spreadsheet, not a CSV file"),
    ],
)
def test_tables_that_do_not_fit_are_said_before_anything_runs(
    tmp_path, monkeypatch, grade, arguments, words
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sandbox_run, "run_in_sandbox", None)
    exports.put(tmp_path / "class", "kim.py", REFERENCE)
    (tmp_path / "table.csv").write_text("Name,X\nkim,\n")
    (tmp_path / "nobody.csv").write_text("A,B\n1,2\n")
    (tmp_path / "sheet.xlsx").write_bytes(b"PK\x03\x04")
    code, _, errors = grade("class", *arguments)
    assert code in (1, 2)
    assert words in errors
    assert len(errors) < 600
    assert not (tmp_path / "out").exists()


def test_what_is_neither_folder_nor_zip_is_said(tmp_path, grade):
    (tmp_path / "kim.rar").write_bytes(b"Rar!")
    code, _, errors = grade(tmp_path / "kim.rar")
    assert code == 1
    assert "kim.rar is not a readable zip: it is not a zip file" in errors
