"""A whole class graded: points, failures, the result cache. The notebooks are ours and run here."""

import csv
import gc
import json
import random
import shutil
import threading
import tracemalloc
from dataclasses import replace

import nbformat
import pytest
from small_class import (
    CHECKS,
    REFERENCE,
    RUBRIC,
    WITHOUT_CHECKS,
    make_box,
    make_class,
    make_course,
    run_here,
)

from d2l.grader.grading.grade_class import GradingConfig, ProgressListener, grade_class
from d2l.grader.grading.grades_table import collect
from d2l.grader.grading.result_cache import OutputFolderError
from d2l.grader.grading.rubric import RubricError, read_rubric

ONE_RUN = 'title = "Homework 1"\nseeds = [0]\nruns = [0]'


class Runs:
    """`run_here`, and the notebooks that it was asked to run."""

    def __init__(self, run=run_here):
        self.sources = []
        self.run = run

    def __call__(self, job, sandbox):
        self.sources.append("\n".join(cell.source for cell in job.notebook.cells))
        return self.run(job, sandbox)

    @property
    def of_reference(self):
        text = "".join(REFERENCE.split("# %%\n")[1])
        return sum(text in source for source in self.sources)


def plan_of(tmp_path, run=run_here, jobs=1, rubric=WITHOUT_CHECKS):
    course = tmp_path / "course"
    path = course / "rubric.toml" if course.exists() else make_course(course, rubric)
    submissions = collect(tmp_path / "class")
    return GradingConfig(read_rubric(path), submissions, make_box(), run, tmp_path / "out", jobs)


def graded(plan, resume=False):
    results = grade_class(plan, ProgressListener(), resume=resume)
    return {result.student: result for result in results}


def of(result):
    sections = [section.points for section in result.sections]
    return (result.total, *sections, *(check.points for check in result.checks))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    make_class(
        folder / "class",
        perfect=("", ""),
        copy=("", ""),
        wrong=("max(x)", "min(x)"),
        hard_coded=("    return a * a", "    return 144"),
        renamed=("x = [1, 2, 3]\nprint(sum(x))", "y = [1, 2, 3]\nx = y\nprint(sum(y))"),
        crashes=("    return a * a", "    raise ValueError"),
        dies=("print(square(12))", "END died"),
        liar=("print(square(12))", "END broken"),
        unstarted=("print(square(12))", "END start"),
        script=("# # Homework", "# <script>alert(1)</script>"),
    )
    (folder / "class" / "empty.ipynb").touch()
    plan = plan_of(folder, Runs(), jobs=2, rubric=RUBRIC)
    return graded(plan), folder / "out", plan


@pytest.mark.parametrize(
    ("student", "status", "points"),
    [
        ("perfect", "ok", (20, 10, 4, 6)),
        ("renamed", "ok", (20, 10, 4, 6)),
        ("wrong", "ok", (15, 5, 4, 6)),  # one of the two results under the heading
        ("hard_coded", "ok", (14, 10, 4, 0)),  # shows the right thing, for the wrong reason
        ("crashes", "error", (10, 10, 0, 0)),
        ("dies", "died", (10, 10, 0, 0)),
        ("liar", "broken", (0, 0, 0, 0)),
        ("unstarted", "start", (0, 0, 0, 0)),
        ("empty", "refused", (0, 0, 0, 0)),
    ],
)
def test_points_are_given_for_what_is_right_and_none_without_a_result(
    finished, student, status, points
):
    result = finished[0][student]
    assert (result.status, of(result), result.out_of) == (status, points, 20)
    assert bool(result.reason) == (status != "ok")


def test_a_failed_check_says_why(finished):
    assert finished[0]["hard_coded"].checks[0].message == "these are not the squares"
    assert "NameError" in finished[0]["crashes"].checks[0].message


def test_a_run_that_did_not_start_is_tried_once_more(finished):
    plan = finished[2]
    assert sum("END start" in source for source in plan.run.sources) == 2 * len(plan.rubric.runs)


