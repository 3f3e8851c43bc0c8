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
    """A `Module` that predicts one of several classes.

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
        """The share of right predictions, or with `averaged=False` a 1. or 0. per example.

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

        Raises `LabelError` for a label that is no class; on a GPU PyTorch itself reports it.

        Book: 4.5 Concise implementation of softmax regression
        """
        if Y_hat.ndim != 2 or Y.ndim != 1:  # a reshape that changes nothing costs a backward too
            Y_hat, Y = Y_hat.reshape(-1, Y_hat.shape[-1]), Y.reshape(-1)
        try:
            return F.cross_entropy(Y_hat, Y, reduction="mean" if averaged else "none")
        except IndexError as error:
            raise LabelError(
                f"labels must be in 0..{Y_hat.shape[1] - 1}, because {type(self).__name__} has "
                f"{Y_hat.shape[1]} outputs; found labels from {int(Y.min())} to {int(Y.max())}. "
                "Give the model more outputs or fix the labels"
            ) from error

    def layer_summary(self, X_shape: Sequence[int]) -> None:
        """Print each layer of `self.net` and its output's shape for a random input of `X_shape`.

        Book: 7.6 Convolutional neural networks (LeNet)
        """
        tensors = trainable_tensors(self)
        X = torch.randn(*X_shape, device=tensors[0].device if tensors else None)
        for layer in self.net:
            X = layer(X)
            print(layer.__class__.__name__, "output shape:\t", X.shape)
