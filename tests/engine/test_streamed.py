"""Streamed data against resident data: same seed, same batches."""

import numpy as np
import pytest
import torch

from d2l.engine.tensor_loaders import ResidentLoader, StreamedLoader, fits

CPU = torch.device("cpu")
X, Y = torch.arange(46.0).reshape(23, 2), torch.arange(23)


def double(x, y):
    return x * 2, y


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("batch_size", [1, 4, 23, 50])
def test_the_same_seed_streams_the_resident_batches(shuffle, batch_size):
    resident = ResidentLoader((X, Y), batch_size, shuffle, double)
    passes = []
    for loader in (resident, StreamedLoader(resident, CPU)):
        torch.manual_seed(0)
        passes.append([batch for _ in range(2) for batch in loader])
    assert len(StreamedLoader(resident, CPU)) == len(resident)
    for ours, theirs in zip(*passes, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_a_pass_left_early_leaves_nothing_running():
    loader = StreamedLoader(ResidentLoader((X, Y), 2), CPU)
    assert torch.equal(next(iter(loader))[1], Y[:2])
    assert len(list(loader)) == 12


def test_data_on_disk_are_streamed_from_there(tmp_path):
    np.save(tmp_path / "x.npy", X.numpy())
    on_disk = torch.from_numpy(np.load(tmp_path / "x.npy", mmap_mode="r+"))
    loader = StreamedLoader(ResidentLoader((on_disk,), 10), CPU)
    assert torch.equal(torch.cat([x for (x,) in loader]), X)


def test_an_error_while_gathering_reaches_the_reader():
    loader = StreamedLoader(ResidentLoader((X.to("meta"),), 10, transform=lambda x: x + Y), CPU)
    with pytest.raises((RuntimeError, NotImplementedError)):
        list(loader)


def test_data_that_are_on_the_device_already_fit():
    assert fits(ResidentLoader((X,), 2), CPU)
