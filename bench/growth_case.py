"""One case of growth, in a process of its own, which prints its numbers as JSON.

`python -P -m bench.growth_case pictures NUM_IMAGES BATCH_SIZE`, or `fashion_mnist BATCH_SIZE`, or
`nothing`, which does all the rest, but holds no data and trains nothing.
"""

import json
import resource
import sys
from pathlib import Path
from statistics import median

import torch
import torchvision  # noqa: F401  some case loads it, so each has it
from torch import Tensor

from bench import library
from bench.size import LEARNING_RATE, NUM_HIDDENS, SIZES
from d2l import torch as d2l

Numbers = dict[str, float]
NUM_PIXELS = 28 * 28
RAW_FOLDER = Path("../data/FashionMNIST/raw")
LEAST_IMAGES = 300_000  # to train on, so that few images are passed over often enough to be timed
MOST_EPOCHS = 50


class Pictures(d2l.DataModule):
    """Fashion-MNIST's training images, the first ones or again and again, in memory once."""

    def __init__(self, num_images: int, batch_size: int) -> None:
        super().__init__()
        self.save_hyperparameters()
        images = read(RAW_FOLDER / "train-images-idx3-ubyte", 16, num_images * NUM_PIXELS)
        labels = read(RAW_FOLDER / "train-labels-idx1-ubyte", 8, num_images)
        self.tensors = images.view(-1, 28, 28), labels.long()

    def get_dataloader(self, train: bool) -> object:
        """Training images only: what is timed is training."""
        return self.get_tensorloader(self.tensors, train) if train else None


class MLP(library.MLP):
    """The perceptron, which makes its own floats of the bytes."""

    def forward(self, X: Tensor) -> Tensor:
        """Logits."""
        return self.net(X.float().div_(255))


def pictures(num_images: str, batch_size: str) -> Numbers:
    """Seconds per image and peak memory where so many are trained on, in batches of that size."""
    n = int(num_images)
    data = Pictures(n, int(batch_size))
    num_epochs = 1 + min(MOST_EPOCHS, max(2, LEAST_IMAGES // n))
    _, *laps = library.train(new(MLP), data, num_epochs, SIZES["cpu"])  # the first: not counted
    return {"seconds_per_image": median(laps) / n, "set_bytes": n * (NUM_PIXELS + 1)}


def fashion_mnist(batch_size: str) -> Numbers:
    """Peak memory where the whole set is read and trained on as everybody does."""
    data = d2l.FashionMNIST(int(batch_size))
    library.train(new(library.MLP), data, 2, SIZES["cpu"])
    return {"set_bytes": (len(data.train) + len(data.val)) * (NUM_PIXELS + 1)}


def nothing() -> Numbers:
    """Peak memory with everything loaded that training loads; PyTorch's optimizers load much."""
    new(MLP).configure_optimizers()
    d2l.Trainer(max_epochs=1)
    return {}


def new(kind: type[library.MLP]) -> library.MLP:
    """The perceptron of the benchmark."""
    torch.manual_seed(0)
    return kind(num_outputs=10, num_hiddens=NUM_HIDDENS, lr=LEARNING_RATE)


def read(path: Path, header_bytes: int, num_bytes: int) -> Tensor:
    """The bytes behind a file's header, over and over until there are enough, never held twice."""
    contents = torch.empty(num_bytes, dtype=torch.uint8)
    rest = memoryview(contents.numpy())
    with path.open("rb") as file:
        while rest:
            file.seek(header_bytes)
            rest = rest[file.readinto(rest) :]
    return contents


def peak_bytes() -> int:
    """The most memory that this process had at any moment.

    Linux has `ru_maxrss` begin with the peak of the parent process, so its VmHWM is preferred.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].removesuffix("kB")) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    """Measure the case that the command line names."""
    cases = {"pictures": pictures, "fashion_mnist": fashion_mnist, "nothing": nothing}
    numbers = cases[sys.argv[1]](*sys.argv[2:])
    print(json.dumps(numbers | {"peak_bytes": peak_bytes()}))


if __name__ == "__main__":
    main()
