"""Chapter 3: what a reader subclasses, and runs of it from the same seed."""

import torch
from made import backward, first_batches, inside, noise
from registry import differs, same
from torch import nn


def points(board):
    """Every drawn point, by curve."""
    return {label: [(float(x), float(y)) for x, y in curve] for label, curve in board.data.items()}


def start(net):
    """Weights of our own for a lazy line: the two draw them differently."""
    net(noise(1, 2))
    with torch.no_grad():
        net.net.weight.copy_(noise(1, 2))
        net.net.bias.fill_(0.5)
    torch.manual_seed(1)


def regression(d2l, **sizes):
    return d2l.SyntheticRegressionData(w=torch.tensor([2, -3.4]), b=4.2, **sizes)


@same("SyntheticRegressionData")
def regression_data_and_their_batches(d2l):
    data = regression(d2l, num_train=20, num_val=9, batch_size=8)
    train, val = first_batches(data.train_dataloader()), first_batches(data.val_dataloader())
    part = first_batches(data.get_tensorloader([data.X, data.y], False, slice(3, 6)))
    return data.X, data.y, data.root, train, val, part


@differs(
    "DataModule",
    released=4,
    here=0,
    because="data in memory need no worker processes",
)
def worker_processes_by_default(d2l):
    return d2l.DataModule().num_workers


@same("Module")
def a_module_runs_its_net_and_keeps_its_loss(d2l):
    class Line(d2l.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.LazyLinear(1)

        def loss(self, y_hat, y):
            return ((y_hat - y) ** 2).mean()

    net = Line()
    net.apply_init([noise(2, 3)], lambda layer: None)
    settings = net.plot_train_per_epoch, net.plot_valid_per_epoch
    return settings, repr(net), net(noise(4, 3)).detach(), net.loss(noise(2), noise(2, seed=1))


@same("Module", "nn_Module")
def modules_are_of_their_kinds(d2l):
    return [
        issubclass(d2l.Module, nn.Module),
        d2l.nn_Module is nn.Module,
        issubclass(d2l.Module, d2l.HyperParameters),
        issubclass(d2l.Classifier, d2l.Module),
        issubclass(d2l.LinearRegression, d2l.Module),
    ]


@same("LinearRegressionScratch", "Trainer")
def a_line_learned_from_scratch(d2l):
    net = d2l.LinearRegressionScratch(2, lr=0.03)
    data = regression(d2l, num_train=64, num_val=64)
    d2l.Trainer(max_epochs=3).fit(net, data)
    return net.w.detach(), net.b.detach(), points(net.board), net.board.xlabel


@same("Trainer")
def clipped_gradients_learn_slower(d2l):
    net = d2l.LinearRegression(lr=0.03)
    start(net)
    trainer = d2l.Trainer(max_epochs=2, gradient_clip_val=0.5)
    trainer.fit(net, regression(d2l, num_train=64, num_val=32))
    hyperparameters = (trainer.max_epochs, trainer.num_gpus, trainer.gradient_clip_val)
    return inside(net), hyperparameters, trainer.epoch, trainer.train_batch_idx


@differs(
    "Trainer",
    released=1.5,
    here=1.2,
    because="every example counts once: (4 * 1 + 1 * 2) / 5, not (1 + 2) / 2",
)
def a_short_last_batch_in_validation(d2l):
    class Given(d2l.DataModule):
        def get_dataloader(self, train):
            tensors = torch.tensor([[1.0]] * 4 + [[2.0]]), torch.zeros(5, 1)
            return self.get_tensorloader(tensors, train, slice(0, 4) if train else slice(0, 5))

    class Itself(d2l.LinearRegressionScratch):
        def loss(self, y_hat, y):
            return y_hat.mean()

    net, data = Itself(1, lr=1e-9), Given()
    data.batch_size = 4
    with torch.no_grad():
        net.w.fill_(1.0)
    d2l.Trainer(max_epochs=1).fit(net, data)
    return round(points(net.board)["val_loss"][0][1], 4)


@same("LinearRegression")
def a_line_of_a_lazy_layer(d2l):
    net = d2l.LinearRegression(lr=0.03)
    start(net)
    loss = backward(net.loss(net(noise(4, 2)), noise(4, 1)))
    optimizer = net.configure_optimizers()
    return loss, list(net.get_w_b()), type(optimizer).__name__, optimizer.defaults["lr"], repr(net)


@same("LinearRegression")
def how_a_new_line_prints(d2l):
    return repr(d2l.LinearRegression(lr=0.03))


@differs(
    "LinearRegression",
    released=[False, False],
    here=[True, True],
    because="the layer is lazy: 1.0.3 initialises it before it has weights, and PyTorch then "
    "draws them anew; the book says N(0, 0.01) and a zero bias",
)
def the_weights_of_a_lazy_layer_start_small(d2l):
    net = d2l.LinearRegression(lr=0.03)
    net(noise(1, 500))
    return [bool(net.net.weight.std() < 0.02), bool((net.net.bias == 0).all())]


@same("SGD")
def a_step_of_sgd(d2l):
    w = noise(3).requires_grad_()
    optimizer = d2l.SGD([w], lr=0.1)
    (w**2).sum().backward()
    with torch.no_grad():
        optimizer.step()
    moved = w.detach().clone()
    optimizer.zero_grad()
    return moved, w.grad is None or bool((w.grad == 0).all()), optimizer.lr


@differs(
    "SGD",
    released=False,
    here=True,
    because="as PyTorch's own optimizers do: a parameter that gets no gradient is left alone",
)
def no_gradient_is_left_by_zero_grad(d2l):
    w = noise(3).requires_grad_()
    (w**2).sum().backward()
    d2l.SGD([w], lr=0.1).zero_grad()
    return w.grad is None
