"""Who is measured at what: the contenders, the tasks, and the bars that are to be kept."""

from collections.abc import Sequence
from typing import NamedTuple

from bench import rivals
from bench.peers.case import Case

OURS, EAGER = "ours", "eager"


class Contender(NamedTuple):
    """`module` has its code; it takes part where the modules it `needs` are installed."""

    name: str
    words: str
    module: str
    needs: tuple[str, ...] = ()
    packages: tuple[str, ...] = ("torch",)  # whose versions a record names
    variables: dict[str, str] = {}
    is_slow: bool = False  # some seconds an epoch: fewer epochs a process


class Work(NamedTuple):
    """A task: how many examples of what, and the bar for our time over the eager loop's."""

    words: str
    bar: float
    epochs: int
    slow_epochs: int  # of a contender that is slow
    num_train: int
    num_val: int


KERAS_FOLDER = {"KERAS_HOME": str(rivals.FOLDER / "keras")}
ON_CPU = {"JAX_PLATFORMS": "cpu"}
CONTENDERS = (
    Contender(OURS, "d2l", "bench.peers.ours", packages=("d2l", "torch", "torchvision")),
    Contender(EAGER, "PyTorch, eager loop by hand", "bench.peers.eager"),
    Contender("manual", "PyTorch by hand, no autograd", "bench.peers.manual"),
    Contender("jax", "JAX jit by hand", "bench.peers.jax", ("jax",), ("jax",), ON_CPU),
    Contender("quickstart", "PyTorch's quickstart", "bench.peers.quickstart", is_slow=True),
    Contender(
        "lightning", "Lightning", "bench.peers.lightning", ("lightning",), ("lightning",),
        is_slow=True,
    ),
    Contender("skorch", "skorch", "bench.peers.skorch", ("skorch",), ("skorch",), is_slow=True),
    Contender(
        "keras-torch", "Keras on PyTorch", "bench.peers.keras", ("keras",), ("keras",),
        {"KERAS_BACKEND": "torch"} | KERAS_FOLDER, is_slow=True,
    ),
    Contender(
        "keras-jax", "Keras on JAX", "bench.peers.keras", ("keras", "jax"), ("keras", "jax"),
        {"KERAS_BACKEND": "jax"} | KERAS_FOLDER | ON_CPU, is_slow=True,
    ),
)  # fmt: skip
# Accuracies are compared after the last epoch that all have done: two of the MLP, for after one
# they differ by 0.1 from seed to seed (a deviation of 0.027; after two 0.018), one of softmax
# regression (0.007).
WORKS = {
    "mlp": Work("the MLP, 784-256-10", 1.00, 6, 2, 60_000, 10_000),
    "softmax": Work("softmax regression, 784-10", 1.00, 16, 1, 60_000, 10_000),
    "lenet": Work("LeNet, 6,000 images", 1.02, 5, 5, 6_000, 1_000),
    "resnet": Work("a ResNet of 16 and 32 channels, 1,536 images", 1.02, 3, 3, 1_536, 256),
    "rnn": Work("the character RNN, 10,000 windows of 32", 1.02, 12, 12, 10_000, 5_000),
    "transformer": Work("a transformer, 2,048 sequences of 32", 1.02, 5, 5, 2_048, 512),
}
BY_ALL = ("mlp", "softmax")  # the other tasks are ours against the eager loop


def chosen(task: str, names: Sequence[str]) -> tuple[list[Contender], list[str]]:
    """The contenders at a task, of these names or all, and a line for each that cannot take part.

    We are always among them: every other time is a multiple of ours.
    """
    wanted = {OURS, *(names or (c.name for c in CONTENDERS))}
    if task not in BY_ALL:
        wanted &= {OURS, EAGER}
    taken, left_out = [], []
    for contender in CONTENDERS:
        if contender.name not in wanted:
            continue
        if lacking := rivals.missing(contender.needs):
            left_out.append(f"left out: {contender.words}, for {', '.join(lacking)} is not here")
        else:
            taken.append(contender)
    return taken, left_out


def in_order(contenders: Sequence[Contender], round_index: int) -> list[Contender]:
    """The order in a round: ours next to the eager loop, the others rotated; all reversed if odd.

    Next to each other, so that both have the same drift of the machine.
    """
    pair = [c for c in contenders if c.name in (OURS, EAGER)]
    others = [c for c in contenders if c not in pair]
    first = round_index % len(others) if others else 0
    ordered = [*pair, *others[first:], *others[:first]]
    return ordered[::-1] if round_index % 2 else ordered


def case_of(
    contender: Contender, task: str, round_index: int, threads: int | None, quick: bool
) -> Case:
    """What its process is asked in a round; the round is the seed."""
    work = WORKS[task]
    epochs, num_train, num_val = work.epochs, work.num_train, work.num_val
    if contender.is_slow:
        epochs = work.slow_epochs
    if quick:
        epochs, num_train, num_val = 1, min(num_train, 1024), min(num_val, 256)
    return Case(
        contender.name, contender.module, task, epochs, num_train, num_val, round_index, threads
    )
