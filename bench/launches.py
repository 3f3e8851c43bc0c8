"""What this library's captured step is made of, on a GPU: what capturing costs, how many kernels
a step launches, and how near its replays come to launching as many kernels that do nothing.
"""

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

from bench.clock import seconds_of
from bench.library import Numbers, load, mlp, train, wake
from bench.size import Size
from d2l.engine import graph

LAUNCHED = frozenset({"kernel", "gpu_memcpy", "gpu_memset"})  # the profiler's names for them
EPOCHS_TO_TIME = 9


def launches(size: Size) -> Numbers:
    """The perceptron's step, without validation."""
    data = load()
    data.val_dataloader = lambda: None
    wake(size)
    first, *later = train(mlp(), data, EPOCHS_TO_TIME, size)
    training = median(later)
    numbers = {"capture": first - training, "training": training}
    num_steps = len(data.train_dataloader())
    num_kernels = kernels_per_epoch(data, size) / num_steps
    if num_kernels > 0:
        floor = floor_seconds(round(num_kernels), num_steps, size)
        numbers |= {"kernels": num_kernels, "floor": floor / training}
    return numbers


def kernels_per_epoch(data: Any, size: Size) -> int:
    """What the device is given in an epoch; 0 where the profiler may not look."""
    with launched_one_by_one():
        two, one = (count_launched(data, epochs, size) for epochs in (2, 1))
    return two - one  # what a fit does once is in both


def count_launched(data: Any, epochs: int, size: Size) -> int:
    """The kernels, copies and fills of a fit."""
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as profiler:
        train(mlp(), data, epochs, size)
    with tempfile.TemporaryDirectory() as private:
        path = Path(private, "trace.json")
        profiler.export_chrome_trace(str(path))
        events = json.loads(path.read_text())["traceEvents"]
    return sum(event.get("cat") in LAUNCHED for event in events)


@contextmanager
def launched_one_by_one() -> Iterator[None]:
    """Have steps that would be replayed called instead: the same kernels, seen by any profiler."""
    before = graph.GRAPHS["cuda"]
    graph.GRAPHS["cuda"] = CalledAgain
    try:
        yield
    finally:
        graph.GRAPHS["cuda"] = before


class CalledAgain:
    """No graph: a replay calls the work again."""

    def __init__(self, work: Callable[[], None], device: torch.device) -> None:
        self.replay = work


def floor_seconds(num_kernels: int, num_steps: int, size: Size) -> float:
    """An epoch of steps that are as many kernels, one after the other, on a single number."""
    number = torch.zeros(1, device=size.device)
    number.neg_()  # loaded before it is captured
    torch.cuda.synchronize()
    captured = torch.cuda.CUDAGraph()
    with torch.cuda.graph(captured):
        for _ in range(num_kernels):
            number.neg_()

    def replay_epoch() -> None:
        for _ in range(num_steps):
            captured.replay()

    replay_epoch()
    return seconds_of(replay_epoch, size.at_least_seconds)
