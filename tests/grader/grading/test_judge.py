"""Hidden checks in their own process: scores, and what is the instructor's to fix."""

import time
from dataclasses import replace

import numpy as np
import pytest
from nbformat.v4 import new_notebook
from small_class import RUBRIC, make_course

from d2l.grader.grading.hidden_checks import make_hidden_checks
from d2l.grader.grading.rubric import RubricError, read_rubric
from d2l.grader.sandbox.job import Outcome, Problem

HEAD = 'title = "a"\nreference = "reference.py"\nchecks = "checks.py"\ncheck_seconds = 3\n'
CHECKS = """
import os, sys, time
import numpy as np
print("loading")

def inputs(rng):
    return {"hidden": rng.integers(0, 10**6, size=3)}

def passes(x): print("x is", x)
def is_true(x): return True
def is_false(x): return False
def is_half(x): return np.float32(0.5)
def is_checked(x): assert x == 3, f"x is {x}"
def sees_hidden(x, hidden): return hidden.dtype == np.int64 and x is not hidden
def by_keywords(**values): return sorted(values) == ["hidden", "x"]
def has_default(x, more=1): assert more == 1
def draws(x): return bool(np.random.rand() == np.random.RandomState(0).rand())
def raises(x): return x.shape[5]
def is_nonsense(x): return "yes"
def is_too_much(x): return 1.5
def is_nan(x): return float("nan")
def hangs(x): time.sleep(60)
def exits(x): sys.exit(0)
def dies(x): os._exit(0)
"""
NAMES = [line.split("(")[0][4:] for line in CHECKS.splitlines() if line.startswith("def ")][1:]


def check(name, function=None, fetch='x = "x"', points=4):
    return f"""
[[check]]
name = "{name}"
points = {points}
function = "{function or name}"
[check.fetch]
{fetch}
"""


def outcome(seed_offset=0, **values):
    return Outcome("ok", "", new_notebook(), (), values, 1, 1, 1, seed_offset)


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("course")
    rubric = read_rubric(make_course(folder, HEAD + "".join(map(check, NAMES)), CHECKS))
    # A student's file next to the checks must never be imported in their place.
    (folder / "numpy.py").write_text("raise SystemExit('taken over')")
    start = time.monotonic()
    results = make_hidden_checks(rubric).judge([outcome(x=3)])
    assert time.monotonic() - start < 100
    return {result.name: result for result in results}


@pytest.mark.parametrize(
    ("name", "status", "points"),
    [
        ("passes", "passed", 4),
        ("is_true", "passed", 4),
        ("is_false", "failed", 0),
        ("is_half", "partly", 2),
        ("is_checked", "passed", 4),
        ("sees_hidden", "passed", 4),
        ("by_keywords", "passed", 4),
        ("has_default", "passed", 4),
        ("draws", "passed", 4),
    ],
)
def test_what_a_check_returns_is_its_share_of_the_points(judged, name, status, points):
    assert (judged[name].status, judged[name].points, judged[name].out_of) == (status, points, 4)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("is_nonsense", "the check returned 'yes', expected None, True, False or a number from"),
        ("is_too_much", "the check returned 1.5"),
        ("is_nan", "the check returned nan"),
        ("hangs", "no response within 3 s"),
        ("exits", "the check raised SystemExit"),
        ("dies", "its process exited with status 0"),
    ],
)  # fmt: skip
def test_a_check_that_does_not_work_is_broken_and_stops_none_of_the_others(judged, name, words):
    assert (judged[name].status, judged[name].points) == ("broken", 0)
    assert words in judged[name].message


def test_a_value_that_a_check_cannot_work_with_fails_it(judged):
    assert (judged["raises"].status, judged["raises"].points) == ("failed", 0)
    words = "the check raised on the fetched values (x: int): AttributeError: 'int' object has no"
    assert words in judged["raises"].message
    assert judged["raises"].message.endswith("'shape', line 18")


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    text = HEAD + check("is_checked") + check("of y", "sees_hidden", 'x = ["y", "z"]')
    return make_hidden_checks(
        read_rubric(make_course(tmp_path_factory.mktemp("course"), text, CHECKS))
    )


def test_equal_expressions_are_fetched_once_and_other_ones_of_that_name_under_another(judge):
    assert [(fetch.name, fetch.expressions) for fetch in judge.fetches] == [
        ("x", ("x",)),
        ("x_2", ("y", "z")),
    ]


def test_the_worst_of_several_runs_counts(judge):
    checked, seen = judge.judge([outcome(0, x=3, x_2=1), outcome(1, x=4, x_2=1)])
    assert (checked.status, checked.points, checked.message) == ("failed", 0, "x is 4")
    assert seen.status == "passed"


