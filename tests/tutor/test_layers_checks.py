"""The checks on tensors of layers and on how layers follow one another."""

import torch
from loops import X, mlp, sgd, trained, watched, y
from torch import nn
from torch.nn import functional as F

from d2l.tutor.weights import is_freshly_initialized


class Blocks(nn.Module):
    def __init__(self, keep):
        super().__init__()
        self.blocks, self.head = keep([nn.Linear(12, 16), nn.Linear(16, 16)]), nn.Linear(16, 3)

    def forward(self, X):
        for block in self.blocks:
            X = torch.relu(block(X))
        return self.head(X)


class PlainTensor(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.W, self.head = kind(torch.randn(12, 16) / 4), nn.Linear(16, 3)

    def forward(self, X):
        return self.head(torch.relu(X @ self.W))


class MakesLayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(12, 16)

    def forward(self, X):
        return nn.Linear(16, 3)(torch.relu(self.body(X)))


def test_an_optimizer_of_the_head_alone_is_seen():
    net = nn.Sequential(nn.Linear(12, 256), nn.ReLU(), nn.Linear(256, 3))
    assert trained(net, sgd(net[2])) == ["optimizer-of-some-parameters"]


def test_a_frozen_a_trained_and_a_loaded_body_are_right():
    frozen = mlp()
    frozen[0].requires_grad_(False)
    assert trained(frozen, sgd(frozen[2])) == []
    body = mlp()
    assert trained(body, sgd(body, lr=0.5), num_steps=60) == []
    assert trained(body, sgd(body[2])) == []
    loaded = mlp()
    with torch.no_grad():  # training leaves a large direction in the weights
        loaded[0].weight += torch.randn(16, 1) @ torch.randn(1, 12)
    assert trained(loaded, sgd(loaded[2])) == []


def test_parameters_of_a_second_optimizer_are_learned():
    net = mlp()
    one, two = sgd(net[2]), sgd(net[0])

    def step(i):
        net.zero_grad()
        F.cross_entropy(net(X), y).backward()
        one.step()
        if i % 6 == 5:
            two.step()

    assert watched(net, one, step, 12) == []


def test_drawn_matrices_are_told_from_trained_ones():
    assert is_freshly_initialized(torch.randn(64, 32)) is True
    assert is_freshly_initialized(nn.init.orthogonal_(torch.empty(64, 32))) is True
    assert is_freshly_initialized(torch.zeros(7)) is True
    assert is_freshly_initialized(torch.randn(7)) is None
    assert (
        is_freshly_initialized(torch.randn(64, 32) + torch.randn(64, 1) @ torch.randn(1, 32))
        is False
    )


def test_layers_in_a_plain_list_are_seen():
    assert trained(Blocks(list)) == ["layers-in-a-list"]
    assert trained(Blocks(tuple)) == ["layers-in-a-list"]
    assert trained(Blocks(nn.ModuleList)) == []


def test_layers_in_a_list_whose_parameters_are_given_are_learned():
    net = Blocks(list)
    params = [p for block in net.blocks for p in block.parameters()]
    assert trained(net, torch.optim.SGD([*params, *net.head.parameters()], lr=0.1)) == []


def test_a_teacher_in_a_tuple_is_right():
    teacher, net = mlp(), mlp()
    trained(teacher, sgd(teacher, lr=0.5), num_steps=60)
    net.teacher = (teacher,)
    assert trained(net, loss=lambda y_hat, y: F.mse_loss(y_hat, teacher(X))) == []


def test_a_tensor_that_is_no_parameter_is_seen():
    tensor = lambda W: W.requires_grad_()  # noqa: E731
    assert trained(PlainTensor(tensor)) == ["parameter-not-registered"]
    assert trained(PlainTensor(nn.Parameter)) == []
    net = PlainTensor(tensor)
    assert trained(net, torch.optim.SGD([net.W, *net.head.parameters()], lr=0.1)) == []


def test_a_layer_that_is_made_in_forward_is_seen():
    assert trained(MakesLayer()) == ["layer-made-in-forward"]


def test_a_perturbation_that_is_new_in_each_step_is_right():
    net = mlp()
    optimizer = sgd(net)

    def step(i):
        delta = nn.Parameter(torch.zeros_like(X))
        F.cross_entropy(net(X + delta), y).backward()
        optimizer.zero_grad()
        F.cross_entropy(net(X + 0.01 * delta.grad.sign()), y).backward()
        optimizer.step()

    assert watched(net, optimizer, step) == []


def test_units_that_begin_equal_are_seen():
    for value in (0.0, 0.01):
        net = mlp()
        for layer in (net[0], net[2]):
            nn.init.constant_(layer.weight, value)
            nn.init.zeros_(layer.bias)
        assert trained(net, num_steps=2) == ["weights-all-equal"]
    hidden = mlp()
    nn.init.constant_(hidden[0].weight, 0.1)
    nn.init.zeros_(hidden[0].bias)
    nn.init.constant_(hidden[2].weight, 0.1)
    hidden[2].weight.data += torch.arange(3.0).reshape(3, 1) / 10
    assert trained(hidden, num_steps=2, inputs=X.abs()) == ["weights-all-equal"]


def test_zeros_without_a_hidden_layer_or_in_the_last_one_are_right():
    regression, net = nn.Sequential(nn.Linear(12, 3)), mlp()
    nn.init.zeros_(regression[0].weight)
    nn.init.zeros_(net[2].weight)
    assert trained(regression, num_steps=2) == []
    assert trained(net, num_steps=2) == []


def test_linear_layers_in_a_row_are_seen():
    assert trained(nn.Sequential(nn.Linear(12, 16), nn.Linear(16, 3))) == [
        "no-activation-between-layers"
    ]
    dropping = nn.Sequential(nn.Linear(12, 16), nn.Dropout(0.1), nn.Flatten(), nn.Linear(16, 3))
    assert trained(dropping) == ["no-activation-between-layers"]


def test_own_linear_layers_in_a_row_are_seen():
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.W1, self.W2 = (nn.Parameter(torch.randn(s) / 4) for s in ((12, 16), (16, 3)))
            self.b1 = nn.Parameter(torch.zeros(16))

        def forward(self, X):
            return (X @ self.W1 + self.b1) @ self.W2

    assert trained(Own()) == ["no-activation-between-layers"]


def test_a_low_rank_and_a_skip_are_right():
    low = nn.Sequential(nn.Linear(12, 2), nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 3))
    assert trained(low) == []

    class Skip(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two, self.three = nn.Linear(12, 16), nn.Linear(16, 16), nn.Linear(16, 3)

        def forward(self, X):
            H = self.one(X)
            return self.three(torch.relu(H + self.two(H)))

    assert trained(Skip()) == []


def test_dropout_of_nearly_all_units_is_seen():
    dropping = lambda p: nn.Sequential(  # noqa: E731
        nn.Linear(12, 16), nn.ReLU(), nn.Dropout(p), nn.Linear(16, 3)
    )
    assert trained(dropping(0.95)) == ["dropout-as-keep-probability"]
    assert trained(dropping(0.8)) == []
