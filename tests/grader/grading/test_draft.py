"""The first draft of a rubric: it can be used as it is, and replaces nothing."""

import tomllib

import pytest
from small_class import REFERENCE, make_box, make_class, run_here

from d2l.grader.grading.grade_class import GradingConfig, ProgressListener, grade_class
from d2l.grader.grading.grades_table import collect
from d2l.grader.grading.rubric import read_rubric
from d2l.grader.grading.rubric_template import DraftError, write_draft

AWKWARD = REFERENCE.replace("## Sums", '## 1. "Sums" \\ 합 \U0001f600').replace(
    "# # Home", "# # 'H'"
)


@pytest.mark.parametrize("text", [REFERENCE, AWKWARD])
def test_the_draft_grades_its_own_reference_with_all_points(tmp_path, text):
    (tmp_path / "course").mkdir()
    reference = tmp_path / "course" / "solution.py"
    reference.write_text(text)
    path, checks = write_draft(reference, tmp_path / "course" / "rubric.toml")
    rubric = read_rubric(path)
    assert rubric.reference == reference
    assert sum(rule.points for rule in rubric.sections) == 100
    assert len(rubric.sections) == 2  # the part that imports shows nothing
    assert checks == rubric.checks_file

    submissions = collect(make_class(tmp_path / "class", a=("", "")))
    plan = GradingConfig(rubric, submissions, make_box(), run_here, tmp_path / "out", 1)
    (result,) = grade_class(plan, ProgressListener(), resume=False)
    assert result.total == 100


def test_the_commented_checks_are_a_rubric_too(tmp_path):
    (tmp_path / "solution.py").write_text(REFERENCE)
    path, _ = write_draft(tmp_path / "solution.py", tmp_path / "deeper" / "rubric.toml")
    lines = path.read_text().splitlines()
    start = lines.index("# [[check]]")
    uncommented = [line.removeprefix("# ").removeprefix("#") for line in lines[start:]]
    values = tomllib.loads("\n".join([*lines[:start], *uncommented]))
    assert [check["function"] for check in values["check"]] == ["check_square", "check_x"]
    assert values["check"][0]["fetch"] == {"result": "square(X_hidden)"}


@pytest.mark.parametrize("name", ["rubric.toml", "checks.py"])
def test_a_draft_replaces_nothing(tmp_path, name):
    (tmp_path / "solution.py").write_text(REFERENCE)
    (tmp_path / name).write_text("mine")
    with pytest.raises(DraftError, match=f"{name} already exists"):
        write_draft(tmp_path / "solution.py", tmp_path / "rubric.toml")
    assert (tmp_path / name).read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 2
