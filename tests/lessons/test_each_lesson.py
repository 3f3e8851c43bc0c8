"""Each lesson runs, passes its checks, and has the form of docs/how-to/write-a-lesson.md."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from d2l.notebook.source import read_notebook

HERE = Path(__file__).parent
LESSONS = sorted((HERE.parents[1] / "lessons").glob("*.py"))
SECTIONS = ("**After this lesson you can**", "## Check yourself", "## Exercises")
# They take more than about 15 seconds on two cores.
SLOW = {
    "4_2_image_classification_dataset",
    "4_4_softmax_scratch",
    "4_5_three_editions",
    "5_2_mlp_implementation",
    "5_4_twelve_ways_to_fail",
    "7_6_lenet",
    "8_6_resnet",
    "9_5_rnn_scratch",
    "9_6_rnn_concise",
    "10_7_seq2seq",
    "11_4_bahdanau_attention",
    "11_7_transformer",
    "11_9_gpt",
}
each_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)


def checks_of(lesson):
    return HERE / "checks" / lesson.name


def run_with_checks(lesson, checks, folder):
    """Run both in a child process; its working folder has a parent of its own, for `../data`."""
    (folder / "work").mkdir()
    return subprocess.run(
        [sys.executable, HERE / "run_with_checks.py", lesson, checks],
        cwd=folder / "work", env=os.environ | {"MPLBACKEND": "Agg"},
        capture_output=True, text=True, timeout=1800,
    )  # fmt: skip


@pytest.mark.parametrize(
    "lesson",
    [
        pytest.param(path, id=path.stem, marks=[pytest.mark.slow] if path.stem in SLOW else [])
        for path in LESSONS
    ],
)
def test_a_lesson_runs_and_passes_its_checks(lesson, tmp_path):
    done = run_with_checks(lesson, checks_of(lesson), tmp_path)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr


@pytest.mark.parametrize(
    ("checks", "complaint"),
    [("assert answer == 41, 'not 41'", "AssertionError: not 41"), (None, "FileNotFoundError")],
)
def test_checks_that_fail_or_are_missing_are_noticed(tmp_path, checks, complaint):
    lesson, of_lesson = tmp_path / "lesson.py", tmp_path / "checks.py"
    lesson.write_text("# %%\nanswer = 42\n")
    if checks is not None:
        of_lesson.write_text(checks)
    done = run_with_checks(lesson, of_lesson, tmp_path)
    assert done.returncode == 1
    assert complaint in done.stderr


def test_each_lesson_has_checks_and_each_file_of_checks_a_lesson():
    checks = sorted(path.name for path in (HERE / "checks").glob("*.py"))
    assert checks == sorted(lesson.name for lesson in LESSONS)
    assert not SLOW - {lesson.stem for lesson in LESSONS}


def faults_of_form(notebook):
    """How a lesson differs from the form of docs/how-to/write-a-lesson.md."""
    cells = notebook.cells
    text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    faults = [f"no {section!r}" for section in SECTIONS if text.count(section) != 1]
    if faults:
        return faults
    places = [text.index(section) for section in SECTIONS]
    if places != sorted(places) or SECTIONS[0] not in cells[0].source:
        faults.append("its sections are in another order")
    if not cells[0].source.startswith("# "):
        faults.append("no title")
    skills = re.findall(r"^- ", cells[0].source.partition(SECTIONS[0])[2], re.MULTILINE)
    if len(skills) not in (3, 4):
        faults.append(f"{len(skills)} skills, not 3 or 4")

    questions, exercises = text[places[1] : places[2]], text[places[2] :]
    headings = re.findall(r"^## ", questions + exercises, re.MULTILINE)
    if len(headings) != 2:
        faults.append("a section after the questions or the exercises")
    faults += _faults_of_items("Question", questions, (2, 3), ("Answer",))
    faults += _faults_of_items("Exercise", exercises, (2, 3, 4), ("Hint", "Solution"))

    solutions = [cell.source for cell in cells if "hide-cell" in cell.metadata.get("tags", [])]
    in_code = [re.match(r"# Solution of exercise (\d+)\n", source) for source in solutions]
    if not all(in_code):
        faults.append("a hidden cell does not begin with '# Solution of exercise N'")
    in_text = [
        number
        for number, item in _items("Exercise", exercises)
        if "<details><summary>Solution</summary>" in item
    ]
    solved = sorted({int(match[1]) for match in in_code if match} | set(in_text))
    if solved != [number for number, _ in _items("Exercise", exercises)]:
        faults.append(f"the exercises with a solution are {solved}")
    return faults


def _items(kind, text):
    """The numbered items of a section, each with its text."""
    parts = re.split(rf"^\*\*{kind} (\d+)\.\*\* ", text, flags=re.MULTILINE)[1:]
    return [(int(number), item) for number, item in zip(parts[::2], parts[1::2], strict=True)]


def _faults_of_items(kind, text, counts, folds):
    items = _items(kind, text)
    faults = []
    if [number for number, _ in items] != list(range(1, len(items) + 1)):
        faults.append(f"the numbers of {kind} are not 1, 2, …")
    if len(items) not in counts:
        faults.append(f"{len(items)} times {kind}")
    for number, item in items:
        # A blank line on both sides has the text between them rendered as markdown.
        folded = re.findall(r"<details><summary>(\w+)</summary>\n\n.+?\n\n</details>", item, re.S)
        if folded[:1] != [folds[0]] or folded[1:] not in ([], list(folds[1:])):
            faults.append(f"{kind} {number} has {folded} folded")
    return faults


@each_lesson
def test_a_lesson_has_the_form_of_the_style_guide(lesson):
    assert faults_of_form(read_notebook(lesson)) == []


FORM = """# %% [markdown]
# # A title
#
# **After this lesson you can**
#
# - compute
# - explain
# - show

# %% [markdown]
# ## Check yourself
#
# **Question 1.** What?
#
# <details><summary>Answer</summary>
#
# This.
#
# </details>
#
# **Question 2.** Why?
#
# <details><summary>Answer</summary>
#
# Therefore.
#
# </details>

# %% [markdown]
# ## Exercises
#
# **Exercise 1.** Show it.
#
# <details><summary>Hint</summary>
#
# Begin.
#
# </details>
#
# <details><summary>Solution</summary>
#
# End.
#
# </details>

# %% [markdown]
# **Exercise 2.** Compute it.
#
# <details><summary>Hint</summary>
#
# Multiply.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 2
print(6 * 7)
"""


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("", "", None),
        ("# - show\n", "", "2 skills, not 3 or 4"),
        ("## Check yourself", "## Questions", "no '## Check yourself'"),
        ("# This.\n#\n", "# This.\n", "Question 1 has [] folded"),
        ("<details><summary>Answer</summary>\n#\n# Th", "Th", "Question 1 has [] folded"),
        ("Solution of exercise 2", "Exercise 2", "does not begin with"),
        (' tags=["hide-cell"]', "", "the exercises with a solution are [1]"),
        ("# Begin.\n", "# Begin.\n#\n# ## Check\n", "a section after the questions"),
    ],
)
def test_each_fault_of_the_form_is_noticed(tmp_path, old, new, fault):
    path = tmp_path / "lesson.py"
    assert old in FORM
    path.write_text(FORM.replace(old, new, 1) if old else FORM)
    faults = faults_of_form(read_notebook(path))
    if fault is None:
        assert faults == []
    else:
        assert any(fault in found for found in faults), faults
