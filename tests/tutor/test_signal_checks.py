"""Examples that mix, units that are dead, gradients that vanish, a future that is seen."""

import pytest
import torch
from loops import X, mlp, sgd, watched, y
from torch import nn
from torch.nn import functional as F

from d2l.errors import MistakeError

TOKENS = torch.randint(0, 20, (6, 11), generator=torch.Generator().manual_seed(1))
SERIES = torch.randn(8, 5, 4, generator=torch.Generator().manual_seed(2))


def loop(net, inputs=X, labels=y, num_steps=3, loss=F.cross_entropy):
    optimizer = sgd(net)

    def step(i):
        optimizer.zero_grad()
        loss(net(inputs), labels).backward()
        optimizer.step()

    return watched(net, optimizer, step, num_steps)


class Calls(nn.Module):
    """A model of layers and a function of them and the inputs."""

    def __init__(self, function, **layers):
        super().__init__()
        self.function = function
        for name, layer in layers.items():
            self.add_module(name, layer)

    def forward(self, X):
        return self.function(self, X)


def rnn(function):
    return Calls(function, rnn=nn.GRU(4, 8), head=nn.Linear(8, 3))


def test_a_reshape_that_is_meant_as_a_transpose_is_named():
    wrong = rnn(lambda m, X: m.head(m.rnn(X.reshape(5, 8, 4))[0][-1]))
    right = rnn(lambda m, X: m.head(m.rnn(X.transpose(0, 1))[0][-1]))
    assert loop(wrong, SERIES, y[:8]) == ["reshape-for-transpose"]
    assert loop(right, SERIES, y[:8]) == []


RIGHT_RESHAPES = {
    "heads": lambda m, X: m.last(m.first(X).reshape(len(X), 4, 4).transpose(1, 2).reshape(-1, 16)),
    "flat": lambda m, X: m.last(m.first(X).reshape(-1, 16)),
    "layer norm": lambda m, X: m.last(F.layer_norm(m.first(X), (16,))),
    "mean of features": lambda m, X: m.last(m.first(X) - m.first(X).mean(1, keepdim=True)),
}


def two_layers(function):
    return Calls(function, first=nn.Linear(12, 16), last=nn.Linear(16, 3), relu=nn.ReLU())


@pytest.mark.parametrize("name", RIGHT_RESHAPES)
def test_functions_that_keep_examples_apart_are_right(name):
    function = RIGHT_RESHAPES[name]
    net = two_layers(lambda m, X: function(m, X))
    hints = loop(net)
    assert "examples-mix" not in hints
    assert "reshape-for-transpose" not in hints


def test_a_mean_over_the_examples_is_named_and_batch_normalisation_is_right():
    def centred(net, X):
        H = net.first(X)
        return net.last(torch.relu(H - H.mean(0)))

    assert loop(two_layers(centred)) == ["examples-mix"]

    def adds_in_place(net, X):
        H = torch.sigmoid(net.first(X))
        H += 1
        return net.last(H)

    with pytest.raises(MistakeError, match="in place"):
        loop(two_layers(adds_in_place))
    graph = torch.rand(32, 32).softmax(1)
    assert loop(two_layers(lambda m, X: m.last(torch.relu(graph @ m.first(X))))) == []
    normed = nn.Sequential(nn.Linear(12, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3))
    assert loop(normed) == []


def language_model(read):
    return Calls(
        read,
        embedding=nn.Embedding(20, 8),
        rnn=nn.GRU(8, 8, batch_first=True),
        both=nn.GRU(8, 4, batch_first=True, bidirectional=True),
        head=nn.Linear(8, 20),
    )


def of_tokens(Y_hat, Y):
    return F.cross_entropy(Y_hat.reshape(-1, 20), Y.reshape(-1))


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (lambda m, X: m.head(m.rnn(m.embedding(X))[0]), []),
        (lambda m, X: m.head(m.both(m.embedding(X))[0]), ["future-is-visible"]),
    ],
)
def test_a_language_model_that_reads_the_next_token_is_named(read, expected):
    torch.manual_seed(0)
    hints = loop(language_model(read), TOKENS[:, :-1], TOKENS[:, 1:], loss=of_tokens)
    assert [kind for kind in hints if kind == "future-is-visible"] == expected


def test_units_that_are_never_active_are_named():
    net = mlp()
    nn.init.constant_(net[0].bias, -50.0)
    big = X.repeat(8, 1), y.repeat(8)
    assert loop(net, *big) == ["dead-relus"]
    assert loop(mlp(), *big) == []


def deep(activation):
    layers = [nn.Linear(12, 16), activation()]
    for _ in range(7):
        layers += [nn.Linear(16, 16), activation()]
    return nn.Sequential(*layers, nn.Linear(16, 3))


def test_gradients_that_vanish_are_named():
    torch.manual_seed(0)
    assert loop(deep(nn.Sigmoid)) == ["vanishing-gradients"]
    assert loop(deep(nn.Tanh)) == []
