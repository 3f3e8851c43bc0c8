"""What a reader subclasses to write a model: the loss, the steps, the plot, the optimizer."""

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
    """The base of the book's models.

    A reader overrides `loss`, `forward` (or sets `self.net`), and where needed `training_step`,
    `validation_step` and `configure_optimizers`. What learns may also be unregistered tensors. A
    model that lives on a GPU takes inputs from the CPU and answers there.

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
    _geometric_means: frozenset[str] = frozenset()  # keys of `plot` whose mean is geometric
    __jit_unused_properties__ = ["trainer"]  # TorchScript would compile it
    _d2l_home: torch.device | None = None  # where `to` brought the model last; None: never moved

    def __init__(self, plot_train_per_epoch: float = 2, plot_valid_per_epoch: float = 1) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.board = ProgressBoard()

    def loss(self, y_hat: Any, y: Any) -> Tensor:
        """The loss of a minibatch, a scalar. To be overridden."""
        raise NotDefinedError(f"{type(self).__name__} must define loss(self, y_hat, y)")

    def forward(self, X: Tensor) -> Tensor:
        """`self.net(X)`, unless overridden."""
        if not hasattr(self, "net"):
            raise NotDefinedError("the model must define forward(self, X), or set self.net")
        return self.net(X)

    @property
    def trainer(self) -> Any:
        """The trainer whose run the model is in, or was in last."""
        held = vars(self).get("trainer")
        if held is None:
            raise AttributeError(f"{type(self).__name__} was not in a run yet: no trainer")
        return held.trainer if type(held) is _Released else held

    @trainer.setter
    def trainer(self, trainer: Any) -> None:
        vars(self)["trainer"] = trainer

    def plot(self, key: str, value: Any, train: bool) -> None:
        """Put a value of this batch on the board, as `train_key` or `val_key`.

        Training values are averaged down to `plot_train_per_epoch` points an epoch. Validation
        values become one point an epoch in which every example counts equally.

        Book: 3.2 Object-oriented design for implementation
        """
        if "trainer" not in vars(self):
            raise OutsideRunError(_OUTSIDE_A_RUN.format(type(self).__name__))
        trainer = self.trainer
        state = getattr(trainer, "_d2l", None)
        if state is not None and state.recorder is not None:
            state.recorder.record(key, value, train)
            return
        # a fit of the reader's own
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
        parameters = list(self.parameters())
        if not parameters:
            raise _nothing_to_learn(self)
        if not hasattr(self, "lr"):
            is_argument = "lr" in inspect.signature(type(self).__init__).parameters
            raise ModelError(
                f"{type(self).__name__} has no lr: save it with self.save_hyperparameters() in "
                "__init__(self, ..., lr), or override configure_optimizers(self)",
                kind="save-hyperparameters-forgotten" if is_argument else "",
            )
        return torch.optim.SGD(parameters, lr=self.lr)

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
        if (
            self._d2l_home is None
            or not args
            or getattr(args[0], "device", self._d2l_home) == self._d2l_home
        ):
            return super().__call__(*args, **kwargs)
        answer = super().__call__(*move(args, self._d2l_home), **move(kwargs, self._d2l_home))
        return move(answer, args[0].device)

    def __setattr__(self, name: str, value: Any) -> None:
        """As `nn.Module`; where `super().__init__()` was not called yet, the error says so."""
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
        """Have `to`, `cuda`, `cpu`, `double`, … reach unregistered tensors as well."""
        super()._apply(fn, recurse)
        apply_to_unregistered_tensors(self, fn)
        self._d2l_home = fn(torch.empty(0)).device
        return self

    def state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """As `nn.Module`; warns once if what the model learns is not in it."""
        state = super().state_dict(*args, **kwargs)
        if not state and not args and kwargs.get("destination") is None:  # not a part of a model
            _warn_about_unsaved(self, "state_dict() is empty")
        return state

    def load_state_dict(self, state_dict: Any, *args: Any, **kwargs: Any) -> Any:
        """As `nn.Module`; warns once if what the model learns is not in it."""
        result = super().load_state_dict(state_dict, *args, **kwargs)
        if not state_dict:
            _warn_about_unsaved(self, "load_state_dict() changed nothing")
        return result

    def __getstate__(self) -> dict[str, Any]:
        """A copy or a pickle is of the model; the trainer and its data stay behind."""
        left = ("trainer", "_compiled_call_impl")
        return {
            name: value
            for name, value in self.__dict__.items()
            if name not in left and not isinstance(value, ParallelStep)
        }


def _nothing_to_learn(model: nn.Module) -> ModelError:
    found = next(named_unregistered_layers(model), None)
    if found is None:
        return ModelError(
            f"{type(model).__name__} has nothing to learn: no nn.Parameter and no layer. Make "
            "them in __init__, e.g. self.net = nn.LazyLinear(10), or override "
            "configure_optimizers(self)"
        )
    attribute, kind = found[0].partition("[")[0], "dict" if "['" in found[0] else "list"
    container = "ModuleDict" if kind == "dict" else "ModuleList"
    return ModelError(
        f"{type(model).__name__} has nothing to learn: its layers are in the {kind} "
        f"self.{attribute}, where PyTorch does not look for them. Write "
        f"self.{attribute} = nn.{container}(…)",
        kind="layers-in-a-list",
    )


_warned: weakref.WeakSet[type] = weakref.WeakSet()


def _warn_about_unsaved(model: nn.Module, what: str) -> None:
    num = len(trainable_unregistered_tensors(model))
    if num and type(model) not in _warned:
        _warned.add(type(model))
        warnings.warn(
            f"{type(model).__name__}.{what}: the {num} tensors that it learns are not registered "
            "as nn.Parameter. Save them with trainer.save(path) and load them with "
            "trainer.fit(model, data, resume=path), or make them nn.Parameter",
            stacklevel=3,
        )


class _Released:
    """The trainer of a run that is over, held so that neither keeps the other alive.

    While the trainer lives, it is that one; afterwards a copy without model, loaders and data.
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
        """The trainer, or what is left of it."""
        live = self._live()
        return self._copy if live is None else live


def release_trainer(model: nn.Module, trainer: Any, state: Any) -> None:
    """After a run: have `del` free model and trainer, of which no cycle is left.

    `state` is what the library keeps of the trainer once it is gone.
    """
    if isinstance(model, Module) and vars(model).get("trainer") is trainer:
        vars(model)["trainer"] = _Released(trainer, state)


def batch_parts(model: nn.Module, batch: Any) -> Sequence[Any]:
    """`batch` if it is one of the form `(*inputs, targets)`; else an error that says what it is."""
    if isinstance(batch, (tuple, list, np.ndarray)) and len(batch) >= 2:
        return batch  # type: ignore[return-value]
    shape = f" of shape {tuple(batch.shape)}" if isinstance(batch, Tensor) else ""
    raise BatchError(
        f"{type(model).__name__} reads batches (X, y); the loader gave a {type(batch).__name__}"
        f"{shape}. Let the loader yield tuples, e.g. self.get_tensorloader((X, y), train), or "
        "override training_step(self, batch) and validation_step(self, batch)"
    )


_OUTSIDE_A_RUN = (
    "{}.plot was called outside a run, where x has no meaning: "
    "train it with trainer.fit(model, data), or measure it with trainer.validate(model, data)"
)
