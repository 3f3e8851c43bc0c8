"""Checkpoints of a run: save on schedule and on signals, find, load and resume."""

import math
import signal
import sys
import threading
import warnings
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

from torch import Tensor

from d2l.core.training import run_state
from d2l.core.training.run_state import RunParts
from d2l.core.training.state_dicts import optimizers_in, weights_of
from d2l.errors import CheckpointError, CheckpointUnavailableError
from d2l.files.atomic_write import atomic_write
from d2l.runs.checkpoint_dir import (
    CheckpointDir,
    missing_checkpoint,
    newest_in,
    read_checkpoint,
    write_checkpoint,
)
from d2l.scale import sharded_checkpoint
from d2l.scale.process_group import StopConsensus

if TYPE_CHECKING:
    from d2l.core.training.run import Run

DEFERRED = (signal.SIGINT, signal.SIGTERM)


class SignalHandler:
    """Inside `with`, notes signals that ask the program to stop; `received` is the first, or 0.

    A second Ctrl-C interrupts at once. Signals that the program was told to ignore, as shells tell
    those in the background, stay ignored. Outside the main thread, where Python does not allow
    handlers, nothing changes. Only the `verbose` one of several processes prints.
    """

    def __init__(self, *, verbose: bool = True) -> None:
        self.received = 0
        self._verbose = verbose
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "SignalHandler":
        if threading.current_thread() is threading.main_thread():
            before = {number: signal.getsignal(number) for number in DEFERRED}
            self._before = {n: h for n, h in before.items() if h not in (signal.SIG_IGN, None)}
            for number in self._before:
                signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _note(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT == self.received:
            raise KeyboardInterrupt
        if not self.received and self._verbose:
            again = "; Ctrl-C again stops at once" if number == signal.SIGINT else ""
            print(f"\nfinishing this step, then stopping{again}", file=sys.stderr, flush=True)
        self.received = self.received or number


def exit_for_signal(number: int) -> None:
    """End as a program that received this signal does: with the status 130 or 143."""
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)


WEIGHTS_ALONE = ".safetensors"


def suffix(run: "Run") -> str:
    """What the names of this run's checkpoints end with."""
    return sharded_checkpoint.SUFFIX if sharded_checkpoint.is_sharded(run.model) else ".pt"


def save(parts: RunParts, path: Path) -> None:
    """Write a run's state; in a run of many processes all must call this, the first one writes.

    A name in `.safetensors` gets the weights alone, one in `.dcp` each process's part of them.
    """
    if path.suffix == WEIGHTS_ALONE:
        _save_weights(parts, path)
        return
    content = run_state.collect(parts)
    if path.suffix == sharded_checkpoint.SUFFIX:
        sharded_checkpoint.save(path, content, parts.group)
        return
    if sharded_checkpoint.is_sharded(parts.model):
        content = sharded_checkpoint.full_state(content)
    parts.group.broadcast_result(lambda: write_checkpoint(path, content))


def load(run: "Run", path: Path) -> None:
    """Bring the run to the state in a checkpoint; raises `CheckpointError` with nothing changed."""
    if path.suffix == sharded_checkpoint.SUFFIX:
        found = sharded_checkpoint.load(path, _sharded_tensors(run), run.group)
    else:
        found = run.group.broadcast_result(lambda: read_checkpoint(path))
    run_state.restore(run, found, str(path))


def resolve(path: Path) -> Path:
    """The checkpoint of this name; of a folder of them the newest."""
    if path.is_dir() and path.suffix != sharded_checkpoint.SUFFIX:
        return newest_in(path)
    if not path.exists():
        raise missing_checkpoint(path)
    return path


def _save_weights(parts: RunParts, path: Path) -> None:
    try:
        from safetensors.torch import save as as_bytes
    except ModuleNotFoundError as error:
        raise CheckpointError(
            f"{path} needs the package safetensors: pip install safetensors; or write a "
            'checkpoint of PyTorch: trainer.save("run.pt")'
        ) from error
    weights = sharded_checkpoint.full_state(weights_of(parts.model))
    tensors = {
        name: t.detach().cpu().clone() for name, t in weights.items() if isinstance(t, Tensor)
    }
    parts.group.broadcast_result(
        lambda: atomic_write(path, lambda file: file.write(as_bytes(tensors)))
    )


def _sharded_tensors(run: "Run") -> dict[str, Tensor]:
    """This run's tensors by their place in its state; an optimizer's lie below its parameter's."""
    places = {f"model/weights/{name}": tensor for name, tensor in weights_of(run.model).items()}
    for i, optimizer in enumerate(optimizers_in(run.optimizer)):
        groups = getattr(optimizer, "param_groups", [])
        parameters = [parameter for group in groups for parameter in group["params"]]
        places.update({f"optimizers/{i}/state/state/{j}": p for j, p in enumerate(parameters)})
    return {place: t for place, t in places.items() if hasattr(t, "full_tensor")}


