"""Keeps a run from being lost: checkpoints on time and on signals, going on from one, giving up.

The trainer calls it between steps and between epochs; it knows where the run is.
"""

import math
from pathlib import Path
from typing import Any

from d2l.base.seed import GeneratorStates
from d2l.core import stored
from d2l.core.gradients import is_between_updates
from d2l.core.loop import finish_reading
from d2l.core.patience import Patience, latest
from d2l.core.signals import Signals, leave
from d2l.errors import CheckpointError
from d2l.runs.shelf import Shelf
from d2l.scale.accord import Accord


class Keeper:
    """What is kept of one run; without a folder, signals still end it between two steps."""

    def __init__(self, run: Any) -> None:
        self._run = run
        self._shelf = None if run.checkpoint is None else Shelf(Path(run.checkpoint), run.keep)
        self.patience = Patience(run.monitor, run.mode, run.patience)
        self.signals = Signals(speaks=run.world.is_main)
        self.num_epochs_done = 0
        self.num_steps_apart = 0  # how many more were done than in epochs of today's batch size
        self.is_resumed = False
        self._accord = Accord(run.world)
        self._wanted = 0
        self._num_steps_kept = 0
        self._before_validation: tuple[GeneratorStates, int] | None = None

    def begin(self, resume: str | Path | None) -> None:
        """Make the folder ready, and go on from a checkpoint where one was asked for."""
        run = self._run
        found = run.world.from_main(lambda: self._find(resume))
        if self._shelf is not None:
            run.world.from_main(self._shelf.prepare)
        if found is not None:
            stored.load(run, found)
            self.is_resumed = True
            self._num_steps_kept = self.num_steps
        if self._shelf is not None:
            self._make_way(found)
            self._catch_up_on_best(found)
        if resume is not None and run.world.is_main:
            print(self._describe_begin(found))

    @property
    def epochs(self) -> range:
        """The epochs that are still to do: none once patience is over."""
        is_over = self.patience.is_over
        return range(
            self.num_epochs_done, self.num_epochs_done if is_over else self._run.max_epochs
        )

    @property
    def num_steps(self) -> int:
        """How many training batches the run has done, in this program and before it."""
        in_pass = self._run.progress.num_batches_in_pass
        num_steps = self.num_epochs_done * self._run.num_train_batches + in_pass
        return int(num_steps + self.num_steps_apart)

    @property
    def shared_states(self) -> GeneratorStates:
        """The random generators now; a validation pass that is cut off will be done again."""
        now = self._run.progress.generators.states
        return now if self._before_validation is None else self._before_validation[0]

    @property
    def val_batch_idx(self) -> int:
        """How many validation batches count as done."""
        before = self._before_validation
        return self._run.val_batch_idx if before is None else before[1]

    def before_validation(self) -> None:
        """Note where the run is, since a validation pass is done whole or not at all."""
        self._before_validation = (self._run.progress.generators.states, self._run.val_batch_idx)

    def after_validation(self) -> None:
        """The pass is through and counts."""
        self._before_validation = None

    def after_step(self) -> None:
        """Between two batches: stop if a signal came, and write a checkpoint if one is due."""
        self._wanted = self._wanted or self._accord.reached(self.signals.wanted)
        if not is_between_updates(self._run):
            return
        if self._wanted:
            self._stop(self._save_if(True))
        self._save_if(self._is_due() and not self._is_epoch_trained)

    def after_epoch(self) -> bool:
        """Between two epochs: keep, watch, and say whether the run is to end here."""
        run, progress = self._run, self._run.progress
        self.num_epochs_done += 1
        progress.num_batches_in_pass, progress.pass_states = 0, None
        is_last = self.num_epochs_done >= run.max_epochs
        is_best = self._is_watching and self.patience.note(self._monitored())
        self._wanted = self._wanted or self._accord.reached(self.signals.wanted)
        is_to_end = is_last or self.patience.is_over or bool(self._wanted)
        path = self._save_if(is_to_end or is_best or self._is_due())
        if path is not None and is_best:
            self._note_best(path)
        if self._wanted:
            self._stop(path)
        if self.patience.is_over and run.world.is_main:
            print(self.patience.describe())
        return self.patience.is_over

    def _save_if(self, is_time: bool) -> Path | None:
        """Write a checkpoint into the folder, if there is one, and let older ones go."""
        if self._shelf is None or not is_time:
            return None
        finish_reading(self._run)
        path = self._shelf.path(self.num_steps, stored.suffix(self._run))
        stored.save(self._run, path)
        self._num_steps_kept = self.num_steps
        if self._run.world.is_main:
            self._shelf.prune()
        return path

    def _stop(self, path: Path | None) -> None:
        """Leave the run as the signal asked; `path` is the checkpoint that holds it, if any."""
        self._run.progress.means.pop()  # what a validation pass left half summed up
        if path is not None:
            self._run.world.wait()
            if self._run.world.is_main:
                print(f'{path} holds the run; trainer.fit(model, data, resume="last") goes on')
        leave(self._wanted)

    def _find(self, resume: str | Path | None) -> Path | None:
        if resume is None:
            return None
        if resume not in ("last", "best"):
            return stored.existing(Path(resume))
        if self._shelf is None:
            raise CheckpointError(
                f"resume={str(resume)!r} looks in the checkpoint folder, and the trainer has none: "
                'd2l.Trainer(…, checkpoint="checkpoints"), or resume=PATH'
            )
        newest = self._shelf.newest()
        if newest is None or resume == "last":
            return newest
        best = self._shelf.best()
        if best is None:
            raise CheckpointError(
                f'resume="best": no checkpoint in {self._shelf.folder} is noted as the best, since '
                f'no epoch plotted {self.patience.monitor} yet; resume="last" goes on from {newest}'
            )
        return best

    def _make_way(self, found: Path | None) -> None:
        """Checkpoints of another run, or of another course of this one, are not to be mixed up."""
        shelf, world = self._shelf, self._run.world
        assert shelf is not None
        aside = world.from_main(lambda: shelf.make_way(going_on_from=found))
        if aside and world.is_main:
            print(f"checkpoints of an earlier run are now in {shelf.folder / aside}")

    def _catch_up_on_best(self, found: Path | None) -> None:
        """A run that was killed right after it wrote its best checkpoint could not note it."""
        shelf, patience = self._shelf, self.patience
        if found is None or shelf is None or not shelf.holds(found):
            return
        is_best = not math.isnan(patience.best) and patience.num_epochs_without == 0
        if is_best and self._run.progress.resumed is None:
            self._note_best(found)

    def _describe_begin(self, found: Path | None) -> str:
        if found is None:
            assert self._shelf is not None
            return f"no checkpoint in {self._shelf.folder} yet: beginning with epoch 1"
        resumed = self._run.progress.resumed
        batch = "" if resumed is None else f", batch {resumed.num_batches + 1}"
        if self.patience.is_over:
            return f"{found} is of a run that is over; {self.patience.describe()}"
        if self.num_epochs_done >= self._run.max_epochs:
            return f"{found} is of a run that has all its {self.num_epochs_done} epochs"
        return f"going on from {found}: epoch {self.num_epochs_done + 1}{batch}"

    @property
    def _is_epoch_trained(self) -> bool:
        return bool(self._run.progress.num_batches_in_pass == self._run.num_train_batches)

    @property
    def _is_watching(self) -> bool:
        is_asked = self.patience.patience is not None
        has_curve = self.patience.monitor in self._run.model.board.points
        return is_asked or (self._shelf is not None and has_curve)

    def _monitored(self) -> float:
        finish_reading(self._run)
        return latest(self._run.model.board, self.patience.monitor)

    def _is_due(self) -> bool:
        steps_between = max(1, round(self._run.every * self._run.num_train_batches))
        return self.num_steps - self._num_steps_kept >= steps_between

    def _note_best(self, path: Path) -> None:
        if self._run.world.is_main and self._shelf is not None:
            self._shelf.note_best(path, self.patience.monitor, self.patience.best)
