"""How much is measured. The same for all rivals, but for what they lack."""

from typing import NamedTuple


class Size(NamedTuple):
    """A whole run by default; only whole runs are recorded and held against the promises."""

    fit_epochs: int = 10
    board_epochs: int = 100
    num_draws: int = 20_000
    at_least_seconds: float = 1.0  # a short action is repeated for so long; its median counts


QUICK = Size(fit_epochs=1, board_epochs=10, num_draws=2000, at_least_seconds=0.0)
BATCH_SIZE = 256
LEARNING_RATE = 0.1
NUM_HIDDENS = 256
