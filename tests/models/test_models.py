"""The book's first models: shapes, values against PyTorch's own layers, and learning."""

import jaxtyping
import pytest
import torch
from torch.nn import functional as F

from d2l import torch as d2l


def line_data(**options):
    return d2l.SyntheticRegressionData(w=torch.tensor([2, -3.4]), b=4.2, **options)


@pytest.mark.parametrize(
    "make",
    [lambda: d2l.LinearRegression(lr=0.03), lambda: d2l.LinearRegressionScratch(2, lr=0.03)],
)
def test_linear_regression_finds_the_line(make):
    torch.manual_seed(0)
    data, model = line_data(), make()
    d2l.Trainer(max_epochs=10).fit(model, data)
    found = model.get_w_b() if hasattr(model, "get_w_b") else (model.w, model.b)
    w, b = (value.detach().reshape(-1) for value in found)
    assert torch.allclose(w, data.w, atol=0.05)
    assert b.item() == pytest.approx(data.b, abs=0.05)


def test_the_concise_regression_begins_with_small_weights_and_no_bias():
    torch.manual_seed(0)
    model = d2l.LinearRegression(lr=0.03)
    model(torch.ones(1, 1000))
    w, b = model.get_w_b()
    assert w.std().item() == pytest.approx(0.01, rel=0.1)
    assert b.item() == 0


def test_softmax_regression_gives_probabilities_and_the_loss_of_its_logits():
    torch.manual_seed(0)
    model = d2l.SoftmaxRegressionScratch(784, 10, lr=0.1)
    X, y = torch.rand(5, 1, 28, 28), torch.tensor([0, 9, 3, 3, 1])
    Y_hat = model(X)
    logits = X.reshape(5, 784) @ model.W + model.b
    assert torch.allclose(Y_hat.sum(1), torch.ones(5))
    assert torch.allclose(model.loss(Y_hat, y), F.cross_entropy(logits, y))
    each = model.loss(Y_hat, y, averaged=False)
    assert torch.allclose(each, F.cross_entropy(logits, y, reduction="none"))


def test_large_logits_do_not_overflow_the_softmax():
    model = d2l.SoftmaxRegressionScratch(1, 3, lr=0.1)
    assert torch.isfinite(model(torch.tensor([[1e6]]))).all()


def test_the_mlp_from_scratch_equals_the_one_made_of_layers():
    torch.manual_seed(0)
    scratch, concise = d2l.MLPScratch(6, 3, 4, lr=0.1), d2l.MLP(3, 4, lr=0.1)
    X = torch.rand(5, 1, 2, 3)
    concise(X)
    weights = {"1.weight": scratch.W1.T, "1.bias": scratch.b1, "3.weight": scratch.W2.T}
    concise.net.load_state_dict({**weights, "3.bias": scratch.b2})
    assert torch.allclose(scratch(X), concise(X))


def test_the_classifiers_loss_and_accuracy_are_torchs():
    model = d2l.SoftmaxRegression(3, lr=0.1)
    Y_hat = torch.tensor([[0.1, 0.3, 0.6], [0.3, 0.2, 0.5]])
    Y = torch.tensor([0, 2])
    assert model.accuracy(Y_hat, Y).item() == 0.5
    assert model.accuracy(Y_hat, Y, averaged=False).tolist() == [0, 1]
    assert torch.equal(model.loss(Y_hat, Y), F.cross_entropy(Y_hat, Y))
    assert model.loss(Y_hat, Y, averaged=False).shape == (2,)


def test_sequences_of_predictions_are_judged_one_by_one():
    model = d2l.SoftmaxRegression(3, lr=0.1)
    Y_hat, Y = torch.eye(3).repeat(2, 2, 1), torch.arange(3).repeat(2, 2)
    assert model.accuracy(Y_hat, Y).item() == 1
    assert model.loss(Y_hat, Y).ndim == 0


def test_the_layer_summary_names_each_layer_and_its_output(capsys):
    d2l.MLP(10, 256, lr=0.1).layer_summary((1, 1, 28, 28))
    assert capsys.readouterr().out.splitlines() == [
        "Flatten output shape:\t torch.Size([1, 784])",
        "Linear output shape:\t torch.Size([1, 256])",
        "ReLU output shape:\t torch.Size([1, 256])",
        "Linear output shape:\t torch.Size([1, 10])",
    ]


def test_apply_init_reaches_every_layer_once_their_shapes_are_known():
    def ones(layer):
        if isinstance(layer, torch.nn.Linear):
            torch.nn.init.ones_(layer.weight)

    model = d2l.MLP(3, 4, lr=0.1)
    model.apply_init([torch.rand(2, 5)], ones)
    assert model.net[1].weight.tolist() == [[1] * 5] * 4


def test_the_books_sgd_steps_against_the_gradient():
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    idle = torch.ones(1, requires_grad=True)
    optimizer = d2l.SGD([w, idle], lr=0.1)
    (w**2).sum().backward()
    with torch.no_grad():
        optimizer.step()
    assert torch.allclose(w, torch.tensor([0.8, 1.6]))
    optimizer.zero_grad()
    assert w.grad is None


@pytest.mark.parametrize("lr", [0, -0.5, torch.tensor(0.25), float("inf")])
def test_the_books_sgd_takes_any_step_size(lr, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # as users have it
    w = torch.ones(2, requires_grad=True)
    w.grad = torch.tensor([1.0, 2.0])
    with torch.no_grad():
        d2l.SGD([w], lr).step()
    assert w.tolist() == [1 - float(lr), 1 - 2 * float(lr)]


def test_the_books_sgd_keeps_its_params_as_given_and_reads_an_iterator_once(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # as users have it
    w = torch.ones(2, requires_grad=True)
    params = (w,)
    assert d2l.SGD(params, lr=None).params is params
    assert d2l.SGD(iter(params), lr=0.1).params == [w]


def test_synthetic_data_follow_their_line():
    torch.manual_seed(0)
    data = line_data(noise=0.01, num_train=100, num_val=50)
    X, y = next(iter(data.train_dataloader()))
    assert (X.shape, y.shape) == ((32, 2), (32, 1))
    residual = data.y - (data.X @ data.w.reshape(-1, 1) + data.b)
    assert residual.std().item() == pytest.approx(0.01, rel=0.2)
    assert sum(len(y) for _, y in data.val_dataloader()) == 50
    assert torch.equal(next(iter(data.val_dataloader()))[0], data.X[100:132])
