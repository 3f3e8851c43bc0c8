"""What users can catch. A message says what was asked, what was found, and the call that works.

Each class is also of the built-in classes that 1.0.3, or PyTorch under it, raises in its place, so
that a program that catches those goes on.
"""

from collections.abc import Callable
from typing import Any


class D2LError(Exception):
    """Any error that d2l raises on purpose.

    `kind` is the name of a mistake that the tutor knows, "" for other errors; `hint` is the tutor's
    hint about it, once it was given.
    """

    kind: str = ""
    hint: Any = None

    def __init__(self, *args: Any, kind: str = "", **options: Any) -> None:
        super().__init__(*args, **options)
        if kind:
            self.kind = kind


class MistakeError(D2LError):
    """A mistake that the tutor has named; `kind` is its name, `hint` says what was seen.

    Where PyTorch raised an error, that is the `__cause__`, and this one is of its class as well.
    """

    def __init__(self, message: str, *, kind: str = "") -> None:
        BaseException.__init__(self, message)  # the other class may ask for other arguments
        self.kind = kind

    def __str__(self) -> str:
        return str(self.args[0])


def mistake(error: Exception, message: str, kind: str) -> MistakeError:
    """The `MistakeError` to raise from `error`; what catches `type(error)` catches it too.

    Only where no class can be of both, it is a `MistakeError` alone.
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
    """Hyperparameters, or a space of them, that do not fit what they are for."""


class ModelError(D2LError, ValueError, AssertionError, RuntimeError):
    """A model that cannot be trained as it stands: no parameters, no scalar loss, a bad `lr`."""


class BatchError(D2LError, TypeError, ValueError, AttributeError):
    """A batch or a data module of another form than the model reads."""


class CheckpointError(D2LError, OSError):
    """A checkpoint that cannot be written, read, or does not belong to this run."""


class CheckpointUnavailableError(CheckpointError):
    """A checkpoint that the file system refuses for now; a later attempt may succeed."""


class DataError(D2LError, OSError, ValueError, IndexError, KeyError):
    """Data that are missing, damaged or out of reach."""


class DeviceError(D2LError, RuntimeError):
    """A device that is not there, or that PyTorch cannot use."""


class LabelError(D2LError, IndexError, RuntimeError, ValueError):
    """A class label outside the classes there are."""


class NotDefinedError(D2LError, NotImplementedError, AssertionError):
    """A method or an attribute that a subclass of the book's has to define."""


class NotFiniteError(D2LError, ArithmeticError):
    """A loss that became nan or infinite."""


class OutsideRunError(D2LError, AssertionError):
    """A call that needs a run, made outside of one."""


class OverwriteError(D2LError, FileExistsError):
    """A result that would replace its own source."""


class ShapeError(D2LError, ValueError, AssertionError, RuntimeError, IndexError):
    """A tensor of another shape or length than was asked for."""
