"""What this library and the hand-written loop train alike: networks, data, optimizers.

Where a network has layers of this library, both train the same object of them.
"""

import random
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from bench import nets, text_corpus
from bench.peers.case import BATCH_SIZE, LEARNING_RATE, Case, read_images
from d2l import torch as d2l

NUM_LETTERS, NUM_STEPS = 28, 32  # as The Time Machine has them, with the unknown token
VOCAB_SIZE = 100  # of the made sequences
Tensors = tuple[Tensor, Tensor, Tensor, Tensor]  # to train on: X, y; to validate on: X, y


class Task(NamedTuple):
    """`load` gives the tensors; `new_net` a network that takes their X, pixels in [0, 1]."""

    new_net: Callable[[], nn.Module]
    load: Callable[[Case], Tensors]
    lr: float = LEARNING_RATE
    batch_size: int = BATCH_SIZE
    uses_adam: bool = False
    clip: float = 0.0  # the largest norm of all gradients together; 0: any


def images(case: Case) -> Tensors:
    """Fashion-MNIST as bytes: (n, 1, 28, 28) and (n,)."""
    both = (read_images(case, train) for train in (True, False))
    pairs = [(torch.from_numpy(X).unsqueeze(1), torch.from_numpy(y)) for X, y in both]
    return *pairs[0], *pairs[1]


def windows(case: Case) -> Tensors:
    """Windows of a made text, and the same one letter on."""
    text, end = Text(case), case.num_train + case.num_val
    rows = slice(0, case.num_train), slice(case.num_train, end)
    parts = (tensor[part] for part in rows for tensor in (text.X, text.Y))
    X, Y, X_val, Y_val = (part.contiguous() for part in parts)
    return X, Y, X_val, Y_val


def sequences(case: Case) -> Tensors:
    """Tokens (n, num_steps); the class says whether their mean is in the lower half."""
    chance = torch.Generator().manual_seed(1)
    size = case.num_train + case.num_val, NUM_STEPS
    X = torch.randint(VOCAB_SIZE, size, generator=chance)
    y = (X.float().mean(1) < (VOCAB_SIZE - 1) / 2).long()
    return X[: case.num_train], y[: case.num_train], X[case.num_train :], y[case.num_train :]


class Text(d2l.TimeMachine):
    """A made text in the place of the novel, which is not to be had everywhere."""

    def __init__(self, case: Case) -> None:
        super().__init__(1024, NUM_STEPS, case.num_train, case.num_val)

    def _download(self) -> str:
        chance = random.Random(0)
        text = " ".join(" ".join(line) for line in text_corpus.sentences()[:1500])
        rare = "bcfgjkmpqvwxyz"  # the corpus is made of twelve letters; the novel has all
        return "".join(chance.choice(rare) if chance.random() < 0.05 else c for c in text)


def small_resnet() -> nn.Module:
    """Two residual blocks, of 16 channels at 28 pixels and of 32 at 14."""
    return nn.Sequential(
        nn.Conv2d(1, 16, kernel_size=3, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
        d2l.Residual(16), d2l.Residual(32, use_1x1conv=True, strides=2),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10),
    )  # fmt: skip


def characters() -> d2l.RNNLM:
    """The book's language model of letters."""
    return d2l.RNNLM(d2l.RNN(NUM_LETTERS, 32), NUM_LETTERS, lr=1.0)


class SmallTransformer(nn.Module):
    """The book's encoder, two blocks of it, and a class for the mean of what it gives."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = d2l.TransformerEncoder(VOCAB_SIZE, 64, 128, 4, 2, dropout=0.1)
        self.head = nn.Linear(64, 2)

    def forward(self, X: Tensor) -> Tensor:
        """The logits of the two classes."""
        return self.head(self.encoder(X, None).mean(1))


TASKS = {
    "mlp": Task(nets.mlp, images),
    "softmax": Task(nets.softmax, images),
    "lenet": Task(nets.lenet, images),
    "resnet": Task(small_resnet, images),
    "rnn": Task(characters, windows, lr=1.0, batch_size=1024, clip=1.0),
    "transformer": Task(SmallTransformer, sequences, lr=1e-3, batch_size=64, uses_adam=True),
}


def optimizer_of(task: Task, net: nn.Module) -> torch.optim.Optimizer:
    """PyTorch's own, with its defaults."""
    kind: Any = torch.optim.Adam if task.uses_adam else torch.optim.SGD
    return kind(net.parameters(), lr=task.lr)
