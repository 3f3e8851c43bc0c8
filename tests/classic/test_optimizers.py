"""Comparing optimizers: the data, the losses on the way, and what is printed."""

import hashlib
import re

import numpy as np
import pytest
import torch

from d2l import torch as d2l


def sgd(params, states, hyperparams):
    for p in params:
        p.data.sub_(hyperparams["lr"] * p.grad)
        p.grad.data.zero_()


def regression(num_examples, batch_size):
    torch.manual_seed(3)
    X = torch.randn(num_examples, 5)
    return X, X.sum(1), d2l.load_array((X, X.sum(1)), batch_size)


def test_the_measurements_are_scaled_column_by_column_and_cut(tmp_path, monkeypatch):
    table = np.random.default_rng(0).normal(5, 3, (50, 6)).round(3)
    lines = ["\t".join(map(str, row)) for row in table]
    content = "\n".join(lines).encode()
    (tmp_path / "airfoil_self_noise.dat").write_bytes(content)
    monkeypatch.setenv("D2L_DATA", str(tmp_path))
    url, _ = d2l.DATA_HUB["airfoil"]
    monkeypatch.setitem(d2l.DATA_HUB, "airfoil", (url, hashlib.sha1(content).hexdigest()))
    monkeypatch.chdir(tmp_path)
    loader, num_features = d2l.get_data_ch11(batch_size=16, n=40)
    assert (num_features, len(loader)) == (5, 3)
    X, y = (torch.cat(parts) for parts in zip(*loader, strict=True))
    found = torch.cat([X, y.reshape(-1, 1)], 1)
    expected = ((table - table.mean(0)) / table.std(0))[:40]
    expected = torch.tensor(expected, dtype=torch.float32)
    assert found.dtype == torch.float32
    in_order = found[found[:, 0].argsort()], expected[expected[:, 0].argsort()]
    torch.testing.assert_close(*in_order, atol=1e-5, rtol=1e-4)


def test_losses_are_those_of_gradient_descent_taken_every_200_examples(capsys):
    X, y, loader = regression(400, batch_size=100)
    torch.manual_seed(7)
    seconds, losses = d2l.train_ch11(sgd, None, {"lr": 0.3}, loader, 5, num_epochs=2)
    assert len(seconds) == len(losses) == 4  # after 200, 400, 600 and 800 examples
    assert seconds == sorted(seconds)
    torch.manual_seed(7)
    w, b = torch.normal(0, 0.01, (5,)), torch.zeros(1)
    expected = []
    for _ in range(2):
        for i, (part, targets) in enumerate(loader):
            error = part @ w + b - targets
            w, b = w - 0.3 * part.T @ error / 100, b - 0.3 * error.mean()
            if i % 2:
                expected.append(float(((X @ w + b - y) ** 2 / 2).mean()))
                list(loader)  # looking at all data draws an order
    assert losses == pytest.approx(expected, rel=1e-4)
    assert f"loss: {losses[-1]:.3f}, " in capsys.readouterr().out


@pytest.mark.parametrize("num_epochs", [1, 3])
def test_few_examples_give_at_least_the_loss_at_the_end(num_epochs, capsys):
    X, y, loader = regression(90, batch_size=90)
    torch.manual_seed(7)
    seconds, losses = d2l.train_ch11(sgd, None, {"lr": 0.1}, loader, 5, num_epochs)
    torch.manual_seed(7)
    w, b = torch.normal(0, 0.01, (5,)), torch.zeros(1)
    for _ in range(num_epochs):
        error = X @ w + b - y
        w, b = w - 0.1 * X.T @ error / 90, b - 0.1 * error.mean()
    assert losses == pytest.approx([float(((X @ w + b - y) ** 2 / 2).mean())], rel=1e-4)
    assert len(seconds) == 1


def test_states_reach_the_optimizer_that_is_written_by_hand(capsys):
    *_, loader = regression(200, batch_size=20)
    states = [torch.zeros(5, 1), torch.zeros(1)]

    def momentum(params, states, hyperparams):
        for p, v in zip(params, states, strict=True):
            v[:] = 0.5 * v + p.grad
            p.data.sub_(hyperparams["lr"] * v)
            p.grad.data.zero_()

    _, losses = d2l.train_ch11(momentum, states, {"lr": 0.05}, loader, 5)
    assert losses[-1] < losses[0]
    assert all(float(v.abs().sum()) > 0 for v in states)


def test_the_concise_loop_prints_half_of_the_mean_squared_error(capsys):
    X, y, loader = regression(200, batch_size=50)
    torch.manual_seed(7)
    assert d2l.train_concise_ch11(torch.optim.SGD, {"lr": 0.02}, loader, num_epochs=1) is None
    found = re.search(r"loss: (\d+\.\d{3}), \d+\.\d{3} sec/epoch", capsys.readouterr().out)
    torch.manual_seed(7)
    layer = torch.nn.Linear(5, 1)
    w, b = torch.normal(0, 0.01, (1, 5)).reshape(-1), layer.bias.detach()
    for part, targets in loader:
        error = part @ w + b - targets
        w, b = w - 0.02 * 2 * part.T @ error / 50, b - 0.02 * 2 * error.mean()
    expected = float(((X @ w + b - y) ** 2).mean()) / 2
    assert float(found[1]) == pytest.approx(expected, abs=6e-4)


def test_the_concise_loop_takes_any_number_of_features(capsys):
    X = torch.randn(40, 3)
    loader = d2l.load_array((X, X.sum(1)), 10)
    d2l.train_concise_ch11(torch.optim.Adam, {"lr": 0.1}, loader)
    assert "sec/epoch" in capsys.readouterr().out
