"""The loop of a fixed number of steps, against the same loop written out."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from d2l import torch as d2l
from d2l.errors import DataError

BATCHES = [tuple(torch.randint(0, 7, (2, 3, 5))) for _ in range(3)]


def parts():
    torch.manual_seed(0)
    model = d2l.TinyLM(7, d_model=8, max_len=5)
    return model, torch.optim.AdamW(model.parameters(), lr=0.01)


def written_out(num_steps):
    model, optimizer = parts()
    losses = []
    for step in range(num_steps):
        X, Y = BATCHES[step % 3]
        l = F.cross_entropy(model(X).reshape(-1, 7), Y.reshape(-1))
        optimizer.zero_grad()
        l.backward()
        optimizer.step()
        losses.append(l.item())
    return losses


@pytest.mark.parametrize("as_iterator", [False, True])
def test_the_batches_are_gone_over_again_and_again(as_iterator):
    losses = d2l.train_lm(parts()[0], BATCHES, torch.optim.SGD([torch.zeros(1)], 0.1), 0)
    assert losses == []
    model, optimizer = parts()
    data = iter(BATCHES) if as_iterator else BATCHES
    assert d2l.train_lm(model, data, optimizer, 8) == pytest.approx(written_out(8), rel=1e-5)


def test_a_data_module_gives_its_training_batches():
    data = d2l.TinyStory(batch_size=16, num_steps=5, num_train=40, num_val=10)
    seen = []

    class Watched(d2l.TinyLM):
        def forward(self, X):
            seen.append(len(X))
            return super().forward(X)

    model = Watched(len(data.vocab), d_model=8)
    d2l.train_lm(model, data, torch.optim.AdamW(model.parameters()), 4)
    assert seen == [16, 16, 8, 16]


def test_each_of_several_optimizers_takes_its_step():
    model, _ = parts()
    head, rest = [model.head.weight], [p for n, p in model.named_parameters() if n[:4] != "head"]
    before = [parameter.clone() for parameter in model.parameters()]
    d2l.train_lm(model, BATCHES, [torch.optim.SGD(head, 0.1), torch.optim.AdamW(rest)], 1)
    pairs = zip(before, model.parameters(), strict=True)
    assert not any(torch.equal(old, new) for old, new in pairs)


def test_training_is_in_training_mode():
    model = nn.Sequential(nn.Embedding(7, 7), nn.Dropout(0.5)).eval()
    d2l.train_lm(model, BATCHES, torch.optim.SGD(model.parameters(), 0.1), 1)
    assert model.training


def test_data_without_batches_is_an_error():
    model, optimizer = parts()
    with pytest.raises(DataError, match="found no batches"):
        d2l.train_lm(model, [], optimizer, 1)
