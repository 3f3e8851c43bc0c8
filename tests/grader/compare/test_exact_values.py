"""What the reference shows each time must be there: numbers as numbers, to the digits shown."""

import numpy as np
import pandas as pd
import pytest
import torch
from nbformat.v4 import new_output
from shown import compared, only, picture, printed, read, result, verdicts

from d2l.grader.compare.compare_items import compare_items
from d2l.grader.compare.compare_repeats import repeats_difference
from d2l.grader.compare.differences import instead, joined
from d2l.grader.compare.tolerance import Rule

t = torch.tensor
X = torch.arange(6.0).reshape(2, 3)

SAME = {
    "itself": (X, X),
    "a view with a gradient": (X, (X * 1).requires_grad_(True)),
    "a parameter": (X, torch.nn.Parameter(X)),
    "an array of the same numbers": (X, X.numpy()),
    "another way to say a number": (t(66.0), 66.0),
    "a rounded number": (0.3333, 0.33333),
    "fewer digits": (1 / 3, 0.33),
    "float64 for float32": (X, X.double()),
    "noise of float32": (t([1.0, 2.0]), t([1.00003, 1.99997])),
    "what should cancel out": (t([0.0, 1.0]), t([1.2e-7, 1.0])),
    "nan and infinity": (t([float("nan"), float("inf")]), t([float("nan"), float("inf")])),
    "large numbers": (t(162754.7969), t(162754.81)),
    "words in other quotes": ("it's", "it's"),
    "a list as a tuple": ([1, 2], (1, 2)),
}


@pytest.mark.parametrize("expected, found", SAME.values(), ids=SAME.keys())
def test_the_same_value_in_another_form_matches(expected, found):
    assert verdicts(compared(result(expected), result(found))) == ["match"]


DIFFERENT = {
    "shape": (torch.ones(2, 1), torch.ones(3), "shape (3,) where the reference has (2, 1)"),
    "lost axis": (torch.ones(2, 1), torch.ones(2), "(2,) where the reference has (2, 1), though"),
    "scalar": (t(1.0), t([1.0]), "shape (1,) where the reference has ()"),
    "whole numbers": (X, X.long(), "dtype int64 where the reference has float32"),
    "a whole number": (3, 3.0, "dtype float where the reference has int"),
    "truth": (t([True]), t([1]), "dtype int64 where the reference has bool"),
    "one value": (t([[1, 2.5]]), t([[1, 3.0]]), "1 of 2 values differ, most at [0, 1]: 3 "),
    "truth value": (t([True]), t([False]), "False where the reference has True"),
    "off by one": (X, X + 1, "6 of 6 values differ"),
    "factor": (X, X * 256, "all values are 256 times the reference's"),
    "transposed": (t([[1, 2], [3, 4]]), t([[1, 3], [2, 4]]), "it is transposed"),
    "order": (t([1, 2, 3]), t([3, 1, 2]), "the values are the same in another order"),
    "nan": (t([1.0, 2.0]), t([1.0, float("nan")]), "at [1]: nan where the reference has 2"),
    "number": (3.5, 2.5, "2.5 where the reference has 3.5"),
    "half": (0.5, 0.45, "0.45 where the reference has 0.5"),
    "large whole number": (100_000, 100_001, "100001 where the reference has 100000"),
    "cut": (torch.arange(2000), torch.arange(2000) * 2, "[5] of the values shown: 3998 where"),
    "longer": (np.arange(2000), np.arange(2001), "shape (2001,) where the reference has (2000,)"),
    "name": (torch.float32, torch.float64, "'torch.float64' where the reference has"),
    "word": ("cat", "dog", "'dog' where the reference has 'cat'"),
    "another kind": ("cat", 3, "missing: value"),
}


@pytest.mark.parametrize("expected, found, message", DIFFERENT.values(), ids=DIFFERENT.keys())
def test_another_value_differs_and_the_message_says_how(expected, found, message):
    (finding,) = compared(result(expected), result(found))
    assert finding.verdict in ("differs", "missing")
    assert message in finding.message


