"""The best hand-written PyTorch: no autograd, buffers made once, `addmm_` for the update.

The gradient of a weight is never there: the product that would give it is added to the weight, and
the division by the batch size is in its factor. Weights are (outputs, inputs), which is faster than
the other way round (softmax regression on one thread of an AMD EPYC: 0.12 s an epoch for 0.25 s).
Images stay bytes until they are in a batch.
"""

import time
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn.functional import nll_loss

from bench.peers.case import BATCH_SIZE, LEARNING_RATE, WIDTHS, Case, Epochs, read_images


class Network:
    """Linear layers with ReLU between, for batches of at most `BATCH_SIZE` rows."""

    def __init__(self, widths: tuple[int, ...]) -> None:
        layers = [torch.nn.Linear(*pair) for pair in pairwise(widths)]
        self.W = [layer.weight.detach() for layer in layers]
        self.b = [layer.bias.detach() for layer in layers]
        self.outputs = [torch.empty(BATCH_SIZE, width) for width in widths]  # the input is one
        self.grads = [torch.empty(BATCH_SIZE, width) for width in widths]
        self.pixels = torch.empty(BATCH_SIZE, widths[0], dtype=torch.uint8)
        self.minus_one = torch.full((BATCH_SIZE, 1), -1.0)

    def forward(self, X: Tensor) -> Tensor:
        """The log-probabilities of a batch of bytes; leaves each layer's outputs."""
        size = len(X)
        A = self.outputs[0][:size]
        A.copy_(X).mul_(1 / 255)
        for W, b, out in zip(self.W, self.b, self.outputs[1:], strict=True):
            A = torch.addmm(b, A, W.T, out=out[:size])
            if out is not self.outputs[-1]:
                A.relu_()
        return torch.log_softmax(A, 1)

    def backward_and_step(self, log_probs: Tensor, y: Tensor) -> None:
        """Gradients from the last layer to the first, each weight updated once it is not needed."""
        size = len(y)
        rate = -LEARNING_RATE / size
        grad = log_probs.exp_().scatter_add_(1, y.unsqueeze(1), self.minus_one[:size])
        for i in reversed(range(len(self.W))):
            A, below = self.outputs[i][:size], self.grads[i][:size]
            if i > 0:
                torch.mm(grad, self.W[i], out=below)
            self.W[i].addmm_(grad.T, A, alpha=rate)
            self.b[i].add_(grad.sum(0), alpha=rate)
            if i > 0:
                torch.ops.aten.threshold_backward(below, A, 0, grad_input=below)
                grad = below


def run(case: Case) -> Epochs:
    """Train and validate, a fit for the warm-up before it."""
    with torch.inference_mode():
        fit(case.warm())
        torch.manual_seed(case.seed)
        return fit(case)


def fit(case: Case) -> Epochs:
    """A new network."""
    (X, y), (X_val, y_val) = (
        (torch.from_numpy(images).flatten(1), torch.from_numpy(labels))
        for images, labels in (read_images(case, train) for train in (True, False))
    )
    net, epochs = Network(WIDTHS[case.task]), Epochs([], [])
    for _ in range(case.epochs):
        begun = time.perf_counter()
        train_epoch(net, X, y)
        epochs.accuracies.append(validate(net, X_val, y_val)[1])
        epochs.seconds.append(time.perf_counter() - begun)
    return epochs


def train_epoch(net: Network, X: Tensor, y: Tensor) -> Tensor:
    """The loss of each batch."""
    parts = torch.randperm(len(y)).split(BATCH_SIZE)
    losses = torch.empty(len(parts))
    for i, rows in enumerate(parts):
        pixels = torch.index_select(X, 0, rows, out=net.pixels[: len(rows)])
        labels = y.index_select(0, rows)
        log_probs = net.forward(pixels)
        losses[i] = nll_loss(log_probs, labels)
        net.backward_and_step(log_probs, labels)
    return losses


def validate(net: Network, X: Tensor, y: Tensor) -> tuple[float, float]:
    """The mean loss and the share of right predictions."""
    loss, num_right = 0.0, 0
    for part, labels in zip(X.split(BATCH_SIZE), y.split(BATCH_SIZE), strict=True):
        log_probs = net.forward(part)
        loss += nll_loss(log_probs, labels, reduction="sum").item()
        num_right += int((log_probs.argmax(1) == labels).sum())
    return loss / len(y), num_right / len(y)
