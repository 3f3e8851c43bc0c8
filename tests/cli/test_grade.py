"""`d2l grade` and `d2l rubric` as processes of their own, with real notebooks in real sandboxes."""

import csv
import os
import signal
import subprocess
import sys
import time
import zipfile

import psutil
import pytest

COMMAND = [sys.executable, "-m", "d2l"]
REFERENCE = """# %% [markdown]
# # Sums
# %%
x = [1, 2, 3]
sum(x)
# %% [markdown]
# # Products
# %%
def product(values):
    result = 1
    for value in values:
        result *= value
    return result
# %%
product(x)
"""
RUBRIC = """
title = "Homework 1"
reference = "reference.py"
checks = "checks.py"
seeds = [0]
runs = [0]
[limits]
seconds = 60
cell_seconds = 4
[[section]]
heading = "Sums"
points = 2
[[section]]
heading = "Products"
points = 3
[[check]]
name = "product of hidden numbers"
section = "Products"
points = 5
function = "check_product"
[check.fetch]
result = "product(hidden)"
"""
CHECKS = """
import numpy as np

def inputs(rng):
    return {"hidden": rng.normal(size=4)}

def check_product(result, hidden):
    assert abs(result - np.prod(hidden)) < 1e-6, "this is not the product"
"""
SWALLOWS = """while True:
    try:
        while True:
            pass
    except KeyboardInterrupt:
        pass
"""


def d2l(*arguments, cwd):
    command = [*COMMAND, *map(str, arguments)]
    options = {"capture_output": True, "text": True, "timeout": 300}
    return subprocess.run(command, cwd=cwd, check=False, **options)


@pytest.fixture
def course(tmp_path):
    return make_course(tmp_path)


def make_course(folder):
    for name, text in (("reference.py", REFERENCE), ("rubric.toml", RUBRIC), ("checks.py", CHECKS)):
        (folder / "course").mkdir(exist_ok=True)
        (folder / "course" / name).write_text(text)
    (folder / "class").mkdir()
    return folder


def hand_in(folder, name, old="", new=""):
    assert old in REFERENCE
    (folder / "class" / f"{name}.py").write_text(REFERENCE.replace(old, new) if old else REFERENCE)


def grade(cwd, *options):
    return d2l("grade", "class", "--rubric", "course/rubric.toml", *options, cwd=cwd)


def table_of(folder):
    with open(folder / "grades.csv", newline="", encoding="utf-8-sig") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = make_course(tmp_path_factory.mktemp("finished"))
    hand_in(folder, '김 민수 "x"', "x = [1, 2, 3]\nsum(x)", "print('note')\nx = [1, 2, 3]\nsum(x)")
    hand_in(folder, "hard coded", "    return result\n", "    return 6\n")
    hand_in(folder, "loops", "product(x)\n", SWALLOWS)
    with zipfile.ZipFile(folder / "class" / "up.zip", "w") as archive:
        archive.writestr("../../course/reference.py", "x = 1")
    return grade(folder, "--jobs", 2, "--out", "out"), folder


@pytest.mark.slow
def test_a_class_is_graded_with_a_line_for_each_and_every_file_there(finished):
    done, folder = finished
    assert done.stderr == ""
    assert done.returncode == 0
    assert done.stdout.startswith("isolation: ")
    assert "4 graded; out/grades.csv, out/index.html" in done.stdout
    rows = table_of(folder / "out")
    assert {name: (float(row["total"]), row["status"]) for name, row in rows.items()} == {
        "hard coded": (5, "ok"),
        "loops": (2, "timeout"),  # a kernel that had to be killed has no values for the check
        "up": (0, "refused"),
        '김 민수 "x"': (10, "ok"),
    }
    (line,) = [line for line in done.stdout.splitlines() if "김 민수" in line]
    assert "10 of 10" in line
    assert "\x1b" not in done.stdout
    assert (folder / "out" / "students" / "김 민수 _x_.html").is_file()
    assert (folder / "course" / "reference.py").read_text() == REFERENCE


