"""Random values are compared by shape, dtype and how they spread; the same each time is wrong."""

import numpy as np
import pandas as pd
import pytest
import torch
from shown import compared_runs, printed, result, verdicts


def torch_with(seed):
    return torch.Generator().manual_seed(seed)


def normal(seed, *shape, scale=1.0, seed_offset=0.0):
    return torch.randn(shape, generator=torch_with(seed)) * scale + seed_offset


def uniform(seed, *shape):
    return torch.rand(shape, generator=torch_with(seed))


@pytest.mark.parametrize("shape", [(3, 4), (2,), (100,), (5, 1), (40, 40), ()])
@pytest.mark.parametrize("draw", [normal, uniform])
def test_the_same_distribution_matches(shape, draw):
    for first in range(0, 100, 10):
        findings = compared_runs(
            lambda seed, first=first: result(draw(seed + first, *shape)),
            lambda seed, first=first: result(draw(seed + first + 1000, *shape)),
        )
        assert verdicts(findings) == ["match"], findings


WRONG = {
    "uniform for normal": (lambda s: normal(s, 8, 8), lambda s: uniform(s, 8, 8)),
    "shifted": (lambda s: normal(s, 8, 8), lambda s: normal(s, 8, 8, seed_offset=3)),
    "scaled": (lambda s: normal(s, 8, 8, scale=0.01), lambda s: normal(s, 8, 8)),
    "negative": (lambda s: uniform(s, 8, 8), lambda s: uniform(s, 8, 8) - 0.9),
    "shape": (lambda s: normal(s, 3, 4), lambda s: normal(s, 4, 3)),
    "dtype": (lambda s: normal(s, 3, 4), lambda s: normal(s, 3, 4).int()),
    "a hundred times": (
        lambda s: normal(s, 1, seed_offset=5),
        lambda s: 100 * normal(s, 1, seed_offset=5),
    ),
    "weights": (
        lambda s: torch.tensor([2.0, -3.4]) + normal(s, 2, scale=0.001),
        lambda s: torch.tensor([-3.4, 2.0]) + normal(s, 2, scale=0.001),
    ),
    "constant": (lambda s: normal(s, 3, 4), lambda s: torch.ones(3, 4)),
    "pasted": (lambda s: normal(s, 3, 4), lambda s: normal(5, 3, 4)),
    "pasted number": (lambda s: normal(s, 1).item(), lambda s: normal(5, 1).item()),
    "nan": (lambda s: normal(s, 3), lambda s: normal(s, 3) * float("nan")),
}


@pytest.mark.parametrize("expected, found", WRONG.values(), ids=WRONG.keys())
def test_another_distribution_differs(expected, found):
    (finding,) = compared_runs(lambda s: result(expected(s)), lambda s: result(found(s)))
    assert finding.verdict == "differs"
    assert finding.message
    assert finding.hint


def test_a_value_pasted_from_a_run_is_called_the_same_with_every_seed():
    (finding,) = compared_runs(lambda s: result(normal(s, 4)), lambda s: result(normal(7, 4)))
    assert finding.message.startswith("identical for every seed")
    (finding,) = compared_runs(
        lambda s: result(normal(s, 4)), lambda s: result(normal(7, 4)), seeds=(10,)
    )
    assert finding.verdict == "match"  # one run cannot tell


def test_two_runs_may_agree_by_chance_where_few_values_are_possible():
    def accuracy(seed):
        return printed(f"accuracy {0.80 + 0.01 * (seed % 3):.2f}")

    assert verdicts(compared_runs(accuracy, lambda seed: accuracy(1))) == ["match"]


def test_a_truth_that_is_the_same_in_all_reference_runs_by_chance_may_vary_in_a_submission():
    def equal(seed):
        return result(torch.tensor(seed != 11))

    assert verdicts(compared_runs(equal, equal)) == ["match"]
    assert verdicts(compared_runs(equal, lambda seed: equal(11))) == ["differs"]


def test_learned_weights_are_compared_place_by_place():
    def weights(seed):
        return result(torch.tensor([[2.0, -3.4, 0.5]]) + normal(seed, 1, 3, scale=0.003))

    assert verdicts(compared_runs(weights, weights)) == ["match"]


