"""How far values may be apart: to the digits shown, to pooled deviations, not ten times that."""

import numpy as np
import pytest
import torch
from scipy import stats
from shown import compared, compared_runs, picture, printed, result, verdicts

from d2l.grader.compare import tolerance
from d2l.grader.compare.distributions import Numbers, values_difference
from d2l.grader.compare.tolerance import close

t = torch.tensor


def rows(*values):
    return np.array(values, dtype=float)


def test_the_tests_of_one_output_divide_its_rate_of_false_alarms_between_them():
    assert sum(tolerance.SHARES.values()) == pytest.approx(1)


def test_one_number_may_be_as_far_off_as_students_t_says_and_no_further():
    ours = rows(*[[1 + 0.01 * z] for z in stats.norm.ppf(np.linspace(0.05, 0.95, 10))])
    theirs = rows([1.0], [1.001])
    alpha = 0.003
    pooled = ((ours - ours.mean()) ** 2).sum() + ((theirs - theirs.mean()) ** 2).sum()
    deviation = np.sqrt(pooled / 10)
    band = stats.t.isf(0.2 * alpha, 10) * deviation * np.sqrt(1 / 10 + 1 / 2)

    def verdict(distance):
        moved = theirs - theirs.mean() + ours.mean() + distance
        return values_difference(ours, moved, Numbers(1e-9, alpha))

    assert verdict(0.95 * band) is None
    assert verdict(1.5 * band) is not None


def test_a_band_is_as_wide_as_the_deviations_of_all_places_not_of_one():
    chance = np.random.default_rng(0)
    level = np.arange(12.0)
    ours, theirs = (level + 0.1 * chance.standard_normal((n, 12)) for n in (3, 2))
    ours[:, 4] = 4 + rows(1e-5, 0, -1e-5)[0]  # alike by chance
    theirs[:, 4] = 4.1, 4.12
    assert values_difference(ours, theirs, Numbers(1e-6, 0.003)) is None
    theirs[:, 7] += 1.2  # a dozen deviations: more than three runs of one place could tell
    assert values_difference(ours, theirs, Numbers(1e-6, 0.003)) is not None
    alone = values_difference(ours[:, 7:8], theirs[:, 7:8], Numbers(1e-6, 0.003 / 20))
    assert alone is None


def test_values_that_have_a_place_are_compared_at_their_place():
    level = np.repeat([2.0, -3.4], 8)

    def weights(seed):
        noise = 0.05 * torch.randn(16, generator=torch.Generator().manual_seed(seed))
        return result(t(level, dtype=torch.float32) + noise)

    def reordered(seed):
        noise = 0.05 * torch.randn(16, generator=torch.Generator().manual_seed(seed))
        return result(t(level[::-1].copy(), dtype=torch.float32) + noise)

    assert verdicts(compared_runs(weights, weights)) == ["match"]
    assert verdicts(compared_runs(weights, reordered)) == ["differs"]


@pytest.mark.parametrize(
    "expected, found",
    [(3.2e-7, 4.1e-7), (t([2e-8, 3e-9]), t([5e-8, 7e-9])), (1e-12, 2e-12)],
)
def test_tiny_numbers_are_compared_like_others(expected, found):
    assert verdicts(compared(result(expected), result(found))) == ["differs"]
    assert verdicts(compared(result(expected), result(expected))) == ["match"]


def test_a_residue_of_rounding_is_nought():
    assert close(rows(0.0), rows(5.9605e-08), 1e-12, 1e-12).all()
    assert close(rows(4.7684e-07), rows(1.1921e-07), 1e-12, 1e-12).all()
    assert not close(rows(4.7e-07), rows(1.1921e-07), 1e-12, 1e-12).any()


@pytest.mark.parametrize("trick", ["0.0e99", "0e99", "-0.0e300", "0.1e9", "1e400", "0.0", "nan"])
def test_no_way_to_write_a_number_equals_every_number(trick):
    for value in (0.2131, 17, 1e-3, 5e4):
        assert verdicts(compared(printed("loss", value), printed("loss", trick))) == ["differs"]


def test_fewer_digits_may_hide_a_tenth_of_a_value():
    assert verdicts(compared(printed("rate 0.0312"), printed("rate 0.03"))) == ["match"]
    assert verdicts(compared(printed("rate 0.0312"), printed("rate 0.0"))) == ["differs"]


FORMS = {
    "percent": ("accuracy 0.873", "accuracy 87.3%"),
    "percent without a sign": ("test accuracy: 0.873", "test accuracy: 87.3"),
    "thousands": ("parameters: 1234567", "parameters: 1,234,567"),
    "a dictionary": ("{'cat': 3, 'dog': 5}", "{'dog': 5, 'cat': 3}"),
    "lines": ("cat: 3\ndog: 5\nhen: 1", "hen: 1\ncat: 3\ndog: 5"),
    "numbered lines": ("class 0: 12\nclass 1: 15", "class 1: 15\nclass 0: 12"),
    "another language": ("loss 0.21\naccuracy 0.9", "Fehler 0.21\nTreffer 0.9"),
    "exploration": ("loss 0.21", "3 (2, 5)\nlen 7\nsum 12.5\nloss 0.21"),
}


