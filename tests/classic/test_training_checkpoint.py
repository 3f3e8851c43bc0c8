"""A loop written by hand, interrupted and resumed: bit for bit the same, or a clear error."""

import random

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from d2l import torch as d2l
from d2l.errors import CheckpointError


def model_and_optimizer(num_hiddens=8, optimizer=torch.optim.AdamW):
    model = nn.Sequential(nn.Linear(4, num_hiddens), nn.Dropout(0.3), nn.Linear(num_hiddens, 1))
    return model, optimizer(model.parameters(), lr=0.05)


def train(model, optimizer, steps):
    """Losses of steps that draw from all three generators."""
    losses = []
    for _ in steps:
        X = torch.randn(6, 4) * random.random() + np.random.rand()
        l = F.mse_loss(model(X), X[:, :1])
        optimizer.zero_grad()
        l.backward()
        optimizer.step()
        losses.append(l.item())
    return losses


def test_a_resumed_loop_gives_bit_for_bit_what_the_whole_one_gives(tmp_path):
    model, optimizer = model_and_optimizer()
    train(model, optimizer, range(5))
    d2l.save_checkpoint(tmp_path / "a.pt", model, optimizer, step=5, cfg={"lr": 0.05})
    rest = train(model, optimizer, range(5, 12))

    torch.manual_seed(99)
    random.seed(99)
    other, its_optimizer = model_and_optimizer()
    train(other, its_optimizer, range(3))
    step = d2l.load_checkpoint(str(tmp_path / "a.pt"), other, its_optimizer)
    assert step == 5
    assert train(other, its_optimizer, range(step, 12)) == rest
    assert all(
        torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters(), strict=True)
    )


def test_without_an_optimizer_only_the_weights_are_loaded(tmp_path):
    model, optimizer = model_and_optimizer()
    train(model, optimizer, range(2))
    d2l.save_checkpoint(tmp_path / "a.pt", model, optimizer, 2)
    other, _ = model_and_optimizer()
    before = torch.get_rng_state()
    assert d2l.load_checkpoint(tmp_path / "a.pt", other) == 2
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(other[0].weight, model[0].weight)


def test_several_optimizers_are_resumed_in_order(tmp_path):
    def parts():
        model = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 1))
        return model, [
            torch.optim.SGD(model[0].parameters(), lr=0.1, momentum=0.9),
            torch.optim.Adam(model[1].parameters()),
        ]

    def loss_after(model, optimizers):
        for optimizer in optimizers:
            F.mse_loss(model(torch.ones(2, 4)), torch.zeros(2, 1)).backward()
            optimizer.step()
        return model(torch.ones(2, 4)).sum().item()

    model, optimizers = parts()
    loss_after(model, optimizers)
    d2l.save_checkpoint(tmp_path / "a.pt", model, optimizers, 1)
    model.zero_grad()
    expected = loss_after(model, optimizers)
    other, its = parts()
    d2l.load_checkpoint(tmp_path / "a.pt", other, its)
    assert loss_after(other, its) == expected


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "text"])
def test_a_damaged_file_is_refused_and_nothing_has_changed(tmp_path, damage):
    model, optimizer = model_and_optimizer()
    file = tmp_path / "a.pt"
    d2l.save_checkpoint(file, model, optimizer, 3)
    content = file.read_bytes()
    middle = len(content) // 2
    file.write_bytes({
        "cut": content[:middle],
        "flipped": content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :],
        "empty": b"",
        "text": b"not a checkpoint",
    }[damage])  # fmt: skip
    other, its_optimizer = model_and_optimizer()
    before = [parameter.clone() for parameter in other.parameters()]
    with pytest.raises(CheckpointError, match=r"a\.pt is not a complete checkpoint"):
        d2l.load_checkpoint(file, other, its_optimizer)
    assert all(torch.equal(a, b) for a, b in zip(before, other.parameters(), strict=True))


def test_another_model_or_optimizer_is_refused(tmp_path):
    d2l.save_checkpoint(tmp_path / "a.pt", *model_and_optimizer(), 3)
    other, its_optimizer = model_and_optimizer(num_hiddens=9)
    with pytest.raises(
        CheckpointError, match=r"saved from a different model .* 0.weight: \(9, 4\)"
    ):
        d2l.load_checkpoint(tmp_path / "a.pt", other, its_optimizer)
    other, its_optimizer = model_and_optimizer(optimizer=torch.optim.SGD)
    before = other[0].weight.clone()
    with pytest.raises(CheckpointError, match="was trained with AdamW, but this run uses SGD"):
        d2l.load_checkpoint(tmp_path / "a.pt", other, its_optimizer)
    assert torch.equal(other[0].weight, before)


def test_a_file_with_code_is_not_loaded(tmp_path):
    torch.save({"step": nn.Linear(1, 1)}, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match="could execute code"):
        d2l.load_checkpoint(tmp_path / "a.pt", *model_and_optimizer())


def test_what_is_no_plain_value_is_not_saved_and_the_old_file_stays(tmp_path):
    model, optimizer = model_and_optimizer()
    d2l.save_checkpoint(tmp_path / "a.pt", model, optimizer, 3)
    with pytest.raises(CheckpointError, match=r"\['cfg'\] is a Linear, which a checkpoint cannot"):
        d2l.save_checkpoint(tmp_path / "a.pt", model, optimizer, 4, cfg=nn.Linear(1, 1))
    assert d2l.load_checkpoint(tmp_path / "a.pt", model) == 3


def test_a_checkpoint_of_a_trainer_is_told_apart(tmp_path):
    data = d2l.SyntheticRegressionData(torch.tensor([1.0]), 0.0, num_train=8, num_val=8)
    model = d2l.LinearRegression(lr=0.1)
    trainer = d2l.Trainer(max_epochs=1)
    trainer.fit(model, data)
    trainer.save(tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match="written by a Trainer, not by save_checkpoint"):
        d2l.load_checkpoint(tmp_path / "a.pt", model)
