"""Numbers that stay on the device: weighted means and the watch for a loss that is no number."""

import pytest
import torch

from d2l.engine.meter import FiniteWatch, WeightedMeans


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


def test_the_watch_finds_a_bad_loss_at_once_on_the_cpu():
    watch = FiniteWatch(deferred=False)
    assert watch.note(torch.tensor(1.0), 0) is None
    index, value = watch.note(torch.tensor(float("inf")), 1)
    assert (index, value) == (1, float("inf"))


def test_a_deferred_watch_remembers_the_first_bad_loss_until_it_is_read():
    watch = FiniteWatch(deferred=True)
    losses = [1.0, 2.0, float("inf"), float("nan"), 3.0]
    watch.note(torch.tensor(losses[0]), 0)  # the first note reads at once, the next ones wait
    found = [watch.note(torch.tensor(loss), i) for i, loss in enumerate(losses) if i]
    assert found == [None] * 4
    assert watch.read() == (2, float("inf"))


@pytest.mark.parametrize("deferred", [False, True])
def test_the_loss_of_a_batch_is_looked_at_once(deferred):
    watch, loss = FiniteWatch(deferred), torch.tensor(1.0)
    watch.note(loss, 0)
    loss.fill_(float("nan"))
    assert watch.note(loss, 0) is None
    found = watch.note(loss, 1) or watch.read()
    assert found[0] == 1


def test_a_watch_that_saw_nothing_has_nothing_to_say():
    assert FiniteWatch(deferred=True).read() is None


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
