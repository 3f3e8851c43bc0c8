"""What is measured of a trained model, on `data.test`: higher is better."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F


def answers(model: Any, inputs: Any) -> Tensor:
    """The outputs in evaluation mode, without gradients; the mode of each layer is put back."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with torch.no_grad():
            return model(*inputs)
    finally:
        for module, mode in modes:
            module.training = mode


def accuracy(model: Any, data: Any) -> float:
    """The share of right classes."""
    *X, y = data.test
    Y_hat = answers(model, X)
    return float((Y_hat.reshape(-1, Y_hat.shape[-1]).argmax(1) == y.reshape(-1)).float().mean())


def accuracy_one_by_one(model: Any, data: Any) -> float:
    """The share of right classes where each of 300 pictures is a batch of its own."""
    X, y = (part[:300] for part in data.test)
    single = torch.cat([answers(model, [x.unsqueeze(0)]) for x in X])
    return float((single.argmax(1) == y).float().mean())


def balanced_accuracy(model: Any, data: Any) -> float:
    """The mean over the classes of the share of their examples that are recognised."""
    *X, y = data.test
    right = (answers(model, X).argmax(1) == y).float()
    return float(torch.stack([right[y == c].mean() for c in y.unique()]).mean())


def r2(model: Any, data: Any) -> float:
    """The share of the variance that is explained, above -1."""
    *X, y = data.test
    error = (answers(model, X).reshape(-1) - y.reshape(-1)).square().mean()
    return max(-1.0, float(1 - error / y.var()))


def loss(model: Any, data: Any) -> float:
    """The negative of the model's own loss."""
    *X, y = data.test
    with torch.no_grad():
        return -float(model.loss(answers(model, X), y))


def token_loss(model: Any, data: Any) -> float:
    """The negative cross-entropy of a language model on the validation windows."""
    X, Y = next(iter(data.val_dataloader()))
    logits = answers(model, [X])
    return -float(F.cross_entropy(logits.reshape(-1, logits.shape[-1]), Y.reshape(-1)))