def test_a_missing_value_fails_the_check_with_the_reason(judge):
    ended = replace(outcome(0, x_2=Problem("name 'z' is not defined")), reason="out of memory")
    checked, seen = judge.judge([ended])
    assert (checked.status, checked.message) == (
        "failed",
        "x: no value was returned; out of memory",
    )
    assert (seen.status, seen.message) == ("failed", "x: name 'z' is not defined")


def test_values_of_every_kind_arrive_as_they_are(tmp_path):
    checks = """
import numpy as np
def same(a, b, c):
    assert a.dtype == np.float16 and a.tolist() == [[1.0, float("inf")]], a
    assert b == {"k": [None, True, 1.5, "\\u00e9\\n"]}, b
    assert c != c
"""
    fetch = 'a = "a"\nb = "b"\nc = "c"'
    text = HEAD + check("same", fetch=fetch)
    judge = make_hidden_checks(read_rubric(make_course(tmp_path, text, checks)))
    a = np.array([[1, np.inf]], dtype=np.float16)
    b = {"k": [None, True, 1.5, "é\n"]}
    (result,) = judge.judge([outcome(a=a, b=b, c=float("nan"))])
    assert (result.status, result.message) == ("passed", "")


def test_hidden_inputs_differ_between_shifts_and_seeds_and_are_the_same_each_time(tmp_path):
    def drawn(seed, folder):
        text = HEAD + f"seed = {seed}\n" + check("passes")
        inputs = make_hidden_checks(
            read_rubric(make_course(tmp_path / folder, text, CHECKS))
        ).inputs
        assert set(inputs) == set(range(10))  # of every run that there may be
        return [inputs[seed_offset]["hidden"].tolist() for seed_offset in (0, 1)]

    first, other = drawn(1, "a"), drawn(2, "b")
    assert first == drawn(1, "c")
    assert len({tuple(values) for values in first + other}) == 4


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("import numpy", "import nmpy", "checks.py: cannot be loaded: ModuleNotFoundError"),
        (
            "def check_square",
            "def check_sqare",
            "does not define a function 'check_square'. Did you mean",
        ),
        ("(result, hidden)", "(result, hiden)", "the parameter 'hiden' of check_square has no va"),
        (
            "(result, hidden)",
            "(hidden)",
            "has 'result', but the parameters of check_square are: hidden",
        ),
        ('return {"hidden"', 'return {"1"', "must use names of variables, found '1'"),
        ("rng.normal(size=5)", "[1, 2]", r"inputs\(rng\)\['hidden'\] is not a NumPy array"),
        ("rng.normal(size=5)", "rng.norm()", "checks.py: AttributeError: .*, line 5"),
        ("def inputs", "import os; os._exit(3)\ndef inputs", "its process exited with status 3"),
        ("import numpy", "raise SystemExit\nimport numpy", "cannot be loaded: SystemExit"),
    ],
)
def test_checks_that_do_not_fit_the_rubric_are_named_before_anybody_runs(tmp_path, old, new, words):
    path = make_course(tmp_path)
    checks = path.with_name("checks.py")
    assert old in checks.read_text()
    checks.write_text(checks.read_text().replace(old, new, 1))
    with pytest.raises(RubricError, match=words):
        make_hidden_checks(read_rubric(path))


def test_a_check_that_fetches_nothing_is_an_error_that_says_what_to_add(tmp_path):
    text = RUBRIC[: RUBRIC.index("[check.fetch]")]
    checks = "def check_square(a=1): pass"
    with pytest.raises(RubricError, match=r'no value is fetched .* a = "EXPRESSION"'):
        make_hidden_checks(read_rubric(make_course(tmp_path, text, checks)))


def test_a_check_gets_the_inputs_of_its_run_and_what_is_fetched_under_a_taken_name(tmp_path):
    checks = """
import numpy as np
def inputs(rng):
    return {"asked": rng.integers(0, 10**6, size=3), "answer": rng.integers(0, 10**6, size=3)}
def shows(asked, answer):
    assert False, f"{np.ravel(asked).tolist()} {answer.tolist()}"
"""
    text = HEAD + check("shows", fetch='asked = "double(asked)"')
    judge = make_hidden_checks(read_rubric(make_course(tmp_path, text, checks)))
    for seed_offset in (0, 1):
        drawn = np.random.default_rng([0, seed_offset]).integers(0, 10**6, size=(2, 3)).tolist()
        assert {k: v.tolist() for k, v in judge.visible_inputs(seed_offset).items()} == {
            "asked": drawn[0]  # the answer is no name of an expression, and stays outside
        }
        (result,) = judge.judge([outcome(seed_offset, asked=7)])
        assert result.message == f"[7] {drawn[1]}"
