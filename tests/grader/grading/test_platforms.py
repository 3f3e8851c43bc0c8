"""Classes as platforms export them: everybody is found once, nobody is invented."""

import csv
import io
import re
import unicodedata
import zipfile

import exports
import pytest
from exports import EXPORTS, NOTEBOOK, put, students

from d2l.files.archive import UnpackLimits, unpacked
from d2l.files.csv_cells import read_table
from d2l.files.people_table import match_people, points_column
from d2l.files.platform_export import ExportError, feedback_zip
from d2l.grader.grading.grades_table import named_apart, read_class, with_roster
from d2l.grader.grading.submissions import Submission, SubmissionError, load_submission

PEOPLE = students()
LIMITS = UnpackLimits(2**30, 10_000, is_strict=True)


@pytest.fixture(scope="module", params=EXPORTS)
def export(request, tmp_path_factory):
    """A platform's name, and the folder of its export."""
    folder = tmp_path_factory.mktemp(request.param)
    EXPORTS[request.param][0](folder, PEOPLE)
    return request.param, folder


def who(platform, one):
    """What the platform's own names of entries say about a student."""
    if platform == "Blackboard":
        return ("", one.login)
    return (str(one.id), f"{one.login}@school.edu" if platform == "Gradescope" else "")


def composed(name):
    return unicodedata.normalize("NFC", name)


def test_every_student_of_an_export_is_found_and_nobody_is_invented(export):
    platform, folder = export
    found = read_class(folder)
    expected = sorted(who(platform, one) for one in PEOPLE)
    assert sorted((one.id, one.login) for one in found.submissions) == expected
    assert len({one.student for one in found.submissions}) == len(PEOPLE)
    without = {"Canvas": 4, "Moodle": 4, "Blackboard": 4, "Brightspace": 4, "Gradescope": 4}
    assert found.describe().startswith(
        f"{platform} export, 200 students, {200 - without[platform]} notebooks, "
        f"{without[platform]} without one"
    )


def test_names_are_the_students_own_and_those_of_one_name_are_told_apart(export):
    platform, folder = export
    for one in read_class(folder).submissions:
        (person,) = (p for p in PEOPLE if one.id == str(p.id) or one.login == p.login)
        name = exports.plain(person.name).replace("_", " ")
        if platform == "Canvas":
            name = re.sub(r"\W", "", f"{person.last}, {person.first}").lower()
        shown = one.student.removesuffix(f" ({one.id})")
        shown = re.sub(r" \(\d+\)$", "", shown) if platform == "Blackboard" else shown
        assert composed(exports.plain(shown)).replace("_", " ") == composed(name)


def test_the_zip_of_the_platform_is_the_class_too(export, tmp_path):
    _, folder = export
    with unpacked(exports.zip_of(folder, tmp_path / "export.zip"), LIMITS) as (inside, bad):
        found = read_class(inside).submissions
        assert bad == []
        assert [(o.student, o.key, o.id) for o in found] == [
            (o.student, o.key, o.id) for o in read_class(folder).submissions
        ]
    assert not inside.exists()


def test_a_filled_table_loads_back_with_nothing_but_the_points_changed(export, tmp_path):
    platform, folder = export
    content, column = EXPORTS[platform][1](PEOPLE)
    (tmp_path / "table.csv").write_bytes(content)
    table = read_table(tmp_path / "table.csv")
    submissions = read_class(folder).submissions
    match = match_people(table, submissions)
    assert (list(match.not_in_table), list(match.absent)) == ([], [])
    given = {one.key: round(i / 8, 2) for i, one in enumerate(submissions)}
    values = {match.people[key].row: table.number(points) for key, points in given.items()}
    place = points_column(table, column, ["HW1"])
    assert place == points_column(table, None, ["HW1", "reference"])
    (tmp_path / "filled.csv").write_bytes(table.with_values(place, values))

    before, after = (rows(tmp_path / name) for name in ("table.csv", "filled.csv"))
    assert [row[:place] + row[place + 1 :] for row in before] == [
        row[:place] + row[place + 1 :] for row in after
    ]
    points = {row[0] + row[1] + row[2]: row[place].replace(",", ".") for row in after}
    for one in submissions:
        (person,) = (p for p in PEOPLE if one.id == str(p.id) or one.login == p.login)
        (value,) = (v for k, v in points.items() if str(person.id) in k or person.login in k)
        assert float(value) == given[one.key]


def rows(path):
    data = path.read_bytes()
    text = data.decode("utf-16" if data[:2] == b"\xff\xfe" else "utf-8-sig")
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def opened(submission, tmp_path):
    with load_submission(submission, tmp_path / "hw1.py") as found:
        return found.notebook.cells[-1].source