class CheckpointManager:
    """Writes the checkpoints of a run; without a folder, signals still end it between two steps.

    `next_save` is the number of training batches after which the next checkpoint is due.
    """

    def __init__(self, run: "Run") -> None:
        self._run, config = run, run.config
        self._dir = None
        if config.checkpoint is not None:
            self._dir = CheckpointDir(Path(config.checkpoint), config.keep)
        self.is_resumed = False
        self.next_save: float = math.inf
        self._next_epoch: float = math.inf
        self._consensus = StopConsensus(run.group)
        self._stop_signal = 0

    @property
    def has_folder(self) -> bool:
        """Whether checkpoints are written at all."""
        return self._dir is not None

    def begin(self, resume: str | Path | None) -> None:
        """Prepare the folder, and resume from a checkpoint where one was asked for."""
        run, folder = self._run, self._dir
        found = run.group.broadcast_result(lambda: self._find(resume))
        if folder is not None:
            run.group.broadcast_result(folder.prepare)
        if found is not None:
            load(run, found)
            self.is_resumed = True
        self._saved()
        if folder is not None:
            aside = run.group.broadcast_result(lambda: folder.archive_other_run(found))
            if aside and run.group.is_main:
                print(f"moved checkpoints of an earlier run to {folder.folder / aside}")
            self._catch_up_on_best(found)
        if resume is not None and run.group.is_main:
            print(self._describe_begin(found))

    def batch_done(self) -> None:
        """Stop if a signal came, and write a checkpoint if one is due."""
        run = self._run
        self._stop_signal = self._stop_signal or self._consensus.poll(run.signals.received)
        if not run.is_between_updates:
            return
        if self._stop_signal:
            self._stop(self._save())
        is_epoch_trained = run.position.batch == run.num_train_batches
        if run.position.num_steps >= self.next_save and not is_epoch_trained:
            self._save()

    def epoch_done(self, is_best: bool) -> None:
        """Write a checkpoint if one is due, or the epoch was the best or the last."""
        run = self._run
        self._stop_signal = self._stop_signal or self._consensus.poll(run.signals.received)
        is_last = run.position.epoch >= run.max_epochs or run.early_stopping.should_stop
        is_due = run.position.num_steps >= self.next_save or run.position.epoch >= self._next_epoch
        path = self._save() if is_last or is_best or is_due or self._stop_signal else None
        if path is not None and is_best:
            self._record_best(path)
        if self._stop_signal:
            self._stop(path)

    def _save(self) -> Path | None:
        """Write a checkpoint into the folder, if there is one, and remove older ones."""
        run, folder = self._run, self._dir
        if folder is None:
            return None
        run.flush()
        path = folder.path(run.position.num_steps, suffix(run))
        try:
            save(run.state_parts(), path)
        except CheckpointUnavailableError as error:
            self._saved()
            warnings.warn(f"{error}. The run continues; the next checkpoint is tried", stacklevel=2)
            return None
        self._saved()
        if run.group.is_main:
            folder.prune()
        return path

    def _saved(self) -> None:
        """Work out when the next checkpoint is due."""
        run, every = self._run, self._run.config.every
        if self._dir is None:
            return
        if run.num_train_batches is None:
            self._next_epoch = run.position.epoch + every
        else:
            steps_between = max(1, round(every * run.num_train_batches))
            self.next_save = run.position.num_steps + steps_between

    def _stop(self, path: Path | None) -> None:
        """Leave the run as the signal asked; `path` is the checkpoint that holds it, if any."""
        run = self._run
        run.metrics.pop_means()  # what an unfinished validation pass has summed
        run.is_validating = False
        if path is not None:
            run.group.barrier()
            if run.group.is_main:
                print(f'{path} holds the run; trainer.fit(model, data, resume="last") continues it')
        exit_for_signal(self._stop_signal)

    def _find(self, resume: str | Path | None) -> Path | None:
        if resume is None:
            return None
        folder = self._dir
        if resume not in ("last", "best"):
            return resolve(Path(resume))
        if folder is None:
            raise CheckpointError(
                f"resume={str(resume)!r} looks in the checkpoint folder, and the trainer has none: "
                'd2l.Trainer(…, checkpoint="checkpoints"), or resume=PATH'
            )
        newest = folder.newest()
        if newest is None or resume == "last":
            return newest
        best = folder.best()
        if best is None:
            raise CheckpointError(
                f'resume="best": no best checkpoint is recorded in {folder.folder}, because '
                f'{self._run.early_stopping.monitor} was not plotted yet; resume="last" continues '
                f"from {newest}"
            )
        return best

    def _catch_up_on_best(self, found: Path | None) -> None:
        """A run that was killed right after it wrote its best checkpoint could not record it."""
        folder, early_stopping = self._dir, self._run.early_stopping
        if found is None or folder is None or not folder.contains(found):
            return
        is_best = not math.isnan(early_stopping.best) and early_stopping.num_epochs_without == 0
        if is_best and not self._run.position.is_inside_epoch:
            self._record_best(found)

    def _describe_begin(self, found: Path | None) -> str:
        run = self._run
        if found is None:
            assert self._dir is not None
            return f"no checkpoint in {self._dir.folder} yet: starting with epoch 1"
        if run.early_stopping.should_stop:
            return f"the run in {found} is complete; {run.early_stopping.describe()}"
        epoch, batch = run.position.epoch, run.position.batch
        if epoch >= run.max_epochs:
            return f"the run in {found} is already complete ({epoch} of {run.max_epochs} epochs)"
        where = f"epoch {epoch + 1}" + (f", batch {batch + 1}" if batch else "")
        return f"resuming from {found}: {where}"

    def _record_best(self, path: Path) -> None:
        early_stopping = self._run.early_stopping
        if self._run.group.is_main and self._dir is not None:
            self._dir.record_best(path, early_stopping.monitor, early_stopping.best)
