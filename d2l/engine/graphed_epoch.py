"""A pass over a resident data set in which every full batch is one replay of a captured step.

All inputs of a step are in static buffers: the order of the examples, a cursor with the index of
the batch, and a table of results with a row for each batch of the pass. The captured step gathers
its batch by the cursor, runs, writes its results and advances the cursor. After the capture, and at
the start of every pass, a replayed step is compared with an eager one. Depends on tensors and
callables only.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from d2l.base.seed import generator_states, set_generator_states
from d2l.engine.capture_guard import CaptureBlockers, changed_names, detect_uncapturable
from d2l.engine.graph import Graph, capture, side_stream
from d2l.engine.running_metrics import ResultTable
from d2l.engine.tensor_loaders import Batch, ResidentLoader

# Relative to the largest change of a tensor in the step. The smallest error in the tests is a
# factor that decays by 0.01 at each step; 0.001 would be detected as well.
RELATIVE_TOLERANCE = 1e-4
TIMES_NOISE = 10
TIMES_ROUNDING = 4  # weight and update are each rounded once, eager and replayed

Tensors = dict[str, Tensor]


def difference(
    replay: Callable[[], None],
    step: Callable[[], None],
    tensors: Callable[[], Tensors],
    outputs: Tensors,
    gradients: Callable[[], Sequence[Tensor]],
) -> str | None:
    """Run `replay` and `step` from the same state; return the name of a tensor that differs.

    `tensors` are compared; of those that each step replaces, `outputs` has the ones that a replay
    writes. `gradients` are only restored. None if nothing differs.
    """
    own = {name: outputs.get(name, tensor) for name, tensor in tensors().items()}
    unchecked = {f"gradient {i}": grad for i, grad in enumerate(gradients())}
    before = SavedState({**own, **unchecked})
    replay()
    replayed = values_of(own)
    before.restore()
    step()
    now = tensors()
    lost = [n for n, t in own.items() if not _is_kept(now.get(n), t, is_output=n in outputs)]
    if lost:
        return lost[0]
    after = {name: now[name] for name in own}
    names = unequal_names(replayed, after)
    if not names:
        return None
    eager = SavedState({**after, **unchecked})
    before.restore()
    replay()
    again = values_of(own)
    eager.restore()
    for name in outputs.keys() & own.keys():
        before.values[name].zero_()  # the change of a new tensor is its whole value
    found = (before.values, replayed, again, eager.values)
    return next((n for n in names if _differs(*(values[n] for values in found))), None)


class SavedState:
    """A copy of the values of tensors and of all random generator states."""

    def __init__(self, tensors: Tensors) -> None:
        self._tensors, self.values = tensors, values_of(tensors)
        self._random = generator_states()

    def restore(self) -> None:
        """Restore the tensors and the generators."""
        with torch.no_grad():
            for name, tensor in self._tensors.items():
                tensor.detach().copy_(self.values[name])
        set_generator_states(self._random)


def values_of(tensors: Tensors) -> Tensors:
    """Return copies of the tensors."""
    return {name: tensor.detach().clone() for name, tensor in tensors.items()}


def unequal_names(values: Tensors, tensors: Tensors) -> list[str]:
    """Return the names whose tensors differ from `values`; synchronizes once."""
    unequal = [_is_unequal(value, tensors[name]) for name, value in values.items()]
    flags = torch.stack(unequal).tolist() if unequal else []
    return [name for name, flag in zip(values, flags, strict=True) if flag]


def _is_kept(tensor: Tensor | None, other: Tensor, is_output: bool) -> bool:
    """Whether it is the same tensor object; for an output, whether shape and dtype are equal."""
    if tensor is None or not is_output:
        return tensor is other
    return (tensor.shape, tensor.dtype) == (other.shape, other.dtype)


def _is_unequal(a: Tensor, b: Tensor) -> Tensor:
    b = b.detach()
    return ((a != b) & ~(a.isnan() & b.isnan())).any()


def _differs(before: Tensor, replayed: Tensor, again: Tensor, eager: Tensor) -> bool:
    """Whether replay and eager step differ by more than rounding and the noise of two replays."""
    if not before.is_floating_point() and not before.is_complex():
        return True
    eps = torch.finfo(before.dtype).eps
    wide = torch.complex128 if before.is_complex() else torch.float64
    b, r, a, e = (value.to("cpu", wide) for value in (before, replayed, again, eager))
    rounding, noise = TIMES_ROUNDING * eps * b.abs().max(), TIMES_NOISE * (a - r).abs().max()
    limit = RELATIVE_TOLERANCE * (r - b).abs().max() + rounding + noise
    return not bool((e - r).abs().max() <= limit)


# One step for one-time initialization; two watched steps; one for torch.compile, which does not
# compile watched steps.
IS_WATCHED = (False, True, True, False)
WARM_UP_STEPS = len(IS_WATCHED)


@runtime_checkable
class StepState(Protocol):
    """What a step reads and changes, apart from its batch."""

    def is_ready(self) -> bool:
        """Whether all lazy layers are initialized."""
        ...

    def values(self) -> dict[str, Any]:
        """Return the Python values that become constants of a capture, by name."""
        ...

    def tensors(self) -> Tensors:
        """Return the tensors that a step may change, by name."""
        ...

    def trainable(self) -> Sequence[Tensor]:
        """Return the tensors that get gradients."""
        ...


class GraphedEpoch:
    """Passes over `loader` whose step is captured once it was found to be capturable.

    `step(batch)` does the work and writes to `results`. `blockers` lists why the step is not
    captured; `recapture_reasons` lists the changed values that made another capture necessary.
    """

    def __init__(
        self, loader: ResidentLoader, step: Callable[[Batch], None], state: StepState
    ) -> None:
        self.loader, self.step = loader, step
        self.blockers = CaptureBlockers()
        self.recapture_reasons: list[str] = []
        self._state = state
        self._replaced: set[str] = set()  # names of tensors that each step replaces
        self._outputs: Tensors = {}  # of these names, the tensors that the graph writes
        self._baked_in: dict[str, Any] = {}
        self._graph: Graph | None = None
        self._gradients: list[tuple[Tensor, Tensor | None]] = []  # that the graph writes
        self._num_warm_up = self._num_replays = self._next_check = self._first = 0
        self._device = loader.tensors[0].device
        self._num_full = loader.num_examples // loader.batch_size
        shape = (self._num_full, loader.batch_size)
        self._order = torch.empty(shape, dtype=torch.int64, device=self._device)
        self.results = ResultTable(len(loader), self._device)

    def begin(self, first: int = 0) -> Tensor:
        """Draw the order of a new pass that starts at the batch `first`.

        Returns the indices of the short last batch, for `run`.
        """
        order = self.loader.order()
        num_in_full = self._order.numel()
        self._order.copy_(order[:num_in_full].view_as(self._order))
        self._first = first
        self.results.cursor.fill_(first)
        self._next_check = min(self._next_check, self._num_replays)
        self._drop_graph_if_changed()
        return order[num_in_full:] if first <= self._num_full else order[:0]

    def run(self, rest: Tensor, batch_done: Callable[[], None]) -> None:
        """Run the pass prepared by `begin`; calls `batch_done` after launching each batch."""
        for i in range(self._first, self._num_full):
            if self._replaced and i == self._num_full - 1 and not len(rest):
                self._next_check = 0  # an eager step, so that kept tensors are the last batch's
            self._run_batch()
            batch_done()
        if len(rest):  # the short last batch has different shapes
            self.step(self.loader.take(rest))
            self.results.cursor += 1  # moved on the device, as in a replay
            batch_done()

    def _run_batch(self) -> None:
        if self._graph is not None:
            self._replay_or_check(self._graph)
        elif self.blockers or not self._state.is_ready():
            self._work()
        elif self._num_warm_up < WARM_UP_STEPS:
            self._warm_up()
        else:
            self._capture()

    def _warm_up(self) -> None:
        is_watched = IS_WATCHED[self._num_warm_up]
        self._num_warm_up += 1
        with side_stream(self._device):
            if not is_watched:
                self._work()
                return
            values, replaced = self._state.values, self._replaced
            with detect_uncapturable(self.blockers, values, self._device, replaced):
                self._work()

    def _capture(self) -> None:
        try:
            self._baked_in = self._values()
            self._graph = capture(self._work, self._device)
        except RuntimeError as error:
            cause = error.__context__ or error  # the error in the step, not the one of ending it
            self.blockers.note(f"its capture failed: {str(cause).splitlines()[0]}")
            self._work()
            return
        self._gradients = [(tensor, tensor.grad) for tensor in self._state.trainable()]
        tensors = self._state.tensors()
        self._outputs = {n: t for n, t in tensors.items() if n in self._replaced}
        self._graph.replay()  # the capture ran the Python code of this step, not its device work
        self._num_replays = self._next_check = 1

    def _replay_or_check(self, graph: Graph) -> None:
        """Replay; at the start of a pass, and at doubling intervals, compare with an eager step."""
        self._num_replays += 1
        if self._num_replays <= self._next_check:
            graph.replay()
            return
        self._next_check = max(self._next_check, 2 * self._num_replays - 1)
        name = difference(
            graph.replay,
            self._work,
            self._tensors,
            self._outputs,
            self._current_gradients,
        )
        if name is not None:
            self.blockers.note(f"replayed and eager step differ in {name}")
            self._graph = None
            return
        for tensor, grad in self._gradients:  # replays write gradients to these tensors
            if grad is not None and tensor.grad is not None and tensor.grad is not grad:
                tensor.grad = grad.copy_(tensor.grad)

    def _values(self) -> dict[str, Any]:
        return {n: v for n, v in self._state.values().items() if n not in self._replaced}

    def _tensors(self) -> Tensors:
        return {**self._state.tensors(), **self.results.tensors()}

    def _current_gradients(self) -> list[Tensor]:
        return [t.grad for t in self._state.trainable() if t.grad is not None]

    def _drop_graph_if_changed(self) -> None:
        if self._graph is None:
            return
        new = self._values()
        names = changed_names(self._baked_in, new)
        if names:
            self.recapture_reasons += [
                f"{n}: {self._baked_in.get(n)} → {new.get(n)}" for n in names
            ]
            self._graph, self._num_warm_up = None, WARM_UP_STEPS - 1

    def _work(self) -> None:
        """The captured work: gather the batch, run the step, advance the cursor."""
        indices = self._order.index_select(0, self.results.cursor).reshape(-1)
        self.step(self.loader.take(indices))
        self.results.cursor += 1
