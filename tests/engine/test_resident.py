"""The loader of data in memory, held against PyTorch's own."""

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from d2l.engine.tensor_loaders import ResidentLoader, StreamedLoader, fits, placed

X, Y = torch.arange(20.0).reshape(10, 2), torch.arange(10)


def same(ours, theirs):
    return all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("batch_size", [1, 3, 5, 10, 64])
def test_the_same_seed_gives_the_batches_of_a_dataloader_pass_after_pass(shuffle, batch_size):
    ours = ResidentLoader((X, Y), batch_size, shuffle)
    theirs = DataLoader(TensorDataset(X, Y), batch_size, shuffle=shuffle)
    passes = []
    for loader in (ours, theirs):
        torch.manual_seed(0)
        passes.append([list(loader) for _ in range(3)] + [[(torch.rand(1),)]])
    assert len(ours) == len(theirs)
    for our_pass, their_pass in zip(*passes, strict=True):
        assert all(same(a, b) for a, b in zip(our_pass, their_pass, strict=True))


def test_each_pass_has_a_new_order_and_every_example_once():
    loader = ResidentLoader((Y,), 3, shuffle=True)
    orders = [torch.cat([y for (y,) in loader]).tolist() for _ in range(2)]
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(10))
    assert orders[0] != orders[1]


def test_the_short_last_batch_is_kept():
    assert [len(y) for (y,) in ResidentLoader((Y,), 4)] == [4, 4, 2]


def test_the_transform_makes_the_batch():
    loader = ResidentLoader((X, Y), 5, transform=lambda x, y: (x * 2, y + 1))
    x, y = next(iter(loader))
    assert torch.equal(x, X[:5] * 2)
    assert torch.equal(y, Y[:5] + 1)


def test_a_loader_moves_to_a_device_and_stays_itself_where_it_is():
    loader = ResidentLoader((X, Y), 5, shuffle=True)
    assert loader.to(torch.device("cpu")) is loader
    moved = loader.to(torch.device("meta"))
    assert next(iter(moved))[0].device.type == "meta"
    assert (len(moved), moved.shuffle) == (2, True)


def test_two_iterators_do_not_disturb_each_other():
    loader = ResidentLoader((Y,), 5)
    first, second = iter(loader), iter(loader)
    assert torch.equal(next(first)[0], next(second)[0])
    assert torch.equal(next(first)[0], Y[5:])


def test_tensors_of_two_lengths_are_an_error():
    with pytest.raises(ValueError, match=r"equal length; found \[10, 9\]"):
        ResidentLoader((X, Y[:9]), 2)


def test_a_batch_size_of_zero_is_an_error():
    with pytest.raises(ValueError, match="batch_size must be at least 1; found 0"):
        ResidentLoader((X,), 0)


def test_data_that_take_at_most_half_of_the_free_memory_of_a_gpu_move_there(monkeypatch):
    loader = ResidentLoader((X, Y), 4, False)
    size, gpu = X.nbytes + Y.nbytes, torch.device("cuda")
    for free, is_room in ((2 * size, True), (2 * size - 1, False)):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device, free=free: (free, 10 * size))
        assert fits(loader, gpu) is is_room
        assert fits(loader, torch.device("cpu"))


@pytest.mark.parametrize(
    ("device", "stream", "num_free", "is_streamed"),
    [
        ("cpu", None, 0, False), ("cpu", True, 0, True), ("cpu", False, 0, False),
        ("cuda", None, 0, True), ("cuda", True, 1e9, True),
    ],
)  # fmt: skip
def test_data_are_streamed_where_it_is_asked_for_or_they_are_too_large(
    monkeypatch, device, stream, num_free, is_streamed
):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (num_free, num_free))
    loader = placed(ResidentLoader((X, Y), 4, False), torch.device(device), stream)
    assert isinstance(loader, StreamedLoader) is is_streamed