def test_the_class_is_left_as_tables_pages_and_notebooks(finished):
    results, out, _ = finished
    with open(out / "grades.csv", newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert [row["student"] for row in rows] == sorted(results)
    totals = {row["student"]: float(row["total"]) for row in rows}
    assert totals == {name: result.total for name, result in results.items()}
    by_name = {row["student"]: row for row in rows}
    assert by_name["wrong"]["section: Sums"] == "5.0"
    assert by_name["perfect"]["note"] == "same file as copy"
    summary = json.loads((out / "summary.json").read_text())
    assert summary["mean"] == round(sum(totals.values()) / len(totals), 2)
    assert summary["statuses"]["refused"] == 1
    pages = {path.stem for path in (out / "students").glob("*.html")}
    assert pages == set(results)
    assert 'href="./students/perfect.html"' in (out / "index.html").read_text()
    ran = nbformat.read(out / "students" / "wrong.ipynb", as_version=4)
    assert ran.cells[4].outputs[0].text == "1\n"
    assert not (out / "students" / "empty.ipynb").exists()


def test_a_students_page_names_the_mistake_and_neither_the_answer_nor_others(finished):
    page = (finished[1] / "students" / "wrong.html").read_text()
    assert "max(x)" not in page
    assert "where the reference has" not in page
    assert "perfect" not in page
    assert "<script" not in (finished[1] / "students" / "script.html").read_text()


def test_a_tag_does_not_excuse_the_failure_of_a_submission(tmp_path):
    tagged = '# %% tags=["raises-exception"]\nraise ValueError'
    make_class(tmp_path / "class", excused=("# %%\nprint(square(12))", tagged))
    result = graded(plan_of(tmp_path))["excused"]
    assert (result.status, of(result)) == ("error", (10, 10, 0))


def test_all_or_nothing_gives_a_failed_run_nothing(tmp_path):
    make_class(tmp_path / "class", crashes=("    return a * a", "    raise ValueError"))
    rubric = WITHOUT_CHECKS.replace("seed = 5", "all_or_nothing = true")
    assert of(graded(plan_of(tmp_path, rubric=rubric))["crashes"]) == (0, 0, 0)


def test_the_same_submission_gets_the_same_grade_again(tmp_path, finished):
    shutil.copytree(finished[2].submissions[0].path.parent, tmp_path / "class")
    again = graded(plan_of(tmp_path, rubric=RUBRIC))
    assert {name: of(result) for name, result in again.items()} == {
        name: of(result) for name, result in finished[0].items()
    }


def test_what_is_finished_is_not_run_again_and_everything_is_there(tmp_path):
    folder = make_class(tmp_path / "class", a=("", ""), b=("sum(x)", "sum(x) + 1"), c=("", ""))
    first = graded(
        plan_of(tmp_path, rubric=WITHOUT_CHECKS.replace('title = "Homework 1"', ONE_RUN))
    )
    table = (tmp_path / "out" / "grades.csv").read_bytes()

    runs = Runs()
    assert graded(plan_of(tmp_path, runs), resume=True) == first
    assert runs.sources == []
    assert (tmp_path / "out" / "grades.csv").read_bytes() == table

    (folder / "a.py").write_text(REFERENCE.replace("max(x)", "3"))
    (tmp_path / "out" / "students" / "c.html").unlink()
    (tmp_path / "out" / "journal" / "students" / "b.json").write_text('{"half": ')
    assert [of(result) for result in graded(plan_of(tmp_path, runs), resume=True).values()] == [
        of(result) for result in first.values()
    ]
    assert len(runs.sources) == 3  # the one that changed, the ones whose files are gone


def test_a_run_that_did_not_start_is_run_again_by_resume(tmp_path):
    make_class(tmp_path / "class", a=("", ""), unstarted=("print(max(x))", "END start"))
    assert graded(plan_of(tmp_path))["unstarted"].status == "start"
    runs = Runs()
    graded(plan_of(tmp_path, runs), resume=True)
    assert runs.sources
    assert all("END start" in source for source in runs.sources)


@pytest.mark.parametrize(
    "name", ["rubric.toml", "checks.py", "reference.py", "beside/more/table.csv", "data/set.bin"]
)
def test_a_change_of_what_grades_depend_on_has_everything_graded_again(tmp_path, name):
    make_class(tmp_path / "class", a=("", ""))
    course = tmp_path / "course"
    for folder in ("beside/more", "data"):
        (course / folder).mkdir(parents=True)
    make_course(course, WITHOUT_CHECKS.replace("seed = 5", 'seed = 5\nfiles = "beside"'))

    def resumed(resume=True):
        runs = Runs()
        plan = plan_of(tmp_path, runs)
        graded(replace(plan, sandbox=replace(plan.sandbox, data=course / "data")), resume)
        return len(runs.sources)

    (course / name).touch()
    assert (resumed(resume=False), resumed()) == (3 + 2, 0)
    with open(course / name, "a") as changed:
        changed.write("\n# a change\n")
    assert (resumed(), resumed()) == (3 + 2, 0)


def test_two_gradings_do_not_share_a_folder(tmp_path):
    make_class(tmp_path / "class", a=("", ""))
    refused = []

    def run(job, sandbox):
        if not refused:
            with pytest.raises(
                OutputFolderError, match=r"is running in .*out\. Wait .*with --out"
            ) as error:
                graded(plan_of(tmp_path))
            refused.append(error)
        return run_here(job, sandbox)

    assert graded(plan_of(tmp_path, run))["a"].total == 14
    assert refused
    assert graded(plan_of(tmp_path), resume=True)["a"].total == 14


def test_a_folder_that_is_used_is_refused_with_the_call_that_works(tmp_path):
    make_class(tmp_path / "class", a=("", ""))
    graded(plan_of(tmp_path))
    with pytest.raises(OutputFolderError, match=r"contains a grading\. Continue .* `--resume`"):
        graded(plan_of(tmp_path))
    shutil.rmtree(tmp_path / "out")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").touch()
    for resume in (False, True):
        with pytest.raises(OutputFolderError, match="is not a grading output folder"):
            graded(plan_of(tmp_path), resume)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("print(max(x))", "print(max(y))", r"reference.py failed .*NameError: name 'y'"),
        ("print(square(12))", "pass", "'Squares': reference.py has no output to compare"),
        ("return a * a", "return a + 132", "the reference does not pass it .*not the squa"),
    ],
)
def test_a_reference_that_is_wrong_ends_the_grading_before_any_student(tmp_path, old, new, words):
    make_class(tmp_path / "class", a=("", ""))
    plan = plan_of(tmp_path, Runs(), rubric=RUBRIC)
    plan.rubric.reference.write_text(REFERENCE.replace(old, new))
    with pytest.raises(RubricError, match=words):
        graded(plan)
    assert len(plan.run.sources) <= len(plan.rubric.seeds)
    assert not (tmp_path / "out").exists()


