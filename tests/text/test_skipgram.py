"""Skip-gram's examples, against the same draws made one at a time."""

import math
import random
from collections import Counter

import pytest

from d2l import torch as d2l
from d2l.errors import DataError

LINES = [["a"] * 300 + ["b", "?"], [], ["c", "a", "b"] * 20, ["?"]]


@pytest.fixture
def vocab():
    return d2l.Vocab([[token for token in line if token != "?"] for line in LINES])


def test_frequent_words_are_thinned_out_as_one_at_a_time(vocab):
    known = [[token for token in line if token != "?"] for line in LINES]
    counts = Counter(token for line in known for token in line)
    chance = random.Random(3)
    expected = [
        [t for t in line if chance.random() < math.sqrt(1e-4 / counts[t] * counts.total())]
        for line in known
    ]
    random.seed(3)
    subsampled, counter = d2l.subsample(LINES, vocab)
    assert subsampled == expected
    assert any(subsampled)
    assert (counter, type(counter)) == (counts, Counter)


def test_rare_words_all_stay():
    lines = [[f"w{i}" for i in range(20_000)]]
    assert d2l.subsample(lines, d2l.Vocab(lines))[0] == lines


def test_an_empty_text_stays_empty():
    assert d2l.subsample([[], []], d2l.Vocab()) == ([[], []], Counter())


def test_contexts_are_the_words_within_a_window_drawn_for_each_word():
    corpus = [list(range(30)), [1], [], list(range(5))]
    chance = random.Random(4)
    expected = []
    for line in corpus[::3]:
        for i in range(len(line)):
            size = chance.randint(1, 4)
            expected.append([line[j] for j in range(len(line)) if 0 < abs(i - j) <= size])
    random.seed(4)
    centers, contexts = d2l.get_centers_and_contexts(corpus, 4)
    assert centers == corpus[0] + corpus[3]
    assert contexts == expected


def test_a_window_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least 1; found 0"):
        d2l.get_centers_and_contexts([[1, 2]], 0)


def test_the_generator_draws_as_choices_does_ten_thousand_at_a_time():
    random.seed(5)
    generator = d2l.RandomGenerator([2, 3, 4.5])
    ours = [generator.draw() for _ in range(20_001)]
    random.seed(5)
    theirs = [n for _ in range(3) for n in random.choices([1, 2, 3], [2, 3, 4.5], k=10_000)]
    assert ours == theirs[:20_001]


@pytest.mark.parametrize("weights", [[], [0, 0], [-1, 2], [float("inf")], [float("nan"), 1]])
def test_weights_that_give_no_chances_are_refused(weights):
    with pytest.raises(ValueError, match="weights are at least 0 and not all 0; found"):
        d2l.RandomGenerator(weights)


@pytest.mark.parametrize("K", [1, 40])
def test_noise_is_drawn_one_at_a_time_passing_over_the_context(vocab, K):
    contexts, counter = [[1, 2], [], [3], [2, 2]] * 20, Counter(a=9, b=4, c=1)
    weights = [counter[token] ** 0.75 for token in "abc"]
    random.seed(6)
    stream = d2l.RandomGenerator(weights)
    expected = []
    for context in contexts:
        noise = []
        while len(noise) < K * len(context):
            number = stream.draw()
            noise += [number] * (number not in context)
        expected.append(noise)
    random.seed(6)
    assert d2l.get_negatives(contexts, vocab, counter, K) == expected


def test_a_context_of_all_words_leaves_no_noise_and_says_so(vocab):
    with pytest.raises(DataError, match=r"all 3 words are in the context"):
        d2l.get_negatives([[1, 2, 3]], vocab, Counter(a=9, b=4, c=1), 2)
    with pytest.raises(DataError, match="no noise word can be drawn"):
        d2l.get_negatives([[1, 2]], vocab, Counter(a=9, b=4, c=0), 2)
