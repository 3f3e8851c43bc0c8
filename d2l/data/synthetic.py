"""Generated data: a linear relation with noise."""

import torch

from d2l.base.axes import Float, Tensor
from d2l.core.data_module import DataModule
from d2l.engine.tensor_loaders import ResidentLoader


class SyntheticRegressionData(DataModule):
    """`y = X w + b + noise`: standard normal `X` (n, len(w)), noise N(0, noise²), `y` (n, 1).

    The first `num_train` examples are for training, the next `num_val` for validation. Drawn from
    PyTorch's global generator.

    >>> data = d2l.SyntheticRegressionData(torch.tensor([1.0, -2.0, 3.0]), b=0.5, batch_size=8)
    >>> X, y = next(iter(data.train_dataloader()))
    >>> X.shape, y.shape
    (torch.Size([8, 3]), torch.Size([8, 1]))

    Book: 3.3 Synthetic regression data
    """

    num_train: int

    def __init__(
        self,
        w: Float[Tensor, "num_inputs"],
        b: float,
        noise: float = 0.01,
        num_train: int = 1000,
        num_val: int = 1000,
        batch_size: int = 32,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        n = num_train + num_val
        self.X = torch.randn(n, len(w))
        self.y = self.X @ w.reshape(-1, 1).to(self.X) + b + torch.randn(n, 1) * noise

    def get_dataloader(self, train: bool) -> ResidentLoader:
        """Return a loader of `X` (batch, num_inputs) and `y` (batch, 1), shuffled if `train`."""
        rows = slice(0, self.num_train) if train else slice(self.num_train, None)
        return self.get_tensorloader((self.X, self.y), train, rows)
