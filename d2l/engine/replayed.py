"""A pass over a resident data set in which every full batch is one replay of a recorded step.

Everything a step needs lies in buffers that never move: the order of the examples, a cursor that
says which batch it is, and a table of results with a row for each step. The recording gathers its
batch by the cursor, runs the step, writes its numbers and moves the cursor on. Knows tensors and
callables only.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from d2l.engine.graph import Graph, record, side_stream
from d2l.engine.resident import Batch, ResidentLoader
from d2l.engine.watch import Findings, changed, watched

WARM_UP_STEPS = 3  # run as usual and watched, before the recording


class Results:
    """A table on the device: what each step of a whole run had to say, by name, in order."""

    def __init__(self, num_steps: int, device: torch.device, begin: int = 0) -> None:
        self.cursor = torch.full((1,), begin, dtype=torch.int64, device=device)
        self._num_steps = num_steps
        self._columns: dict[str, Tensor] = {}

    def write(self, name: str, value: Tensor | float) -> None:
        """Note a number of the step at the cursor; no wait for the device."""
        if name not in self._columns:
            self._columns[name] = self.cursor.new_zeros(self._num_steps, dtype=torch.float32)
        column = self._columns[name]
        if isinstance(value, Tensor):
            column.index_copy_(0, self.cursor, value.detach().reshape(1).to(column))
        else:
            column.index_fill_(0, self.cursor, value)

    def read(self, first: int, last: int) -> dict[str, list[float]]:
        """The numbers of the steps first ≤ i < last; one wait for the device."""
        if not self._columns or first == last:
            return {}
        table = torch.stack([column[first:last] for column in self._columns.values()])
        return dict(zip(self._columns, table.tolist(), strict=True))


class ReplayedPass:
    """Passes over `loader` whose step is recorded as soon as it has proved that it can be.

    `step(batch)` does the work and writes to `results`. `host_state()` names the Python values
    that a recording bakes in; when one has changed, the step is recorded anew. `findings` says why
    the step is not recorded, and stays empty while it is.
    """

    def __init__(
        self,
        loader: ResidentLoader,
        step: Callable[[Batch], None],
        results: Results,
        host_state: Callable[[], dict[str, Any]],
    ) -> None:
        self.loader, self.step, self.results = loader, step, results
        self.findings = Findings()
        self.recorded_because: list[str] = []
        self._host_state = host_state
        self._state: dict[str, Any] = {}
        self._graph: Graph | None = None
        self._num_warm = self._first = 0
        self._device = loader.tensors[0].device
        self._num_full = loader.num_examples // loader.batch_size
        shape = (self._num_full, loader.batch_size)
        self._order = torch.empty(shape, dtype=torch.int64, device=self._device)
        self._batch = torch.zeros(1, dtype=torch.int64, device=self._device)

    def begin(self, first: int = 0) -> Tensor:
        """Draw the order of a new pass that begins with the batch `first`.

        Returns the examples of the short last batch, for `run`.
        """
        order = self.loader.draw_order()
        num_in_full = self._order.numel()
        self._order.copy_(order[:num_in_full].view_as(self._order))
        self._first = first
        self._batch.fill_(first)
        self._forget_outdated()
        return order[num_in_full:] if first <= self._num_full else order[:0]

    def run(self, rest: Tensor, on_progress: Callable[[], None]) -> None:
        """The pass that was begun; `on_progress` is called after each batch is under way."""
        for _ in range(self._first, self._num_full):
            self._run_batch()
            on_progress()
        if len(rest):  # the short last batch has shapes of its own
            self.step(self.loader.gather(rest))
            self.results.cursor += 1  # moved on the device, as in a recording
            on_progress()

    def _run_batch(self) -> None:
        if self._graph is None and not self.findings:
            self._warm_up_or_record()
        elif self._graph is not None:
            self._graph.replay()
        else:
            self._work()

    def _warm_up_or_record(self) -> None:
        if self._num_warm < WARM_UP_STEPS:
            self._num_warm += 1
            with side_stream(self._device), watched(self.findings, self._host_state):
                self._work()
            return
        try:
            self._state = self._host_state()
            self._graph = record(self._work, self._device)
        except RuntimeError as error:
            self.findings.note(f"recording it failed: {str(error).splitlines()[0]}")
            self._work()
        else:
            self._graph.replay()

    def _forget_outdated(self) -> None:
        if self._graph is None:
            return
        new = self._host_state()
        names = changed(self._state, new)
        if names:
            self.recorded_because += [f"{n}: {self._state.get(n)} → {new.get(n)}" for n in names]
            self._graph, self._num_warm = None, 0

    def _work(self) -> None:
        """What is recorded: gather, step, move on."""
        chosen = self._order.index_select(0, self._batch).reshape(-1)
        self.step(self.loader.gather(chosen))
        self._batch += 1
        self.results.cursor += 1
