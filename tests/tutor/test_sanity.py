"""Two tests to do before training: the model stays as it is, and the verdict is right."""

import copy

import pytest
import torch
from test_watched_runs import Net, Points, SoftmaxNet, assert_same
from torch import nn

from d2l import torch as d2l
from d2l.errors import ModelError


class Dead(Net):
    def __init__(self, lr=0.1):
        super().__init__(lr)
        self.net = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 3))
        nn.init.constant_(self.net[0].bias, -50)


def test_check_model_names_what_shows_in_the_first_batches_and_trains_nothing():
    model, data = SoftmaxNet(), Points()
    before, rng = copy.deepcopy(model), torch.get_rng_state()
    assert [hint.kind for hint in d2l.check_model(model, data)] == ["softmax-before-cross-entropy"]
    assert_same(model, before)
    assert torch.equal(rng, torch.get_rng_state())
    assert d2l.check_model(Net(), data) == []


def test_a_right_model_learns_one_batch_by_heart_and_stays_as_it_is():
    torch.manual_seed(0)
    model = nn_without_dropout()
    before, rng = copy.deepcopy(model), torch.get_rng_state()
    verdict = d2l.overfit_one_batch(model, Points(), num_steps=500)
    assert verdict.passed
    assert verdict.last_loss < 0.1 * verdict.first_loss
    assert "can learn" in str(verdict)
    assert_same(model, before)
    assert torch.equal(rng, torch.get_rng_state())


def nn_without_dropout():
    model = Net(lr=0.5)
    model.net = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 3))
    return model


def test_a_model_that_cannot_learn_does_not_pass():
    torch.manual_seed(0)
    verdict = d2l.overfit_one_batch(Dead(), Points(), num_steps=30)
    assert not verdict.passed
    assert verdict.num_steps == 30
    assert "cannot overfit" in repr(verdict)


def test_parts_that_are_none_end_in_the_errors_of_fit():
    with pytest.raises(ModelError, match=r"expected a d2l\.Module first"):
        d2l.check_model(Points(), Net())
