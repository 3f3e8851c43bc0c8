"""How much is measured, and on which device. The same for all rivals, but for what they lack."""

from typing import NamedTuple


class Size(NamedTuple):
    """A whole run by default; only whole runs are recorded and held against the promises."""

    device: str = "cpu"
    epochs: int = 1  # of each fit whose epochs are timed, …
    warm_epochs: int = 0  # … but for the first ones, in which a GPU wakes and steps are recorded
    lenet_batches: int | None = None  # None: a whole epoch
    resnet_batches: int | None = 5  # a CPU takes a quarter of an hour for a whole epoch
    fit_epochs: int = 10
    board_epochs: int = 100
    num_draws: int = 20_000
    at_least_seconds: float = 1.0  # a short action is repeated for so long; its median counts

    @property
    def on_gpu(self) -> bool:
        """Whether the rivals compute on a GPU."""
        return self.device != "cpu"


SIZES = {
    "cpu": Size(),
    "cuda": Size("cuda:0", epochs=4, warm_epochs=1, resnet_batches=None, at_least_seconds=0.2),
}
QUICK = {
    "lenet_batches": 20, "resnet_batches": 1, "fit_epochs": 1, "board_epochs": 10,
    "num_draws": 2000, "at_least_seconds": 0.0,
}  # fmt: skip
BATCH_SIZE = 256
LEARNING_RATE = 0.1
NUM_HIDDENS = 256
BATCHES_TO_WAKE = 4  # too few for any rival to do more than get a GPU going