SECRETS = {
    "number": (73.25, 12.5),
    "tensor": (t([73.25, 1.0]), t([12.5, 1.0])),
    "shape": (torch.ones(73), torch.ones(12)),
    "factor": (t([1.0, 2.0]) * 73, t([1.0, 2.0]) * 73 * 73),
    "dtype": (t([1], dtype=torch.int16), t([1.0])),
    "word": ("of 73 apples", "of 12 apples"),
    "text": ("model x73", "model y"),
    "table": (pd.DataFrame({"a": [73.0]}), pd.DataFrame({"a": [12.0]})),
    "columns": (pd.DataFrame({"a73": [1]}), pd.DataFrame({"b": [1]})),
    "rows": (pd.DataFrame({"a": [1] * 73}), pd.DataFrame({"a": [1] * 12})),
}


@pytest.mark.parametrize("expected, found", SECRETS.values(), ids=SECRETS.keys())
def test_a_hint_says_what_is_wrong_but_not_what_is_right(expected, found):
    differing = [f for f in compared(result(expected), result(found)) if f.verdict == "differs"]
    assert differing
    for finding in differing:
        assert finding.hint
        assert "73" not in finding.hint
        assert "int16" not in finding.hint


def test_numbers_in_lines_are_found_by_their_place_or_by_their_words():
    expected = printed("epoch 3, loss 0.250, acc 0.5")
    assert verdicts(compared(expected, printed("Epoch: 3 | Loss = 0.2500 | Acc = 0.50"))) == [
        "match"
    ]
    more = printed("run 7: acc 0.5 and loss 0.25 in epoch 3 of 10")
    assert verdicts(compared(expected, more)) == ["match"]
    (finding,) = compared(expected, printed("epoch 3, loss 0.750, acc 0.5"))
    assert finding.message == ", loss 0.75 where the reference has 0.25".lstrip(", ")
    (finding,) = compared(expected, printed("epoch 3, loss 0.250"))
    assert finding.message == "no number for acc"


def test_a_number_may_have_words_before_it_or_none():
    assert verdicts(compared(result(3.5), printed("the sum is", 3.5))) == ["match"]
    assert verdicts(compared(printed("sum:", 3.5), result(3.5))) == ["match"]
    assert verdicts(compared(printed("sum:", 3.5), result(4.5))) == ["differs"]


def test_loops_that_print_must_print_as_often():
    loop = [f"{i} squared is {i * i}" for i in range(4)]
    whole, short = printed(*loop, sep="\n"), printed(*loop[:3], sep="\n")
    assert verdicts(compared(whole, whole)) == ["match"]
    (finding,) = compared(whole, short)
    assert finding.message == "3 lines where the reference has 4"


FRAME = pd.DataFrame({"a": [1.0, np.nan], "b": ["x", "y"], "c": [True, False]})
TABLES = {
    "value": (FRAME.assign(a=[2.0, np.nan]), "1 cells differ, the first in row 1, column a: 2 "),
    "missing": (FRAME.assign(a=[1.0, 2.0]), "row 2, column a: 2 where the reference has nan"),
    "word": (FRAME.assign(b=["x", "z"]), "column b: 'z' where the reference has 'y'"),
    "truth": (FRAME.assign(c=[True, True]), "column c: 'True' where the reference has 'False'"),
    "column": (FRAME[["a", "b"]], "columns a, b where the reference has a, b, c"),
    "row": (FRAME[:1], "1 rows where the reference has 2"),
}


@pytest.mark.parametrize("frame, message", TABLES.values(), ids=TABLES.keys())
def test_tables_differ_by_their_cells(frame, message):
    (finding,) = compared(result(FRAME), result(frame))
    assert message in finding.message


def test_tables_match_in_either_form_and_with_columns_in_another_order():
    for found in (result(FRAME), printed(FRAME), result(FRAME[["c", "a", "b"]])):
        assert verdicts(compared(result(FRAME), found)) == ["match"]


def test_extra_prints_do_no_harm_and_missing_ones_are_named():
    expected = [printed("w:", X), printed("b:", 3.5), result(t([1, 2]))]
    more = [printed("now"), printed(torch.ones(5)), *expected[:2], printed("x is", 9), expected[2]]
    assert verdicts(compare_items([read(*expected)], [read(*more)])) == ["match"] * 3
    findings = compare_items([read(*expected)], [read(expected[0], expected[2])])
    assert verdicts(findings) == ["match", "missing", "match"]
    assert findings[1].message == 'missing: line "b : …"'