def test_numbers_in_lines_are_random_one_by_one():
    def line(seed, scale=1.0):
        return printed(f"epoch 3, loss {scale * (1 + 0.1 * uniform(seed, 1).item()):.4f}")

    assert verdicts(compared_runs(line, line)) == ["match"]
    (finding,) = compared_runs(line, lambda seed: line(seed, scale=8))
    assert finding.message.startswith("loss: expected 1.06")
    assert "(3 runs), found 8." in finding.message
    assert "1.0" not in finding.hint
    (finding,) = compared_runs(line, lambda seed: printed("epoch 4, loss 1.05"))
    assert "epoch 4 where the reference has 3" in finding.message


def log(seed, rate=1.0, epochs=6, words="epoch {}, loss {:.4f}"):
    chance = np.random.default_rng(seed)
    losses = [np.exp(-rate * epoch) + 0.1 + 0.01 * chance.random() for epoch in range(epochs)]
    return printed(*(words.format(*pair) for pair in enumerate(losses)), sep="\n")


def test_printed_logs_are_compared_as_curves():
    assert verdicts(compared_runs(log, log)) == ["match"]
    (finding,) = compared_runs(log, lambda seed: log(seed, rate=0.1))
    assert "(3 runs), found 0.7" in finding.message
    (finding,) = compared_runs(log, lambda seed: log(0))
    assert "identical for every seed" in finding.message


def test_how_often_and_in_which_words_a_log_is_printed_makes_no_difference():
    for words in ("Epoch: {} | Loss: {:.3f}", "[{}/6] train loss={:.6f}"):
        assert verdicts(compared_runs(log, lambda s, w=words: log(s, words=w))) == ["match"]
    assert verdicts(compared_runs(log, lambda s: log(s, rate=0.5, epochs=11))) == ["match"]


def test_random_tables_are_compared_by_the_spread_of_their_numbers():
    def frame(seed, scale=1.0):
        numbers = np.random.default_rng(seed).standard_normal((6, 2)) * scale
        return result(pd.DataFrame(numbers, columns=["a", "b"]))

    assert verdicts(compared_runs(frame, frame)) == ["match"]
    assert verdicts(compared_runs(frame, lambda seed: frame(seed, 50))) == ["differs"]
    assert verdicts(compared_runs(frame, lambda seed: frame(3))) == ["differs"]


def test_addresses_as_numbers_do_not_count():
    def address(seed):
        return result(139_811_000_000_000 + 1_000_003 * seed)

    assert verdicts(compared_runs(address, lambda seed: address(7 * seed))) == ["match"]


def test_what_a_model_writes_may_be_any_words_but_not_always_the_same():
    def text(seed):
        words = np.random.default_rng(seed).choice(["the", "time", "of", "a", "machine"], 12)
        return result(" ".join(words))

    assert verdicts(compared_runs(text, text)) == ["match"]
    (finding,) = compared_runs(text, lambda seed: text(3))
    assert finding.verdict == "differs"
    assert verdicts(compared_runs(text, text, seeds=(10,))) == ["match"]  # one run alone


def test_shapes_that_are_random_are_compared_by_their_axes():
    def several(seed, *more):
        return result(torch.ones(2 + seed % 3, *more))

    assert verdicts(compared_runs(several, several)) == ["match"]
    assert verdicts(compared_runs(several, lambda seed: several(seed, 2))) == ["differs"]


def number(values):
    return lambda seed: printed(f"largest {values[seed]:.4f}")


def judged(*found):
    """The finding for a number that ten runs of the reference show near 1."""
    expected = [1 + 0.1 * normal(seed, 1).item() for seed in range(10)]
    (finding,) = compared_runs(number(expected), number(found), range(10), seeds=range(len(found)))
    return finding.verdict, finding.is_unsure


def test_one_run_of_two_that_is_far_out_is_left_to_a_third_run():
    assert judged(1.05, 0.93) == ("match", False)
    assert judged(1.05, 4.2) == ("differs", True)
    assert judged(1.05, 4.2, 0.97) == ("match", False)  # as a heavy tail may give
    assert judged(1.05, 4.2, 3.9) == ("differs", False)
    assert judged(4.4, 4.2) == ("differs", False)


def test_a_random_value_that_comes_up_twice_is_left_to_a_third_run():
    assert judged(1.0512, 1.0512)[1]
    assert judged(1.0512, 1.0512, 0.9781) == ("match", False)
    assert judged(1.0512, 1.0512, 1.0512)[0] == "differs"
