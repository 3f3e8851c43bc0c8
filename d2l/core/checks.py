"""What is checked before and during a run, and the messages about it."""

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
    """`max_epochs` as an int: whole numbers of any type, NumPy's and tensors too."""
    try:
        is_whole_float = isinstance(max_epochs, float) and max_epochs.is_integer()
        return int(max_epochs) if is_whole_float else operator.index(max_epochs)
    except TypeError as error:
        raise ValueError(
            f"max_epochs must be a whole number of at least 1; found {max_epochs!r}. "
            "E.g. d2l.Trainer(max_epochs=10)"
        ) from error


def warn_about_no_epochs(max_epochs: int) -> None:
    """Warn where there is nothing to train; 1.0.3 takes such a trainer too."""
    if max_epochs < 1:
        warnings.warn(
            f"max_epochs should be a whole number of at least 1; found {max_epochs}, so fit will "
            "not train. E.g. d2l.Trainer(max_epochs=10)",
            stacklevel=4,
        )


def warn_about_gpus(requested: int, found: int, num_processes: int) -> None:
    """Say what one process does where it cannot use all the GPUs requested."""
    if num_processes > 1 or requested <= min(found, 1):
        return
    if found == 0:
        message = f"`num_gpus={requested}` requested, but 0 found: training on the CPU"
    else:
        which = "the first one" if found > 1 else "the one there is"
        message = f"`num_gpus={requested}` requested, {found} found: training on {which}"
    if requested > 1:
        message += f". One process trains on one device; for {requested}: {_launch(requested)}"
    warnings.warn(message, stacklevel=3)


def warn_about_accumulating(trainer: Any, accumulate: int) -> None:
    """Say that a loop that is not ours updated at each batch, though several were requested."""
    warnings.warn(
        f"accumulate={accumulate} had no effect: {type(trainer).__name__}.fit_epoch is your own. "
        "Have it call self.train_batch(batch) of d2l.Trainer, or leave accumulate out",
        stacklevel=3,
    )


def _launch(num_processes: int) -> str:
    """The command that starts this program in several processes."""
    if notebook_shell() is not None:
        return f"save the notebook, then d2l launch NOTEBOOK.ipynb --devices {num_processes}"
    program = sys.argv if sys.argv[0] not in ("", "-c") else ["train.py"]
    return f"torchrun --nproc-per-node {num_processes} {shlex.join(program)}"


def check_parts(model: Any, data: Any) -> None:
    """Raise unless a model and a data module were given, in this order."""
    _check_objects(model, data)
    is_model = isinstance(model, nn.Module) and hasattr(model, "training_step")
    if not is_model and hasattr(model, "train_dataloader") and isinstance(data, nn.Module):
        raise ModelError(
            "fit(data, model): the two are swapped. A trainer needs a d2l.Module to train; found "
            f"{_name(model)}. Write the model first: trainer.fit(model, data)",
            kind="fit-arguments-swapped",
        )
    if not is_model:
        raise ModelError(
            f"a trainer needs a d2l.Module to train; found {_name(model)}. Write "
            "`class Net(d2l.Classifier)` with self.net = … in __init__, "
            "then trainer.fit(Net(), data)"
        )
    if not hasattr(data, "train_dataloader"):
        raise DataError(
            f"a trainer needs a d2l.DataModule as its data; found {_name(data)}. Write "
            "`class Data(d2l.DataModule)` with get_dataloader(self, train), then "
            "trainer.fit(model, Data())"
        )


def _check_objects(model: Any, data: Any) -> None:
    """Raise where a class was given, or a model whose base was not initialised."""
    if isinstance(model, type):
        raise ModelError(
            f"fit got the class {model.__name__} where it needs a model, an object of the class. "
            f"Write trainer.fit({model.__name__}(…), data)",
            kind="class-instead-of-instance",
        )
    method = inspect.getattr_static(data, "train_dataloader", None)
    if isinstance(data, type) and inspect.isfunction(method):  # a class method would do
        raise DataError(
            f"fit got the class {data.__name__} where it needs data, an object of the class. "
            f"Write trainer.fit(model, {data.__name__}(…))",
            kind="class-instead-of-instance",
        )
    if isinstance(model, nn.Module) and "_modules" not in vars(model):
        raise ModelError(
            f"`{_name(model)}.__init__` does not call `super().__init__()`, so PyTorch knows "
            "nothing of the model. Make it the first line of __init__",
            kind="super-init-forgotten",
        )


def require_training(data: Any, train_dataloader: Any) -> Any:
    """The loader of the training examples, or an error if there is none."""
    if train_dataloader is None:
        raise DataError(
            f"{_name(data)} gave no training loader, but None. Return a loader from "
            "get_dataloader(self, train), e.g. self.get_tensorloader((X, y), train)"
        )
    return train_dataloader


def check_has_batches(num_batches: int | None) -> None:
    """Raise if there is nothing to train on."""
    if num_batches == 0:
        raise DataError("the training loader has no batch: give it at least one example")


def require_validation(data: Any) -> Any:
    """The loader of the validation examples, or an error if there is none."""
    val_dataloader = data.val_dataloader()
    if val_dataloader is None:
        raise DataError(
            f"{_name(data)} has no validation examples: val_dataloader() gave None. "
            "Return a loader from get_dataloader(train=False)"
        )
    return val_dataloader


def check_was_fitted(is_fitted: bool) -> None:
    """Raise unless there is a run to save."""
    if not is_fitted:
        raise CheckpointError(
            "there is no run to save yet: call trainer.fit(model, data) first. For the weights "
            "of a model alone: torch.save(model.state_dict(), PATH)"
        )


def has_lazy_layers(model: nn.Module) -> bool:
    """Whether some parameter has no shape yet."""
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
            f"the loss must be a scalar; that of {_name(model)} has shape {tuple(loss.shape)}. "
            "Average over the batch: return l.mean()",
            kind="loss-not-reduced",
        )


def _advice_on_no_tensor(loss: Any) -> str:
    if loss is not None and _kind_of_number(loss):
        return "A number has no gradient: leave out .item() or float() and `return l`"
    return "End it with `return l`"


def _kind_of_number(loss: Any) -> str:
    return "loss-is-a-float" if isinstance(loss, numbers.Number) else ""


def describe_batch(batch: Any) -> str:
    """The shapes and types of a batch, in a few words."""
    parts = batch if isinstance(batch, (list, tuple)) else [batch]
    return ", ".join(
        f"{tuple(part.shape)} {str(part.dtype).removeprefix('torch.')}"
        if isinstance(part, Tensor)
        else _name(part)
        for part in parts
    )


def advice_on_divergence(model: nn.Module, optimizer: Any, gradient_clip_val: float) -> str:
    """What to try when a loss is not finite, with the learning rate that was used."""
    groups = getattr(optimizer, "param_groups", None)
    lr = groups[0].get("lr") if groups else getattr(model, "lr", None)
    smaller = "a smaller lr" + (f" than {lr}" if isinstance(lr, (int, float)) else "")
    clip = "" if gradient_clip_val > 0 else ", or Trainer(…, gradient_clip_val=1)"
    return f"Look first whether inputs and labels are finite and scaled; then try {smaller}{clip}."


def _name(thing: Any) -> str:
    return "None" if thing is None else type(thing).__name__
