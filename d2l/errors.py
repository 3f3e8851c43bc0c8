"""The exceptions of d2l. Messages state what was expected, what was found, and how to fix it.

Each class also derives from the built-in exceptions that 1.0.3, or PyTorch, raises in its place, so
that programs that catch those still work.
"""

from collections.abc import Callable
from typing import Any


class D2LError(Exception):
    """Base class of the exceptions of d2l.

    `kind` is the id of a tutor check, "" for other errors; `hint` is the tutor's hint about the
    mistake, once one was given.
    """

    kind: str = ""
    hint: Any = None

    def __init__(self, *args: Any, kind: str = "", **options: Any) -> None:
        super().__init__(*args, **options)
        if kind:
            self.kind = kind


class MistakeError(D2LError):
    """A mistake that the tutor has detected; `kind` is its id, `hint` describes it.

    If PyTorch raised an error, that is the `__cause__`, and this error is also of its class.
    """

    def __init__(self, message: str, *, kind: str = "") -> None:
        BaseException.__init__(self, message)  # the other class may require other arguments
        self.kind = kind

    def __str__(self) -> str:
        return str(self.args[0])


def mistake(error: Exception, message: str, kind: str) -> MistakeError:
    """Return a `MistakeError` to raise from `error`, which is also a `type(error)`.

    If no class can derive from both, it is a `MistakeError` only.
    """
    state = {name: value for name, value in vars(error).items() if name != "__notes__"}
    return _mistake_of(type(error), message, {**state, "kind": kind})


def _mistake_of(caught: type[Exception], message: str, state: dict[str, Any]) -> MistakeError:
    def reduce(made: MistakeError) -> tuple[Callable[..., MistakeError], tuple[Any, ...]]:
        return _mistake_of, (caught, message, dict(vars(made)))

    names = {"__module__": __name__, "__doc__": MistakeError.__doc__, "__reduce__": reduce}
    try:
        made: MistakeError = type("MistakeError", (MistakeError, caught), names)(message)
        vars(made).update(state)
    except Exception:  # a constructor or a metaclass of another form
        made = MistakeError(message)
        vars(made).update(state)
    return made


class ConfigurationError(D2LError, ValueError, AssertionError):
    """Raised for invalid hyperparameters, or an invalid search space of them."""


class ModelError(D2LError, ValueError, AssertionError, RuntimeError):
    """Raised for a model that cannot be trained: no parameters, no scalar loss, an invalid `lr`."""


class BatchError(D2LError, TypeError, ValueError, AttributeError):
    """Raised for a batch or a data module of another form than the model expects."""


class CheckpointError(D2LError, OSError):
    """Raised for a checkpoint that cannot be written or read, or belongs to another run."""


class CheckpointUnavailableError(CheckpointError):
    """Raised if a checkpoint cannot be written temporarily; a later attempt may succeed."""


class DataError(D2LError, OSError, ValueError, IndexError, KeyError):
    """Raised for data that are missing, corrupt or not reachable."""


class DeviceError(D2LError, RuntimeError):
    """Raised for a device that does not exist, or that PyTorch cannot use."""


class LabelError(D2LError, IndexError, RuntimeError, ValueError):
    """Raised for a label outside the range of classes."""


class NotDefinedError(D2LError, NotImplementedError, AssertionError):
    """Raised for a method or an attribute that a subclass must define."""


class NotFiniteError(D2LError, ArithmeticError):
    """Raised if the loss becomes nan or infinite."""


class OutsideRunError(D2LError, AssertionError):
    """Raised for a call that is only possible during a run."""


class OverwriteError(D2LError, FileExistsError):
    """Raised if a result would overwrite its own source."""


class ShapeError(D2LError, ValueError, AssertionError, RuntimeError, IndexError):
    """Raised for a tensor of another shape or length than expected."""