def test_the_graders_own_failure_is_said_and_stops_none_of_the_others(tmp_path):
    make_class(tmp_path / "class", a=("", ""), b=("print(max(x))", "BUG"), c=("", ""))

    def run(job, sandbox):
        if any(cell.source == "BUG" for cell in job.notebook.cells):
            raise RuntimeError("a hole in the grader")
        return run_here(job, sandbox)

    results = graded(plan_of(tmp_path, run))
    assert (results["b"].status, results["b"].total) == ("not graded", 0)
    assert "RuntimeError: a hole in the grader" in results["b"].reason
    assert [results[name].total for name in "ac"] == [14, 14]
    runs = Runs()
    graded(plan_of(tmp_path, runs), resume=True)
    assert runs.sources[0].count("BUG") == 1
    assert len(runs.sources) == 2  # of b alone


def test_an_interrupt_ends_the_runs_and_keeps_what_is_finished(tmp_path):
    make_class(tmp_path / "class", a=("", ""), b=("print(max(x))", "WAIT"), c=("", ""))
    waiting = threading.Event()

    def run(job, sandbox):
        if any(cell.source == "WAIT" for cell in job.notebook.cells):
            waiting.set()
            while not sandbox.cancellation.is_cancelled:
                threading.Event().wait(0.01)
        return run_here(job, sandbox)

    class Interrupter(ProgressListener):
        def done(self, submission, result):
            if submission.student == "a":
                assert waiting.wait(20)
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        grade_class(plan_of(tmp_path, run, jobs=2), Interrupter(), resume=False)
    kept = {path.stem for path in (tmp_path / "out" / "journal" / "students").iterdir()}
    assert "a" in kept
    assert "b" not in kept


