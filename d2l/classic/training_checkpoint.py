"""The state of a training loop written by hand, saved whole and resumed."""

import copy
from pathlib import Path
from typing import Any

from torch import nn

from d2l.base.seed import generator_states, set_generator_states
from d2l.core.model_state import check_weights, load_weights, weights_of
from d2l.core.optimizer_state import check_states, collect_states, load_states
from d2l.core.unregistered import trainable_tensors
from d2l.errors import CheckpointError
from d2l.models.inference import device_of
from d2l.runs.checkpoint_file import read_checkpoint, write_checkpoint


def save_checkpoint(
    path: str | Path, model: nn.Module, optimizer: Any, step: int, cfg: Any = None
) -> None:
    """Write weights, optimizer, random generators and `step` to one file, or leave it as it was.

    `optimizer` may be a list of several. `cfg` is kept with them: plain values, such as the
    arguments that the model was made with; `torch.load(path, weights_only=True)["cfg"]` has them.

    >>> model = nn.Linear(2, 1)
    >>> optimizer = torch.optim.Adam(model.parameters())
    >>> d2l.save_checkpoint("run.pt", model, optimizer, step=100, cfg={"num_inputs": 2})
    >>> torch.load("run.pt", weights_only=True)["cfg"]
    {'num_inputs': 2}

    Book: 6.6 File I/O (2026)
    """
    state = {
        "step": step,
        "cfg": cfg,
        "model": weights_of(model),
        "optimizers": collect_states(optimizer, trainable_tensors(model)),
        "random": generator_states(),
    }
    write_checkpoint(Path(path), state)


def load_checkpoint(path: str | Path, model: nn.Module, optimizer: Any = None) -> int:
    """Give a model what `save_checkpoint` wrote, and return its step.

    With the optimizer, the loop goes on as if it had not been interrupted: its state and that of
    the random generators are restored too. Raises `CheckpointError` if the file is damaged, or is
    that of another model or optimizer; then nothing has changed. No code in the file is executed.

    >>> model = nn.Linear(2, 1)
    >>> d2l.save_checkpoint("run.pt", model, torch.optim.Adam(model.parameters()), step=100)
    >>> other = nn.Linear(2, 1)
    >>> d2l.load_checkpoint("run.pt", other), bool((other.weight == model.weight).all())
    (100, True)

    Book: 6.6 File I/O (2026)
    """
    source = str(path)
    state = read_checkpoint(Path(path))
    if not {"step", "model", "optimizers", "random"} <= state.keys():
        raise CheckpointError(
            f"{source} was written by a Trainer, not by save_checkpoint: resume it with "
            f"trainer.fit(model, data, resume={source!r})"
        )
    check_weights(model, state["model"], source)
    if optimizer is not None:
        check_states(optimizer, state["optimizers"], source)
    before = copy.deepcopy(weights_of(model))
    try:
        load_weights(model, state["model"])
        if optimizer is not None:
            load_states(optimizer, state["optimizers"], device_of(model))
            set_generator_states(state["random"])
    except (RuntimeError, ValueError, KeyError, TypeError) as error:
        load_weights(model, before)
        raise CheckpointError(f"{source} does not fit this model ({error})") from error
    return state["step"]
