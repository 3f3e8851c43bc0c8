"""Checks before and during a run, with their error and warning messages."""

import inspect
import numbers
import operator
import shlex
import sys
import warnings
from typing import Any

from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from d2l.errors import CheckpointError, DataError, ModelError
from d2l.plot.frontend import notebook_shell


def whole_number(max_epochs: Any) -> int:
    """Convert `max_epochs` to an int; accepts whole numbers of any type, also tensors."""
    try:
        is_whole_float = isinstance(max_epochs, float) and max_epochs.is_integer()
        return int(max_epochs) if is_whole_float else operator.index(max_epochs)
    except TypeError as error:
        raise ValueError(
            f"max_epochs must be a whole number of at least 1; found {max_epochs!r}. "
            "E.g. d2l.Trainer(max_epochs=10)"
        ) from error


def warn_about_no_epochs(max_epochs: int) -> None:
    """Warn if `max_epochs` is below 1; not an error, because 1.0.3 accepts it."""
    if max_epochs < 1:
        warnings.warn(
            f"max_epochs should be a whole number of at least 1; found {max_epochs}, so fit does "
            "not train. E.g. d2l.Trainer(max_epochs=10)",
            stacklevel=4,
        )


def warn_about_gpus(requested: int, found: int, num_processes: int) -> None:
    """Warn if one process cannot use all requested GPUs, and report the device it uses."""
    if num_processes > 1 or requested <= min(found, 1):
        return
    if found == 0:
        message = f"`num_gpus={requested}` requested, but no GPU was found; training on the CPU."
    else:
        which = "the first GPU" if found > 1 else "the only GPU"
        message = f"`num_gpus={requested}` requested, {found} found; training on {which}."
    if requested > 1:
        message += f" One process trains on one device; for {requested}: {_launch(requested)}"
    warnings.warn(message, stacklevel=3)


def warn_about_accumulating(trainer: Any, accumulate: int) -> None:
    """Warn that a user-defined loop updated at every batch although `accumulate` was set."""
    warnings.warn(
        f"`accumulate={accumulate}` had no effect, because {type(trainer).__name__} overrides "
        "fit_epoch. Call self.train_batch(batch) in fit_epoch, or leave out accumulate",
        stacklevel=3,
    )


def _launch(num_processes: int) -> str:
    """Return the command that starts this program in several processes."""
    if notebook_shell() is not None:
        return f"save the notebook, then d2l launch NOTEBOOK.ipynb --devices {num_processes}"
    program = sys.argv if sys.argv[0] not in ("", "-c") else ["train.py"]
    return f"torchrun --nproc-per-node {num_processes} {shlex.join(program)}"


def check_parts(model: Any, data: Any) -> None:
    """Raise unless a model and a data module were passed, in this order."""
    _check_objects(model, data)
    is_model = isinstance(model, nn.Module) and hasattr(model, "training_step")
    if not is_model and hasattr(model, "train_dataloader") and isinstance(data, nn.Module):
        raise ModelError(
            "fit(data, model): the arguments are swapped; expected a d2l.Module first, found "
            f"{_name(model)}. Pass the model first: trainer.fit(model, data)",
            kind="fit-arguments-swapped",
        )
    if not is_model:
        raise ModelError(
            f"a trainer needs a d2l.Module to train; found {_name(model)}. Define "
            "`class Net(d2l.Classifier)` with self.net = … in __init__, "
            "then call trainer.fit(Net(), data)"
        )
    if not hasattr(data, "train_dataloader"):
        raise DataError(
            f"a trainer needs a d2l.DataModule as its data; found {_name(data)}. Define "
            "`class Data(d2l.DataModule)` with get_dataloader(self, train), then call "
            "trainer.fit(model, Data())"
        )


