"""What counts as the same: what the comparison lets pass, and what it must not."""

import pytest
import torch
from likeness import assert_alike
from play import RAISED, outcome, plain
from registry import Case, Raises

NUMBERS = torch.tensor([1.0, 2.0])
ALIKE = [
    (NUMBERS + 1e-6, NUMBERS),
    (torch.tensor([float("nan")]), torch.tensor([float("nan")])),
    ({"a": [1, "b", None]}, {"a": [1, "b", None]}),
    (0.1 + 0.2, 0.3),
    ({RAISED: "TypeError", "words": "any"}, Raises("TypeError")),
]
APART = [
    (NUMBERS + 1e-3, NUMBERS),
    (NUMBERS.double(), NUMBERS),
    (NUMBERS.reshape(1, 2), NUMBERS),
    (torch.tensor([float("nan"), 2.0]), NUMBERS),
    (1, 1.0),
    (True, 1),
    ([1], (1,)),
    ([1, 2], [1]),
    ({"b": 1, "a": 2}, {"a": 2, "b": 1}),
    (None, NUMBERS),
    ({"a": {"b": ["x"]}}, {"a": {"b": ["y"]}}),
    ({RAISED: "TypeError", "words": "any"}, Raises("ValueError")),
    (1, Raises("ValueError")),
]


@pytest.mark.parametrize("found, expected", ALIKE)
def test_these_are_alike(found, expected):
    assert_alike(found, expected)


@pytest.mark.parametrize("found, expected", APART)
def test_these_are_not(found, expected):
    with pytest.raises(AssertionError):
        assert_alike(found, expected)


def test_the_place_where_two_outcomes_part_is_named():
    with pytest.raises(AssertionError, match=r"result\['a'\]\[1\]"):
        assert_alike({"a": [1, 2]}, {"a": [1, 3]})


def test_a_case_returns_plain_things():
    with pytest.raises(TypeError, match="Linear"):
        plain([torch.nn.Linear(1, 1)])


def test_a_case_runs_in_a_folder_of_its_own_and_leaves_the_hub_as_it_was(tmp_path):
    class Library:
        DATA_HUB = {"a": 1}

    def run(library):
        library.DATA_HUB["b"] = 2
        return sorted(library.DATA_HUB), open("../data/new", "x").close()

    assert outcome(Case(run, ()), Library, tmp_path / "case") == (["a", "b"], None)
    assert Library.DATA_HUB == {"a": 1}
    assert (tmp_path / "case" / "data" / "new").exists()
