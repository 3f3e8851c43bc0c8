"""Sharded loaders, and random states that are synchronized between processes."""

import hashlib
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

import torch
from torch.utils.data import DataLoader, IterableDataset
from torch.utils.data.distributed import DistributedSampler

from d2l.base.batches import checksum, count_examples, take_examples
from d2l.base.seed import GeneratorStates, generator_states, seed_all, set_generator_states
from d2l.engine.tensor_loaders import ResidentLoader, StreamedLoader
from d2l.errors import DataError
from d2l.scale.process_group import ProcessGroup


class SharedRandomState:
    """A state of the generators of Python, NumPy and PyTorch that is the same on all ranks.

    It includes the `generator` of each tracked loader. In a single process it is the state of the
    generators themselves.
    """

    def __init__(self, group: ProcessGroup) -> None:
        self._group = group
        self._shared: GeneratorStates | None = None
        self._of_loaders: list[torch.Generator] = []

    def track_loader(self, loader: Any) -> None:
        """Include the generators from which this loader draws its order."""
        for owner in (loader, getattr(loader, "sampler", None)):
            generator = getattr(owner, "generator", None)
            if isinstance(generator, torch.Generator) and generator not in self._of_loaders:
                self._of_loaders.append(generator)

    def begin(self) -> None:
        """Share the state of rank 0, and seed each rank's own generators from it."""
        if self._group.size > 1:
            self._shared = self._group.broadcast_result(generator_states)
            self.seed_rank()

    def seed_rank(self) -> None:
        """Seed this rank's own generators; the seed follows from the shared state and the rank."""
        if self._shared is None:
            return
        rank = self._group.rank
        text = self._shared["torch"].numpy().tobytes() + bytes([rank % 256, rank // 256])
        seed_all(int.from_bytes(hashlib.sha256(text).digest()[:4]))

    @property
    def states(self) -> GeneratorStates:
        """The shared state, as saved in a checkpoint."""
        common = generator_states() if self._shared is None else self._shared
        return {**common, "loaders": [generator.get_state() for generator in self._of_loaders]}

    @states.setter
    def states(self, states: GeneratorStates) -> None:
        for generator, state in zip(self._of_loaders, states.get("loaders", ()), strict=False):
            generator.set_state(state)
        if self._shared is None:
            set_generator_states(states)
        else:
            self._shared = states

    @contextmanager
    def synchronized(self) -> Iterator[None]:
        """Context in which all ranks draw the same random numbers."""
        if self._group.size == 1:
            yield
            return
        if self._shared is None:
            self._shared = self._group.broadcast_result(generator_states)
        own = generator_states()
        set_generator_states(self._shared)
        try:
            yield
        finally:
            self._shared = generator_states()
            set_generator_states(own)


_LOADER_OPTIONS = (
    *("num_workers", "collate_fn", "pin_memory", "timeout", "worker_init_fn"),
    *("multiprocessing_context", "prefetch_factor"),
)


class ShardedLoader:
    """Wraps `loader` and yields this process's shard of each batch.

    `num_local` and `num_global` are the numbers of examples of the last batch, in this process and
    in all. A process whose shard of a short last batch is empty gets one example with weight 0, so
    that all take the same number of steps. Other attributes are those of the loader.
    """

    def __init__(self, loader: Any, group: ProcessGroup, rng: SharedRandomState) -> None:
        _check(loader, group)
        self.loader, self._group, self._rng = loader, group, rng
        self.num_local = self.num_global = 0
        if isinstance(loader, (ResidentLoader, StreamedLoader)):
            _broadcast_data(loader, group)

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[Any]:
        return self.batches()

    def batches(self, first: int = 0) -> Iterator[Any]:
        """Iterate over this process's shards from the batch `first` on; draws the order at once."""
        loader = self.loader
        if isinstance(loader, (ResidentLoader, StreamedLoader)):
            with self._rng.synchronized():
                parts: Sequence[Any] = loader.parts(first)
            batches = loader.batches(part[self._rows(len(part))] for part in parts)
        elif _has_indices(loader):
            parts = self._sampled(loader, first)
            own = [part[self._rows(len(part))] for part in parts]
            options = {name: getattr(loader, name) for name in _LOADER_OPTIONS}
            batches = iter(DataLoader(loader.dataset, batch_sampler=own, **options))
        else:
            return self._split(first)
        return self._counted([len(part) for part in parts], batches)

    def _sampled(self, loader: DataLoader[Any], first: int) -> list[list[int]]:
        """Return the indices of each batch, drawn as a PyTorch loader draws them."""
        with self._rng.synchronized():
            torch.empty((), dtype=torch.int64).random_(generator=loader.generator)  # worker seed
            parts = [list(part) for part in islice(loader.batch_sampler, first, None)]  # type: ignore[arg-type]
        self._check_same_in_all(zlib.crc32(repr(parts).encode()))
        return parts

    def _split(self, first: int) -> Iterator[Any]:
        """Split batches of a loader without indices: each is read in full by every process."""
        with self._rng.synchronized():
            batches = iter(self.loader)
            number = sum(1 for _ in islice(batches, first))
        return self._shards_of(batches, number)

    def _shards_of(self, batches: Iterator[Any], number: int) -> Iterator[Any]:
        while True:
            with self._rng.synchronized():
                batch = next(batches, None)
            if batch is None:
                return
            if number == 0:
                self._check_same_in_all(checksum(batch))
            number += 1
            num_examples = count_examples(batch)
            self._count(num_examples)
            yield take_examples(batch, self._rows(num_examples))

    def _counted(self, sizes: list[int], batches: Iterator[Any]) -> Iterator[Any]:
        for size, batch in zip(sizes, batches, strict=True):
            self._count(size)
            yield batch

    def _count(self, num_global: int) -> None:
        start, stop = shard_bounds(num_global, self._group)
        self.num_local, self.num_global = stop - start, num_global

    def _rows(self, num_examples: int) -> slice:
        start, stop = shard_bounds(num_examples, self._group)
        return slice(start, stop) if stop > start else slice(0, 1)

    def _check_same_in_all(self, seen: int) -> None:
        if len(set(self._group.all_gather(seen))) > 1:
            raise DataError(
                f"the {type(self.loader).__name__} yields different batches in each process. "
                "Shuffle with torch, numpy or random (which the trainer synchronizes), not with "
                "the time or the rank"
            )

    def __getattr__(self, name: str) -> Any:
        if name == "loader":  # not set yet, while a copy is being made
            raise AttributeError(name)
        return getattr(self.loader, name)


def shard_bounds(num_examples: int, group: ProcessGroup) -> tuple[int, int]:
    """Return the start and end of this process's shard; shard sizes differ by at most 1."""
    each, rest = divmod(num_examples, group.size)
    start = group.rank * each + min(group.rank, rest)
    return start, start + each + (group.rank < rest)


def _has_indices(loader: Any) -> bool:
    """Whether a loader is a PyTorch `DataLoader` that selects examples by index."""
    if type(loader) is not DataLoader or isinstance(loader.dataset, IterableDataset):
        return False
    return loader.batch_sampler is not None


def _check(loader: Any, group: ProcessGroup) -> None:
    batch_size = getattr(loader, "batch_size", None)
    if isinstance(batch_size, int) and batch_size < group.size:
        raise DataError(
            f"batches of {batch_size} cannot be split over {group.size} processes; batch_size is "
            f"that of all processes together. Use batch_size={group.size} or more, or fewer "
            "processes"
        )
    if isinstance(getattr(loader, "sampler", None), DistributedSampler):
        raise DataError(
            "the loader has a DistributedSampler, so its batches would be split twice. Remove the "
            "sampler; the trainer splits every batch over the processes"
        )
    lengths = group.all_gather(len(loader) if hasattr(loader, "__len__") else None)
    if len(set(lengths)) > 1:
        raise DataError(
            f"the loaders of the processes have different lengths: {lengths} batches. Create the "
            "same data in each process, from the same files or the same seed"
        )


def _broadcast_data(loader: Any, group: ProcessGroup) -> None:
    """Broadcast the data of rank 0 unless all ranks have the same data."""
    shapes = [(tuple(t.shape), t.dtype) for t in loader.tensors]
    found = group.all_gather(shapes)
    if any(other != found[0] for other in found):
        raise DataError(
            f"the processes have data of different shapes, {found[0]} and others. Create the same "
            "data in each process, from the same files or the same seed"
        )
    if len(set(group.all_gather(checksum(loader.tensors)))) > 1:
        for tensor in loader.tensors:
            group.broadcast(tensor)
