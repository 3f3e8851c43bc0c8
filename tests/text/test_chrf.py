"""The F-score of characters, against values computed by hand."""

import pytest

from d2l import torch as d2l


def test_precision_and_recall_are_means_over_lengths():
    # "abcd" in "abce": of single characters 3 of 4, of pairs ab, bc of 3, of threes abc of 2,
    # of fours none of 1; both sides alike, so the F-score is the mean for every beta
    expected = (3 / 4 + 2 / 3 + 1 / 2 + 0) / 4
    assert d2l.chrf("abcd", "abce") == pytest.approx(expected)
    assert d2l.chrf("abcd", "abce", beta=1) == pytest.approx(expected)


def test_recall_counts_more_than_precision():
    # characters: the label's 2 are both there, of the prediction's 4 only 2; pairs: 1 of 1, of 3
    low, high = (2 / 4 + 1 / 3) / 2, 1.0  # precision and recall, or the other way round
    assert d2l.chrf("abxy", "ab") == pytest.approx(5 * low * high / (4 * low + high))
    assert d2l.chrf("ab", "abxy") == pytest.approx(5 * low * high / (4 * high + low))
    assert d2l.chrf("abxy", "ab") > d2l.chrf("ab", "abxy")


def test_a_run_counts_as_often_as_both_have_it():
    assert d2l.chrf("aaaa", "aa", n=1, beta=1) == pytest.approx(2 * (2 / 4) * 1 / (2 / 4 + 1))


def test_white_space_does_not_count():
    assert d2l.chrf("he is\tcalm\n", "heiscalm") == 1


@pytest.mark.parametrize(
    "pred, label, score", [("", "", 1), ("", "a", 0), ("a", " ", 0), ("a", "b", 0)]
)
def test_texts_without_a_common_character(pred, label, score):
    assert d2l.chrf(pred, label) == score
