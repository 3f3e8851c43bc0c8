"""The data of the programs: a little of Fashion-MNIST, and tables and sequences made on the spot.

Each has `test`, honest examples for the measurement that no program trains on.
"""

from functools import cache

import torch
from torch import Tensor

from d2l import torch as d2l


@cache
def pictures(train: bool) -> tuple[Tensor, Tensor]:
    """The first 8,000 pictures of the training or 1,000 of the test set, in [0, 1], and labels."""
    from d2l.data.fashion_files import read_split

    images, labels = read_split("../data", train)
    num = 8000 if train else 1000
    return images[:num].unsqueeze(1).float() / 255, labels[:num].clone()


class Table(d2l.DataModule):
    """Examples in memory: the first `num_train` rows for training, those after for validation."""

    num_train: int
    X: Tensor
    y: Tensor
    test: tuple[Tensor, ...]

    def get_dataloader(self, train):
        rows = slice(0, self.num_train) if train else slice(self.num_train, None)
        return self.get_tensorloader((self.X, self.y), train, rows)


class Clothes(Table):
    """Pictures (1, 28, 28) in ten classes."""

    def __init__(self, batch_size=64, num_train=2048, num_val=512):
        super().__init__()
        self.save_hyperparameters()
        X, y = pictures(train=True)
        rows = num_train + num_val
        self.X, self.y, self.test = X[:rows].clone(), y[:rows].clone(), pictures(train=False)


class Houses(Table):
    """Six standardised features of a house and its price (n, 1), around 2 and linear in them."""

    def __init__(self, batch_size=32, num_train=1024, num_val=256):
        super().__init__()
        self.save_hyperparameters()
        rng = torch.Generator().manual_seed(7)
        X = torch.randn(num_train + num_val + 500, 6, generator=rng)
        w = torch.tensor([[1.0], [-2.0], [0.5], [0.0], [1.5], [-0.5]])
        y = X @ w + 2 + 0.3 * torch.randn(len(X), 1, generator=rng)
        self.X, self.y, self.test = X[:-500], y[:-500], (X[-500:], y[-500:])


class Rings(Table):
    """Points of the plane: class 1 is the ring around class 0, so no line divides them."""

    def __init__(self, batch_size=32, num_train=2048, num_val=256):
        super().__init__()
        self.save_hyperparameters()
        rng = torch.Generator().manual_seed(8)
        y = torch.arange(num_train + num_val + 500) % 2
        radius = 1 + 1.5 * y + 0.2 * torch.randn(len(y), generator=rng)
        angle = 6.2832 * torch.rand(len(y), generator=rng)
        X = torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1)
        self.X, self.y, self.test = X[:-500], y[:-500], (X[-500:], y[-500:])


class Signals(Table):
    """Series (12, 4) of numbers; the class is which of the four channels has the largest mean."""

    def __init__(self, batch_size=32, num_train=2048, num_val=256):
        super().__init__()
        self.save_hyperparameters()
        rng = torch.Generator().manual_seed(9)
        y = torch.randint(0, 4, (num_train + num_val + 500,), generator=rng)
        X = torch.randn(len(y), 12, 4, generator=rng)
        X += 1.5 * torch.nn.functional.one_hot(y, 4).unsqueeze(1)
        self.X, self.y, self.test = X[:-500], y[:-500], (X[-500:], y[-500:])


class Rare(Table):
    """Eight measurements of a part; one part in twenty is broken (class 1)."""

    def __init__(self, batch_size=32, num_train=2048, num_val=512):
        super().__init__()
        self.save_hyperparameters()
        rng = torch.Generator().manual_seed(10)
        y = (torch.rand(num_train + num_val + 2000, generator=rng) < 0.05).long()
        X = torch.randn(len(y), 8, generator=rng)
        X[:, :2] += 1.1 * y.unsqueeze(1)
        self.X, self.y, self.test = X[:-2000], y[:-2000], (X[-2000:], y[-2000:])
