"""Reading rubrics: what is said is kept, what does not fit is named with what would."""

from pathlib import Path

import pytest
from small_class import RUBRIC, make_course

from d2l.grader.grading.reference import read_reference
from d2l.grader.grading.rubric import RubricError, read_rubric
from d2l.grader.sandbox.isolation import Limits


def test_a_rubric_is_read_with_its_paths_limits_and_defaults(tmp_path):
    text = RUBRIC + "[limits]\nseconds = 30\nmemory_gb = 0.5\ndisk_mb = 2\n"
    rubric = read_rubric(make_course(tmp_path, text))
    assert rubric.reference == tmp_path / "reference.py"
    assert rubric.checks_file == tmp_path / "checks.py"
    assert [(rule.heading, rule.points) for rule in rubric.sections] == [
        ("Sums", 10),
        ("Squares", 4),
    ]
    (check,) = rubric.checks
    assert check.fetch == {"result": ("square(hidden)", "Square(hidden)")}
    assert rubric.out_of == 10 + 4 + 6
    assert rubric.limits == Limits(seconds=30, cell_seconds=30, memory=2**29, disk=2**21, threads=1)
    assert (rubric.seeds, rubric.runs, rubric.seed) == (tuple(range(10)), (0, 1), 5)
    assert (rubric.auto_seeds, rubric.auto_runs) == (True, True)
    assert not rubric.all_or_nothing


def test_runs_that_a_rubric_names_are_all_there_are(tmp_path):
    text = RUBRIC.replace("seed = 5", "seeds = [0, 4]\nruns = [7]\nseed = 5")
    rubric = read_rubric(make_course(tmp_path, text))
    assert (rubric.seeds, rubric.runs) == ((0, 4), (7,))
    assert (rubric.auto_seeds, rubric.auto_runs) == (False, False)


def test_a_rubric_without_checks_needs_no_file_of_checks(tmp_path):
    text = RUBRIC[: RUBRIC.index("[[check]]")].replace('checks = "checks.py"', "")
    assert read_rubric(make_course(tmp_path, text)).checks_file is None


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('title = "Homework 1"', "", "'title' is missing; found reference, checks, seed"),
        ('title = "Homework 1"', "title = 1", "'title' must be text; found 1"),
        ('title = "Homework 1"', 'title = " "', "'title' is empty"),
        ("seed = 5", "sede = 5", "'sede' is unknown; did you mean 'seed'?"),
        ("seed = 5", "seed = true", "'seed' must be a whole number; found True"),
        ("seed = 5", "seed = -1", "'seed' must be >= 0; found -1"),
        ("seed = 5", "runs = [0, 0]", r"'runs' must be 1 to 10 different whole numbers"),
        ("seed = 5", "runs = []", r"'runs' must be 1 to 10 .*found \[\]"),
        ("seed = 5", "seeds = [0.5]", r"'seeds' must be 1 to 10 .*found \[0.5\]"),
        ("seed = 5", "check_seconds = 0", "'check_seconds' must be > 0; found 0"),
        ("seed = 5", "all_or_nothing = 1", "'all_or_nothing' must be true or false; found 1"),
        ("seed = 5", "limits = 3", "'limits' must be a table; found 3"),
        ("seed = 5", "limits = {second = 3}", r"\[limits\]: 'second' is unknown; .* 'seconds'"),
        ("seed = 5", "limits = {seconds = nan}", "'seconds' must be > 0; found nan"),
        ("seed = 5", "section = 3", "Cannot|'section'"),
        ("points = 10", "points = -1", r"\[\[section\]\] 1: 'points' must be >= 0; found -1"),
        ("points = 10", "point = 1", "'points' is missing; found heading, point"),
        ('"Squares"\npoints = 4', '"Sums"\npoints = 4', "duplicate heading 'Sums'"),
        (
            '"reference.py"',
            '"nowhere.py"',
            "'reference' refers to .*nowhere.py, which is not a file",
        ),
        ('"checks.py"', '"nowhere.py"', "'checks' refers to .*nowhere.py"),
        ('checks = "checks.py"\n', "", "'checks' is missing"),
        ('"square(hidden)"', '"square("', r"'result' must be a Python expression, found 'square\("),
        (
            '["square(hidden)", "Square(hidden)"]',
            "7",
            "'result' must be a text or a list of",
        ),
        ("title", "title =", "is not valid TOML"),
    ],
)
def test_what_does_not_fit_is_named_with_what_would(tmp_path, old, new, words):
    assert old in RUBRIC
    path = make_course(tmp_path, RUBRIC.replace(old, new, 1))
    with pytest.raises(RubricError, match=words) as raised:
        read_rubric(path)
    assert str(path) in str(raised.value)


def test_a_rubric_that_gives_no_points_is_refused(tmp_path):
    with pytest.raises(RubricError, match="gives no points"):
        read_rubric(make_course(tmp_path, 'title = "a"\nreference = "reference.py"'))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('heading = "Sums"', 'heading = "Sum"', "no heading 'Sum'. Did you mean 'Sums'?"),
        ('section = "Squares"', 'section = "Cubes"', r"\[\[check\]\]: .* no heading 'Cubes'"),
    ],
)
def test_a_heading_that_the_reference_lacks_is_named_with_those_it_has(tmp_path, old, new, words):
    rubric = read_rubric(make_course(tmp_path, RUBRIC.replace(old, new)))
    with pytest.raises(RubricError, match=words) as raised:
        read_reference(rubric)
    assert "'Homework', 'Sums', 'Squares'" in str(raised.value)


def test_a_heading_that_is_there_twice_is_ambiguous(tmp_path):
    rubric = read_rubric(make_course(tmp_path))
    text = rubric.reference.read_text()
    Path(rubric.reference).write_text(text + "# %% [markdown]\n# ## Sums\n# %%\nprint(1)\n")
    with pytest.raises(RubricError, match="has the heading 'Sums' 2 times"):
        read_reference(rubric)
