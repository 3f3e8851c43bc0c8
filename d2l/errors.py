"""What users can catch. A message says what was asked, what was found, and the call that works."""


class D2LError(Exception):
    """Any error that d2l raises on purpose."""


class ConfigurationError(D2LError, ValueError):
    """Hyperparameters, or a space of them, that do not fit what they are for."""


class ModelError(D2LError, ValueError):
    """A model that cannot be trained as it stands: no parameters, no scalar loss, a bad `lr`."""


class BatchError(D2LError, TypeError):
    """A batch or a data module of another form than the model reads."""


class CheckpointError(D2LError, OSError):
    """A checkpoint that cannot be written, read, or does not belong to this run."""


class DataError(D2LError, OSError):
    """Data that are missing, damaged or out of reach."""


class DeviceError(D2LError, RuntimeError):
    """A device that is not there, or that PyTorch cannot use."""


class LabelError(D2LError, IndexError):
    """A class label outside the classes there are."""


class NotFiniteError(D2LError, ArithmeticError):
    """A loss that became nan or infinite."""


class OverwriteError(D2LError, FileExistsError):
    """A result that would replace its own source."""


class ShapeError(D2LError, ValueError):
    """A tensor of another shape or length than was asked for."""
