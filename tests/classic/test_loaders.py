"""Loaders and data of hand-written loops, against PyTorch's own."""

import os

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from d2l import torch as d2l
from d2l.errors import LabelError


def test_synthetic_data_follow_the_relation_to_a_hundredth():
    w, b = torch.tensor([2.0, -3.4]), 4.2
    X, y = d2l.synthetic_data(w, b, 2000)
    assert (X.shape, y.shape) == ((2000, 2), (2000, 1))
    solved = torch.linalg.lstsq(torch.cat([X, torch.ones(2000, 1)], dim=1), y).solution
    assert solved.reshape(-1).tolist() == pytest.approx([2.0, -3.4, 4.2], abs=2e-3)
    noise = y - (X @ w.reshape(-1, 1) + b)
    assert noise.std().item() == pytest.approx(0.01, rel=0.1)


def test_load_array_gives_the_batches_of_a_dataloader():
    X, y = torch.arange(10.0), torch.arange(10) * 3
    for is_train in (True, False):
        torch.manual_seed(4)
        ours = list(d2l.load_array((X, y), 4, is_train))
        torch.manual_seed(4)
        theirs = list(DataLoader(TensorDataset(X, y), 4, shuffle=is_train))
        assert [len(part) for part, _ in ours] == [4, 4, 2]
        for (X_ours, y_ours), (X_theirs, y_theirs) in zip(ours, theirs, strict=True):
            assert torch.equal(X_ours, X_theirs)
            assert torch.equal(y_ours, y_theirs)


def test_there_are_no_more_workers_than_cores():
    assert 1 <= d2l.get_dataloader_workers() <= min(4, os.cpu_count())
    loader = DataLoader(TensorDataset(torch.zeros(2)), num_workers=d2l.get_dataloader_workers())
    assert len(list(loader)) == 2  # and PyTorch warns of nothing


@pytest.mark.parametrize(("resize", "size"), [(None, (28, 28)), (8, (8, 8)), ((6, 10), (6, 10))])
def test_fashion_mnist_comes_as_two_loaders(resize, size):
    train_iter, test_iter = d2l.load_data_fashion_mnist(64, resize=resize)
    X, y = next(iter(test_iter))
    assert (X.shape, X.dtype, y.shape, y.dtype) == (
        (64, 1, *size),
        torch.float32,
        (64,),
        torch.int64,
    )
    assert (len(train_iter), len(test_iter)) == (938, 157)
    assert not torch.equal(next(iter(train_iter))[1], next(iter(train_iter))[1])


def test_labels_have_the_books_names():
    names = d2l.get_fashion_mnist_labels(torch.tensor([0, 3, 9]))
    assert names == ["t-shirt", "dress", "ankle boot"]
    with pytest.raises(LabelError, match=r"classes 0\.\.9"):
        d2l.get_fashion_mnist_labels([10])