def test_of_several_attempts_the_latest_counts_or_the_one_that_is_asked_for(tmp_path):
    exports.blackboard(tmp_path / "class", PEOPLE[:6])
    for attempt, expected in ((None, [0, 1, 2]), (1, [0, 0, 0]), (2, [0, 1, 1]), (9, [0, 1, 2])):
        found = read_class(tmp_path / "class", attempt=attempt).submissions
        by_login = {one.login: one for one in found}
        chosen = [by_login[one.login] for one in PEOPLE[:3]]
        assert [opened(one, tmp_path) for one in chosen] == [str(n) for n in expected]
        assert [one.attempt for one in chosen] == [n + 1 for n in expected]
        assert chosen[2].submitted_at == f"2024-03-0{expected[2] + 1} 10:11:12"


def test_a_login_with_underscores_is_found_without_receipts(tmp_path):
    for login in ("kim_a", "kim_b", "lee"):
        put(tmp_path, f"HW_1_{login}_attempt_2024-03-01-10-11-12_hw.ipynb")
    assert [one.login for one in read_class(tmp_path).submissions] == ["kim_a", "kim_b", "lee"]


def test_several_files_of_one_student_are_one_submission_under_their_own_names(tmp_path):
    put(tmp_path, "kim_1_10_data.csv", "1,2\n")
    put(tmp_path, "kim_1_11_hw1.py")
    put(tmp_path, "lee_2_12_..", "")
    first, second = read_class(tmp_path).submissions
    with load_submission(first, tmp_path / "hw1.py") as found:
        assert found.name == "hw1.py"
        assert sorted(file.name for file in found.files.iterdir()) == ["data.csv", "hw1.py"]
    with pytest.raises(SubmissionError, match="file is not a notebook"):
        opened(second, tmp_path)


def test_students_who_handed_in_together_are_each_graded(tmp_path):
    put(tmp_path, "submission_5/hw.ipynb")
    people = "".join(f"  - :name: {name}\n    :sid: '{sid}'\n" for name, sid in ("A1", "B2"))
    text = f"submission_5:\n  :submitters:\n{people}"
    put(tmp_path, "submission_metadata.yml", text)
    assert [(o.student, o.id) for o in read_class(tmp_path).submissions] == [("A", "1"), ("B", "2")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: &x [1]\nb: [*x, *x]", "the alias 'x' repeats a list or table"),
        ("a: [" * 100, "levels"),
        ("a: [", "it is not valid YAML"),
    ],
)
def test_metadata_that_cannot_be_read_end_in_an_error_that_says_what_to_do(tmp_path, text, words):
    put(tmp_path, "submission_5/hw.ipynb")
    put(tmp_path, "submission_metadata.yml", text)
    with pytest.raises(ExportError, match=words) as raised:
        read_class(tmp_path)
    assert "Remove the file to use the names of the folders instead" in str(raised.value)


def test_nbgraders_folders_are_students_of_one_assignment(tmp_path):
    for student in ("bitdiddle", "hacker"):
        put(tmp_path, f"submitted/{student}/ps1/p1.ipynb")
        put(tmp_path, f"submitted/{student}/ps1/timestamp.txt", "2024-03-01 15:58:23.948203 UTC\n")
    found = read_class(tmp_path)
    assert found.describe() == "nbgrader folder, 2 students, 2 notebooks"
    assert [(one.id, one.submitted_at) for one in found.submissions] == [
        ("bitdiddle", "2024-03-01 15:58:23"),
        ("hacker", "2024-03-01 15:58:23"),
    ]
    put(tmp_path, "submitted/hacker/ps2/p.ipynb")
    with pytest.raises(ExportError, match=r"several assignments \(ps1, ps2\)"):
        read_class(tmp_path)
    assert [o.id for o in read_class(tmp_path, assignment="ps2").submissions] == ["hacker"]


def test_repositories_are_students_by_what_follows_the_assignments_name(tmp_path):
    for login in ("kim", "l-ee", "park"):
        put(tmp_path, f"hw-1-submissions/hw-1-{login}/.git/HEAD", "ref")
        put(tmp_path, f"hw-1-submissions/hw-1-{login}/notebooks/answer.ipynb")
    found = read_class(tmp_path)
    assert found.describe() == "Git repositories, 3 students, 3 notebooks"
    assert [one.login for one in found.submissions] == ["kim", "l-ee", "park"]


def test_receipts_and_text_files_are_no_students(tmp_path):
    for name in ("kim.ipynb", "lee.ipynb.txt", "grades.csv", "index.html", "note.txt"):
        put(tmp_path, name)
    put(tmp_path, "park.txt", '\n{"cells": []}')  # a notebook that a browser saved as text
    found = read_class(tmp_path)
    assert [one.student for one in found.submissions] == ["kim", "lee.ipynb.txt", "park.txt"]
    assert found.left_out == ("grades.csv", "index.html", "note.txt")
    assert found.describe().endswith("(3 other files ignored)")


