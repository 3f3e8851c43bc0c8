"""The whole state of a run, in plain types: what a checkpoint holds, taken out and put back.

Putting back is all or nothing: everything is compared with this run before anything changes.
"""

import copy
import platform
from typing import Any

import torch

from d2l.base.seed import generator_states, set_generator_states
from d2l.core.optimizers import check_state, put_state, state_of
from d2l.core.progress import Resumed
from d2l.core.tensors import trainable_tensors
from d2l.core.weights import check_weights, notes_of, put_notes, put_weights, weights_of
from d2l.errors import CheckpointError
from d2l.runs.plain import described


def capture(run: Any) -> dict[str, Any]:
    """The state of a run between two steps; in a run of many processes, all must call this."""
    model = run.model
    return {
        "python": platform.python_version(),
        "model": {
            "class": type(model).__name__,
            "hparams": described(getattr(model, "hparams", {})),
            "weights": weights_of(model),
            "notes": notes_of(model),
        },
        "optimizer": state_of(run.optim, trainable_tensors(model)),
        "scheduler": None if run.schedule is None else state_of(run.schedule.scheduler, []),
        "trainer": described(run.hparams),
        **capture_place(run),
    }


def capture_place(run: Any) -> dict[str, Any]:
    """Where a run is: epoch and batch, random generators, points."""
    progress = run.progress
    return {
        "place": {
            "epoch": run.keeper.num_epochs_done,
            "num_batches_in_pass": progress.num_batches_in_pass,
            "num_train_batches": run.num_train_batches,
            "num_steps": run.keeper.num_steps,
            "train_batch_idx": run.train_batch_idx,
            "val_batch_idx": run.keeper.val_batch_idx,
            "patience": run.keeper.patience.state_dict(),
        },
        "random": {
            "at_pass_begin": progress.pass_states,
            "shared": run.keeper.shared_states,
            "own": progress.world.gather(generator_states()),
        },
        "board": _points(run),
    }


def apply(run: Any, state: dict[str, Any], source: str) -> None:
    """Bring a run that is about to begin to this state, or raise `CheckpointError`."""
    try:
        _check(run, state, source)
    except (KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(
            f"{source} does not hold a whole run ({error!r}); the model is as it was"
        ) from error
    before = copy.deepcopy(capture(run))
    try:
        _put(run, state)
    except (RuntimeError, ValueError, KeyError, TypeError) as error:
        _put(run, before)
        raise CheckpointError(
            f"{source} does not fit this run ({error}); the model is as it was"
        ) from error


def _check(run: Any, state: dict[str, Any], source: str) -> None:
    check_place(run, state, source)
    check_weights(run.model, state["model"]["weights"], source)
    check_state(run.optim, state["optimizer"], source)
    if run.schedule is not None or state["scheduler"] is not None:
        check_state(getattr(run.schedule, "scheduler", None), state["scheduler"], source)


def check_place(run: Any, state: dict[str, Any], source: str) -> None:
    """Raise if the run cannot go on in the middle of the epoch where the other one was."""
    place = state["place"]
    if place["num_batches_in_pass"] and place["num_train_batches"] != run.num_train_batches:
        raise CheckpointError(
            f"{source} was written in the middle of an epoch of {place['num_train_batches']} "
            f"batches; here an epoch has {run.num_train_batches}. The model is as it was. Give the "
            "same data and batch size, or a checkpoint of an epoch's end"
        )


def apply_place(run: Any, state: dict[str, Any]) -> None:
    """Put back where the run was."""
    place, random = state["place"], state["random"]
    run.epoch = run.keeper.num_epochs_done = place["epoch"]
    num_steps_here = place["epoch"] * run.num_train_batches + place["num_batches_in_pass"]
    run.keeper.num_steps_apart = place["num_steps"] - num_steps_here
    run.train_batch_idx, run.val_batch_idx = place["train_batch_idx"], place["val_batch_idx"]
    run.keeper.patience.load_state_dict(place["patience"])
    _put_points(run, state["board"])
    _put_generators(run, random)
    if place["num_batches_in_pass"]:
        done = place["num_batches_in_pass"]
        run.progress.resumed = Resumed(done, random["at_pass_begin"], random["shared"])


def _put(run: Any, state: dict[str, Any]) -> None:
    put_weights(run.model, state["model"]["weights"])
    put_notes(run.model, state["model"]["notes"])
    put_state(run.optim, state["optimizer"], run.device)
    if run.schedule is not None:
        put_state(run.schedule.scheduler, state["scheduler"], torch.device("cpu"))
    apply_place(run, state)


def _put_generators(run: Any, random: dict[str, Any]) -> None:
    """Each process draws on as it did; where their number changed, from a new seed of its own."""
    world, own = run.progress.world, random["own"]
    run.progress.generators.states = random["shared"]
    if world.size == len(own) and world.size > 1:
        set_generator_states(own[world.rank])
    elif world.size > 1:
        run.progress.generators.seed_own()


def _points(run: Any) -> dict[str, Any]:
    board = run.model.board.state_dict()
    if run.pool is None:
        return board
    empty: dict[str, Any] = {"xs": [], "ys": []}
    for label, sums in run.pool.unfinished().items():
        finished = board.get(label, empty)
        board[label] = {**sums, "xs": finished["xs"], "ys": finished["ys"]}
    return board


def _put_points(run: Any, state: dict[str, Any]) -> None:
    if run.pool is None:
        run.model.board.load_state_dict(state)
        return
    done = {"sum_x": 0.0, "sum_y": 0.0, "count": 0}
    finished = {label: {**series, **done} for label, series in state.items() if series["xs"]}
    run.model.board.load_state_dict(finished)
    sums = {k: {**s, "xs": [], "ys": []} for k, s in state.items() if k.startswith("train_")}
    run.pool.go_on_with(sums)
