"""What is checked before a run takes off, and the words for what is wrong."""

import math
import shlex
import sys
import warnings
from typing import Any

from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from d2l.core.tensors import trainable_tensors
from d2l.errors import CheckpointError, DataError, ModelError
from d2l.plot.surface import notebook_shell


def check_max_epochs(max_epochs: Any) -> None:
    """Raise unless there is at least one whole epoch to do."""
    is_whole = isinstance(max_epochs, (int, float)) and max_epochs == int(max_epochs)
    if not is_whole or max_epochs < 1:
        raise ValueError(
            f"max_epochs must be a whole number of at least 1; found {max_epochs!r}. "
            "E.g. d2l.Trainer(max_epochs=10)"
        )


def check_keeping(accumulate: Any, every: Any, keep: Any) -> None:
    """Raise unless these are numbers that a run can be kept by."""
    if not (isinstance(accumulate, int) and accumulate >= 1):
        raise ValueError(f"accumulate must be at least 1 batch; found {accumulate!r}")
    if not (isinstance(every, (int, float)) and 0 < every < math.inf):
        raise ValueError(
            f"every must be a number of epochs above 0; found {every!r}. E.g. every=0.5"
        )
    if not (isinstance(keep, int) and keep >= 1):
        raise ValueError(f"keep must be at least 1 checkpoint; found {keep!r}")


def check_was_fitted(trainer: Any) -> None:
    """Raise unless there is a run to save."""
    if not hasattr(trainer, "optim"):
        raise CheckpointError(
            "there is no run to save yet: call trainer.fit(model, data) first. For the weights "
            "of a model alone: torch.save(model.state_dict(), PATH)"
        )


def advise_on_gpus(asked: int, found: int, num_processes: int) -> None:
    """Say what comes of a wish for GPUs that one process cannot fulfil; the run goes on."""
    if num_processes > 1 or asked <= min(found, 1):
        return
    instead = "the CPU" if found == 0 else "the first one" if found > 1 else "the one there is"
    here = f"num_gpus={asked} was asked for, {found} found: going on with {instead}"
    more = (
        "" if asked == 1 else f". One process trains on one device; for {asked}: {_launch(asked)}"
    )
    warnings.warn(f"{here}{more}", stacklevel=3)


def advise_on_accumulating(trainer: Any) -> None:
    """Say that a reader's own loop took a step for each batch, though more were to make one."""
    if trainer.accumulate > 1 and trainer.progress.num_gathered == 0:
        warnings.warn(
            f"accumulate={trainer.accumulate} had no effect: {_name(trainer)}.fit_epoch or "
            "train_batch is your own. Have fit_epoch call self.train_batch(batch) of d2l.Trainer, "
            "or leave accumulate out",
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
    if not isinstance(model, nn.Module) or not hasattr(model, "training_step"):
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


def require_training(data: Any, train_dataloader: Any) -> Any:
    """The loader of the training examples, or an error if there is none."""
    if train_dataloader is None:
        raise DataError(
            f"{_name(data)} gave no training loader, but None. Return a loader from "
            "get_dataloader(self, train), e.g. self.get_tensorloader((X, y), train)"
        )
    return train_dataloader


def check_loader(num_batches: int) -> None:
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


def has_lazy_layers(model: nn.Module) -> bool:
    """Whether some parameter waits for its shape."""
    return any(is_lazy(parameter) for parameter in model.parameters())


def check_model(model: nn.Module) -> None:
    """Raise unless the model has something to learn, and a positive learning rate if any."""
    if not trainable_tensors(model):
        raise ModelError(
            f"{_name(model)} has nothing to learn: no nn.Parameter, no layer, no tensor with "
            "requires_grad=True. Make them in __init__, e.g. self.net = nn.LazyLinear(10)"
        )
    lr = getattr(model, "lr", None)
    if isinstance(lr, (int, float)) and not (lr > 0 and math.isfinite(lr)):
        raise ModelError(
            f"the learning rate must be a positive number; {_name(model)} has lr={lr}. "
            f"E.g. {_name(model)}(…, lr=0.1)"
        )


def check_scalar(model: nn.Module, loss: Any) -> None:
    """Raise unless the loss is a tensor of one element."""
    if not isinstance(loss, Tensor):
        raise ModelError(
            f"training_step of {_name(model)} must return the loss, a scalar tensor; "
            f"found {_name(loss)}. End it with `return l`"
        )
    if loss.numel() != 1:
        raise ModelError(
            f"the loss must be a scalar; that of {_name(model)} has shape {tuple(loss.shape)}. "
            "Average over the batch: return l.mean()"
        )


def describe_batch(batch: Any) -> str:
    """The shapes and types of a batch, in a few words."""
    parts = batch if isinstance(batch, (list, tuple)) else [batch]
    return ", ".join(
        f"{tuple(part.shape)} {str(part.dtype).removeprefix('torch.')}"
        if isinstance(part, Tensor)
        else _name(part)
        for part in parts
    )


def advice_on_divergence(model: nn.Module, gradient_clip_val: float) -> str:
    """What to try when a loss has left the numbers."""
    lr = getattr(model, "lr", None)
    advice = "Try a smaller lr" + (f" than {lr}" if isinstance(lr, (int, float)) else "")
    return advice + ("" if gradient_clip_val > 0 else ", or Trainer(…, gradient_clip_val=1)")


def _name(thing: Any) -> str:
    return "None" if thing is None else type(thing).__name__