def _check_objects(model: Any, data: Any) -> None:
    """Raise if a class was passed, or a model that did not call `super().__init__()`."""
    if isinstance(model, type):
        raise ModelError(
            f"fit needs a model, an instance of {model.__name__}; found the class itself. "
            f"Write trainer.fit({model.__name__}(…), data)",
            kind="class-instead-of-instance",
        )
    method = inspect.getattr_static(data, "train_dataloader", None)
    if isinstance(data, type) and inspect.isfunction(method):  # a class method would work
        raise DataError(
            f"fit needs a data module, an instance of {data.__name__}; found the class itself. "
            f"Write trainer.fit(model, {data.__name__}(…))",
            kind="class-instead-of-instance",
        )
    if isinstance(model, nn.Module) and "_modules" not in vars(model):
        raise ModelError(
            f"`{_name(model)}.__init__` does not call `super().__init__()`, so PyTorch cannot "
            "register parameters or layers. Make it the first line of __init__",
            kind="super-init-forgotten",
        )


def require_training(data: Any, train_dataloader: Any) -> Any:
    """Return the training loader; raise `DataError` if it is None."""
    if train_dataloader is None:
        raise DataError(
            f"{_name(data)}.train_dataloader() must return a loader; found None. Return one from "
            "get_dataloader(self, train), e.g. self.get_tensorloader((X, y), train)"
        )
    return train_dataloader


def check_has_batches(num_batches: int | None) -> None:
    """Raise if there is nothing to train on."""
    if num_batches == 0:
        raise DataError("the training loader has no batches; it needs at least one example")


def require_validation(data: Any) -> Any:
    """Return the validation loader; raise `DataError` if it is None."""
    val_dataloader = data.val_dataloader()
    if val_dataloader is None:
        raise DataError(
            f"{_name(data)} has no validation examples: val_dataloader() returned None. "
            "Return a loader from get_dataloader(train=False)"
        )
    return val_dataloader


def check_was_fitted(is_fitted: bool) -> None:
    """Raise `CheckpointError` unless there is a run to save."""
    if not is_fitted:
        raise CheckpointError(
            "there is no run to save yet; call trainer.fit(model, data) first. To save only the "
            "weights of a model: torch.save(model.state_dict(), PATH)"
        )


def has_lazy_layers(model: nn.Module) -> bool:
    """Whether any parameter has no shape yet."""
    return any(is_lazy(parameter) for parameter in model.parameters())


def check_scalar(model: nn.Module, loss: Any) -> None:
    """Raise unless the loss is a tensor of one element."""
    if not isinstance(loss, Tensor):
        raise ModelError(
            f"training_step of {_name(model)} must return the loss, a scalar tensor; "
            f"found {_name(loss)}. {_advice_on_no_tensor(loss)}",
            kind="loss-not-returned" if loss is None else _kind_of_number(loss),
        )
    if loss.numel() != 1:
        raise ModelError(
            f"the loss of {_name(model)} must be a scalar; found shape {tuple(loss.shape)}. "
            "Average over the batch: return l.mean()",
            kind="loss-not-reduced",
        )


def _advice_on_no_tensor(loss: Any) -> str:
    if loss is not None and _kind_of_number(loss):
        return "A number has no gradient: remove .item() or float() and `return l`"
    return "Add `return l` at its end"


def _kind_of_number(loss: Any) -> str:
    return "loss-is-a-float" if isinstance(loss, numbers.Number) else ""


def describe_batch(batch: Any) -> str:
    """Return a short text with the shapes and types of a batch."""
    parts = batch if isinstance(batch, (list, tuple)) else [batch]
    return ", ".join(
        f"{tuple(part.shape)} {str(part.dtype).removeprefix('torch.')}"
        if isinstance(part, Tensor)
        else _name(part)
        for part in parts
    )


def advice_on_divergence(model: nn.Module, optimizer: Any, gradient_clip_val: float) -> str:
    """Return what to try when a loss is not finite, with the current learning rate."""
    groups = getattr(optimizer, "param_groups", None)
    lr = groups[0].get("lr") if groups else getattr(model, "lr", None)
    smaller = "a smaller lr" + (f" than {lr}" if isinstance(lr, (int, float)) else "")
    clip = "" if gradient_clip_val > 0 else ", or Trainer(…, gradient_clip_val=1)"
    return f"Check that inputs and labels are finite and scaled; then try {smaller}{clip}."


def _name(thing: Any) -> str:
    return "None" if thing is None else type(thing).__name__


def length(loader: Any) -> int | None:
    """The number of batches of a loader; None if it is unknown."""
    try:
        return len(loader)
    except TypeError:
        return None
