"""The next token: supports, frequencies, beams against all sequences there are."""

import itertools
import math
import random

import numpy as np
import pytest
import torch

from d2l import torch as d2l
from d2l.errors import ConfigurationError, NotFiniteError, ShapeError
from d2l.text.decoding import next_probabilities

SHARES = torch.tensor([0.05, 0.4, 0.1, 0.25, 0.2])  # in order: 1, 3, 4, 2, 0
LOGITS = SHARES.log() + 7
VOCAB_SIZE, EOS = 4, 3


def support(**options):
    return set(next_probabilities(LOGITS, **options).nonzero().flatten().tolist())


def model(ids):
    """Logits that depend on the whole sequence, always the same."""
    rng = np.random.default_rng([7, *ids])
    return torch.tensor(rng.normal(size=VOCAB_SIZE) * 2, dtype=torch.float32)


@pytest.mark.parametrize(
    "options, expected",
    [
        ({}, {0, 1, 2, 3, 4}),
        ({"k": 1}, {1}),
        ({"k": 3}, {1, 3, 4}),
        ({"k": 9}, {0, 1, 2, 3, 4}),
        ({"p": 0.3}, {1}),
        ({"p": 0.41}, {1, 3}),
        ({"p": 0.84}, {1, 3, 4}),
        ({"p": 0.86}, {1, 2, 3, 4}),
        ({"p": 1.0}, {0, 1, 2, 3, 4}),
        ({"min_p": 0.0}, {0, 1, 2, 3, 4}),
        ({"min_p": 0.2}, {1, 2, 3, 4}),  # 0.08 and more
        ({"min_p": 0.6}, {1, 3}),
        ({"min_p": 1.0}, {1}),
        ({"k": 2, "p": 0.9}, {1, 3}),
        ({"p": 0.41, "temperature": 2.0}, {1, 3}),  # roots: 0.30, 0.24, …
        ({"p": 0.41, "temperature": 0.5}, {1}),  # squares: 0.59, …
    ],
)
def test_the_options_leave_exactly_these_tokens(options, expected):
    assert support(**options) == expected


def test_what_is_left_keeps_its_proportions():
    kept = next_probabilities(LOGITS, k=3)
    assert torch.allclose(kept, torch.tensor([0, 0.4, 0, 0.25, 0.2]) / 0.85, atol=1e-6)
    halved = SHARES**2 / (SHARES**2).sum()
    assert torch.allclose(next_probabilities(LOGITS, temperature=0.5), halved, atol=1e-6)


def test_of_equals_at_the_edge_the_first_are_taken():
    equal = next_probabilities(torch.zeros(6), k=2)
    assert equal.tolist() == [0.5, 0.5, 0, 0, 0, 0]


def test_rows_of_a_batch_are_cut_each_by_itself():
    rows = torch.stack((LOGITS, LOGITS.flip(0)))
    both = next_probabilities(rows, p=0.41)
    assert torch.equal(both[1], next_probabilities(LOGITS.flip(0), p=0.41))
    assert torch.equal(both[0], next_probabilities(LOGITS, p=0.41))


@pytest.mark.parametrize(
    "make", [lambda: torch.Generator().manual_seed(3), lambda: np.random.default_rng(3),
             lambda: random.Random(3), lambda: None],
)  # fmt: skip
def test_frequencies_are_the_probabilities(make):
    rng, num_draws = make(), 4000
    drawn = [d2l.sample_next(LOGITS, "top_p", p=0.86, rng=rng) for _ in range(num_draws)]
    counts = torch.bincount(torch.tensor(drawn), minlength=5)
    expected = torch.tensor([0, 0.4, 0.1, 0.25, 0.2]) / 0.95 * num_draws
    assert counts[0] == 0
    chi_square = ((counts - expected)[1:] ** 2 / expected[1:]).sum()
    assert chi_square < 16.27  # 3 degrees of freedom: once in a thousand seeds


def test_a_generator_repeats_and_moves_on():
    def several():
        rng = np.random.default_rng(1)
        return [d2l.sample_next(LOGITS, "sample", rng=rng) for _ in range(30)]

    assert several() == several()
    assert len(set(several())) > 2


def test_the_likeliest_is_taken_by_greedy_by_temperature_zero_and_by_one_candidate():
    for options in ({}, {"strategy": "sample", "temperature": 0}, {"strategy": "top-k", "k": 1}):
        assert d2l.sample_next(LOGITS.numpy(), **options) == 1
    assert d2l.sample_next([0.0, -math.inf, 2.0]) == 2


def test_impossible_tokens_are_never_drawn():
    logits = torch.full((1000,), -math.inf)
    logits[[17, 400]] = 0.0
    assert {d2l.sample_next(logits, "sample") for _ in range(100)} == {17, 400}


