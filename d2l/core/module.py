"""What a reader subclasses to write a model: the loss, the steps, the plot, the optimizer."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from d2l.base.devices import move
from d2l.core.board import ProgressBoard
from d2l.core.hyperparameters import HyperParameters
from d2l.core.points import as_value
from d2l.core.progress import Progress
from d2l.core.tensors import apply_to_plain_tensors
from d2l.errors import BatchError, D2LError, ModelError
from d2l.scale.parallel import SharedStep


class Module(nn.Module, HyperParameters):
    """The base of the book's models.

    A reader overrides `loss`, `forward` (or sets `self.net`), and where needed `training_step`,
    `validation_step` and `configure_optimizers`. Parameters may be plain tensors. A model that
    lives on a GPU takes inputs from the CPU and answers there.

    >>> class Line(d2l.Module):
    ...     def __init__(self, lr):
    ...         super().__init__()
    ...         self.save_hyperparameters()
    ...         self.net = nn.Linear(1, 1)
    ...
    ...     def loss(self, y_hat, y):
    ...         return nn.functional.l1_loss(y_hat, y)
    >>> model = Line(lr=0.1)
    >>> model(torch.zeros(5, 1)).shape, model.configure_optimizers().defaults["lr"]
    (torch.Size([5, 1]), 0.1)

    Book: 3.2 Object-oriented design for implementation
    """

    trainer: Any
    net: Any
    lr: Any
    plot_train_per_epoch: float
    plot_valid_per_epoch: float
    # What `plot` is given in validation is averaged arithmetically, but for these keys.
    geometric_means: frozenset[str] = frozenset()
    _home: torch.device | None = None  # where `to` brought the model last; None: never moved

    def __init__(self, plot_train_per_epoch: float = 2, plot_valid_per_epoch: float = 1) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.board = ProgressBoard()

    def loss(self, y_hat: Any, y: Any) -> Tensor:
        """The loss of a minibatch, a scalar. To be overridden."""
        raise NotImplementedError(_to_write(self, "loss(self, y_hat, y)"))

    def forward(self, X: Any) -> Any:
        """`self.net(X)`, unless overridden."""
        if not hasattr(self, "net"):
            raise NotImplementedError(_to_write(self, "forward(self, X), or set self.net"))
        return self.net(X)

    def plot(self, key: str, value: Any, train: bool) -> None:
        """Put a number of this batch on the board, as `train_key` or `val_key`.

        Training values are averaged down to `plot_train_per_epoch` points an epoch. Validation
        values become one point an epoch in which every example weighs the same.
        """
        trainer = self._require_trainer()
        progress: Progress | None = getattr(trainer, "progress", None)
        if progress is not None and progress.results is not None:
            progress.results.write(key, value)
            return
        if train:
            if key == "loss" and hasattr(trainer, "check_loss"):
                trainer.check_loss(value)
            self.draw_training(key, value, trainer.train_batch_idx)
        elif progress is not None and progress.phase == "validate":
            geometric = key in self.geometric_means
            progress.means.add(key, value, progress.num_examples, geometric)
        else:
            x, num_batches = trainer.epoch + 1, trainer.num_val_batches
            self._draw(f"val_{key}", x, value, num_batches, self.plot_valid_per_epoch)

    def draw_training(self, key: str, value: Any, batch_idx: int) -> None:
        """Put a number of the training batch with this index in the run on the board."""
        trainer = self._require_trainer()
        num_batches, per_epoch = trainer.num_train_batches, self.plot_train_per_epoch
        label, x = f"train_{key}", batch_idx / num_batches
        pool = getattr(trainer, "pool", None)
        if pool is None or per_epoch <= 0:
            self._draw(label, x, value, num_batches, per_epoch)
            return
        point = pool.add(label, x, as_value(value), num_batches / per_epoch)
        if point is not None:
            self._draw(label, point.x, point.y, 1, 1)

    def draw_validation(self, means: dict[str, Any], epoch: int) -> None:
        """Put the means of a whole validation pass on the board, at the end of its epoch."""
        for key, mean in means.items():
            self._draw(f"val_{key}", epoch + 1, mean, 1, self.plot_valid_per_epoch)

    def training_step(self, batch: Any) -> Tensor:
        """The loss of one training batch `(*inputs, targets)`."""
        *inputs, y = batch_parts(self, batch)
        l = self.loss(self(*inputs), y)
        self.plot("loss", l, train=True)
        return l

    def validation_step(self, batch: Any) -> Any:
        """Plot the loss of one validation batch `(*inputs, targets)`."""
        *inputs, y = batch_parts(self, batch)
        self.plot("loss", self.loss(self(*inputs), y), train=False)

    def configure_optimizers(self) -> Any:
        """The optimizer: minibatch SGD at rate `self.lr`, unless overridden.

        Anything with `step()` and `zero_grad()` will do.

        Book: 4.3 The base classification model
        """
        if not hasattr(self, "lr"):
            raise ModelError(
                f"{type(self).__name__} has no lr: save it with self.save_hyperparameters() in "
                "__init__(self, ..., lr), or override configure_optimizers(self)"
            )
        return torch.optim.SGD(self.parameters(), lr=self.lr)

    def apply_init(
        self, inputs: Sequence[Any], init: Callable[[nn.Module], None] | None = None
    ) -> None:
        """Give lazy layers their shapes from example `inputs`, then apply `init` to each layer.

        Book: 6.4 Lazy initialization
        """
        self.forward(*inputs)
        if init is not None:
            self.net.apply(init)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """As `nn.Module`, and inputs from another device come home first, the answer goes back."""
        if self._home is None or not args or getattr(args[0], "device", self._home) == self._home:
            return super().__call__(*args, **kwargs)
        answer = super().__call__(*move(args, self._home), **move(kwargs, self._home))
        return move(answer, args[0].device)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "Module":
        """Have `to`, `cuda`, `cpu`, `double`, … reach plain tensors as well."""
        super()._apply(fn, recurse)
        apply_to_plain_tensors(self, fn)
        self._home = fn(torch.empty(0)).device
        return self

    def __getstate__(self) -> dict[str, Any]:
        """A copy or a pickle is of the model; the trainer and its data stay behind."""
        left = ("trainer", "_compiled_call_impl")
        return {
            name: value
            for name, value in self.__dict__.items()
            if name not in left and not isinstance(value, SharedStep)
        }

    def _draw(self, label: str, x: float, value: Any, num_batches: int, per_epoch: float) -> None:
        self.board.xlabel = "epoch"
        if per_epoch > 0:
            self.board.draw(x, value, label, every_n=num_batches / per_epoch)

    def _require_trainer(self) -> Any:
        if vars(self).get("trainer") is None:
            raise D2LError(
                f"{type(self).__name__} is in no run, so it has nowhere to plot: train it with "
                "trainer.fit(model, data), or measure it with trainer.validate(model, data)"
            )
        return self.trainer


def batch_parts(model: nn.Module, batch: Any) -> Sequence[Any]:
    """`batch` if it is one of the form `(*inputs, targets)`; else an error that says what it is."""
    if isinstance(batch, (tuple, list)) and len(batch) >= 2:
        return batch
    shape = f" of shape {tuple(batch.shape)}" if isinstance(batch, Tensor) else ""
    raise BatchError(
        f"{type(model).__name__} reads batches (X, y); the loader gave a {type(batch).__name__}"
        f"{shape}. Let the loader yield tuples, e.g. self.get_tensorloader((X, y), train), or "
        "override training_step(self, batch) and validation_step(self, batch)"
    )


def _to_write(model: Module, what: str) -> str:
    return f"{type(model).__name__} does not say how: define {what}"
