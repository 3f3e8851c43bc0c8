"""Chapters 12 to 14 and the older editions: training and evaluation in loops written by hand."""

import contextlib
import io

import torch
from made import first_batches, inside, noise, offer, whole
from registry import Raises, differs, same
from torch import nn

CPU = torch.device("cpu")


def clouds(d2l, number=24, num_classes=3):
    """Batches of points in clouds, one for each class."""
    y = whole(num_classes, number, seed=5)
    X = noise(number, 4) + 2 * nn.functional.one_hot(y, 4)
    return d2l.load_array((X, y), 8, is_train=False)


@same("load_array")
def tensors_become_batches(d2l):
    X, y = noise(10, 3), noise(10, 1)
    ordered, shuffled = d2l.load_array((X, y), 4, False), d2l.load_array((X, y), 4)
    return first_batches(ordered, 3), first_batches(shuffled, 3)


@same("accuracy")
def how_many_are_right(d2l):
    y_hat, y = torch.tensor([[0.1, 0.3, 0.6], [0.3, 0.2, 0.5]]), torch.tensor([0, 2])
    return float(d2l.accuracy(y_hat, y)), float(d2l.accuracy(torch.tensor([1, 2]), y))


@same("evaluate_accuracy_gpu", "evaluate_loss")
def nets_are_evaluated(d2l):
    net, batches = nn.Linear(4, 3), clouds(d2l)
    found = d2l.evaluate_accuracy_gpu(net, batches), d2l.evaluate_accuracy_gpu(net, batches, CPU)
    line, numbers = nn.Linear(3, 1), d2l.load_array((noise(10, 3), noise(10)), 4, False)
    loss = d2l.evaluate_loss(line, numbers, nn.MSELoss(reduction="none"))
    return [float(number) for number in (*found, loss)]


@same("grad_clipping")
def gradients_are_clipped(d2l):
    net = nn.Linear(3, 2)
    (100 * net(noise(4, 3))).sum().backward()
    d2l.grad_clipping(net, 1.5)
    clipped = [parameter.grad.clone() for parameter in net.parameters()]
    d2l.grad_clipping(net, 99)
    return clipped, [parameter.grad for parameter in net.parameters()]


def curves(d2l, train):
    """The points a loop put on its animator, and the first words of what it printed."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        train()
    printed = [
        line for line in said.getvalue().splitlines() if line[:4] in ("loss", "trai", "epoc")
    ]
    return [line.partition(", ")[0] for line in printed if "examples" not in line][:1]


@same("train_ch6")
def a_convolutional_net_of_the_older_edition_learns(d2l):
    net = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3))
    said = curves(d2l, lambda: d2l.train_ch6(net, clouds(d2l, 48), clouds(d2l), 2, 0.1, CPU))
    return inside(net), said


@differs(
    "train_ch6",
    released=Raises("ZeroDivisionError"),
    here=True,
    because="a loader of fewer than five batches is drawn at each of them",
)
def a_loader_of_three_batches(d2l):
    net = nn.Linear(4, 3)
    d2l.train_ch6(net, clouds(d2l, 24), clouds(d2l), 1, 0.1, CPU)
    return bool(net.weight.isfinite().all())


@same("train_batch_ch13")
def a_step_on_several_devices(d2l):
    net = nn.Linear(4, 3)
    trainer = torch.optim.SGD(net.parameters(), lr=0.1)
    X, y = next(iter(clouds(d2l)))
    loss = nn.CrossEntropyLoss(reduction="none")
    found = d2l.train_batch_ch13(net, X, y, loss, trainer, [CPU])
    return [float(number) for number in found], inside(net)


@same("train_ch13")
def a_net_on_several_devices_learns(d2l):
    class Net(nn.Linear):  # 1.0.3 calls the net through DataParallel, which on a CPU adds nothing
        pass

    net = Net(4, 3)
    trainer = torch.optim.SGD(net.parameters(), lr=0.1)
    loss = nn.CrossEntropyLoss(reduction="none")
    d2l.train_ch13(net, clouds(d2l, 48), clouds(d2l), loss, trainer, 2, [CPU])
    return inside(net)


@differs(
    "split_batch",
    released=Raises("ValueError"),
    here=[[2, 2], [2, 2]],
    because="a CPU is a device too, and the lesson can be tried without GPUs",
)
def a_batch_is_split(d2l):
    X, y = noise(4, 3), whole(3, 4)
    return [[len(part) for part in parts] for parts in d2l.split_batch(X, y, [CPU, CPU])]


@same("get_data_ch11")
def the_noise_of_an_airfoil(d2l):
    offer_airfoil(d2l)
    loader, num_features = d2l.get_data_ch11(batch_size=4, n=10)
    rows = torch.cat([torch.cat((X, y.reshape(-1, 1)), 1) for X, y in loader])
    return num_features, rows[rows[:, 0].argsort()], len(loader)


def offer_airfoil(d2l):
    rows = noise(400, 6).tolist()
    text = "\n".join("\t".join(f"{number:.4f}" for number in row) for row in rows)
    offer(d2l, "airfoil", "airfoil_self_noise.dat", text)


def plain_sgd(params, states, hyperparams):
    with torch.no_grad():
        for parameter in params:
            parameter -= hyperparams["lr"] * parameter.grad
            parameter.grad.zero_()


@same("train_ch11")
def an_optimizer_from_scratch(d2l):
    offer_airfoil(d2l)
    loader, num_features = d2l.get_data_ch11(batch_size=10, n=400)
    times, losses = d2l.train_ch11(plain_sgd, None, {"lr": 0.1}, loader, num_features, 2)
    return [float(l) for l in losses], len(times)


@same("train_concise_ch11")
def an_optimizer_of_the_framework(d2l):
    loader = d2l.load_array((noise(400, 5), noise(400, seed=1)), 10)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        d2l.train_concise_ch11(torch.optim.SGD, {"lr": 0.05}, loader, 2)
    return [line.partition(",")[0] for line in said.getvalue().splitlines() if line[:4] == "loss"]
