"""BLEU, against its definition computed with fractions."""

import math
import random
from collections import Counter

import pytest

from d2l import torch as d2l


def defined(predicted, label, k):
    predicted, label = predicted.split(), label.split()
    score = min(1.0, math.exp(1 - len(label) / len(predicted)))
    for n in range(1, min(k, len(predicted)) + 1):
        runs = [
            Counter(" ".join(words[i : i + n]) for i in range(len(words) - n + 1))
            for words in (predicted, label)
        ]
        matched = sum(min(count, runs[1][run]) for run, count in runs[0].items())
        score *= math.pow(matched / runs[0].total(), 1 / 2**n)
    return score


@pytest.mark.parametrize("k", [0, 1, 2, 4, 12])
def test_bleu_is_what_its_definition_says(k):
    chance = random.Random(k)
    for _ in range(200):
        a, b = (" ".join(chance.choices("abc", k=chance.randint(1, 9))) for _ in range(2))
        assert d2l.bleu(a, b, k) == pytest.approx(defined(a, b, k), abs=1e-12)


@pytest.mark.parametrize("k", [1, 3, 50])
def test_equal_sentences_score_one_even_if_k_is_longer_than_they_are(k):
    assert d2l.bleu("he is calm", "he is calm", k) == 1.0


def test_nothing_in_common_scores_zero():
    assert d2l.bleu("a b", "c d", 2) == d2l.bleu("", "a", 2) == d2l.bleu([], ["a"], 2) == 0.0


def test_a_short_prediction_loses():
    assert d2l.bleu("a b", "a b c d", 2) == pytest.approx(math.exp(-1))


def test_lists_of_words_are_taken_as_well():
    assert d2l.bleu(["a", "b"], ["a", "b", "c"], 2) == d2l.bleu("a b", "a b c", 2)