@pytest.mark.parametrize("extreme", [0.0, 1 - 2**-53, 1 - 2**-24])
def test_the_ends_of_the_unit_interval_draw_tokens_that_are_possible(extreme):
    class Ends:
        def random(self):
            return extreme

    logits = torch.tensor([-math.inf, 0.0, 0.3, 0.1, -math.inf])
    expected = 1 if extreme == 0 else 3
    assert d2l.sample_next(logits, "sample", rng=Ends()) == expected


def test_what_cannot_be_drawn_from_is_told_in_words():
    for options, message in [
        (
            {"strategy": "best"},
            "must be one of greedy, sample, top_k, top_p, min_p; found",
        ),
        ({"strategy": "top_k"}, "strategy='top_k' requires k; found k=None"),
        ({"strategy": "sample", "temperature": -1}, "requires temperature > 0"),
        ({"strategy": "top_p", "p": 0}, "requires 0 < p <= 1"),
        ({"strategy": "top_k", "k": 0}, "requires k >= 1"),
        ({"strategy": "min_p", "min_p": 2}, "requires 0 <= min_p <= 1"),
    ]:
        with pytest.raises(ConfigurationError, match=message):
            d2l.sample_next(LOGITS, **options)
    with pytest.raises(ShapeError, match=r"for one next token; found \(2, 5\)"):
        d2l.sample_next(torch.stack((LOGITS, LOGITS)))
    with pytest.raises(NotFiniteError, match="the model has diverged"):
        d2l.sample_next(LOGITS * math.nan)
    with pytest.raises(TypeError, match="rng must be a generator"):
        d2l.sample_next(LOGITS, "sample", rng=3)


def test_generating_feeds_back_what_it_took_and_ends_after_the_end():
    seen = []

    def step(ids):
        seen.append(ids)
        return torch.nn.functional.one_hot(torch.tensor(len(ids)), 9).float()

    assert d2l.generate(step, torch.tensor([8, 8]), 3) == [8, 8, 2, 3, 4]
    assert seen == [[8, 8], [8, 8, 2], [8, 8, 2, 3]]
    assert d2l.generate(step, [8], 5, eos_id=2) == [8, 1, 2]
    assert d2l.generate(step, [8], 0) == [8]


def test_generating_with_a_strategy_draws_from_its_support():
    rng = np.random.default_rng(0)
    ids = d2l.generate(lambda ids: LOGITS, [0], 60, strategy="top_k", k=2, rng=rng)
    assert set(ids[1:]) == {1, 3}


@pytest.mark.parametrize("eos_id", [None, EOS])
@pytest.mark.parametrize("begin", range(VOCAB_SIZE - 1))
def test_a_beam_of_one_is_greedy(begin, eos_id):
    expected = d2l.generate(model, [begin], 6, eos_id=eos_id)
    assert d2l.beam_search(model, [begin], 6, beam_size=1, eos_id=eos_id) == expected


def best_of_all(begin, num_tokens, alpha, eos_id):
    """Every sequence with its log-probability, a step at a time; the best by its length."""
    finished = {}
    for length in range(1, num_tokens + 1):
        for new in itertools.product(range(VOCAB_SIZE), repeat=length):
            is_whole = length == num_tokens or new[-1] == eos_id
            if not is_whole or eos_id in new[:-1]:
                continue
            score = sum(
                torch.log_softmax(model([begin, *new[:i]]), 0)[new[i]].item() for i in range(length)
            )
            finished[new] = score / length**alpha
    return [begin, *max(finished, key=finished.get)]


@pytest.mark.parametrize("alpha", [0.0, 0.75, 2.0])
@pytest.mark.parametrize("eos_id", [None, EOS])
def test_a_beam_as_wide_as_all_sequences_finds_the_best_of_them(alpha, eos_id):
    for begin in range(3):
        found = d2l.beam_search(model, [begin], 4, VOCAB_SIZE**4, alpha, eos_id)
        assert found == best_of_all(begin, 4, alpha, eos_id)


def test_the_length_penalty_decides_between_short_and_long():
    def step(ids):  # end now with 0.4, or five sure steps
        sure = torch.tensor([1.0, 0.0])
        return (torch.tensor([0.6, 0.4]) if len(ids) == 1 else sure).log()

    assert d2l.beam_search(step, [0], 5, beam_size=2, alpha=0, eos_id=1) == [0] * 6
    assert d2l.beam_search(step, [0], 0) == [0]

    def costly(ids):
        return torch.tensor([0.55, 0.45]).log()

    assert d2l.beam_search(costly, [0], 5, beam_size=4, alpha=0, eos_id=1) == [0, 1]
    assert d2l.beam_search(costly, [0], 5, beam_size=4, alpha=1, eos_id=1) == [0] * 6


def test_a_beam_of_none_is_an_error():
    with pytest.raises(ConfigurationError, match="beam_size must be at least 1; found 0"):
        d2l.beam_search(model, [0], 2, beam_size=0)
