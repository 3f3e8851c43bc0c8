"""The same runs on a GPU: right numbers, everything where it belongs."""

import pytest
import torch
from readers import LazyNet, PlainLine, TwoClasses, line_data

from d2l import torch as d2l

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(d2l.num_gpus() == 0, reason="this machine has no GPU"),
]


def test_plain_tensors_learn_the_line_on_the_gpu():
    torch.manual_seed(0)
    model = PlainLine(2, lr=0.03)
    w = model.w
    d2l.Trainer(max_epochs=10, num_gpus=1).fit(model, line_data())
    assert model.w is w  # back where it was made, to be compared with the data's
    assert torch.allclose(w.reshape(-1), torch.tensor([2, -3.4]), atol=0.05)


def test_a_run_on_the_gpu_gives_the_numbers_of_the_cpu():
    torch.manual_seed(0)
    points = []
    for num_gpus in (0, 1):
        torch.manual_seed(0)
        model = PlainLine(2, lr=0.03)
        d2l.Trainer(max_epochs=2, num_gpus=num_gpus, seed=1).fit(model, line_data())
        points.append([point.y for point in model.board.points["val_loss"]])
    assert points[0] == pytest.approx(points[1], rel=1e-4)


def test_the_homeworks_do_nothing_prepare_batch_serves_on_the_gpu(monkeypatch):
    monkeypatch.setattr(d2l.Trainer, "prepare_batch", lambda self, batch: batch)
    model = LazyNet()
    d2l.Trainer(max_epochs=1, num_gpus=1).fit(model, TwoClasses())
    assert len(model.board.points["val_acc"]) == 1


def test_a_model_on_the_gpu_answers_where_it_was_asked():
    model = LazyNet()
    d2l.Trainer(max_epochs=1, num_gpus=1).fit(model, TwoClasses())
    X = torch.ones(2, 1)
    assert model(X).device.type == "cpu"
    assert model(X.to(d2l.gpu())).device.type == d2l.gpu().type


def test_fashion_mnist_lives_on_the_gpu_during_a_run():
    class Watched(d2l.SoftmaxRegression):
        def training_step(self, batch):
            devices.update(part.device.type for part in batch)
            return super().training_step(batch)

    devices = set()
    data = d2l.FashionMNIST(batch_size=6000)
    d2l.Trainer(max_epochs=1, num_gpus=1).fit(Watched(10, lr=0.1), data)
    assert devices == {d2l.gpu().type}
    assert next(iter(data.val_dataloader()))[0].device.type == "cpu"


@pytest.mark.parametrize("ways", [(0, 1), (1, 0)])
def test_a_run_of_adam_goes_on_elsewhere(tmp_path, ways):
    class Counted(LazyNet):
        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters(), lr=0.01)

    for max_epochs, num_gpus in zip((1, 2), ways, strict=True):
        model = Counted()
        trainer = d2l.Trainer(max_epochs, num_gpus, checkpoint=tmp_path, replay=num_gpus == 1)
        trainer.fit(model, TwoClasses(num_train=40), resume="last")
        assert trainer.plan.step == ("replayed" if num_gpus else "eager")
    assert [point.x for point in model.board.points["val_loss"]] == [1, 2]