def test_the_order_within_a_cell_may_differ():
    expected = [result(X), result(t([1, 2])), result(3.5)]
    assert verdicts(compare_items([read(*expected)], [read(*expected[::-1])])) == ["match"] * 3


def test_values_that_are_equally_wrong_are_held_against_each_other_in_order():
    expected = [result(t([n, n])) for n in range(1, 7)]
    found = [result(t([n, n])) for n in range(101, 107)]
    findings = compare_items([read(*expected)], [read(*found)])
    assert all(f"{n + 100} where" in f.message for n, f in enumerate(findings, start=1))


def test_one_finding_for_each_value_whatever_the_submission_shows():
    expected = [read(result(X), printed("done"), printed("a 1"), result(3))]
    error = new_output("error", ename="NameError", evalue="x", traceback=[])
    for found in ([], [result(X)], [error], [printed("other words")], [result(X)] * 9):
        assert len(compare_items(expected, [read(*found)])) == 4


def test_remarks_may_be_in_other_words_but_not_missing():
    assert verdicts(compared(printed("training is over"), printed("fertig"))) == ["match"]
    assert verdicts(compared(printed("training is over"), result(3))) == ["match"]
    assert verdicts(compare_items([read(printed("training is over"))], [[]])) == ["missing"]
    (finding,) = compared(printed("Prediction: cat"), printed("prediction: dog"))
    assert "'prediction : dog' where the reference has 'Prediction : cat'" in finding.message


def test_errors_are_compared_by_name_alone():
    def error(name, text):
        return new_output("error", ename=name, evalue=text, traceback=[])

    assert verdicts(compared(error("ValueError", "a"), error("ValueError", "b"))) == ["match"]
    (finding,) = compared(error("ValueError", "a"), error("KeyError", "b"))
    assert finding.message == "KeyError: b, where the reference raises ValueError"


@pytest.mark.parametrize(("width", "verdict"), [(40, "match"), (39, "differs")])
def test_a_picture_of_a_fifth_of_the_expected_width_is_large_enough(width, verdict):
    assert verdicts(compared(picture(200, 100), picture(width, 100))) == [verdict]


def test_pictures_are_compared_by_presence_and_size():
    assert verdicts(compared(picture(200, 100), picture(250, 150))) == ["match"]
    assert verdicts(compared(picture(200, 100), printed("no picture"))) == ["missing"]
    (finding,) = compared(picture(200, 100), picture(20, 100))
    assert finding.message == "picture of 20 by 100 where the reference's is 200 by 100"


def test_a_value_that_should_be_the_same_each_time_must_be_right_in_each_run():
    right, wrong = read(result(X)), read(result(X + 1))
    assert verdicts(compare_items([right] * 3, [right, wrong])) == ["differs"]


def test_nothing_is_expected_where_the_reference_shows_nothing():
    assert compare_items([[], []], [read(result(X))]) == []
    assert compare_items([], []) == []


def test_of_many_differences_both_texts_have_five():
    many = [instead(f"found{i}", f"expected{i}") for i in range(7)]
    both = joined(many)
    assert [both.message.count("found"), both.hint.count("found")] == [5, 5]
    assert joined(many[:1]) == many[0]
    assert joined([]) is None


SHOWN = {
    "array": only(result(np.arange(6.0).reshape(2, 3))),
    "other shape": only(result(np.arange(6.0))),
    "table": only(result(pd.DataFrame({"a": [1, 2]}))),
    "longer table": only(result(pd.DataFrame({"a": [1, 2, 3]}))),
    "text": only(printed("a word")),
    "line": only(printed("loss 0.5")),
}


@pytest.mark.parametrize("found", SHOWN)
@pytest.mark.parametrize("expected", SHOWN)
def test_where_values_do_not_count_kinds_and_shapes_do(expected, found):
    difference = repeats_difference([SHOWN[expected]] * 3, [SHOWN[found]] * 2, 1e-3, Rule("shape"))
    assert (difference is None) == (expected == found)
