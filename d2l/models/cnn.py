"""Convolutional networks: LeNet and ResNet."""

import warnings

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.parameter import is_lazy

from d2l.base.axes import Float, Shaped, Tensor
from d2l.base.call_shapes import has_call_shapes
from d2l.core.classifier import Classifier
from d2l.errors import ModelError, ShapeError
from d2l.models.input_errors import ExplainsErrors, explain


def corr2d(
    X: Shaped[Tensor, "height width"] | np.ndarray,
    K: Shaped[Tensor, "kernel_height kernel_width"] | np.ndarray,
) -> Float[Tensor, "out_height out_width"]:
    """Return the two-dimensional cross-correlation of `X` with the kernel `K`.

    Without padding, with stride 1: the output is (height - kernel_height + 1, width - kernel_width
    + 1), floating point, and differentiable in both arguments. For NumPy arrays it has PyTorch's
    default dtype.

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
    """Initialize the weights of a linear or convolutional layer with Xavier's uniform distribution.

    Use it as `model.apply_init(inputs, d2l.init_cnn)`. Other layers, and subclasses of these two,
    are unchanged. A lazy layer without weights is unchanged as well, with a warning.

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
            f"{type(module).__name__} has no weights to initialize yet. Call the model on an "
            "input first, for example model.apply_init([X], d2l.init_cnn)",
            stacklevel=2,
        )


def _require_two_axes(X: Tensor, K: Tensor) -> None:
    for name, tensor in (("X", X), ("K", K)):
        if tensor.ndim != 2:
            raise ShapeError(
                f"{name} must have shape (height, width); found {tuple(tensor.shape)}. For "
                "several channels: sum(d2l.corr2d(x, k) for x, k in zip(X, K))"
            )
    if K.shape[0] > X.shape[0] or K.shape[1] > X.shape[1]:
        raise ShapeError(
            f"K must not be larger than X; found K of shape {tuple(K.shape)}, "
            f"X of shape {tuple(X.shape)}"
        )


class LeNet(Classifier):
    """LeNet-5 with sigmoids and average pooling, for images (batch, channels, 28, 28).

    All layers are lazy, so the number of channels is arbitrary; outputs are logits.

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


class Residual(nn.Module):
    """Two 3x3 convolutions with a residual connection, for (batch, channels, height, width).

    `strides` divides height and width. With `use_1x1conv` the shortcut has a 1x1 convolution, which
    is required if the strides or `num_channels` change the shape.

    >>> d2l.Residual(8, use_1x1conv=True, strides=2)(torch.rand(2, 4, 10, 10)).shape
    torch.Size([2, 8, 5, 5])

    Book: 8.6 Residual networks (ResNet) and ResNeXt
    """

    @has_call_shapes
    def __init__(self, num_channels: int, use_1x1conv: bool = False, strides: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.LazyConv2d(num_channels, kernel_size=3, padding=1, stride=strides)
        self.conv2 = nn.LazyConv2d(num_channels, kernel_size=3, padding=1)
        self.conv3 = (
            nn.LazyConv2d(num_channels, kernel_size=1, stride=strides) if use_1x1conv else None
        )
        self.bn1 = nn.LazyBatchNorm2d()
        self.bn2 = nn.LazyBatchNorm2d()

    def forward(
        self, X: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch num_channels out_height out_width"]:
        """Return `relu(convolutions(X) + X)`."""
        Y = F.relu(self.bn1(self.conv1(X)))
        Y = self.bn2(self.conv2(Y))
        shortcut = X if self.conv3 is None else self.conv3(X)
        return F.relu(_add_shortcut(Y, shortcut, self))


class ResNeXtBlock(ExplainsErrors):
    """A residual block with a grouped 3x3 convolution between two 1x1 convolutions.

    The 3x3 convolution has `bot_mul * num_channels` channels in groups of `groups` channels each
    (as in the book; elsewhere this is the group width). `use_1x1conv` and `strides` are as
    in `Residual`.

    >>> d2l.ResNeXtBlock(16, groups=4, bot_mul=1)(torch.rand(2, 16, 12, 12)).shape
    torch.Size([2, 16, 12, 12])

    Book: 8.6 Residual networks (ResNet) and ResNeXt
    """

    def __init__(
        self,
        num_channels: int,
        groups: int,
        bot_mul: float,
        use_1x1conv: bool = False,
        strides: int = 1,
    ) -> None:
        super().__init__()
        inner = round(num_channels * bot_mul)
        self.conv1 = nn.LazyConv2d(inner, kernel_size=1)
        self.conv2 = nn.LazyConv2d(
            inner, kernel_size=3, stride=strides, padding=1, groups=inner // groups
        )
        self.conv3 = nn.LazyConv2d(num_channels, kernel_size=1)
        self.bn1 = nn.LazyBatchNorm2d()
        self.bn2 = nn.LazyBatchNorm2d()
        self.bn3 = nn.LazyBatchNorm2d()
        self.conv4: nn.Module | None = None
        if use_1x1conv:
            self.conv4 = nn.LazyConv2d(num_channels, kernel_size=1, stride=strides)
            self.bn4 = nn.LazyBatchNorm2d()

    def forward(
        self, X: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch num_channels out_height out_width"]:
        """Return `relu(convolutions(X) + X)`."""
        Y = F.relu(self.bn1(self.conv1(X)))
        Y = F.relu(self.bn2(self.conv2(Y)))
        Y = self.bn3(self.conv3(Y))
        shortcut = X if self.conv4 is None else self.bn4(self.conv4(X))
        return F.relu(_add_shortcut(Y, shortcut, self))

    def _require_fitting(self, X: Tensor) -> None:
        inner, num_groups = self.conv2.out_channels, self.conv2.groups
        if inner % num_groups:
            raise ModelError(
                f"bot_mul * num_channels = {inner} channels cannot be split into {num_groups} "
                f"groups of equal size. Example: two groups of 16 channels are "
                "d2l.ResNeXtBlock(32, groups=16, bot_mul=1)"
            )


def resnet18(num_classes: int, in_channels: int = 1) -> nn.Sequential:
    """Return ResNet-18 without the first pooling, for small images.

    Inputs are (batch, in_channels, height, width), outputs logits.

    >>> d2l.resnet18(10)(torch.rand(2, 1, 28, 28)).shape
    torch.Size([2, 10])

    Book: 13.6 Concise implementation for multiple GPUs
    """
    net = nn.Sequential(
        nn.Conv2d(in_channels, 64, kernel_size=3, stride=1, padding=1),
        nn.BatchNorm2d(64),
        nn.ReLU(),
    )
    net.add_module("resnet_block1", nn.Sequential(Residual(64), Residual(64)))
    for index, num_channels in ((2, 128), (3, 256), (4, 512)):
        first = Residual(num_channels, use_1x1conv=True, strides=2)
        net.add_module(f"resnet_block{index}", nn.Sequential(first, Residual(num_channels)))
    net.add_module("global_avg_pool", nn.AdaptiveAvgPool2d((1, 1)))
    net.add_module("fc", nn.Sequential(nn.Flatten(), nn.Linear(512, num_classes)))
    return net


def _add_shortcut(Y: Tensor, shortcut: Tensor, block: nn.Module) -> Tensor:
    try:
        return Y.add_(shortcut)
    except RuntimeError as error:
        raise ModelError(
            f"{type(block).__name__} cannot add its input of shape {tuple(shortcut.shape)} to its "
            f"result of shape {tuple(Y.shape)}. Use use_1x1conv=True to convert the input to the "
            "channels and strides of the result"
        ) from error
