"""Each process's part of each batch, for every kind of loader: no example twice, none left out."""

import math
import random

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.data.distributed import DistributedSampler

from d2l.base.seed import seed_all
from d2l.engine.tensor_loaders import ResidentLoader, StreamedLoader
from d2l.errors import DataError
from d2l.scale.process_group import ProcessGroup
from d2l.scale.sharding import ShardedLoader, SharedRandomState, shard_bounds

SIZES = [(12, 4), (10, 4), (9, 4), (3, 4), (11, 5)]  # examples, batch size


class OneAfterTheOther(ProcessGroup):
    """Processes that are begun alike and run one after the other: what one says all would say."""

    def all_gather(self, value):
        return [value] * self.size

    def broadcast_result(self, make):
        return make()

    def broadcast(self, tensor):
        pass


def resident(X, batch_size, shuffle):
    return ResidentLoader((X,), batch_size, shuffle)


def transformed(X, batch_size, shuffle):
    return ResidentLoader((X / 2,), batch_size, shuffle, lambda X: (X * 2,))


def streamed(X, batch_size, shuffle):
    return StreamedLoader(resident(X, batch_size, shuffle), torch.device("cpu"))


def loaded(X, batch_size, shuffle):
    return DataLoader(TensorDataset(X), batch_size, shuffle)


def batched_beforehand(X, batch_size, shuffle):
    return DataLoader([(part,) for part in X.split(batch_size)], batch_size=None, shuffle=shuffle)


def loaded_by_workers(X, batch_size, shuffle):
    return DataLoader(TensorDataset(X), batch_size, shuffle, num_workers=2)


class ShuffledByHand:
    """A reader's loader: its batches are dictionaries, and Python's random numbers shuffle them."""

    def __init__(self, X, batch_size, shuffle):
        self.X, self.batch_size, self.shuffle = X, batch_size, shuffle

    def __len__(self):
        return math.ceil(len(self.X) / self.batch_size)

    def __iter__(self):
        order = (
            random.sample(range(len(self.X)), len(self.X)) if self.shuffle else range(len(self.X))
        )
        for i in range(0, len(self.X), self.batch_size):
            yield {"X": self.X[order[i : i + self.batch_size]], "noise": np.random.rand()}


LOADERS = [resident, transformed, streamed, loaded, batched_beforehand, ShuffledByHand]


def shared(make, size, rank, first=0, epochs=1):
    """What this process sees of each batch, and how many of all examples count."""
    seed_all(7)
    world = OneAfterTheOther(rank, size)
    generators = SharedRandomState(world)
    generators.begin()
    loader = ShardedLoader(make(), world, generators)
    seen = []
    for _ in range(epochs):
        for batch in loader.batches(first):
            seen.append((examples(batch)[: loader.num_local], loader.num_local, loader.num_global))
            assert len(examples(batch)) == max(1, loader.num_local)
            torch.rand(rank + 1)  # what a process draws for itself changes nothing
    return seen


def examples(batch):
    return batch["X"] if isinstance(batch, dict) else batch[0]


def alone(make, first=0, epochs=1):
    seed_all(7)
    loader = make()
    return [examples(batch) for _ in range(epochs) for batch in list(loader)[first:]]


@pytest.mark.parametrize("size", [1, 2, 3, 4])
@pytest.mark.parametrize("num_examples", range(10))
def test_the_parts_of_a_batch_follow_each_other_and_differ_by_one_at_most(num_examples, size):
    parts = [shard_bounds(num_examples, ProcessGroup(rank, size)) for rank in range(size)]
    numbers = [i for start, stop in parts for i in range(start, stop)]
    assert numbers == list(range(num_examples))
    lengths = [stop - start for start, stop in parts]
    assert max(lengths) - min(lengths) <= 1


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("num_examples, batch_size", SIZES)
@pytest.mark.parametrize("kind", LOADERS)
def test_the_parts_of_all_processes_are_the_batches_of_one(kind, num_examples, batch_size, shuffle):
    def make():
        return kind(torch.arange(num_examples, dtype=torch.float32), batch_size, shuffle)

    whole = alone(make, epochs=2)
    assert sorted(torch.cat(whole).tolist()) == sorted([*range(num_examples)] * 2)
    for size in (2, 3):
        parts = [shared(make, size, rank, epochs=2) for rank in range(size)]
        for batch, *of_batch in zip(whole, *parts, strict=True):
            assert torch.equal(torch.cat([seen for seen, _, _ in of_batch]), batch)
            assert {num_whole for _, _, num_whole in of_batch} == {len(batch)}
            assert sum(num_own for _, num_own, _ in of_batch) == len(batch)


@pytest.mark.parametrize("kind", LOADERS)
def test_a_pass_that_goes_on_in_its_middle_has_the_rest_of_its_batches(kind):
    def make():
        return kind(torch.arange(11.0), 4, True)

    whole = alone(make, first=1)
    parts = [shared(make, 2, rank, first=1) for rank in range(2)]
    for batch, *of_batch in zip(whole, *parts, strict=True):
        assert torch.equal(torch.cat([seen for seen, _, _ in of_batch]), batch)


def test_the_workers_of_a_dataloader_read_this_processes_examples_alone():
    def make():
        return loaded_by_workers(torch.arange(9.0), 4, True)

    whole = alone(make)
    parts = [shared(make, 3, rank) for rank in range(3)]
    for batch, *of_batch in zip(whole, *parts, strict=True):
        assert torch.equal(torch.cat([seen for seen, _, _ in of_batch]), batch)


def test_a_shared_loader_is_else_the_readers_own():
    loader = ShardedLoader(resident(torch.arange(9.0), 4, False), *_first_of_two())
    assert len(loader) == 3
    assert loader.batch_size == 4
    assert loader.num_examples == 9


def test_a_batch_smaller_than_the_processes_is_refused():
    with pytest.raises(DataError, match=r"batches of 1 cannot be split over 2 processes.*=2 or"):
        ShardedLoader(resident(torch.arange(9.0), 1, False), *_first_of_two())


def test_a_loader_that_is_shared_already_is_refused():
    data = TensorDataset(torch.arange(9.0))
    sampler = DistributedSampler(data, num_replicas=2, rank=0)
    with pytest.raises(DataError, match=r"DistributedSampler.*Remove the sampler"):
        ShardedLoader(DataLoader(data, 4, sampler=sampler), *_first_of_two())


def _first_of_two():
    world = OneAfterTheOther(0, 2)
    return world, SharedRandomState(world)
