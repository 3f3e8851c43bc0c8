"""Lazy models keep what they are given before their first call: weights, optimizers, a copy."""

import copy
import pickle

import pytest
import torch
from torch import nn

from d2l import torch as d2l

X, IMAGES = torch.rand(4, 8), torch.rand(2, 1, 28, 28)
TOKENS, SEGMENTS = torch.tensor([[1, 2, 3], [3, 0, 1]]), torch.tensor([[0, 0, 1], [0, 1, 1]])
SEQUENCES = torch.rand(2, 3, 8)
LAZY = {
    "LinearRegression": (lambda: d2l.LinearRegression(lr=0.1), (X,)),
    "SoftmaxRegression": (lambda: d2l.SoftmaxRegression(3, lr=0.1), (X,)),
    "MLP": (lambda: d2l.MLP(3, 5, lr=0.1), (X,)),
    "LeNet": (lambda: d2l.LeNet(), (IMAGES,)),
    "RNNLM": (lambda: d2l.RNNLM(d2l.RNN(4, 8), 4), (TOKENS,)),
    "Residual": (lambda: d2l.Residual(4, True, 2), (IMAGES,)),
    "ResNeXtBlock": (lambda: d2l.ResNeXtBlock(4, 2, 1, True), (IMAGES,)),
    "AdditiveAttention": (lambda: d2l.AdditiveAttention(8, 0), (SEQUENCES,) * 3),
    "MultiHeadAttention": (lambda: d2l.MultiHeadAttention(8, 2, 0), (SEQUENCES,) * 3),
    "TransformerEncoder": (lambda: d2l.TransformerEncoder(4, 8, 9, 2, 1, 0), (TOKENS,)),
    "BERTModel": (lambda: d2l.BERTModel(4, 8, 9, 2, 1, 0), (TOKENS, SEGMENTS, None, TOKENS % 3)),
}
COPIES = {
    "itself": lambda model: model,
    "deepcopy": copy.deepcopy,
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
}
EACH = pytest.mark.parametrize("name", LAZY)


def outputs(model, inputs):
    with torch.no_grad():
        found = model.eval()(*inputs)
    return list(found) if isinstance(found, tuple) else [found]


@EACH
@pytest.mark.parametrize("copied", COPIES)
def test_loaded_weights_stay_in_the_first_call(name, copied):
    make, inputs = LAZY[name]
    trained, fresh = make(), make()
    expected = outputs(trained, inputs)
    fresh.load_state_dict(trained.state_dict())
    found = outputs(COPIES[copied](fresh), inputs)
    assert all(torch.equal(y, z) for y, z in zip(found, expected, strict=True))


@EACH
def test_weights_that_were_loaded_before_the_first_call_are_tuned_from_there(name):
    make, inputs = LAZY[name]
    trained, fresh = make().eval(), make().eval()
    trained(*inputs)
    fresh.load_state_dict(trained.state_dict())
    for model in (trained, fresh):  # the one optimizer is made after the first call, one before
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        results = model(*inputs)
        results = results if isinstance(results, tuple) else (results,)
        sum(result.square().mean() for result in results).backward()
        optimizer.step()
    pairs = zip(trained.state_dict().values(), fresh.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adam])
def test_an_optimizer_from_before_the_first_call_steps_from_the_books_first_weights(optimizer):
    model = d2l.LinearRegression(lr=0.1)
    stepping = optimizer(model.parameters(), lr=0.5)
    y = model(torch.rand(64, 1000))
    weight, bias = (tensor.clone() for tensor in model.get_w_b())
    assert weight.std().item() == pytest.approx(0.01, rel=0.1)
    assert bias.tolist() == [0]
    y.mean().backward()
    stepping.step()
    assert not torch.equal(model.get_w_b()[0], weight)


@pytest.mark.parametrize("copied", ["deepcopy", "pickle"])
def test_a_copy_of_a_fresh_linear_regression_draws_weights_of_its_own_as_the_book_has_them(copied):
    model = d2l.LinearRegression(lr=0.1)
    other = COPIES[copied](model)
    other(torch.rand(2, 1000))
    assert other.get_w_b()[0].std().item() == pytest.approx(0.01, rel=0.1)
    assert nn.parameter.is_lazy(model.net.weight)


def test_the_first_call_draws_the_weights_and_no_later_call_does():
    model = d2l.LinearRegression(lr=0.1)
    before = torch.get_rng_state()
    first = model(X)
    drawn = torch.get_rng_state()
    assert not torch.equal(before, drawn)
    assert torch.equal(model(X), first)
    assert torch.equal(torch.get_rng_state(), drawn)


@pytest.mark.parametrize("init", [d2l.init_cnn, d2l.init_seq2seq])
def test_initialising_a_loaded_lazy_model_leaves_its_weights(init):
    trained, fresh = d2l.LeNet(), d2l.LeNet()
    expected = outputs(trained, (IMAGES,))
    fresh.load_state_dict(trained.state_dict())
    fresh.apply(init)
    assert torch.equal(outputs(fresh, (IMAGES,))[0], expected[0])


def test_initialising_leaves_classes_of_the_reader_alone():
    class Scaled(nn.Linear):
        pass

    for init in (d2l.init_cnn, d2l.init_seq2seq):
        layer = Scaled(3, 4)
        weight = layer.weight.clone()
        init(layer)
        assert torch.equal(layer.weight, weight)
