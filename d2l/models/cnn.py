"""The first convolutional network, LeNet, and the cross-correlation that layers like its own do."""

import warnings

import torch
from torch import nn

from d2l.base.axes import Float, Shaped, Tensor
from d2l.core.classifier import Classifier
from d2l.errors import ShapeError


def corr2d(
    X: Shaped[Tensor, "height width"], K: Shaped[Tensor, "kernel_height kernel_width"]
) -> Float[Tensor, "out_height out_width"]:
    """Two-dimensional cross-correlation of `X` with the kernel `K`, no padding, stride 1.

    The output is (height - kernel_height + 1, width - kernel_width + 1), floating point; gradients
    flow to both. Raises `ShapeError` where the kernel is larger than `X`.

    >>> d2l.corr2d(torch.arange(6).reshape(2, 3), torch.tensor([[1, 10]]))
    tensor([[10., 21.],
            [43., 54.]])

    Book: 7.2 Convolutions for images
    """
    for name, tensor in (("X", X), ("K", K)):
        if tensor.ndim != 2:
            raise ShapeError(
                f"{name} must have shape (height, width); found {tuple(tensor.shape)}. Channels "
                "are summed by the caller: sum(d2l.corr2d(x, k) for x, k in zip(X, K))"
            )
    if K.shape[0] > X.shape[0] or K.shape[1] > X.shape[1] or K.numel() == 0:
        raise ShapeError(
            f"K must fit into X; found K of shape {tuple(K.shape)}, X of shape {tuple(X.shape)}"
        )
    dtype = torch.result_type(X, K)
    dtype = dtype if dtype.is_floating_point else torch.get_default_dtype()
    windows = X.to(dtype).unfold(0, K.shape[0], 1).unfold(1, K.shape[1], 1)
    return torch.tensordot(windows, K.to(dtype), dims=2)  # cuDNN would round to TF32 on a GPU


def init_cnn(module: nn.Module) -> None:
    """Draw the weights of a linear or convolutional layer as Xavier Glorot has it, uniformly.

    For `model.apply_init(inputs, d2l.init_cnn)`. Other layers stay as they are, and so does, with a
    warning, a lazy layer that has no weights yet.

    >>> layer = nn.Conv2d(1, 2, kernel_size=5)
    >>> d2l.init_cnn(layer)
    >>> bool(layer.weight.abs().max() <= (6 / (25 + 50)) ** 0.5)
    True

    Book: 7.6 Convolutional neural networks (LeNet)
    """
    if isinstance(module, nn.modules.lazy.LazyModuleMixin):
        if isinstance(module, (nn.Linear, nn.Conv2d)):
            warnings.warn(
                f"{type(module).__name__} has no weights to initialise yet: give the model an "
                "input first, e.g. model.apply_init([X], d2l.init_cnn)",
                stacklevel=2,
            )
    elif isinstance(module, (nn.Linear, nn.Conv2d)):
        nn.init.xavier_uniform_(module.weight)


class LeNet(Classifier):
    """LeNet-5 with sigmoids and average pooling, for images (batch, channels, 28, 28).

    All layers are lazy, so that any number of channels will do; outputs are logits.

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
