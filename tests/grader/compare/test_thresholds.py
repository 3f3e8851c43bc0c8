"""The comparison's thresholds are those with which its rates of false alarms were measured."""

import pytest
from thresholds import SLIDES, is_close, recorded


@pytest.mark.parametrize("name", SLIDES)
def test_the_verdict_changes_where_it_did_when_the_rates_were_measured(name):
    found = SLIDES[name].record()
    expected = recorded()[name]
    assert is_close(expected, found), f"{expected}\n{found}"


def test_each_record_belongs_to_a_slide():
    assert set(recorded()) == set(SLIDES)


def test_another_threshold_is_noticed():
    record = {"first": "match", "changes": [[0.5, "differs"]], "last": [["a", "b"]]}
    assert is_close(record, record)
    for change in (
        {"changes": [[0.51, "differs"]]}, {"changes": []}, {"last": [["a", "c"]]}, {"first": ""},
        {"changes": [[0.5, "missing"]]},
    ):  # fmt: skip
        assert not is_close(record, record | change)
