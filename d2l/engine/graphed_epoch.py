"""A pass over a resident data set in which every full batch is one replay of a captured step.

Everything a step needs lies in buffers that never move: the order of the examples, a cursor that
says which batch it is, and a table of results with a row for each batch of the pass. The captured
step gathers its batch by the cursor, runs, writes its results and moves the cursor. Knows tensors
and callables only.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from d2l.engine.capture_guard import CaptureBlockers, changed_names, detect_uncapturable
from d2l.engine.graph import Graph, capture, side_stream
from d2l.engine.resident import Batch, ResidentLoader

WARM_UP_STEPS = 3  # run as usual and checked, before the capture


class ResultTable:
    """A table on the device: what each step of one pass reported, by name, a row for each batch."""

    def __init__(self, num_batches: int, device: torch.device) -> None:
        self.cursor = torch.zeros(1, dtype=torch.int64, device=device)
        self._num_batches = num_batches
        self._columns: dict[str, Tensor] = {}

    def write(self, name: str, value: Tensor | float) -> None:
        """Note a value of the step at the cursor; does not wait for the device."""
        if name not in self._columns:
            self._columns[name] = self.cursor.new_zeros(self._num_batches, dtype=torch.float32)
        column = self._columns[name]
        if isinstance(value, Tensor):
            column.index_copy_(0, self.cursor, value.detach().reshape(1).to(column))
        else:
            column.index_fill_(0, self.cursor, value)

    def snapshot(self, first: int, last: int) -> "Snapshot":
        """The values of the batches first ≤ i < last, still on the device; does not wait for it."""
        if not self._columns or first == last:
            return Snapshot((), torch.empty(0, 0))
        columns = [column[first:last] for column in self._columns.values()]
        return Snapshot(tuple(self._columns), torch.stack(columns))


class Snapshot(NamedTuple):
    """A copy of some rows of a table of results."""

    names: tuple[str, ...]
    values: Tensor  # (len(names), num_batches)

    def read(self) -> dict[str, list[float]]:
        """The values by name; waits for the device."""
        return dict(zip(self.names, self.values.tolist(), strict=True))


class GraphedEpoch:
    """Passes over `loader` whose step is captured as soon as it has proved that it can be.

    `step(batch)` does the work and writes to `results`. `baked_in()` names the Python values that a
    capture bakes in; when one has changed, the step is captured again. `blockers` says why the step
    is not captured, and stays empty while it is. Steps before `is_ready()` are not looked at.
    """

    def __init__(
        self,
        loader: ResidentLoader,
        step: Callable[[Batch], None],
        baked_in: Callable[[], dict[str, Any]],
        is_ready: Callable[[], bool] = lambda: True,
    ) -> None:
        self.loader, self.step = loader, step
        self.blockers = CaptureBlockers()
        self.recapture_reasons: list[str] = []
        self._baked_in, self._is_ready = baked_in, is_ready
        self._state: dict[str, Any] = {}
        self._graph: Graph | None = None
        self._num_warm_up = self._first = 0
        self._device = loader.tensors[0].device
        self._num_full = loader.num_examples // loader.batch_size
        shape = (self._num_full, loader.batch_size)
        self._order = torch.empty(shape, dtype=torch.int64, device=self._device)
        self.results = ResultTable(len(loader), self._device)

    def begin(self, first: int = 0) -> Tensor:
        """Draw the order of a new pass that begins with the batch `first`.

        Returns the indices of the short last batch, for `run`.
        """
        order = self.loader.order()
        num_in_full = self._order.numel()
        self._order.copy_(order[:num_in_full].view_as(self._order))
        self._first = first
        self.results.cursor.fill_(first)
        self._invalidate_if_changed()
        return order[num_in_full:] if first <= self._num_full else order[:0]

    def run(self, rest: Tensor, batch_done: Callable[[], None]) -> None:
        """The pass that was begun; `batch_done` is called after each batch is under way."""
        for _ in range(self._first, self._num_full):
            self._run_batch()
            batch_done()
        if len(rest):  # the short last batch has shapes of its own
            self.step(self.loader.take(rest))
            self.results.cursor += 1  # moved on the device, as in a replay
            batch_done()

    def _run_batch(self) -> None:
        if self._graph is None and not self.blockers:
            self._warm_up_or_capture()
        elif self._graph is not None:
            self._graph.replay()
        else:
            self._work()

    def _warm_up_or_capture(self) -> None:
        if not self._is_ready():
            self._work()
            return
        if self._num_warm_up < WARM_UP_STEPS:
            self._num_warm_up += 1
            with side_stream(self._device), detect_uncapturable(self.blockers, self._baked_in):
                self._work()
            return
        try:
            self._state = self._baked_in()
            self._graph = capture(self._work, self._device)
        except RuntimeError as error:
            self.blockers.note(f"capturing it failed: {str(error).splitlines()[0]}")
            self._work()
        else:
            self._graph.replay()

    def _invalidate_if_changed(self) -> None:
        if self._graph is None:
            return
        new = self._baked_in()
        names = changed_names(self._state, new)
        if names:
            self.recapture_reasons += [f"{n}: {self._state.get(n)} → {new.get(n)}" for n in names]
            self._graph, self._num_warm_up = None, 0

    def _work(self) -> None:
        """What is captured: gather, step, move the cursor."""
        indices = self._order.index_select(0, self.results.cursor).reshape(-1)
        self.step(self.loader.take(indices))
        self.results.cursor += 1
