"""The checks on the optimizer: each is seen to speak, and to stay silent where all is right."""

import copy

import pytest
import torch
from loops import X, kinds, mlp, sgd, trained, watched, y
from torch import nn
from torch.nn import functional as F

from d2l import torch as d2l

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


class OwnSGD:
    """An optimizer from scratch, whose update is given."""

    def __init__(self, params, update, lr=0.1):
        self.params, self.lr, self.update = list(params), lr, update

    def step(self):
        for param in self.params:
            self.update(param, self.lr * param.grad)

    def zero_grad(self):
        for param in self.params:
            if param.grad is not None:
                param.grad.zero_()


def down(param, change):
    param -= change


def up(param, change):
    param += change


def rebinds(param, change):
    param = param - change


def test_right_loops_are_given_no_hint():
    net = mlp()
    assert trained(net) == []
    assert trained(net, torch.optim.Adam(net.parameters(), lr=0.01)) == []
    assert trained(net, OwnSGD(net.parameters(), down)) == []
    assert trained(net, sgd(net, lr=0.0)) == []


def test_an_optimizer_of_another_net_is_seen():
    net = mlp()
    assert trained(net, sgd(copy.deepcopy(net))) == ["optimizer-of-other-tensors"]


def test_an_image_that_is_optimized_through_a_net_is_right():
    net, image = mlp(), torch.randn(1, 12, requires_grad=True)
    optimizer = torch.optim.Adam([image], lr=0.1)

    def step(i):
        optimizer.zero_grad()
        net.zero_grad()
        net(image).square().mean().backward()
        optimizer.step()

    assert watched(net, optimizer, step) == []


def test_a_step_that_is_never_made_is_seen():
    net = mlp()
    optimizer = sgd(net)

    def step(i):
        optimizer.zero_grad()
        F.cross_entropy(net(X), y).backward()

    assert watched(net, optimizer, step) == ["no-step"]


def test_accumulating_over_many_batches_is_right():
    net = mlp()
    optimizer = sgd(net)

    def step(i):
        (F.cross_entropy(net(X), y) / 8).backward()
        if i % 8 == 7:
            optimizer.step()
            optimizer.zero_grad()

    assert watched(net, optimizer, step, 20) == []


def test_an_accuracy_between_backward_and_step_is_right():
    net = mlp()
    optimizer = sgd(net)

    def step(i):
        optimizer.zero_grad()
        F.cross_entropy(net(X), y).backward()
        (net(X).argmax(1) == y).float().mean()
        optimizer.step()

    assert watched(net, optimizer, step) == []


def test_a_step_before_the_backward_pass_is_seen():
    net = mlp()
    optimizer = sgd(net)

    def step(i):
        l = F.cross_entropy(net(X), y)
        optimizer.zero_grad()
        optimizer.step()
        l.backward()

    assert watched(net, optimizer, step) == ["step-before-backward"]


def test_gradients_that_are_cleared_before_the_step_are_seen():
    for optimizer in (sgd(net := mlp()), OwnSGD((own := mlp()).parameters(), down)):
        model = net if isinstance(optimizer, torch.optim.Optimizer) else own

        def step(i, model=model, optimizer=optimizer):
            F.cross_entropy(model(X), y).backward()
            optimizer.zero_grad()
            with torch.no_grad():
                optimizer.step()

        assert watched(model, optimizer, step) == ["gradients-cleared-before-step"]


def test_gradients_that_are_never_cleared_are_seen():
    net = mlp()
    optimizer = sgd(net, lr=0.01)

    def step(i):
        F.cross_entropy(net(X), y).backward()
        optimizer.step()

    assert watched(net, optimizer, step) == ["no-zero-grad"]


def test_two_players_that_clear_each_their_own_gradients_are_right():
    net_D, net_G = mlp(), nn.Linear(2, 12)
    trainer_D, trainer_G = sgd(net_D), sgd(net_G)
    both = nn.ModuleDict({"D": net_D, "G": net_G})

    def step(i):
        for trainer, label in ((trainer_D, 0), (trainer_G, 1)):
            trainer.zero_grad()
            fake = net_G(torch.randn(32, 2))
            F.cross_entropy(net_D(fake), torch.full((32,), label)).backward()
            trainer.step()

    assert watched(both, trainer_D, step, 12) == []
    assert watched(both, trainer_G, step, 12) == []


def test_a_closure_is_right():
    net = mlp()
    optimizer = torch.optim.LBFGS(net.parameters(), lr=0.1, max_iter=4)

    def closure():
        optimizer.zero_grad()
        l = F.cross_entropy(net(X), y)
        l.backward()
        return l

    assert watched(net, optimizer, lambda i: optimizer.step(closure)) == []


def test_an_update_that_binds_a_name_is_seen():
    net = mlp()
    assert trained(net, OwnSGD(net.parameters(), rebinds)) == ["update-not-in-place"]


def test_an_update_that_adds_the_gradient_is_seen():
    net = mlp()
    assert trained(net, OwnSGD(net.parameters(), up)) == ["update-uphill"]
    w = torch.zeros(12, 1, requires_grad=True)
    with d2l.watching(None, [w]) as watch:
        for _ in range(4):
            ((X @ w - 1) ** 2 / 2).mean().backward()
            with torch.no_grad():
                w += 0.01 * w.grad
                w.grad.zero_()
    assert kinds(watch) == ["update-uphill"]


def test_a_likelihood_that_is_climbed_is_right():
    net = mlp()
    likelihood = lambda outputs, labels: -F.cross_entropy(outputs, labels)  # noqa: E731
    hints = trained(net, OwnSGD(net.parameters(), up), loss=likelihood)
    assert "update-uphill" not in hints


@pytest.mark.parametrize(
    "make, kind",
    [
        (lambda p: torch.optim.SGD(p, lr=1e-4, momentum=9.0), "momentum-of-one"),
        (lambda p: torch.optim.Adam(p, betas=(0.999, 0.9)), "betas-swapped"),
        (lambda p: torch.optim.SGD(p, lr=1e-2, momentum=0.99), None),
        (lambda p: torch.optim.Adam(p, betas=(0.9, 0.95)), None),
    ],
)
def test_numbers_of_an_optimizer_that_cannot_be_meant_are_seen(make, kind):
    net = mlp()
    assert trained(net, make(net.parameters()), num_steps=2) == ([kind] if kind else [])
