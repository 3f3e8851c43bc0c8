"""The procedural loops give the numbers of a loop written out here, and print them."""

import re

import pytest
import torch
from torch import nn

from d2l import torch as d2l
from d2l.errors import DataError, ShapeError

PRINTED = r"loss (\d+\.\d{3}), train acc (\d\.\d{3}), test acc (\d\.\d{3})\n"


def batches(count, seed=0):
    torch.manual_seed(seed)
    return [(torch.randn(4, 1, 4, 4), torch.randint(0, 3, (4,))) for _ in range(count)]


def small_net(seed=1):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 3))


def by_hand(net, data, num_epochs, lr, scale):
    """Plain SGD; the mean loss and the share of right predictions while the last epoch went on."""
    for _ in range(num_epochs):
        losses, right, count = 0.0, 0, 0
        for X, y in data:
            y_hat = net(X)
            each = -y_hat.log_softmax(1)[range(len(y)), y]
            gradients = torch.autograd.grad(each.mean() * scale, list(net.parameters()))
            losses, count = losses + float(each.detach().sum()), count + len(y)
            right += sum(int(row.argmax()) == int(t) for row, t in zip(y_hat, y, strict=True))
            with torch.no_grad():
                for parameter, gradient in zip(net.parameters(), gradients, strict=True):
                    parameter -= lr * gradient
    return losses / count, right / count


def share_right(net, data):
    pairs = [(net(X[i : i + 1]), y[i]) for X, y in data for i in range(len(y))]
    return sum(int(y_hat.argmax()) == int(y) for y_hat, y in pairs) / len(pairs)


def read(capsys):
    """What was printed: the numbers of the loop's own line."""
    return [float(number) for number in re.search(PRINTED, capsys.readouterr().out).groups()]


@pytest.mark.parametrize("num_batches", [1, 3, 12])
def test_train_ch6_is_sgd_on_the_mean_loss_from_xavier_weights(num_batches, capsys):
    data, test = batches(num_batches), batches(2, seed=5)
    net, twin = small_net(), small_net()
    torch.manual_seed(2)
    d2l.train_ch6(net, data, test, 2, 0.1, d2l.cpu())
    torch.manual_seed(2)
    nn.init.xavier_uniform_(twin[1].weight)
    loss, acc = by_hand(twin, data, 2, 0.1, scale=1)
    torch.testing.assert_close(net.state_dict(), twin.state_dict())
    assert read(capsys) == pytest.approx([loss, acc, share_right(twin, test)], abs=6e-4)


def test_train_ch6_says_where_it_trains_and_how_fast(capsys):
    d2l.train_ch6(small_net(), batches(3), batches(1), 1, 0.1, "cpu")
    first, *_, last = capsys.readouterr().out.splitlines()
    assert first == "training on cpu"
    assert re.fullmatch(r"\d+\.\d examples/sec on cpu", last)


def test_train_ch13_is_sgd_on_the_sum_of_the_losses_wherever_there_are_devices(capsys):
    data, test = batches(7), batches(2, seed=5)
    net, twin = small_net(), small_net()
    loss, trainer = nn.CrossEntropyLoss(reduction="none"), torch.optim.SGD(net.parameters(), 0.02)
    if d2l.num_gpus():
        pytest.skip("the twin is on the CPU")
    d2l.train_ch13(net, data, test, loss, trainer, 2)  # the devices are looked for now
    expected = by_hand(twin, data, 2, 0.02, scale=4)
    torch.testing.assert_close(net.state_dict(), twin.state_dict())
    assert read(capsys) == pytest.approx([*expected, share_right(twin, test)], abs=6e-4)


def test_train_ch13_takes_several_inputs_and_any_number_of_epochs(capsys):
    class Sum(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(2, 2)

        def forward(self, X):
            return self.layer(X[0] + X[1])

    data = [([torch.ones(3, 2), torch.zeros(3, 2)], torch.tensor([0, 1, 0]))]
    net = Sum()
    loss, trainer = nn.CrossEntropyLoss(reduction="none"), torch.optim.SGD(net.parameters(), 0.1)
    d2l.train_ch13(net, data, data, loss, trainer, 1, [d2l.cpu()])
    assert capsys.readouterr().out.endswith("examples/sec on [device(type='cpu')]\n")


def test_a_batch_gives_its_loss_and_right_predictions_without_their_graph():
    net, ((X, y),) = small_net(), batches(1)
    loss, trainer = nn.CrossEntropyLoss(reduction="none"), torch.optim.SGD(net.parameters(), 0.1)
    before = float(loss(net(X), y).detach().sum())
    l, right = d2l.train_batch_ch13(net.eval(), X, y, loss, trainer, [d2l.cpu()])
    assert (l.shape, right.shape, l.requires_grad) == ((), (), False)
    assert float(l) == pytest.approx(before)
    assert float(right) in range(5)
    assert net.training
    assert float(loss(net(X), y).detach().sum()) < before


def test_the_parts_of_a_batch_are_the_batch():
    X, y = torch.randn(7, 3), torch.arange(7)
    X_parts, y_parts = d2l.split_batch(X, y, [d2l.cpu()] * 3)
    assert [len(part) for part in X_parts] == [len(part) for part in y_parts] == [3, 3, 1]
    assert torch.equal(torch.cat(X_parts), X)
    assert torch.equal(torch.cat(y_parts), y)
    with pytest.raises(ShapeError, match="7 and 2 examples"):
        d2l.split_batch(X, y[:2], [d2l.cpu()])


def test_batches_that_can_be_had_once_only_serve_every_epoch():
    nets = [small_net(), small_net()]
    nets[1].load_state_dict(nets[0].state_dict())
    for net, train_iter in zip(nets, (batches(2), iter(batches(2))), strict=True):
        torch.manual_seed(0)
        d2l.train_ch6(net, train_iter, batches(1), 2, 0.1, "cpu")
    for one, other in zip(*(net.parameters() for net in nets), strict=True):
        assert torch.equal(one, other)


def test_no_batches_and_no_epochs_are_refused():
    with pytest.raises(DataError, match="no batch"):
        d2l.train_ch6(small_net(), [], [], 2, 0.1, "cpu")
    with pytest.raises(ValueError, match="num_epochs must be at least 1; found 0"):
        d2l.train_ch6(small_net(), batches(1), [], 0, 0.1, "cpu")
