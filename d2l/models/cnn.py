"""LeNet, the first convolutional network, and the cross-correlation of its layers."""

import warnings

import numpy as np
import torch
from torch import nn
from torch.nn.parameter import is_lazy

from d2l.base.axes import Float, Shaped, Tensor
from d2l.core.classifier import Classifier
from d2l.errors import ShapeError
from d2l.models.input_errors import explain


def corr2d(
    X: Shaped[Tensor, "height width"] | np.ndarray,
    K: Shaped[Tensor, "kernel_height kernel_width"] | np.ndarray,
) -> Float[Tensor, "out_height out_width"]:
    """Two-dimensional cross-correlation of `X` with the kernel `K`, no padding, stride 1.

    The output is (height - kernel_height + 1, width - kernel_width + 1), floating point; gradients
    flow to both. From arrays it is of PyTorch's default type.

    >>> d2l.corr2d(torch.arange(6).reshape(2, 3), torch.tensor([[1, 10]]))
    tensor([[10., 21.],
            [43., 54.]])

    Book: 7.2 Convolutions for images
    """
    dtype = torch.get_default_dtype()
    if isinstance(X, Tensor) and isinstance(K, Tensor):
        common = torch.result_type(X, K)
        dtype = common if common.is_floating_point else dtype
    X, K = torch.as_tensor(X), torch.as_tensor(K)
    try:
        (h, w), (height, width) = K.shape, X.shape
        if height - h == -1 or width - w == -1 or K.numel() == 0:
            return X.new_zeros(height - h + 1, width - w + 1, dtype=dtype)
        windows = X.to(dtype).unfold(0, h, 1).unfold(1, w, 1)
        return torch.tensordot(windows, K.to(dtype), dims=2)  # cuDNN would round to TF32 on a GPU
    except (RuntimeError, ValueError) as error:
        explain(error, _require_two_axes, X, K)
        raise


def init_cnn(module: nn.Module) -> None:
    """Draw the weights of a linear or convolutional layer from Xavier's uniform distribution.

    For `model.apply_init(inputs, d2l.init_cnn)`. Other layers, and classes derived from these two,
    stay as they are; so does, with a warning, a lazy layer that has no weights yet.

    >>> layer = nn.Conv2d(1, 2, kernel_size=5)
    >>> d2l.init_cnn(layer)
    >>> bool(layer.weight.abs().max() <= (6 / (25 + 50)) ** 0.5)
    True

    Book: 7.6 Convolutional neural networks (LeNet)
    """
    if type(module) in (nn.Linear, nn.Conv2d):
        nn.init.xavier_uniform_(module.weight)  # type: ignore[arg-type]
    elif isinstance(module, (nn.LazyLinear, nn.LazyConv2d)) and is_lazy(module.weight):
        warnings.warn(
            f"{type(module).__name__} has no weights to initialize yet: give the model an "
            "input first, e.g. model.apply_init([X], d2l.init_cnn)",
            stacklevel=2,
        )


def _require_two_axes(X: Tensor, K: Tensor) -> None:
    for name, tensor in (("X", X), ("K", K)):
        if tensor.ndim != 2:
            raise ShapeError(
                f"{name} must have shape (height, width); found {tuple(tensor.shape)}. Sum over "
                "channels yourself: sum(d2l.corr2d(x, k) for x, k in zip(X, K))"
            )
    if K.shape[0] > X.shape[0] or K.shape[1] > X.shape[1]:
        raise ShapeError(
            f"K must fit into X; found K of shape {tuple(K.shape)}, X of shape {tuple(X.shape)}"
        )


class LeNet(Classifier):
    """LeNet-5 with sigmoids and average pooling, for images (batch, channels, 28, 28).

    All layers are lazy, so any number of channels works; outputs are logits.

    >>> d2l.LeNet()(torch.rand(2, 1, 28, 28)).shape
    torch.Size([2, 10])

    Book: 7.6 Convolutional neural networks (LeNet)
    """

    lr: float

    def __init__(self, lr: float = 0.1, num_classes: int = 10) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(
            nn.LazyConv2d(6, kernel_size=5, padding=2), nn.Sigmoid(),
            nn.AvgPool2d(kernel_size=2, stride=2),
            nn.LazyConv2d(16, kernel_size=5), nn.Sigmoid(),
            nn.AvgPool2d(kernel_size=2, stride=2),
            nn.Flatten(),
            nn.LazyLinear(120), nn.Sigmoid(),
            nn.LazyLinear(84), nn.Sigmoid(),
            nn.LazyLinear(num_classes),
        )  # fmt: skip
