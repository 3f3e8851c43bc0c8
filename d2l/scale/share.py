"""Each process's part of each batch: the batch is the book's, its examples are split by index.

Every process knows the same order of the examples and takes its own rows of it. Validation sets
are shared in the same way, so no example is seen twice.
"""

import zlib
from collections.abc import Iterator
from itertools import islice
from typing import Any

import torch
from torch.utils.data import DataLoader, IterableDataset
from torch.utils.data.distributed import DistributedSampler

from d2l.base.batches import checksum, count_examples, take_examples
from d2l.engine.resident import ResidentLoader
from d2l.engine.streamed import StreamedLoader
from d2l.errors import DataError
from d2l.scale.generators import SharedGenerators
from d2l.scale.world import World


class SharedLoader:
    """The batches of `loader`, of which this process gets its part.

    `num_own` and `num_whole` count the examples of the last batch handed out, here and in all
    processes. A process whose part of a short last batch is empty gets one example that counts 0,
    so that all take the same number of steps. Everything else is the loader's own.
    """

    def __init__(self, loader: Any, world: World, generators: SharedGenerators) -> None:
        _check(loader, world)
        self.loader, self._world, self._generators = loader, world, generators
        self.num_own = self.num_whole = 0
        if isinstance(loader, (ResidentLoader, StreamedLoader)):
            _share_data(loader, world)

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[Any]:
        return self.batches()

    def batches(self, first: int = 0) -> Iterator[Any]:
        """This process's parts, from the batch with this number on; the order is drawn at once."""
        if isinstance(self.loader, (ResidentLoader, StreamedLoader)):
            return self._chosen_by_index(first)
        if _has_numbers(self.loader):
            return self._loaded_by_index(self.loader, first)
        return self._cut_from_whole(first)

    def _chosen_by_index(self, first: int) -> Iterator[Any]:
        with self._generators.drawn_alike():
            order = self.loader.draw_order()
        whole = order.split(self.loader.batch_size)[first:]
        parts = (part[self._rows(len(part))] for part in whole)
        batches = self.loader.batches_of(parts)
        return self._counted([len(part) for part in whole], batches)

    def _loaded_by_index(self, loader: DataLoader[Any], first: int) -> Iterator[Any]:
        with self._generators.drawn_alike():
            torch.empty((), dtype=torch.int64).random_(generator=loader.generator)  # its workers'
            whole = [list(numbers) for numbers in islice(loader.batch_sampler, first, None)]  # type: ignore[arg-type]
        self._require_alike(zlib.crc32(repr(whole).encode()))
        own = [numbers[self._rows(len(numbers))] for numbers in whole]
        return self._counted([len(numbers) for numbers in whole], iter(_reading(loader, own)))

    def _cut_from_whole(self, first: int) -> Iterator[Any]:
        with self._generators.drawn_alike():
            batches = iter(self.loader)
            skipped = sum(1 for _ in islice(batches, first))
        return self._cut(batches, skipped)

    def _cut(self, batches: Iterator[Any], number: int) -> Iterator[Any]:
        while True:
            with self._generators.drawn_alike():
                batch = next(batches, None)
            if batch is None:
                return
            if number == 0:
                self._require_alike(checksum(batch))
            number += 1
            num_examples = count_examples(batch)
            self._count(num_examples)
            yield take_examples(batch, self._rows(num_examples))

    def _counted(self, sizes: list[int], batches: Iterator[Any]) -> Iterator[Any]:
        for size, batch in zip(sizes, batches, strict=True):
            self._count(size)
            yield batch

    def _count(self, num_whole: int) -> None:
        start, stop = bounds(num_whole, self._world)
        self.num_own, self.num_whole = stop - start, num_whole

    def _rows(self, num_examples: int) -> slice:
        start, stop = bounds(num_examples, self._world)
        return slice(start, stop) if stop > start else slice(0, 1)

    def _require_alike(self, seen: int) -> None:
        """Raise unless all processes have seen the same."""
        if len(set(self._world.gather(seen))) > 1:
            raise DataError(
                f"the {type(self.loader).__name__} gives each process other batches, so they "
                "cannot share them: draw their order with torch, numpy or random (which the run "
                "keeps alike), and not from the clock or a process's own number"
            )

    def __getattr__(self, name: str) -> Any:
        if name == "loader":  # not there yet, while a copy is being made
            raise AttributeError(name)
        return getattr(self.loader, name)


def bounds(num_examples: int, world: World) -> tuple[int, int]:
    """Where this process's part of so many examples begins and ends; parts differ by 1 at most."""
    each, rest = divmod(num_examples, world.size)
    start = world.rank * each + min(world.rank, rest)
    return start, start + each + (world.rank < rest)


def _has_numbers(loader: Any) -> bool:
    """Whether a loader is PyTorch's own and makes its batches of the numbers of examples."""
    if type(loader) is not DataLoader or isinstance(loader.dataset, IterableDataset):
        return False
    return loader.batch_sampler is not None


def _reading(loader: DataLoader[Any], own: list[list[int]]) -> DataLoader[Any]:
    """A loader like this one that reads the examples with these numbers."""
    names = (
        "num_workers", "collate_fn", "pin_memory", "timeout", "worker_init_fn",
        "multiprocessing_context", "prefetch_factor",
    )  # fmt: skip
    options = {name: getattr(loader, name) for name in names}
    return DataLoader(loader.dataset, batch_sampler=own, **options)


def _check(loader: Any, world: World) -> None:
    batch_size = getattr(loader, "batch_size", None)
    if isinstance(batch_size, int) and batch_size < world.size:
        raise DataError(
            f"batches of {batch_size} cannot be shared by {world.size} processes: the batch is "
            f"that of the whole run. Ask for batch_size={world.size} or more, or fewer processes"
        )
    if isinstance(getattr(loader, "sampler", None), DistributedSampler):
        raise DataError(
            "the loader has a DistributedSampler, and would be shared twice: leave the sampler "
            "out, the trainer shares every batch among the processes itself"
        )
    if len(set(world.gather(len(loader)))) > 1:
        raise DataError(
            f"the processes have loaders of different lengths: {world.gather(len(loader))} "
            "batches. Let each make the same data, from the same files or the same seed"
        )


def _share_data(loader: Any, world: World) -> None:
    """Have every process work on the first one's data, where they are not the same anyway."""
    shapes = [(tuple(t.shape), t.dtype) for t in loader.tensors]
    found = world.gather(shapes)
    if any(other != found[0] for other in found):
        raise DataError(
            f"the processes hold data of different shapes, {found[0]} and others: let each make "
            "the same data, from the same files or the same seed"
        )
    if len(set(world.gather(checksum(loader.tensors)))) > 1:
        for tensor in loader.tensors:
            world.share(tensor)
