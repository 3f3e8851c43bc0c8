"""The networks that are trained by all rivals alike: a reader's own code, plain PyTorch.

Sizes are written out, so that nobody has to find them at the first batch.
"""

from itertools import pairwise

from torch import Tensor, nn
from torch.nn.functional import relu

from bench.size import NUM_HIDDENS


def softmax() -> nn.Module:
    """Softmax regression."""
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))


def mlp() -> nn.Module:
    """A perceptron with one hidden layer."""
    layers = nn.Linear(784, NUM_HIDDENS), nn.ReLU(), nn.Linear(NUM_HIDDENS, 10)
    return nn.Sequential(nn.Flatten(), *layers)


def lenet() -> nn.Module:
    """LeNet for 28 pixels, with sigmoids and mean pooling as it once was."""
    return nn.Sequential(
        nn.Conv2d(1, 6, kernel_size=5, padding=2), nn.Sigmoid(), nn.AvgPool2d(2),
        nn.Conv2d(6, 16, kernel_size=5), nn.Sigmoid(), nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(16 * 5 * 5, 120), nn.Sigmoid(), nn.Linear(120, 84), nn.Sigmoid(),
        nn.Linear(84, 10),
    )  # fmt: skip


def resnet18() -> nn.Module:
    """ResNet-18 for images of one channel."""
    stem = (
        nn.Conv2d(1, 64, kernel_size=7, stride=2, padding=3), nn.BatchNorm2d(64), nn.ReLU(),
        nn.MaxPool2d(kernel_size=3, stride=2, padding=1),
    )  # fmt: skip
    channels = (64, 64, 128, 256, 512)
    blocks = [
        block
        for before, after in pairwise(channels)
        for block in (Residual(before, after), Residual(after, after))
    ]
    head = nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10)
    return nn.Sequential(*stem, *blocks, *head)


class Residual(nn.Module):
    """Two convolutions and the way around them; more channels at half the height and width."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        stride = 1 if before == after else 2
        self.body = nn.Sequential(
            nn.Conv2d(before, after, kernel_size=3, stride=stride, padding=1),
            nn.BatchNorm2d(after), nn.ReLU(),
            nn.Conv2d(after, after, kernel_size=3, padding=1), nn.BatchNorm2d(after),
        )  # fmt: skip
        self.around = nn.Conv2d(before, after, 1, stride) if stride == 2 else nn.Identity()

    def forward(self, X: Tensor) -> Tensor:
        """What the convolutions add to `X`."""
        return relu(self.body(X) + self.around(X))
