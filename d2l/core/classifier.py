"""The base of classifiers: cross-entropy, accuracy, and the table of layer shapes."""

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn import functional as F

from d2l.base.axes import Float, Shaped, Tensor
from d2l.core.module import Module, batch_parts
from d2l.core.unregistered import trainable_tensors
from d2l.errors import LabelError


class Classifier(Module):
    """Base class of models that predict one of several classes.

    >>> Y_hat, Y = torch.tensor([[2.0, 1.0], [0.0, 5.0]]), torch.tensor([1, 1])
    >>> model = d2l.Classifier()
    >>> model.accuracy(Y_hat, Y), model.accuracy(Y_hat, Y, averaged=False)
    (tensor(0.5000), tensor([0., 1.]))

    Book: 4.3 The base classification model
    """

    def validation_step(self, batch: Any) -> Any:
        """Plot the loss and the accuracy of one validation batch `(*inputs, labels)`."""
        *inputs, y = batch_parts(self, batch)
        Y_hat = self(*inputs)
        self.plot("loss", self.loss(Y_hat, y), train=False)
        self.plot("acc", self.accuracy(Y_hat, y), train=False)

    def accuracy(
        self,
        Y_hat: Float[Tensor, "*batch num_classes"],
        Y: Shaped[Tensor, "*batch"],
        averaged: bool = True,
    ) -> Float[Tensor, "..."]:
        """The fraction of correct predictions; with `averaged=False`, 1.0 or 0.0 per example.

        Book: 4.3 The base classification model
        """
        preds = Y_hat.reshape(-1, Y_hat.shape[-1]).argmax(dim=1)
        compare = (preds == Y.reshape(-1)).to(torch.float32)
        return compare.mean() if averaged else compare

    def loss(
        self,
        Y_hat: Float[Tensor, "*batch num_classes"],
        Y: Shaped[Tensor, "*batch"],
        averaged: bool = True,
    ) -> Float[Tensor, "..."]:
        """Cross-entropy of logits and labels, averaged or one per example.

        Raises `LabelError` for a label outside the classes; on a GPU PyTorch raises its own error.

        Book: 4.5 Concise implementation of softmax regression
        """
        if Y_hat.ndim != 2 or Y.ndim != 1:  # even a no-op reshape adds a node to the backward pass
            Y_hat, Y = Y_hat.reshape(-1, Y_hat.shape[-1]), Y.reshape(-1)
        try:
            return F.cross_entropy(Y_hat, Y, reduction="mean" if averaged else "none")
        except IndexError as error:
            raise _label_error(type(self).__name__, Y, Y_hat.shape[1]) from error

    def layer_summary(self, X_shape: Sequence[int]) -> None:
        """Print each layer of `self.net` and its output's shape for a random input of `X_shape`.

        Book: 7.6 Convolutional neural networks (LeNet)
        """
        tensors = trainable_tensors(self)
        X = torch.randn(*X_shape, device=tensors[0].device if tensors else None)
        for layer in self.net:
            X = layer(X)
            print(layer.__class__.__name__, "output shape:\t", X.shape)


def are_labels_from_one(Y: Tensor, num_classes: int) -> bool:
    """Whether labels are in 1..num_classes, with enough of them that a class 0 would appear."""
    is_from_one = int(Y.min()) >= 1 and int(Y.max()) == num_classes
    return is_from_one and Y.numel() >= 2 * num_classes  # P(no 0 by chance) = (1 - 1/C)^2C = 13 %


def _label_error(name: str, Y: Tensor, num_classes: int) -> LabelError:
    is_from_one = are_labels_from_one(Y, num_classes)
    advice = "Subtract 1 from the labels, or give" if is_from_one else "Give"
    fix = "" if is_from_one else " or fix the labels"
    return LabelError(
        f"labels must be in 0..{num_classes - 1} because {name} has {num_classes} outputs; found "
        f"labels from {int(Y.min())} to {int(Y.max())}. {advice} the model more outputs{fix}",
        kind="labels-from-one" if is_from_one else "labels-out-of-range",
    )
