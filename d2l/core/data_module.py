"""The base class of data sets; a subclass defines one method that returns a loader."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from d2l.core.hyperparameters import HyperParameters
from d2l.engine.tensor_loaders import ResidentLoader
from d2l.errors import DataError, NotDefinedError


class DataModule(HyperParameters):
    """Base class of the book's data sets; subclasses define `get_dataloader(train)`.

    `num_workers` is stored for user-defined loaders; the library's need no worker processes.

    >>> class Squares(d2l.DataModule):
    ...     def __init__(self, batch_size=4):
    ...         super().__init__()
    ...         self.save_hyperparameters()
    ...         self.X = torch.arange(10.0).reshape(-1, 1)
    ...
    ...     def get_dataloader(self, train):
    ...         rows = slice(0, 8) if train else slice(8, None)
    ...         return self.get_tensorloader((self.X, self.X**2), train, rows)
    >>> [tuple(y.shape) for X, y in Squares().train_dataloader()]
    [(4, 1), (4, 1)]

    Book: 3.2 Object-oriented design for implementation
    """

    batch_size: int

    def __init__(self, root: str = "../data", num_workers: int = 0) -> None:
        self.save_hyperparameters()

    def get_dataloader(self, train: bool) -> Any:
        """Return a loader of the training or the validation examples. To be overridden."""
        raise NotDefinedError(f"{type(self).__name__} must define get_dataloader(self, train)")

    def train_dataloader(self) -> Any:
        """Return a loader of the training examples."""
        return self.get_dataloader(train=True)

    def val_dataloader(self) -> Any:
        """Return a loader of the validation examples; may be None."""
        return self.get_dataloader(train=False)

    def get_tensorloader(
        self, tensors: Sequence[Tensor], train: bool, indices: Any = slice(0, None)
    ) -> ResidentLoader:
        """Return a loader of minibatches of the chosen rows; reshuffled every pass if `train`.

        Book: 3.3 Synthetic regression data
        """
        if not hasattr(self, "batch_size"):
            raise DataError(
                f"{type(self).__name__} has no batch_size; set self.batch_size, or call "
                "self.save_hyperparameters() in __init__(self, batch_size=32)"
            )
        chosen = tuple(tensor[indices] for tensor in tensors)
        return ResidentLoader(chosen, self.batch_size, shuffle=train)