@pytest.mark.slow
def test_a_second_grading_of_the_folder_is_refused_and_a_resumed_one_is_the_same(finished):
    _, folder = finished
    before = (folder / "out" / "grades.csv").read_bytes()
    refused = grade(folder, "--out", "out")
    assert refused.returncode == 1
    assert "Continue it with `--resume`" in refused.stderr
    resumed = grade(folder, "--out", "out", "--resume")
    assert resumed.returncode == 0
    assert "4 of 4 submissions were already graded" in resumed.stdout
    assert (folder / "out" / "grades.csv").read_bytes() == before


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="kill -9 is of POSIX")
def test_killed_in_the_middle_and_resumed_nothing_finished_is_repeated(course):
    for name in "abc":
        hand_in(course, name)
    hand_in(course, "d", "product(x)\n", SWALLOWS)
    journal = course / "out" / "journal" / "students"
    with start(course) as running:
        try:
            wait_for(lambda: (journal / "b.json").exists(), running)
            below = psutil.Process(running.pid).children(recursive=True)
        finally:
            running.kill()
    kept = {path.name: path.stat().st_mtime_ns for path in journal.glob("*.json")}
    assert {"a.json", "b.json"} <= set(kept)
    assert "d.json" not in kept
    assert psutil.wait_procs(below, timeout=60)[1] == []  # the sandboxes went with the grader

    done = grade(course, "--out", "out", "--resume", "--jobs", 1)
    assert f"{len(kept)} of 4 submissions were already graded" in done.stdout
    assert all((journal / name).stat().st_mtime_ns == kept[name] for name in kept)
    assert [float(row["total"]) for row in table_of(course / "out").values()] == [10, 10, 10, 2]


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_ctrl_c_ends_the_boxes_in_one_line_and_keeps_what_is_finished(course):
    hand_in(course, "a")
    hand_in(course, "b", "product(x)\n", SWALLOWS)
    rubric = course / "course" / "rubric.toml"
    rubric.write_text(RUBRIC.replace("cell_seconds = 4", "cell_seconds = 300"))
    with start(course) as running:
        try:
            wait_for(lambda: (course / "out/journal/students/a.json").exists(), running)
            time.sleep(2)  # into the loop
            below = psutil.Process(running.pid).children(recursive=True)
            assert below
            running.send_signal(signal.SIGINT)
            _, said = running.communicate(timeout=300)
        finally:
            running.kill()
    assert running.returncode == 130
    assert said == (
        "d2l: interrupted. Finished results were saved in out; rerun with --resume to continue.\n"
    )
    assert psutil.wait_procs(below, timeout=60)[1] == []
    assert [p.name for p in (course / "out/journal/students").iterdir()] == ["a.json"]


def start(cwd):
    command = [*COMMAND, "grade", "class", "--rubric", "course/rubric.toml", "--out", "out"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([*command, "--jobs", "1"], cwd=cwd, **pipes)


def wait_for(is_there, running):
    deadline = time.monotonic() + 900
    while not is_there():
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.slow
def test_a_check_that_is_broken_is_said_and_exits_with_1(course):
    hand_in(course, "a", "    return result\n", "    return 'a text'\n")
    checks = course / "course" / "checks.py"
    checks.write_text(CHECKS.replace("assert", "isinstance(result, str) and exit()\n    assert"))
    done = grade(course)
    assert done.returncode == 1
    words = "d2l: the check 'product of hidden numbers' is broken on 1 submission: the"
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert float(table_of(course / "out" / "grades")["a"]["total"]) == 2


@pytest.mark.slow
def test_a_drafted_rubric_grades_its_reference_with_all_points(tmp_path):
    folder = make_course(tmp_path)
    (folder / "course" / "rubric.toml").unlink()
    (folder / "course" / "checks.py").unlink()
    drafted = d2l("rubric", "init", "course/reference.py", cwd=folder)
    assert (drafted.returncode, drafted.stderr) == (0, "")
    assert drafted.stdout.split() == ["course/rubric.toml", "course/checks.py"]
    hand_in(folder, "a")
    assert grade(folder).returncode == 0
    assert float(table_of(folder / "out" / "grades")["a"]["total"]) == 100
    again = d2l("rubric", "init", "course/reference.py", cwd=folder)
    assert again.returncode == 1
    assert "rubric.toml already exists" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["grade", "class", "--rubric", "course/rubric.toml"], "class contains no submissions"),
        (["grade", "nowhere", "--rubric", "course/rubric.toml"], "'nowhere' does not exist"),
        (
            ["grade", "course", "--rubric", "course/rubric.toml"],
            "is inside the folder of the submissions",
        ),
        (["grade", "class"], "Missing option '--rubric'"),
        (["grade", "class", "--rubric", "course/reference.py"], "reference.py is not valid TOML"),
        (["grade", "class", "--rubric", "r", "--require", "steel"], "'steel' is not one of"),
        (["rubric", "init", "nowhere.py"], "'nowhere.py' does not exist"),
    ],
)
def test_a_wrong_call_ends_in_a_clear_line(course, arguments, words):
    (course / "r").write_text(RUBRIC)
    done = d2l(*arguments, cwd=course)
    assert done.returncode in (1, 2)
    assert words in done.stderr
    assert "Traceback" not in done.stderr
