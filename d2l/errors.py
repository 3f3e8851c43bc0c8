"""What users can catch. A message says what was asked, what was found, and the call that works.

Each class is also of the built-in classes that 1.0.3, or PyTorch under it, raises in its place, so
that a program that catches those goes on.
"""

from typing import Any


class D2LError(Exception):
    """Any error that d2l raises on purpose."""


class ConfigurationError(D2LError, ValueError, AssertionError):
    """Hyperparameters, or a space of them, that do not fit what they are for."""


class MistakeError(D2LError):
    """A mistake that the tutor has named; `hint` says what was seen."""

    hint: Any = None


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