def test_a_roster_joins_ids_and_logins_to_names(tmp_path):
    folder = tmp_path / "class"
    for name in ("20240001.ipynb", "lee.ipynb", "Park Jisoo.ipynb", "nobody.ipynb"):
        put(folder, name)
    roster = 'Student ID,Login,Name,Email\n20240001,mk,"김, 민수",mk@x.edu\n7,x,Lee Bo,lee@x.edu\n'
    (tmp_path / "roster.csv").write_text(roster + "9,jp,Park Jisoo,\n10,aa,Absent A,\n")
    submissions = read_class(folder).submissions
    match = match_people(read_table(tmp_path / "roster.csv"), submissions)
    joined = with_roster(submissions, match)
    assert [(one.student, one.id, one.login) for one in joined] == [
        ("Lee Bo", "7", "x"),
        ("Park Jisoo", "9", "jp"),
        ("nobody", "", ""),
        ("민수 김", "20240001", "mk"),
    ]
    assert [one.student for one in match.not_in_table] == ["nobody"]
    assert [person.name for person in match.absent] == ["Absent A"]


def test_who_could_be_one_of_two_is_nobody(tmp_path):
    (tmp_path / "table.csv").write_text("Name,ID\nKim Minsu,1\nKim Minsu,2\nLee Bo,3\nLee Bo,4\n")
    found = [
        Submission("Kim Minsu (2)", "a", tmp_path, id="2"),
        Submission("Kim Minsu", "b", tmp_path),
        Submission("Lee Bo", "c", tmp_path),
    ]
    match = match_people(read_table(tmp_path / "table.csv"), found)
    assert {key: person.id for key, person in match.people.items()} == {"a": "2", "b": "1"}
    assert [one.key for one in match.not_in_table] == ["c"]
    assert [person.id for person in match.absent] == ["3", "4"]


def test_two_who_claim_one_row_both_miss_it(tmp_path):
    (tmp_path / "table.csv").write_text('Student,Email\n"Kim, Minsu",mk@x.edu\nLee Bo,l@x.edu\n')
    found = [Submission(name, name, tmp_path) for name in ("Minsu Kim", "kimminsu", "l")]
    match = match_people(read_table(tmp_path / "table.csv"), found)
    assert {key: person.name for key, person in match.people.items()} == {"l": "Lee Bo"}
    assert [one.key for one in match.not_in_table] == ["Minsu Kim", "kimminsu"]
    assert [person.name for person in match.absent] == ["Minsu Kim"]


def test_a_zip_of_the_class_with_bad_entries_costs_those_alone(tmp_path):
    content = exports.zip_of(put(tmp_path / "in", "kim_1_2_hw.ipynb").parent, tmp_path / "a.zip")
    with zipfile.ZipFile(content, "a") as archive:
        archive.writestr("../up_3_4_hw.ipynb", NOTEBOOK)
        archive.writestr("lee_5_6_hw.ipynb", NOTEBOOK, zipfile.ZIP_STORED)
        archive.writestr("odd_7_8_hw.ipynb", NOTEBOOK, zipfile.ZIP_LZMA)
    data = content.read_bytes()
    place = data.index(b"print", data.index(b"lee_5_6"))
    content.write_bytes(data[:place] + b"P" + data[place + 1 :])
    with unpacked(content, LIMITS) as (folder, bad):
        found = read_class(folder).submissions
        assert [one.student for one in found] == ["kim", "lee", "odd"]
        assert "leads out of its folder" in bad[0]
        assert "odd_7_8_hw.ipynb: is compressed by a method other" in bad[1]
        assert "lee_5_6_hw.ipynb: cannot be read" in bad[2]
        for one in found[1:]:
            with pytest.raises(SubmissionError, match="is empty"):
                opened(one, tmp_path)


def test_pages_go_back_to_moodle_in_the_folders_that_it_takes(tmp_path):
    exports.moodle(tmp_path / "class", PEOPLE[:9])
    found = read_class(tmp_path / "class").submissions
    for one in found:
        (tmp_path / f"{one.key}.html").write_text(one.key)
    pages = [(one.returned_as, tmp_path / f"{one.key}.html") for one in found]
    content = feedback_zip(pages)
    assert content == feedback_zip(pages)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
    # Moodle takes the second part between underscores for the participant, the next for a plugin.
    parts = [name.partition("/")[0].split("_") for name in names]
    assert sorted(int(part[1]) for part in parts) == sorted(one.id for one in PEOPLE[:9])
    assert {tuple(part[2:]) for part in parts} == {("assignsubmission", "file", "")}
    assert feedback_zip([]) is None


def test_an_alias_hides_the_name_in_keys(tmp_path):
    put(tmp_path, "kim.ipynb")
    (one,) = read_class(tmp_path).submissions
    aliased = Submission(one.student, one.key, one.path, alias="student-1a2b")
    assert [o.key for o in named_apart([aliased])] == ["student-1a2b"]
