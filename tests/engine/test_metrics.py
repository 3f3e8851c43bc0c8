"""Numbers that stay on the device: weighted means and the check that losses are finite."""

import pytest
import torch

from d2l.engine.running_metrics import FiniteCheck, WeightedMeans


def test_means_weigh_every_example_the_same_and_begin_afresh():
    means = WeightedMeans()
    values = torch.arange(7.0)
    for part in (values[:4], values[4:]):
        means.add("loss", part.mean(), len(part))
    means.add("acc", 0.5, 4)
    popped = means.pop()
    assert float(popped["loss"]) == pytest.approx(values.mean().item())
    assert popped["acc"] == 0.5
    assert means.pop() == {}


def test_many_values_are_summed_in_double_precision():
    means = WeightedMeans()
    loss = torch.tensor(0.1)
    for _ in range(1000):
        means.add("loss", loss, 3)
    found = means.pop()["loss"]
    assert found.dtype == torch.float64
    assert abs(found.item() - loss.item()) < 1e-12  # in float32 it is 2e-6 off


def test_a_bad_loss_is_found_at_once_on_the_cpu():
    check = FiniteCheck(deferred=False)
    assert check.add(torch.tensor(1.0), 0) is None
    assert check.add(torch.tensor(float("inf")), 1) == (1, float("inf"))


def test_a_deferred_check_remembers_the_first_bad_loss_until_it_is_read():
    check = FiniteCheck(deferred=True)
    losses = [1.0, 2.0, float("inf"), float("nan"), 3.0]
    for i, loss in enumerate(losses):
        check._next_read = float("inf")  # no read is due meanwhile
        assert check.add(torch.tensor(loss), i) is None
    assert check.read() == (2, float("inf"))
    assert check.read() is None


def test_a_deferred_check_keeps_no_graph_alive():
    check, weight = FiniteCheck(deferred=True), torch.ones(1, requires_grad=True)
    check.add((2 * weight).sum(), 0)
    assert not check._pending[0][1].requires_grad


def test_a_check_that_saw_nothing_finds_nothing():
    assert FiniteCheck(deferred=True).read() is None


def test_a_geometric_mean_is_the_exponential_of_the_mean_logarithm():
    means = WeightedMeans()
    for perplexity, num_tokens in ((2.0, 3), (torch.tensor(8.0), 1)):
        means.add("ppl", perplexity, num_tokens, geometric=True)
        means.add("loss", perplexity, num_tokens)
    found = means.pop()
    assert float(found["ppl"]) == pytest.approx((2 * 2 * 2 * 8) ** (1 / 4))
    assert found["loss"] == pytest.approx(3.5)
    doubled = WeightedMeans()
    doubled.add("ppl", 3.0, 2, geometric=True)
    assert float(doubled.pop(lambda table: 2 * table)["ppl"]) == pytest.approx(3)
