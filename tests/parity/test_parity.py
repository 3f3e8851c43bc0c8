"""Every case gives with this library what it gave with d2l 1.0.3, or the difference is stated."""

import pytest
from likeness import assert_alike
from play import RAISED, outcome, play, read_cases
from registry import LEFT_OUT

from d2l import torch as d2l


class Watched:
    """The face, which remembers the names that were asked of it."""

    def __init__(self):
        self.reached = set()

    def __getattr__(self, name):
        self.reached.add(name)
        return getattr(d2l, name)


CASES = read_cases()
AT_LEAST = 150  # names


@pytest.mark.parametrize("title", [t for t, case in CASES.items() if case.difference is None])
def test_both_give_the_same(title, released, record_property, tmp_path):
    case, expected = CASES[title], released["outcomes"][title]
    assert not isinstance(expected, dict) or RAISED not in expected, expected
    ours = Watched()
    assert_alike(play(case, ours, tmp_path), expected)
    _note_names(title, ours, record_property)


@pytest.mark.parametrize("title", [t for t, case in CASES.items() if case.difference])
def test_both_give_what_the_stated_difference_says(title, released, record_property, tmp_path):
    case = CASES[title]
    assert_alike(released["outcomes"][title], case.difference.released, "1.0.3")
    ours = Watched()
    assert_alike(outcome(case, ours, tmp_path), case.difference.here, "ours")
    _note_names(title, ours, record_property)


def test_the_names_that_are_compared_are_names_of_1_0_3_and_enough(released):
    names = {name for case in CASES.values() for name in case.names}
    assert names <= set(released["names"])
    assert len(names) >= AT_LEAST


def test_every_name_of_1_0_3_is_compared_or_left_out_with_the_reason(released):
    names = {name for case in CASES.values() for name in case.names}
    public = {name for name in released["names"] if not name.startswith("_")}
    assert public - names == set(LEFT_OUT)


def _note_names(title, ours, record_property):
    assert set(CASES[title].names) <= ours.reached, "names that the case does not use"
    for name in CASES[title].names:
        record_property("compared with 1.0.3", name)
