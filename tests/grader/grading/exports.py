"""Exports of learning platforms, from their documented layouts (docs/how-to/platforms.md)."""

import csv
import io
import re
import unicodedata
import zipfile
from dataclasses import dataclass

NOTEBOOK = "# %%\nprint(1)\n"
FAMILIES = [
    "Kim",
    "O'Brien",
    "García López",
    "van der Berg",
    "김",
    "Müller",
    "Nguyễn",
    "李",
    "D’Angelo",
]
GIVEN = ["Ada", "Minsu", "민수", "José", "Anne-Marie", "Zoë", "Bo", "Thị Hồng", "Chi"]


@dataclass(frozen=True)
class Student:
    first: str
    last: str
    id: int
    login: str

    @property
    def name(self):
        return f"{self.first} {self.last}"


def students(count=200):
    """So many students; some names are there twice or more, none of the ids and logins is."""
    people = [
        Student(GIVEN[i % len(GIVEN)], FAMILIES[i // 3 % len(FAMILIES)], 41_000 + 7 * i, f"s{i}_x")
        for i in range(count - 4)
    ]
    hostile = ["=cmd|' /C calc'!A0", ";=1+1", "@SUM(A1)", "\t-1 x"]
    return people + [Student("Eve", name, 90_000 + i, f"eve{i}") for i, name in enumerate(hostile)]


def put(folder, name, text=NOTEBOOK):
    """Write a file below `folder`; letters as a Mac writes them, and no separators in names."""
    path = folder / unicodedata.normalize("NFD", name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def plain(name):
    return re.sub(r'[/\\:*?"<>|\t]', "_", name)


def canvas(folder, people):
    for i, one in enumerate(people):
        name = re.sub(r"\W", "", f"{one.last}, {one.first}").lower()
        late = "_LATE" if i % 5 == 0 else ""
        if i % 50 == 7:
            put(folder, f"{name}{late}_{one.id}_text.html", "<p>my answer</p>")
        else:
            put(folder, f"{name}{late}_{one.id}_{700 + i}_hw1-{i % 3}.ipynb")
        if i % 10 == 0:
            put(folder, f"{name}{late}_{one.id}_{900 + i}_data_2020_1_x.csv", "1,2")


def moodle(folder, people):
    for i, one in enumerate(people):
        start = f"{plain(one.name).replace('_', ' ')}_{one.id}_assignsubmission"
        if i % 4 == 0 or i % 50 == 8:
            put(folder, f"{start}_onlinetext/onlinetext.html", "<p>my answer</p>")
        if i % 50 != 8:
            put(folder, f"{start}_file/my own_1_assignsubmission_file_x.ipynb")


def blackboard(folder, people):
    for i, one in enumerate(people):
        for attempt in range(1 + i % 3):
            start = f"HW_1 (final)_{one.login}_attempt_2024-03-0{attempt + 1}-10-11-12"
            receipt = f"Name: {one.name} ({one.login})\nAssignment: HW_1 (final)\n"
            put(folder, f"{start}.txt", receipt + "Name: Somebody Else (s0_x)\n")
            if i % 50 != 9:
                put(folder, f"{start}_x_attempt_2030-01-01-00-00-00_hw1.py", f"# %%\n{attempt}\n")


def brightspace(folder, people):
    top = folder / "Homework 1 Download"
    put(top, "index.html", "<html>")
    for i, one in enumerate(people):
        for attempt in range(1 + i % 2):
            time = f"Mar {attempt + 1}, 2024 {1 + i % 11}05 PM"
            name = f"{one.id}-640693 - {plain(one.name)} - {time}"
            put(top, f"{name}/{'report.pdf' if i % 50 == 3 else 'answer (1).ipynb'}")


def gradescope(folder, people):
    top, lines = folder / "assignment_9100_export", ["---"]
    for i, one in enumerate(people):
        name = one.name.replace("'", "''")
        lines += [
            f"submission_{i}:",
            "  :submitters:",
            f"  - :name: '{name}'",
            f"    :sid: '{one.id}'",
            f"    :email: {one.login}@school.edu",
            f"  :created_at: 2024-03-01 10:{i % 60:02}:12.365935000 Z",
            "  :history:",
            "  - :id: 1",
            "    :created_at: 2024-02-01 10:00:00.000000000 Z",
        ]
        put(top, f"submission_{i}/{'notes.txt' if i % 50 == 4 else 'hw.ipynb'}")
    put(top, "submission_metadata.yml", "\n".join(lines).replace("\t", " "))


def zip_of(folder, path):
    """The export as the platform gives it: one zip."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder).as_posix())
    return path


def written(rows, delimiter=",", end="\r\n", quoting=csv.QUOTE_MINIMAL):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows(rows)
    return text.getvalue()


def canvas_table(people):
    rows = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "HW1 (123456)", "HW2 (7)"]]
    rows += [["    Points Possible", "", "", "", "", "15", "10"]]
    rows += [[f"{p.last}, {p.first}", p.id, f"U{p.id}", p.login, "A", "", "3.5"] for p in people]
    return written(rows, end="\n").encode("utf-8-sig"), "HW1 (123456)"


def moodle_table(people):
    rows = [["Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade"]]
    rows += [[f"Participant {p.id}", p.name, f"{p.login}@x.edu", "-", "", "10,00"] for p in people]
    return written(rows, ";", quoting=csv.QUOTE_ALL).encode(), "Grade"


def blackboard_table(people):
    rows = [["Last Name", "First Name", "Username", "Student ID", "HW1 [Total Pts: 15] |664617"]]
    rows += [[p.last, p.first, p.login, "", "Needs Grading"] for p in people]
    text = written(rows, "\t", quoting=csv.QUOTE_ALL)
    return b"\xff\xfe" + text.encode("utf-16-le"), "HW1 [Total Pts: 15] |664617"


def brightspace_table(people):
    column = "HW1 Points Grade <Numeric MaxPoints:15>"
    rows = [
        ["OrgDefinedId", "Username", "Last Name", "First Name", column, "End-of-Line Indicator"]
    ]
    rows += [[f"#{p.id}", f"#{p.login}", p.last, p.first, "", "#"] for p in people]
    return written(rows).encode(), column


def gradescope_table(people):
    rows = [["First Name", "Last Name", "SID", "Email", "HW1"]]
    rows += [[p.first, p.last, p.id, f"{p.login}@school.edu", ""] for p in people]
    return written(rows, end="\n").encode(), "HW1"


EXPORTS = {
    "Canvas": (canvas, canvas_table),
    "Moodle": (moodle, moodle_table),
    "Blackboard": (blackboard, blackboard_table),
    "Brightspace": (brightspace, brightspace_table),
    "Gradescope": (gradescope, gradescope_table),
}