@pytest.mark.parametrize("expected, found", FORMS.values(), ids=FORMS.keys())
def test_another_form_of_the_same_matches(expected, found):
    assert set(verdicts(compared(printed(expected), printed(found)))) == {"match"}


MISTAKES = {
    "max before min": ("-3.5 9.25", "9.25 -3.5"),
    "names exchanged": ("min -3.5\nmax 9.25", "min 9.25\nmax -3.5"),
    "names exchanged in a dictionary": ("{'a': 0.8, 'b': 0.6}", "{'a': 0.6, 'b': 0.8}"),
    "percent of something else": ("ratio 0.873", "ratio 87.3"),
    "another percentage": ("accuracy 0.873", "accuracy 81.3%"),
    "every number": ("17", "\n".join(map(str, range(100)))),
    "every number on a line": ("17", " ".join(map(str, range(100)))),
    "every number with words": ("n 17", "\n".join(f"x{i} {i}" for i in range(100))),
}


@pytest.mark.parametrize("expected, found", MISTAKES.values(), ids=MISTAKES.keys())
def test_a_value_in_the_wrong_place_is_not_right(expected, found):
    assert "match" not in verdicts(compared(printed(expected), printed(found)))[:1]


def test_a_larger_picture_is_as_good_and_a_tiny_one_is_not():
    assert verdicts(compared(picture(200, 200), picture(2000, 2000))) == ["match"]
    assert verdicts(compared(picture(200, 200), picture(20, 20))) == ["differs"]


def drawn(sample):
    return lambda seed: result(t(np.asarray(sample(np.random.default_rng(seed)))))


DRAWS = {
    "with replacement": (lambda c: c.choice(12, 12, False), lambda c: c.choice(12, 12)),
    "without replacement": (lambda c: c.choice(40, 40), lambda c: c.choice(40, 40, False)),
    "dropout not scaled": (
        lambda c: 2.0 * (c.random((6, 8)) < 0.5),
        lambda c: 1.0 * (c.random((6, 8)) < 0.5),
    ),
    "He for Xavier": (lambda c: c.normal(0, 0.125, (9, 20)), lambda c: c.normal(0, 0.177, (9, 20))),
    "uniform for normal": (
        lambda c: c.normal(size=(20, 20)),
        lambda c: c.uniform(-(3**0.5), 3**0.5, (20, 20)),
    ),
    "rows that do not sum to 1": (
        lambda c: c.dirichlet([1, 1, 1], 4),
        lambda c: 1.1 * c.dirichlet([1, 1, 1], 4),
    ),
}


@pytest.mark.parametrize("expected, found", DRAWS.values(), ids=DRAWS.keys())
def test_values_drawn_otherwise_differ(expected, found):
    for first in range(0, 50, 10):
        seeds = (1000 + first, 2000 + first)
        references = [first, first + 1, first + 2]
        right = compared_runs(drawn(expected), drawn(expected), references, seeds)
        wrong = compared_runs(drawn(expected), drawn(found), references, seeds)
        assert (verdicts(right), verdicts(wrong)) == (["match"], ["differs"])


def test_a_share_that_few_runs_round_alike_may_vary():
    def accuracy(values):
        return lambda seed: printed(f"accuracy {values[seed]:.2f}")

    ours = accuracy([0.95, 0.95, 0.95])
    assert verdicts(compared_runs(ours, accuracy([0.93, 0.96]), (0, 1, 2), (0, 1))) == ["match"]
    assert verdicts(compared_runs(ours, accuracy([0.53, 0.56]), (0, 1, 2), (0, 1))) == ["differs"]
    assert verdicts(compared_runs(ours, accuracy([0.93, 0.93]), (0, 1, 2), (0, 1))) == ["differs"]


def test_a_log_of_each_iteration_is_not_one_of_each_epoch():
    def log(lines):
        def shown(seed):
            chance = np.random.default_rng(seed)
            losses = [f"step {i}, loss {1 + 0.01 * chance.random():.4f}" for i in range(lines)]
            return printed("\n".join(losses))

        return shown

    assert verdicts(compared_runs(log(10), log(10))) == ["match"]
    (finding,) = compared_runs(log(10), log(640))
    assert finding.message == "640 lines where the reference has 10"


def test_a_message_says_what_was_expected_and_the_hint_does_not():
    def loss(seed):
        return printed(f"loss {0.5 + 0.01 * (seed % 3):.3f}")

    (finding,) = compared_runs(
        loss, lambda seed: printed(f"loss {0.71 + 0.01 * seed:.3f}"), seeds=(0, 1)
    )
    assert finding.message == "loss: expected 0.51 ± 0.01 (3 runs), found 0.715"
    assert "0.51" not in finding.hint
    assert "0.715" in finding.hint


def test_the_shares_of_the_tests_of_one_output_are_a_whole():
    assert sum(tolerance.SHARES.values()) == pytest.approx(1)
