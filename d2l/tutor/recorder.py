"""Record the PyTorch functions that a program calls, in order.

A `TorchFunctionMode` receives each call from Python with its arguments and its result, and changes
nothing. Under `torch.compile` and inside a captured graph, nothing is recorded.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.overrides import TorchFunctionMode

from d2l.tutor.evidence import Call

if TYPE_CHECKING:
    from d2l.tutor.watch import Watch


class Hook:
    """A hook of `owner` that notifies `watch`."""

    def __init__(self, watch: "Watch | None" = None, owner: Any = None) -> None:
        self._watch, self._owner = watch, owner

    def __call__(self, caller: Any, *arguments: Any) -> None:
        if self._watch is not None and caller is self._owner:
            self.notify(self._watch, *arguments)

    def notify(self, watch: "Watch", *arguments: Any) -> None:
        """Notify the watch; implemented by subclasses."""
        raise NotImplementedError

    def __deepcopy__(self, memo: Any) -> "Hook":
        return type(self)()

    def __reduce__(self) -> Any:
        return type(self), ()


class ModelHook(Hook):
    """Runs after each call of a model, from `attach` to `remove`."""

    def __init__(self, watch: "Watch | None" = None, owner: nn.Module | None = None) -> None:
        super().__init__(watch, owner)
        self._handle: Any = None

    def attach(self) -> None:
        """Register the hook."""
        if self._handle is None and self._owner is not None and not _skips_hooked(self._owner):
            self._handle = self._owner.register_forward_hook(self)

    def remove(self) -> None:
        """Remove the hook."""
        if self._handle is not None:
            self._handle.remove()
            self._handle = None

    def close(self) -> None:
        """Remove the hook and release the model."""
        self.remove()
        self._watch = self._owner = None

    def notify(self, watch: "Watch", *arguments: Any) -> None:
        """Report the call of the model."""
        inputs, outputs = arguments
        if torch.is_grad_enabled():
            assert self._owner is not None
            watch.model_called(inputs, outputs, self._owner.training)
        else:
            watch.model_evaluated(inputs)


class StepStart(Hook):
    """Runs before each call of a model in a hand-written loop."""

    def notify(self, watch: "Watch", *arguments: Any) -> None:
        """Report that the model is about to be called."""
        if torch.is_grad_enabled():
            watch.step_begins()
        else:
            watch.evaluation_begins()


class OptimizerHook(Hook):
    """Runs before each step of PyTorch's optimizer."""

    def notify(self, watch: "Watch", *arguments: Any) -> None:
        """Report that the optimizer is about to step."""
        watch.optimizer_stepped()


def _skips_hooked(model: nn.Module) -> bool:
    """Whether a hook would disable the fast path of a layer and change its results."""
    return isinstance(model, (nn.TransformerEncoderLayer, nn.MultiheadAttention))


MAX_CALLS = 4000  # per step; further calls are not recorded
MAX_BYTES = 2**28  # of results stored per step, for models near the memory limit
PROPERTIES = frozenset({"data", "T", "mT"})  # properties whose access is recorded as a call
IGNORED = frozenset(
    {"dim", "size", "__len__", "stride", "is_floating_point", "_set_grad_enabled", "__hash__"}
    | {
        "_record_function_enter_new",
        "_record_function_exit._RecordFunction",
        "numel",
        "element_size",
    }
    | {"__bool__", "__format__", "__repr__", "is_complex", "data_ptr", "get_device", "type"}
    | {"manual_seed", "__set__", "is_contiguous", "dtype", "requires_grad_"}
)


class Recorder(TorchFunctionMode):
    """Active from `start` to `stop`: appends to `calls`, and reports each `Tensor.backward`.

    `before_backward(loss)` and `after_backward()` are called around it, outside the recording.
    While `is_idle`, only backward passes are reported.
    """

    def __init__(
        self, before_backward: Callable[[Tensor], None], after_backward: Callable[[], None]
    ) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self.failed: Call | None = None
        self.failure: Exception | None = None  # the error raised by `failed`
        self.is_idle = False
        self.is_after_backward = False
        self._before, self._after = before_backward, after_backward
        self._num_bytes = 0
        self._is_active = False

    def start(self) -> None:
        """Start recording."""
        if not self._is_active:
            self.__enter__()
            self._is_active = True

    def stop(self) -> None:
        """Stop recording, unless the program has entered another mode that is still active."""
        if self._is_active and torch.overrides._get_current_function_mode() is self:
            self.__exit__(None, None, None)
            self._is_active = False

    @contextmanager
    def unrecorded(self) -> Iterator[None]:
        """Do not record calls inside, which are not the program's."""
        before, self.is_idle = self.is_idle, True
        try:
            yield
        finally:
            self.is_idle = before

    @property
    def is_active(self) -> bool:
        """Whether calls are recorded."""
        return self._is_active

    def clear(self) -> None:
        """Clear the recorded calls."""
        self.calls, self.failed, self.failure, self._num_bytes = [], None, None, 0
        self.is_after_backward = False

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if name == "backward" and args and isinstance(args[0], Tensor):
            self._before(args[0])
            result = func(*args, **kwargs)
            self.is_after_backward = True
            self._after()
            return result
        if self.is_idle:
            return func(*args, **kwargs)
        if name == "__get__":
            name = getattr(getattr(func, "__self__", None), "__name__", "")
            if name not in PROPERTIES:
                return func(*args, **kwargs)
        if name in IGNORED or len(self.calls) >= MAX_CALLS:
            return func(*args, **kwargs)
        try:
            result = func(*args, **kwargs)
        except Exception as error:
            self.failure = error
            self.failed = Call(name, args, kwargs, None, self.is_after_backward)
            raise
        if isinstance(result, Tensor) and not is_lazy(result):
            self._num_bytes += result.numel() * result.element_size()
        if self._num_bytes < MAX_BYTES:
            self.calls.append(Call(name, args, kwargs, result, self.is_after_backward))
        return result
