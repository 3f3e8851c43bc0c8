"""Chapter 4: classifiers, and the board that their runs draw on."""

import torch
from cases_training import points
from made import everything_about, inside, noise, whole
from registry import differs, same


@same("Classifier")
def a_classifier_measures(d2l):
    Y_hat, Y = noise(6, 4).requires_grad_(), whole(4, 6)
    net = d2l.Classifier()
    net.lr = 0.1
    with torch.no_grad():
        each = net.accuracy(Y_hat, Y, averaged=False), net.loss(Y_hat, Y, averaged=False)
        scores, labels = noise(2, 3, 4), whole(4, 2, 3)
        over_time = net.loss(scores, labels), net.accuracy(scores, labels)
    loss = net.loss(Y_hat, Y)
    loss.backward()
    return net.accuracy(Y_hat, Y), loss.detach(), Y_hat.grad, each, over_time


@same("SoftmaxRegression")
def softmax_regression(d2l):
    return everything_about(d2l.SoftmaxRegression(num_outputs=10, lr=0.1), noise(3, 1, 4, 4))


class Blobs:
    """Four clouds of points: a data module without a file."""

    def __new__(cls, d2l, num=40):
        data = d2l.DataModule()
        y = whole(4, num, seed=3)
        data.batch_size = 8
        X = noise(num, 1, 2, 2) + 3 * torch.nn.functional.one_hot(y, 4).reshape(num, 1, 2, 2)
        data.get_dataloader = lambda train: data.get_tensorloader([X, y], train)
        return data


@same("Trainer", "SoftmaxRegression")
def a_classifier_learns(d2l):
    net = d2l.SoftmaxRegression(num_outputs=4, lr=0.1)
    net(noise(1, 1, 2, 2))
    d2l.Trainer(max_epochs=2).fit(net, Blobs(d2l))
    return inside(net), points(net.board)


@same("ProgressBoard")
def points_are_means_of_every_n(d2l):
    board = d2l.ProgressBoard(xlabel="x", display=True)
    for x in range(10):
        board.draw(x, x * x, "a", every_n=2)
        board.draw(x, torch.tensor(-x), "b", every_n=5)
    return points(board)


@differs(
    "ProgressBoard",
    released={"a": []},
    here={"a": [(0.0, 1.0), (1.0, 2.0)]},
    because="every_n below 1 counts as 1: a run of one batch an epoch has every_n = 0",
)
def every_n_is_zero(d2l):
    board = d2l.ProgressBoard(xlabel="x")
    board.draw(0, 1.0, "a", every_n=0)
    board.draw(1, 2.0, "a", every_n=0)
    return points(board)
