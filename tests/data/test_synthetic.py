"""The book's generated data: a linear relation with noise."""

import torch

from d2l import torch as d2l


def test_by_default_there_are_a_thousand_examples_of_each_in_batches_of_32_with_little_noise():
    data = d2l.SyntheticRegressionData(torch.tensor([2.0, -3.4]), b=4.2)
    X, y = next(iter(data.train_dataloader()))
    assert X.shape == (32, 2)
    assert y.shape == (32, 1)
    assert [len(loader.dataset) for loader in (data.train_dataloader(), data.val_dataloader())] == [
        1000, 1000,
    ]  # fmt: skip
    noise = data.y - (data.X @ torch.tensor([[2.0], [-3.4]]) + 4.2)
    assert 0.009 < noise.std() < 0.011
