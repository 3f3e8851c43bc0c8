"""Training a classifier with an optimizer or an update of the reader's: against a loop by hand."""

import pytest
import torch
from torch import nn

from d2l import torch as d2l
from d2l.errors import DataError

EACH = nn.CrossEntropyLoss(reduction="none")


def batches(count=3, size=4, last=1):
    """Batches whose last one is short."""
    generator = torch.Generator().manual_seed(0)
    sizes = [size] * (count - 1) + [last]
    return [
        (torch.randn(n, 1, 4, 4, generator=generator), torch.randint(3, (n,), generator=generator))
        for n in sizes
    ]


def small_net():
    torch.manual_seed(1)
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 3))


def by_hand(W, b, data, lr):
    """One epoch of SGD on mean losses: the mean loss and the share of right ones on the way."""
    losses, right = [], []
    for X, y in data:
        scores = X.reshape(len(X), -1) @ W.T + b
        each = -scores.log_softmax(1)[range(len(y)), y]
        gradients = torch.autograd.grad(each.mean(), [W, b])
        losses += each.tolist()
        right += (scores.argmax(1) == y).tolist()
        with torch.no_grad():
            for parameter, gradient in zip((W, b), gradients, strict=True):
                parameter -= lr * gradient
    return sum(losses) / len(losses), sum(right) / len(right)


def parts(net):
    return [p.detach().clone().requires_grad_() for p in net.parameters()]


def test_an_epoch_with_an_optimizer_is_sgd_on_mean_losses():
    net = small_net()
    W, b = parts(net)
    found = d2l.train_epoch_ch3(net, batches(), EACH, torch.optim.SGD(net.parameters(), 0.1))
    assert found == pytest.approx(by_hand(W, b, batches(), 0.1))
    torch.testing.assert_close(net[1].weight, W)


def test_an_epoch_with_functions_is_the_same():
    W, b = parts(small_net())
    W2, b2 = parts(small_net())
    found = d2l.train_epoch_ch3(
        lambda X: X.reshape(len(X), -1) @ W2.T + b2,
        batches(),
        EACH,
        lambda batch_size: d2l.sgd([W2, b2], 0.1, batch_size),
    )
    assert found == pytest.approx(by_hand(W, b, batches(), 0.1))
    torch.testing.assert_close(W2, W)


def test_a_loss_that_averages_counts_once_for_each_example():
    net, twin = small_net(), small_net()
    args = lambda net: torch.optim.SGD(net.parameters(), 0.1)  # noqa: E731
    means = d2l.train_epoch_ch3(net, batches(), nn.CrossEntropyLoss(), args(net))
    assert means == pytest.approx(d2l.train_epoch_ch3(twin, batches(), EACH, args(twin)))
    torch.testing.assert_close(net.state_dict(), twin.state_dict())


def test_an_optimizer_of_the_library_is_an_optimizer():
    net, twin = small_net(), small_net()
    d2l.train_epoch_ch3(net, batches(), EACH, d2l.SGD([*net.parameters()], 0.1))
    d2l.train_epoch_ch3(twin, batches(), EACH, torch.optim.SGD(twin.parameters(), 0.1))
    torch.testing.assert_close(net.state_dict(), twin.state_dict())


def test_a_module_is_trained_in_training_mode_and_measured_in_evaluation_mode():
    modes = []

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(16, 3)

        def forward(self, X):
            modes.append(self.training)
            return self.layer(X.flatten(1))

    net = Net().eval()
    d2l.train_ch3(net, batches(1), batches(1), EACH, 2, torch.optim.SGD(net.parameters(), 0.1))
    assert modes == [True, False, True, False]


def test_training_draws_each_epoch_and_does_not_stop_at_a_bad_result(monkeypatch, capsys):
    animators = []

    class Kept(d2l.Animator):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            animators.append(self)

    monkeypatch.setattr(d2l, "Animator", Kept)
    net = small_net()
    W, b = parts(net)
    test = batches(2, 8, 8)
    d2l.train_ch3(net, batches(), test, EACH, 3, torch.optim.SGD(net.parameters(), 0.0))
    loss, acc = by_hand(W, b, batches(), 0.0)
    (animator,) = animators
    assert animator.X == [[1, 2, 3]] * 3
    assert animator.Y[0] == pytest.approx([loss] * 3)
    assert animator.Y[1] == pytest.approx([acc] * 3)
    assert animator.Y[2] == [d2l.evaluate_accuracy(net, test)] * 3
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_an_iterator_serves_every_epoch():
    net, twin = small_net(), small_net()
    for model, data in ((net, iter(batches())), (twin, batches())):
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        d2l.train_ch3(model, data, batches(), EACH, 3, optimizer)
    torch.testing.assert_close(net.state_dict(), twin.state_dict())


def test_accuracy_is_the_share_of_right_predictions_of_all_examples():
    net, data = small_net(), batches(3, 5, 2)
    right = [int(net(X[i : i + 1]).argmax()) == int(y[i]) for X, y in data for i in range(len(y))]
    assert d2l.evaluate_accuracy(net, data) == pytest.approx(sum(right) / 12)
    assert not net.training
    assert d2l.evaluate_accuracy(lambda X: net(X), iter(data)) == pytest.approx(sum(right) / 12)


def test_no_examples_are_an_error_that_says_what_to_give():
    with pytest.raises(DataError, match="at least one batch"):
        d2l.train_epoch_ch3(lambda X: X, [], EACH, lambda batch_size: None)
    with pytest.raises(DataError, match="at least one batch"):
        d2l.evaluate_accuracy(lambda X: X, [])


def test_predictions_are_shown_below_the_labels():
    X, y = torch.rand(5, 1, 28, 28), torch.tensor([0, 1, 2, 3, 9])
    for n, shown in ((3, 3), (6, 5)):
        d2l.predict_ch3(lambda X: torch.eye(10)[[0, 1, 5, 5, 5]], [(X, y)], n)
        axes = d2l.plt.gcf().axes
        titles = ["t-shirt\nt-shirt", "trouser\ntrouser", "pullover\nsandal", "dress\nsandal"]
        expected = [*titles, "ankle boot\nsandal"][:shown]
        assert [ax.get_title() for ax in axes if ax.get_title()] == expected
        assert torch.equal(torch.tensor(axes[1].images[0].get_array()), X[1, 0])


def test_predicting_leaves_the_mode_of_the_net():
    net = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(784, 10)).train()
    d2l.predict_ch3(net, [(torch.rand(4, 1, 28, 28), torch.arange(4))], 2)
    assert all(layer.training for layer in net)


def test_names_that_the_reader_replaces_take_effect(monkeypatch):
    called = []
    monkeypatch.setattr(d2l, "train_epoch_ch3", lambda *args: called.append("epoch") or (1.0, 0.5))
    monkeypatch.setattr(d2l, "evaluate_accuracy", lambda *args: called.append("test") or 0.25)
    d2l.train_ch3(lambda X: X, batches(), batches(), EACH, 2, lambda batch_size: None)
    assert called == ["epoch", "test"] * 2
    monkeypatch.undo()
    monkeypatch.setattr(d2l, "accuracy", lambda y_hat, y: 2.0 * len(y))
    found = d2l.train_epoch_ch3(
        lambda X: X, [(torch.eye(2).requires_grad_(), torch.arange(2))], EACH, lambda n: None
    )
    assert found[1] == 2.0
