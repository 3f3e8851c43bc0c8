"""The same runs on a GPU: right numbers, everything where it belongs."""

import gc

import pytest
import torch
from readers import LazyNet, PlainLine, TwoClasses, line_data
from test_graphed_run import Images, dropout_net, small_mlp
from test_steps_of_readers import (
    CAN_BE,
    CANNOT_BE,
    Base,
    FusedAdam,
    HostRandom,
    Mixup,
    Noisy,
    NumpyRandom,
    StepDecay,
    WithDropout,
    settings,
    weights_of_classes,
)

from d2l import torch as d2l

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(d2l.num_gpus() == 0, reason="this machine has no GPU"),
]

cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA GPU")


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


def fit(make, replay, max_epochs=2, **options):
    torch.manual_seed(0)
    model = make()
    model.plot_train_per_epoch = 1000
    trainer = d2l.Trainer(max_epochs, num_gpus=1, seed=1, replay=replay, **options)
    trainer.fit(model, Images())
    return model, trainer


def assert_same_numbers(make, **options):
    """Eager and by default captured; gives the second trainer."""
    eager, _ = fit(make, False, **options)
    captured, trainer = fit(make, True, **options)
    for label, points in eager.board.points.items():
        others = [p.y for p in captured.board.points[label]]
        assert [p.y for p in points] == pytest.approx(others, rel=1e-3, abs=1e-5), trainer.plan
    return trainer


class ListIndex(Base):
    def loss(self, y_hat, y):
        return -torch.log_softmax(y_hat, 1)[list(range(len(y_hat))), y].mean()


class MadeOnDevice(Base):
    def loss(self, y_hat, y):
        return super().loss(y_hat, y) * torch.tensor(2.0, device=y_hat.device)


class CopiedFromHost(Base):
    def loss(self, y_hat, y):
        return super().loss(y_hat, y) * torch.ones(1).to(y_hat.device).sum()


class Counted(Base):
    def loss(self, y_hat, y):
        return super().loss(y_hat, y) + 0 * torch.bincount(y).sum()


@cuda
@pytest.mark.parametrize("make", [ListIndex, MadeOnDevice, CopiedFromHost, Counted])
def test_a_step_that_waits_for_the_gpu_is_refused_before_a_capture_and_harms_nothing(make):
    captures = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("d2l.engine.graphed_epoch.capture", lambda *args: captures.append(args))
        trainer = assert_same_numbers(make)
    assert trainer.plan.step == "eager"
    assert "it synchronizes with the device" in trainer.plan.why or "copies" in trainer.plan.why
    assert captures == []
    assert_device_is_as_before()
    assert assert_same_numbers(small_mlp).plan.step == "replayed"


@cuda
def test_a_capture_that_fails_harms_nothing(monkeypatch):
    monkeypatch.setattr("d2l.engine.graphed_epoch.IS_WATCHED", (False, False, False, False))
    trainer = assert_same_numbers(ListIndex)
    assert trainer.plan.why.startswith("its capture failed: ")
    assert_device_is_as_before()
    monkeypatch.undo()
    assert assert_same_numbers(dropout_net).plan.step == "replayed"


def assert_device_is_as_before():
    assert torch.cuda.current_stream() == torch.cuda.default_stream()
    assert torch.nn.functional.dropout(torch.ones(8, device="cuda")).shape == (8,)
    torch.cuda.empty_cache()


@cuda
@pytest.mark.parametrize("make", [*CAN_BE, *CANNOT_BE], ids=lambda kind: kind.__name__)
def test_steps_of_readers_give_the_eager_numbers_on_a_gpu(make):
    settings.factor = weights_of_classes[0] = 1.0
    if make in (HostRandom, NumpyRandom):
        pytest.skip("draws other numbers in the second run")
    eager, _ = fit(make, False)
    settings.factor = 1.0
    captured, trainer = fit(make, True)
    for label, points in eager.board.points.items():
        others = [p.y for p in captured.board.points[label]]
        if make not in (Noisy, Mixup, WithDropout):  # which draw on the GPU
            assert [p.y for p in points] == pytest.approx(others, rel=1e-3, abs=1e-5), trainer.plan


OPTIMIZERS = (
    *("Adam", "AdamW", "NAdam", "RAdam", "RMSprop", "Adadelta", "Adamax", "ASGD", "Rprop"),
    *("Adagrad", "SGD"),
)


@cuda
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_gives_the_eager_numbers(name):
    class Net(Base):
        def configure_optimizers(self):
            return getattr(torch.optim, name)(self.parameters(), lr=0.01)

    assert_same_numbers(Net)


@cuda
@pytest.mark.parametrize("make", [StepDecay, FusedAdam])
def test_a_rate_that_changes_each_epoch_is_captured_once_more(make):
    trainer = assert_same_numbers(make, max_epochs=5)
    assert trainer.plan.step == "replayed"
    assert len(trainer.plan.recaptured) == 1


@cuda
@pytest.mark.filterwarnings("ignore")
def test_a_compiled_model_is_replayed():
    assert assert_same_numbers(small_mlp, compile=True).plan.step == "replayed"
    assert_device_is_as_before()


@cuda
def test_memory_is_released_after_a_fit_without_the_collector():
    fit(small_mlp, True)
    gc.collect()
    torch.cuda.empty_cache()
    before = torch.cuda.memory_reserved()
    gc.disable()
    try:
        for _ in range(3):
            fit(small_mlp, True)
        torch.cuda.empty_cache()
        assert torch.cuda.memory_reserved() - before < 64e6
    finally:
        gc.enable()


@cuda
@pytest.mark.skipif(d2l.num_gpus() < 2, reason="this machine has one GPU")
@pytest.mark.parametrize("current", [0, 1])
def test_a_run_is_on_the_device_that_it_names(current):
    with torch.cuda.device(current):
        eager, captured = (
            d2l.Trainer(2, device="cuda:1", seed=1, replay=replay) for replay in (False, True)
        )
        losses = []
        for trainer in (eager, captured):
            torch.manual_seed(0)
            model = small_mlp()
            trainer.fit(model, Images())
            losses.append([p.y for p in model.board.points["train_loss"]])
        assert captured.plan.step == "replayed"
        assert losses[0] == pytest.approx(losses[1], rel=1e-3)
        assert torch.cuda.current_device() == current


@cuda
def test_a_streamed_run_has_the_points_of_a_resident_one():
    resident, _ = fit(small_mlp, False)
    streamed, trainer = fit(small_mlp, False, stream=True)
    assert trainer.plan.data == "streamed"
    a, b = (m.board.points["train_loss"] for m in (resident, streamed))
    assert [p.y for p in a] == pytest.approx([p.y for p in b], rel=1e-3)
