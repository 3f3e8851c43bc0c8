"""A trained model is an ordinary object: it is copied, pickled, saved and moved."""

import copy
import pickle

import pytest
import torch
from readers import LazyNet, PlainLine, TwoClasses, line_data

from d2l import torch as d2l
from d2l.core.unregistered import trainable_tensors, unregistered_tensors


@pytest.fixture
def trained():
    model = LazyNet()
    d2l.Trainer(max_epochs=2).fit(model, TwoClasses())
    model.board.render()
    return model


def test_a_trained_model_is_deep_copied_without_its_trainer_and_data(trained):
    twin = copy.deepcopy(trained)
    X = torch.ones(3, 1)
    assert torch.equal(twin.eval()(X), trained.eval()(X))
    assert "trainer" not in vars(twin)
    assert "trainer" in vars(trained)
    assert twin.board.points == trained.board.points


def test_a_trained_model_is_pickled_and_comes_back(trained):
    twin = pickle.loads(pickle.dumps(trained))
    assert torch.equal(twin.eval()(torch.ones(3, 1)), trained.eval()(torch.ones(3, 1)))
    assert twin.board.points == trained.board.points


def test_a_trained_model_is_saved_whole_by_torch(trained, tmp_path):
    torch.save(trained, tmp_path / "model.pt")
    twin = torch.load(tmp_path / "model.pt", weights_only=False)
    assert torch.equal(twin.eval()(torch.ones(3, 1)), trained.eval()(torch.ones(3, 1)))


def test_a_copy_can_be_trained_on(trained):
    twin = copy.deepcopy(trained)
    d2l.Trainer(max_epochs=1).fit(twin, TwoClasses())
    assert len(twin.board.points["val_loss"]) == 3
    assert len(trained.board.points["val_loss"]) == 2


def test_plain_tensors_move_with_the_model_and_keep_their_identity():
    model = PlainLine(2, lr=0.1)
    w = model.w
    w.grad = torch.ones_like(w)
    model.to("meta")
    assert model.w is w
    assert w.device.type == w.grad.device.type == model.b.device.type == "meta"
    assert w.requires_grad
    assert w.is_leaf


def test_plain_tensors_change_their_type_with_the_model():
    assert PlainLine(2, lr=0.1).double().w.dtype == torch.float64


def test_the_optimizer_is_given_the_moved_tensors():
    class Watched(PlainLine):
        def configure_optimizers(self):
            devices.append(self.w.device.type)
            raise StopIteration

    devices = []
    with pytest.raises(StopIteration):
        d2l.Trainer(max_epochs=1, device="meta").fit(Watched(2, lr=0.1), line_data())
    assert devices == ["meta"]


def test_batches_reach_the_model_on_the_runs_device_even_if_prepare_batch_does_nothing(monkeypatch):
    class Watched(d2l.LinearRegression):
        def training_step(self, batch):
            devices.extend(part.device.type for part in batch)
            raise StopIteration

    devices, model = [], Watched(lr=0.1)
    model.net = torch.nn.Linear(2, 1)
    monkeypatch.setattr(d2l.Trainer, "prepare_batch", lambda self, batch: batch)
    with pytest.raises(StopIteration):
        d2l.Trainer(max_epochs=1, device="meta").fit(model, line_data())
    assert devices == ["meta", "meta"]


def test_a_moved_model_takes_inputs_from_elsewhere():
    class Watched(PlainLine):
        def forward(self, X):
            devices.append(X.device.type)
            return X.sum()

    devices = []
    model = Watched(2, lr=0.1).to("meta")
    with pytest.raises(NotImplementedError):  # the answer cannot come back: meta has no values
        model(torch.ones(1, 2))
    assert devices == ["meta"]
    assert model(torch.ones(1, 2, device="meta")).device.type == "meta"


def test_tensors_in_lists_and_dicts_and_layers_of_the_readers_own_are_found_once():
    layer = torch.nn.Module()
    layer.scale = torch.ones(1, requires_grad=True)
    model = PlainLine(2, lr=0.1)
    model.layer = layer
    model.stack = [model.w, {"more": torch.zeros(3, requires_grad=True)}]
    model.constant = torch.ones(5)
    assert sorted(t.numel() for t in unregistered_tensors(model)) == [1, 1, 2, 3, 5]
    assert sorted(t.numel() for t in trainable_tensors(model)) == [1, 1, 2, 3]
