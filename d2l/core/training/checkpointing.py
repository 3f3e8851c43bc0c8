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
    """Context manager that defers SIGINT and SIGTERM; `received` is the first signal, or 0.

    A second Ctrl-C interrupts immediately. Signals that are already ignored, as in background jobs
    of a shell, stay ignored. Outside the main thread, where Python does not allow handlers, this
    has no effect. Only a process with `verbose` prints.
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
                signal.signal(number, self._receive)
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

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT == self.received:
            raise KeyboardInterrupt
        if not self.received and self._verbose:
            again = "; press Ctrl-C again to stop at once" if number == signal.SIGINT else ""
            print(f"\nfinishing this step, then stopping{again}", file=sys.stderr, flush=True)
        self.received = self.received or number


def exit_for_signal(number: int) -> None:
    """Exit with the status of a program ended by this signal: 130 or 143."""
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)


WEIGHTS_ONLY_SUFFIX = ".safetensors"


def suffix(run: "Run") -> str:
    """Return the file suffix of this run's checkpoints."""
    return sharded_checkpoint.SUFFIX if sharded_checkpoint.is_sharded(run.model) else ".pt"


def save(parts: RunParts, path: Path) -> None:
    """Save the state of a run; in a run of several processes all must call this, rank 0 writes.

    With the suffix `.safetensors` only the weights are saved; with `.dcp` each rank saves its
    shard.
    """
    if path.suffix == WEIGHTS_ONLY_SUFFIX:
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
    """Restore the run from a checkpoint; on `CheckpointError` the run is unchanged."""
    if path.suffix == sharded_checkpoint.SUFFIX:
        found = sharded_checkpoint.load(path, _sharded_tensors(run), run.group)
    else:
        found = run.group.broadcast_result(lambda: read_checkpoint(path))
    run_state.restore(run, found, str(path))


def resolve(path: Path) -> Path:
    """Return the checkpoint at this path, or the newest one in a folder of checkpoints."""
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
            f"writing {path} requires the package safetensors: pip install safetensors; or save a "
            'PyTorch checkpoint: trainer.save("run.pt")'
        ) from error
    weights = sharded_checkpoint.full_state(weights_of(parts.model))
    tensors = {
        name: t.detach().cpu().clone() for name, t in weights.items() if isinstance(t, Tensor)
    }
    parts.group.broadcast_result(
        lambda: atomic_write(path, lambda file: file.write(as_bytes(tensors)))
    )


def _sharded_tensors(run: "Run") -> dict[str, Tensor]:
    """Return the sharded tensors of a run by their path in the state of its checkpoint."""
    paths = {f"model/weights/{name}": tensor for name, tensor in weights_of(run.model).items()}
    for i, optimizer in enumerate(optimizers_in(run.optimizer)):
        groups = getattr(optimizer, "param_groups", [])
        parameters = [parameter for group in groups for parameter in group["params"]]
        paths.update({f"optimizers/{i}/state/state/{j}": p for j, p in enumerate(parameters)})
    return {path: t for path, t in paths.items() if hasattr(t, "full_tensor")}


class CheckpointManager:
    """Writes the checkpoints of a run, and ends it between two steps after a signal.

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
        """Whether checkpoints are written."""
        return self._dir is not None

    def begin(self, resume: str | Path | None) -> None:
        """Prepare the folder, and resume from a checkpoint if requested."""
        run, folder = self._run, self._dir
        found = run.group.broadcast_result(lambda: self._find(resume))
        if folder is not None:
            run.group.broadcast_result(folder.prepare)
        if found is not None:
            load(run, found)
            self.is_resumed = True
        self._saved()
        if folder is not None:
            archive = run.group.broadcast_result(lambda: folder.archive_other_run(found))
            if archive and run.group.is_main:
                print(f"moved checkpoints of an earlier run to {folder.folder / archive}")
            self._restore_best_record(found)
        if resume is not None and run.group.is_main:
            print(self._describe_begin(found))

    def batch_done(self) -> None:
        """Stop if a signal was received, and write a checkpoint if one is due."""
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
        """Write a checkpoint if one is due, or if the epoch was the best or the last."""
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
            warnings.warn(
                f"{error}. Training continues without this checkpoint; the next one is written "
                "when it is due",
                stacklevel=2,
            )
            return None
        self._saved()
        if run.group.is_main:
            folder.prune()
        return path

    def _saved(self) -> None:
        """Compute when the next checkpoint is due."""
        run, every = self._run, self._run.config.every
        if self._dir is None:
            return
        if run.num_train_batches is None:
            self._next_epoch = run.position.epoch + every
        else:
            steps_between = max(1, round(every * run.num_train_batches))
            self.next_save = run.position.num_steps + steps_between

    def _stop(self, path: Path | None) -> None:
        """End the run after a signal; `path` is its last checkpoint, if any."""
        run = self._run
        run.metrics.pop_means()  # discard the sums of an unfinished validation pass
        run.is_validating = False
        if path is not None:
            run.group.barrier()
            if run.group.is_main:
                print(f'saved {path}; trainer.fit(model, data, resume="last") continues the run')
        exit_for_signal(self._stop_signal)

    def _find(self, resume: str | Path | None) -> Path | None:
        if resume is None:
            return None
        folder = self._dir
        if resume not in ("last", "best"):
            return resolve(Path(resume))
        if folder is None:
            raise CheckpointError(
                f"resume={str(resume)!r} requires a checkpoint folder, but the trainer has none; "
                'use d2l.Trainer(…, checkpoint="checkpoints"), or resume=PATH'
            )
        newest = folder.newest()
        if newest is None or resume == "last":
            return newest
        best = folder.best()
        if best is None:
            raise CheckpointError(
                f'resume="best": no best checkpoint is recorded in {folder.folder} because '
                f"{self._run.early_stopping.monitor} has not been plotted yet; use "
                f'resume="last" to continue from {newest}'
            )
        return best

    def _restore_best_record(self, found: Path | None) -> None:
        """Record the best checkpoint if the run was killed between writing and recording it."""
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
            return f"no checkpoint in {self._dir.folder} yet; starting from epoch 1"
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
