"""What decides points and is easily turned round: each test fails if its rule is reversed."""

from dataclasses import replace

import classroom
import numpy as np
import pytest
from nbformat.v4 import new_notebook
from small_class import RUBRIC, make_box, make_course, run_here

from d2l.grader.compare.report import Finding, SectionReport
from d2l.grader.grading.hidden_checks import HiddenChecks, make_hidden_checks
from d2l.grader.grading.reference import ReferenceRunner
from d2l.grader.grading.result import section_results, total
from d2l.grader.grading.rubric import RubricError, SectionRule, read_rubric
from d2l.grader.sandbox.job import Outcome

CHECKS = """
import numpy as np

def inputs(rng):
    return {"hidden": rng.integers(0, 10**6, size=3)}

def ends_at_two(x):
    if x == 2:
        raise SystemExit
    return x == 3

def third(x): return 1 / 3
def sees(x, hidden): return list(hidden) == list(x)
def is_zero(x, hidden): return list(hidden) == [0, 0, 0]
def is_drawn(x, hidden): return list(hidden) != [0, 0, 0]
"""
HEAD = 'title = "a"\nreference = "reference.py"\nchecks = "checks.py"\n'


def check(function, fetch='x = "x"', points=2):
    return (
        f'[[check]]\nname = "{function}"\npoints = {points}\nfunction = "{function}"\n'
        f"[check.fetch]\n{fetch}\n"
    )


def checks_of(folder, *texts):
    return make_hidden_checks(read_rubric(make_course(folder, HEAD + "".join(texts), CHECKS)))


def outcome(seed_offset=0, **values):
    return Outcome("ok", "", new_notebook(), (), values, 1.0, 0.5, 2**20, seed_offset)


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_a_check_that_is_broken_in_one_run_is_broken_whatever_another_run_gives(tmp_path, order):
    judge = checks_of(tmp_path, check("ends_at_two"))
    (result,) = judge.judge([outcome(n, x=x) for n, x in enumerate(order)])
    assert (result.status, result.points) == ("broken", 0)
    (result,) = judge.judge([outcome(n, x=x) for n, x in enumerate((1, 3))])
    assert (result.status, result.points) == ("failed", 0)


def test_points_are_rounded_to_cents_each_and_in_total(tmp_path):
    match, wrong = Finding("match", "number"), Finding("differs", "number")
    rules = (SectionRule("A", 10), SectionRule("B", 0.5), SectionRule("C", 7))
    rubric = replace(classroom.rubric(), sections=rules)
    found = {name: SectionReport(name, (match, wrong, wrong)) for name in "ABC"}
    sections = section_results(rubric, {"A": 3, "B": 3, "C": 3}, found)
    assert [section.points for section in sections] == [3.33, 0.17, 2.33]
    assert total(sections, ()) == 5.83
    (result,) = checks_of(tmp_path, check("third")).judge([outcome(x=1)])
    assert (result.points, result.status) == (0.67, "partly")


def test_a_parameter_that_is_fetched_gets_what_was_fetched_and_others_the_hidden_input(tmp_path):
    judge = checks_of(
        tmp_path, check("is_drawn", 'x = "x"'), check("is_zero", 'x = "x"\nhidden = "y"')
    )
    zeros = np.zeros(3, dtype=np.int64)
    drawn, fetched = judge.judge([outcome(x=zeros, hidden=zeros)])
    assert (drawn.status, fetched.status) == ("passed", "passed")


def test_each_run_is_judged_by_the_inputs_of_its_own_seed_offset(tmp_path):
    judge = checks_of(tmp_path, "seeds = [0, 1, 2]\n", check("sees"))
    inputs = {offset: values["hidden"] for offset, values in judge.inputs.items()}
    assert len({tuple(values) for values in inputs.values()}) == len(inputs) == 3
    for offset in inputs:
        verdicts = [judge.judge([outcome(offset, x=x)])[0].status for x in inputs.values()]
        assert verdicts.count("passed") == 1
        assert verdicts[list(inputs).index(offset)] == "passed"


def test_a_rubric_says_how_outputs_are_compared(tmp_path):
    text = RUBRIC.replace(
        "points = 10\n",
        'points = 10\ncompare = "order-free"\n'
        '[[section.output]]\nshows = "loss"\ntolerance = 0.05\n'
        '[[section.output]]\nshows = "time"\ncompare = "ignore"\n',
    )
    rubric = read_rubric(make_course(tmp_path, text))
    rules = rubric.compare_rules["Sums"]
    assert rules.of("number") == ("order-free", None)
    assert rules.of("number Loss") == ("order-free", 0.05)
    assert rules.of("line time") == ("ignore", None)
    assert rubric.compare_rules["Squares"].of("number") == ("auto", None)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('compare = "roughly"', "'compare' must be one of 'auto', 'exact', 'order-free'"),
        ("tolerance = -1", "'tolerance' must be >= 0; found -1"),
        ('[[section.output]]\ncompare = "shape"', "'shows' is missing"),
        ('[[section.output]]\nshows = "a"\ntolerence = 1', "'tolerence' is unknown"),
        ('seeds = "auto"', "'seeds' is unknown"),
    ],
)
def test_a_rule_that_does_not_exist_is_named(tmp_path, line, words):
    with pytest.raises(RubricError, match=words):
        read_rubric(
            make_course(tmp_path, RUBRIC.replace("points = 10\n", f"points = 10\n{line}\n"))
        )


@pytest.mark.parametrize(
    ("shown", "num_runs"), [("print(sum(x))", 3), ("print(sum(x) + 0.01 * seed_offset**2)", 10)]
)
def test_automatic_seeds_run_the_reference_more_often_where_it_shows_few_random_values(
    tmp_path, shown, num_runs
):
    path = make_course(tmp_path, RUBRIC.replace("seed = 5", 'seed = 5\nseeds = "auto"'))
    reference = path.with_name("reference.py")
    reference.write_text(reference.read_text().replace("print(sum(x))", shown))
    rubric = read_rubric(path)
    judge = make_hidden_checks(rubric)
    assert isinstance(judge, HiddenChecks)
    run = ReferenceRunner(rubric, judge, make_box(), run_here, 1).run(lambda: None)
    assert [one.seed_offset for one in run.outcomes] == list(range(num_runs))
