"""Blocks whose input is added to their output, and the eighteen-layer network made of them."""

from torch import nn
from torch.nn import functional as F

from d2l.base.axes import Float, Tensor
from d2l.base.call_shapes import has_call_shapes
from d2l.errors import ModelError
from d2l.models.input_errors import ExplainsErrors


class Residual(nn.Module):
    """Two 3x3 convolutions, to whose result the input is added: (batch, channels, height, width).

    `strides` divides height and width. With `use_1x1conv` the input passes a 1x1 convolution first,
    as it must where the strides or `num_channels` change its shape.

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
        """`relu(convolutions(X) + X)`."""
        Y = F.relu(self.bn1(self.conv1(X)))
        Y = self.bn2(self.conv2(Y))
        shortcut = X if self.conv3 is None else self.conv3(X)
        return F.relu(_added(Y, shortcut, self))


class ResNeXtBlock(ExplainsErrors):
    """A residual block with a grouped 3x3 convolution between two 1x1 convolutions.

    Inside there are `bot_mul * num_channels` channels, in groups of `groups` channels each (the
    book's name for what elsewhere is the width of a group). `use_1x1conv` and `strides` are as
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
        """`relu(convolutions(X) + X)`."""
        Y = F.relu(self.bn1(self.conv1(X)))
        Y = F.relu(self.bn2(self.conv2(Y)))
        Y = self.bn3(self.conv3(Y))
        shortcut = X if self.conv4 is None else self.bn4(self.conv4(X))
        return F.relu(_added(Y, shortcut, self))

    def _require_fitting(self, X: Tensor) -> None:
        inner, num_groups = self.conv2.out_channels, self.conv2.groups
        if inner % num_groups:
            raise ModelError(
                f"bot_mul * num_channels = {inner} channels cannot be split into {num_groups} "
                f"groups of equal size. E.g. d2l.ResNeXtBlock(32, groups=16, bot_mul=1) has two "
                "groups of 16"
            )


def resnet18(num_classes: int, in_channels: int = 1) -> nn.Sequential:
    """ResNet-18 without the first pooling, for small images (batch, in_channels, height, width).

    Outputs are logits.

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
    for number, num_channels in ((2, 128), (3, 256), (4, 512)):
        first = Residual(num_channels, use_1x1conv=True, strides=2)
        net.add_module(f"resnet_block{number}", nn.Sequential(first, Residual(num_channels)))
    net.add_module("global_avg_pool", nn.AdaptiveAvgPool2d((1, 1)))
    net.add_module("fc", nn.Sequential(nn.Flatten(), nn.Linear(512, num_classes)))
    return net


def _added(Y: Tensor, shortcut: Tensor, block: nn.Module) -> Tensor:
    try:
        return Y.add_(shortcut)
    except RuntimeError as error:
        raise ModelError(
            f"{type(block).__name__} cannot add its input of shape {tuple(shortcut.shape)} to its "
            f"result of shape {tuple(Y.shape)}: use_1x1conv=True gives the input the channels "
            "and strides of the result"
        ) from error
