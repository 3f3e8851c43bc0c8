"""The base class of models: loss, training and validation steps, plotting, optimizer."""

import inspect
import warnings
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from d2l.base.devices import move
from d2l.core.board import ProgressBoard
from d2l.core.hyperparameters import HyperParameters
from d2l.core.training.metrics import draw, scalar
from d2l.core.unregistered import (
    apply_to_unregistered_tensors,
    named_unregistered_layers,
    trainable_unregistered_tensors,
)
from d2l.errors import BatchError, ModelError, NotDefinedError, OutsideRunError, mistake
from d2l.scale.data_parallel import ParallelStep


class Module(nn.Module, HyperParameters):
    """Base class of the book's models.

    Subclasses override `loss`, `forward` (or set `self.net`), and where needed `training_step`,
    `validation_step` and `configure_optimizers`. Trainable tensors may be unregistered. A model on
    a GPU accepts inputs on the CPU and then returns its output on the CPU.

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

    net: Any
    lr: Any
    plot_train_per_epoch: float
    plot_valid_per_epoch: float
    _geometric_means: frozenset[str] = frozenset()  # keys of `plot` with a geometric mean
    __jit_unused_properties__ = ["trainer"]  # TorchScript would compile it
    _d2l_home: torch.device | None = None  # the device of the last `to`; None: never moved

    def __init__(self, plot_train_per_epoch: float = 2, plot_valid_per_epoch: float = 1) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.board = ProgressBoard()

    def loss(self, y_hat: Any, y: Any) -> Tensor:
        """Return the loss of a minibatch, a scalar. To be overridden."""
        raise NotDefinedError(f"{type(self).__name__} must define loss(self, y_hat, y)")

    def forward(self, X: Tensor) -> Tensor:
        """Return `self.net(X)`, unless overridden."""
        if not hasattr(self, "net"):
            raise NotDefinedError(
                f"{type(self).__name__} must define forward(self, X) or set self.net"
            )
        return self.net(X)

    @property
    def trainer(self) -> Any:
        """The trainer of the current run of the model, or of its last run."""
        held = vars(self).get("trainer")
        if held is None:
            raise AttributeError(
                f"{type(self).__name__} has no trainer yet; it is set by trainer.fit(model, data)"
            )
        return held.trainer if type(held) is _Released else held

    @trainer.setter
    def trainer(self, trainer: Any) -> None:
        vars(self)["trainer"] = trainer

    def plot(self, key: str, value: Any, train: bool) -> None:
        """Plot a value of this batch on the board, as `train_key` or `val_key`.

        Training values are averaged to `plot_train_per_epoch` points per epoch. Validation values
        are averaged to one point per epoch, in which each example counts equally.

        Book: 3.2 Object-oriented design for implementation
        """
        if "trainer" not in vars(self):
            raise OutsideRunError(_OUTSIDE_A_RUN.format(type(self).__name__))
        trainer = self.trainer
        state = getattr(trainer, "_d2l", None)
        if state is not None and state.recorder is not None:
            state.recorder.record(key, value, train)
            return
        # outside the library's run: a user-defined fit
        if train:
            x = trainer.train_batch_idx / trainer.num_train_batches
            num_batches, per_epoch = trainer.num_train_batches, self.plot_train_per_epoch
        else:
            x = trainer.epoch + 1
            num_batches, per_epoch = trainer.num_val_batches, self.plot_valid_per_epoch
        self.board.xlabel = "epoch"
        if per_epoch > 0:
            label = ("train_" if train else "val_") + key
            draw(self.board, x, scalar(value), label, num_batches / per_epoch)

    def training_step(self, batch: Any) -> Tensor:
        """Plot and return the loss of one training batch `(*inputs, targets)`."""
        *inputs, y = batch_parts(self, batch)
        l = self.loss(self(*inputs), y)
        self.plot("loss", l, train=True)
        return l

    def validation_step(self, batch: Any) -> Any:
        """Plot the loss of one validation batch `(*inputs, targets)`."""
        *inputs, y = batch_parts(self, batch)
        self.plot("loss", self.loss(self(*inputs), y), train=False)

    def configure_optimizers(self) -> Any:
        """Return the optimizer: minibatch SGD with learning rate `self.lr`, unless overridden.

        Any object with `step()` and `zero_grad()` is accepted.

        Book: 4.3 The base classification model
        """
        parameters = list(self.parameters())
        if not parameters:
            raise _nothing_to_learn(self)
        if not hasattr(self, "lr"):
            is_argument = "lr" in inspect.signature(type(self).__init__).parameters
            raise ModelError(
                f"{type(self).__name__} has no lr; call self.save_hyperparameters() in "
                "__init__(self, ..., lr), or override configure_optimizers(self)",
                kind="save-hyperparameters-forgotten" if is_argument else "",
            )
        return torch.optim.SGD(parameters, lr=self.lr)

    def apply_init(
        self, inputs: Sequence[Any], init: Callable[[nn.Module], None] | None = None
    ) -> None:
        """Initialize lazy layers from example `inputs`, then apply `init` to each layer.

        Book: 6.4 Lazy initialization
        """
        self.forward(*inputs)
        if init is not None:
            self.net.apply(init)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """As `nn.Module`; inputs on another device are moved, and so is the output back to it."""
        if (
            self._d2l_home is None
            or not args
            or getattr(args[0], "device", self._d2l_home) == self._d2l_home
        ):
            return super().__call__(*args, **kwargs)
        output = super().__call__(*move(args, self._d2l_home), **move(kwargs, self._d2l_home))
        return move(output, args[0].device)

    def __setattr__(self, name: str, value: Any) -> None:
        """As `nn.Module`, with a clear error if `super().__init__()` was not called yet."""
        try:
            super().__setattr__(name, value)
        except AttributeError as error:
            if "_modules" in vars(self):
                raise
            message = (
                f"`self.{name}` is set before `super().__init__()` was called, so PyTorch cannot "
                f"register it. Make `super().__init__()` the first line of "
                f"`{type(self).__name__}.__init__`"
            )
            raise mistake(error, message, "super-init-forgotten") from error

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "Module":
        """Apply `to`, `cuda`, `cpu`, `double`, … to unregistered tensors as well."""
        super()._apply(fn, recurse)
        apply_to_unregistered_tensors(self, fn)
        self._d2l_home = fn(torch.empty(0)).device
        return self

    def state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """As `nn.Module`; warns once if the trainable tensors of the model are not in it."""
        state = super().state_dict(*args, **kwargs)
        if not state and not args and kwargs.get("destination") is None:  # not a submodule
            _warn_about_unsaved(self, "state_dict() is empty")
        return state

    def load_state_dict(self, state_dict: Any, *args: Any, **kwargs: Any) -> Any:
        """As `nn.Module`; warns once if the trainable tensors of the model are not in it."""
        result = super().load_state_dict(state_dict, *args, **kwargs)
        if not state_dict:
            _warn_about_unsaved(self, "load_state_dict() changed nothing")
        return result

    def __getstate__(self) -> dict[str, Any]:
        """Return the state to copy or pickle: without the trainer and its data."""
        excluded = ("trainer", "_compiled_call_impl")
        return {
            name: value
            for name, value in self.__dict__.items()
            if name not in excluded and not isinstance(value, ParallelStep)
        }


def _nothing_to_learn(model: nn.Module) -> ModelError:
    found = next(named_unregistered_layers(model), None)
    if found is None:
        return ModelError(
            f"{type(model).__name__} has no parameters to train: no nn.Parameter and no layer. "
            "Create them in __init__, e.g. self.net = nn.LazyLinear(10), or override "
            "configure_optimizers(self)"
        )
    attribute, kind = found[0].partition("[")[0], "dict" if "['" in found[0] else "list"
    container = "ModuleDict" if kind == "dict" else "ModuleList"
    return ModelError(
        f"{type(model).__name__} has no parameters to train: its layers are in the {kind} "
        f"self.{attribute}, where PyTorch does not register them. Write "
        f"self.{attribute} = nn.{container}(…)",
        kind="layers-in-a-list",
    )


_warned: weakref.WeakSet[type] = weakref.WeakSet()


def _warn_about_unsaved(model: nn.Module, what: str) -> None:
    num = len(trainable_unregistered_tensors(model))
    if num and type(model) not in _warned:
        _warned.add(type(model))
        warnings.warn(
            f"{type(model).__name__}.{what}: its {num} trainable tensors are not registered "
            "as nn.Parameter. Save them with trainer.save(path) and load them with "
            "trainer.fit(model, data, resume=path), or make them nn.Parameter",
            stacklevel=3,
        )


class _Released:
    """A weak reference to the trainer of a finished run, so that model and trainer can be freed.

    While the trainer exists, `trainer` is that object; later, a copy without model and data.
    """

    KEPT = (
        *("max_epochs", "num_gpus", "gradient_clip_val", "gpus", "hparams", "optim"),
        *("num_train_batches", "num_val_batches"),
    )

    def __init__(self, trainer: Any, state: Any) -> None:
        self._live = weakref.ref(trainer)
        self._copy = object.__new__(type(trainer))
        vars(self._copy).update({n: v for n, v in vars(trainer).items() if n in self.KEPT})
        vars(self._copy)["_d2l"] = state

    @property
    def trainer(self) -> Any:
        """The trainer, or its copy once it was freed."""
        live = self._live()
        return self._copy if live is None else live


def release_trainer(model: nn.Module, trainer: Any, state: Any) -> None:
    """Break the reference cycle of model and trainer after a run, so that `del` frees both.

    `state` is the trainer state that remains after the trainer was freed.
    """
    if isinstance(model, Module) and vars(model).get("trainer") is trainer:
        vars(model)["trainer"] = _Released(trainer, state)


def batch_parts(model: nn.Module, batch: Any) -> Sequence[Any]:
    """Return `batch` if it has the form `(*inputs, targets)`; raise `BatchError` otherwise."""
    if isinstance(batch, (tuple, list, np.ndarray)) and len(batch) >= 2:
        return batch  # type: ignore[return-value]
    shape = f" of shape {tuple(batch.shape)}" if isinstance(batch, Tensor) else ""
    raise BatchError(
        f"{type(model).__name__} expects batches (X, y); the loader yielded a "
        f"{type(batch).__name__}{shape}. Yield tuples from the loader, e.g. with "
        "self.get_tensorloader((X, y), train), or "
        "override training_step(self, batch) and validation_step(self, batch)"
    )


_OUTSIDE_A_RUN = (
    "{}.plot() was called outside a training run, so there is no position to plot at; "
    "call trainer.fit(model, data) to train, or trainer.validate(model, data) to evaluate"
)