def test_the_grader_does_not_grow_with_the_class(tmp_path):
    many = {f"s{number:02}": ("", "") for number in range(14)}
    make_class(tmp_path / "class", **many)

    def run(job, sandbox):
        outcome = run_here(job, sandbox)
        if not Measured.has_begun:
            return outcome
        shown = nbformat.v4.new_output("stream", text="a word and " * 20_000, name="stderr")
        outcome.notebook.cells[4].outputs.append(shown)
        return replace(outcome, reason="long " * 100_000, status="error")

    class Measured(ProgressListener):
        sizes = []
        has_begun = False

        def begin(self, submissions, finished):
            Measured.has_begun = True

        def done(self, submission, result):
            gc.collect()
            self.sizes.append(tracemalloc.get_traced_memory()[0])

    plan = plan_of(tmp_path, run, rubric=WITHOUT_CHECKS.replace('title = "Homework 1"', ONE_RUN))
    tracemalloc.start()
    try:
        grade_class(plan, Measured(), resume=False)
    finally:
        tracemalloc.stop()
    growth = Measured.sizes[-1] - Measured.sizes[5]
    assert growth < 8 * 50_000  # each brought 220,000 characters of output, and 500,000 more


def test_checks_that_are_broken_are_named_in_the_table(tmp_path):
    make_class(tmp_path / "class", a=("", ""), b=("    return a * a", "    return 'text'"))
    plan = plan_of(tmp_path, rubric=RUBRIC)
    ends = "hidden**2 if not isinstance(result, str) else exit()"
    plan.rubric.checks_file.write_text(CHECKS.replace("hidden**2", ends))
    result = graded(plan)["b"]
    assert result.broken[0].name == "squares of hidden numbers"
    assert "is broken" in (tmp_path / "out" / "grades.csv").read_text(encoding="utf-8-sig")


def test_a_random_value_that_comes_up_twice_is_asked_for_a_third_time(tmp_path):
    drawn = "import random\nprint(f'deviation {random.Random(seed_offset).gauss(1, 0.01):.4f}')"
    reference = REFERENCE.replace("print(max(x))", drawn)
    rubric = WITHOUT_CHECKS
    make_course(tmp_path / "course", rubric, reference=reference)
    (tmp_path / "class").mkdir()
    constant = f"print('deviation {random.Random(1).gauss(1, 0.01):.4f}')"
    for student, program in {"draws": drawn, "constant": constant}.items():
        text = REFERENCE.replace("print(max(x))", program)
        (tmp_path / "class" / f"{student}.py").write_text(text)
    plan = plan_of(tmp_path, Runs())
    results = graded(plan)
    assert of(results["draws"]) == (14, 10, 4)
    assert of(results["constant"]) == (9, 5, 4)
    assert sum(constant in source for source in plan.run.sources) == 3
    by_two_runs = replace(plan.rubric, auto_runs=False)
    unsure = graded(replace(plan, rubric=by_two_runs, out=tmp_path / "by two"))
    assert of(unsure["constant"]) == (14, 10, 4)
