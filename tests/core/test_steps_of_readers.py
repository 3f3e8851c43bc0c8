"""Steps as readers write them, captured and eager: the same numbers; the plan says which it was.

Where a step cannot be replayed, or would give other numbers, the plan has the reason.
"""

import random
import types
from collections import Counter, deque
from contextlib import nullcontext

import numpy as np
import pytest
import torch
from test_graphed_run import Images, trained
from torch import nn
from torch.nn import functional as F

from d2l import torch as d2l
from d2l.core.trainer_state import state_of
from d2l.core.training.graphed_run import DeviceRates, can_be_on_device

pytestmark = pytest.mark.usefixtures("cpu_graphs")
REPLAYED = "nothing prevents a replay"
settings = types.SimpleNamespace(factor=1.0)
history = []
weights_of_classes = [1.0, 2.0]


class Base(d2l.Classifier):
    """A perceptron whose steps are to be changed."""

    def __init__(self, lr=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(144, 16), nn.ReLU(), nn.Linear(16, 10))


class ListIndex(Base):
    def loss(self, y_hat, y):
        return -torch.log_softmax(y_hat, 1)[list(range(len(y_hat))), y].mean()


class ConstantMade(Base):
    def loss(self, y_hat, y):
        return super().loss(y_hat, y) * torch.tensor(2.0)


class OneHot(Base):
    def loss(self, y_hat, y):
        return -(torch.eye(10)[y] * torch.log_softmax(y_hat, 1)).sum(1).mean()


class Smoothed(Base):
    def loss(self, y_hat, y):
        return F.cross_entropy(y_hat, y, label_smoothing=0.1)


class Penalised(Base):
    def loss(self, y_hat, y):
        return super().loss(y_hat, y) + 1e-3 * sum(p.pow(2).sum() for p in self.parameters())


class Noisy(Base):
    def training_step(self, batch):
        X, y = batch
        return super().training_step((X + 0.1 * torch.randn_like(X), y))


class ChangesBatch(Base):
    def training_step(self, batch):
        batch[0].sub_(0.5).mul_(2)
        return super().training_step(batch)


class Mixup(Base):
    def training_step(self, batch):
        X, y = batch
        other = torch.randperm(len(X))
        loss = self.loss(self(0.7 * X + 0.3 * X[other]), y)
        self.plot("loss", loss, train=True)
        return loss


class Branching(Base):
    def forward(self, X):
        return self.net(X) if self.training else self.net(X) * 2


class PlotsMore(Base):
    def training_step(self, batch):
        loss = super().training_step(batch)
        self.plot("norm", self.net[1].weight.norm(), train=True)
        self.plot("constant", 3, train=True)
        return loss


class PlotsVector(Base):
    def training_step(self, batch):
        loss = super().training_step(batch)
        self.plot("bias", self.net[1].bias, train=True)
        return loss


class PlotsNothing(Base):
    def training_step(self, batch):
        return self.loss(self(batch[0]), batch[1])


class Ema(Base):
    def __init__(self):
        super().__init__()
        self.register_buffer("average", torch.zeros(10))

    def training_step(self, batch):
        with torch.no_grad():
            self.average.mul_(0.9).add_(0.1 * self(batch[0]).mean(0))
        return super().training_step(batch)


class Frozen(Base):
    def __init__(self):
        super().__init__()
        self.net[1].requires_grad_(False)


class WithBatchNorm(Base):
    def __init__(self):
        super().__init__()
        self.net.insert(2, nn.BatchNorm1d(16))


class WithDropout(Base):
    def __init__(self):
        super().__init__()
        self.net.insert(3, nn.Dropout(0.3))


class Rmsprop(Base):
    def configure_optimizers(self):
        return torch.optim.RMSprop(self.parameters(), lr=0.001, momentum=0.9)


class TwoGroups(Base):
    def configure_optimizers(self):
        first, last = self.net[1], self.net[3]
        groups = [
            {"params": first.parameters(), "lr": 0.01},
            {"params": last.parameters(), "weight_decay": 0.1},
        ]
        return torch.optim.SGD(groups, lr=0.1)


class StepDecay(Base):
    def configure_optimizers(self):
        optimizer = torch.optim.SGD(self.parameters(), lr=0.1)
        return optimizer, torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)


class FusedAdam(Base):
    def configure_optimizers(self):
        optimizer = torch.optim.Adam(self.parameters(), lr=0.01, fused=True)
        return optimizer, torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)


class OwnSGD:
    """The homework's optimizer, with momentum."""

    def __init__(self, params, lr):
        self.params, self.lr = list(params), lr
        self.velocities = [torch.zeros_like(p) for p in self.params]

    def step(self):
        for p, v in zip(self.params, self.velocities, strict=True):
            v.mul_(0.9).add_(p.grad)
            p -= self.lr * v

    def zero_grad(self):
        for p in self.params:
            if p.grad is not None:
                p.grad.zero_()


class OwnOptimizer(Base):
    def configure_optimizers(self):
        return OwnSGD(self.parameters(), 0.05)


# Steps that a replay would get wrong, or leave something out of.


class PrivateCounter(Base):
    _k = 0.0

    def training_step(self, batch):
        self._k += 0.01
        return super().training_step(batch) * self._k


class FloatInList(Base):
    def __init__(self):
        super().__init__()
        self.scale = [1.0]

    def training_step(self, batch):
        self.scale[0] *= 0.99
        return super().training_step(batch) * self.scale[0]


class FloatInDict(Base):
    def __init__(self):
        super().__init__()
        self.state = {"scale": 1.0}

    def training_step(self, batch):
        self.state["scale"] *= 0.99
        return super().training_step(batch) * self.state["scale"]


class OtherObject(Base):
    def __init__(self):
        super().__init__()
        self.annealing = types.SimpleNamespace(temperature=1.0)

    def loss(self, y_hat, y):
        self.annealing.temperature *= 0.99
        return super().loss(y_hat / self.annealing.temperature, y)


class GlobalObject(Base):
    def training_step(self, batch):
        settings.factor *= 0.99
        return super().training_step(batch) * settings.factor


def closure():
    """A model of a class whose step counts in a variable of this function."""
    count = 0

    def training_step(self, batch):
        nonlocal count
        count += 1
        return Base.training_step(self, batch) / count

    return type("Closure", (Base,), {"training_step": training_step})()


class HiddenInIterator(Base):
    """Nothing that holds values shows this counter: only the numbers do."""

    def __init__(self):
        super().__init__()
        self.numbers = iter(range(1, 10**6))

    def training_step(self, batch):
        return super().training_step(batch) / next(self.numbers)


class HiddenInGenerator(Base):
    def configure_optimizers(self):
        def rates():
            lr = 0.1
            while True:
                yield lr
                lr *= 0.99

        rates_to_come, params = rates(), list(self.parameters())

        class Decaying(OwnSGD):
            def step(self):
                lr = next(rates_to_come)
                for p in self.params:
                    p -= lr * p.grad

        return Decaying(params, 0.1)


class IntStep(torch.optim.Optimizer):
    def __init__(self, params, lr):
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                state["step"] = state.get("step", 0) + 1
                p.add_(p.grad, alpha=-group["lr"] / state["step"] ** 0.5)


class CountsSteps(Base):
    def configure_optimizers(self):
        return IntStep(self.parameters(), lr=0.1)


class Gathers(Base):
    """Gradients of four batches are summed up by an optimizer of one's own."""

    def configure_optimizers(self):
        class EveryFourth(OwnSGD):
            t = 0

            def step(self):
                EveryFourth.t += 1
                if EveryFourth.t % 4 == 0:
                    super().step()

            def zero_grad(self):
                if EveryFourth.t % 4 == 0:
                    super().zero_grad()

        return EveryFourth(self.parameters(), 0.05)


class HostRandom(Base):
    def training_step(self, batch):
        return super().training_step(batch) * random.random()


class NumpyRandom(Base):
    def training_step(self, batch):
        X, y = batch
        return super().training_step((X + float(np.random.rand()), y))


class ReadsLoss(Base):
    def training_step(self, batch):
        loss = super().training_step(batch)
        return loss if loss.item() < 100 else loss / 10


class Masks(Base):
    def loss(self, y_hat, y):
        keep = y > 0
        return F.cross_entropy(y_hat[keep], y[keep])


class KeepsHistory(Base):
    def training_step(self, batch):
        loss = super().training_step(batch)
        history.append(loss.detach())
        return loss


class KeepsLast(Base):
    def forward(self, X):
        self.last = self.net(X)
        return self.last


class KeepsPrivately(Base):
    """As the book's decoders keep the weights of their attention."""

    def forward(self, X):
        self._kept = [self.net[:2](X), self.net[:3](X)]
        return self.net[3](self._kept[1])


class CountsCalls(Base):
    def __init__(self):
        super().__init__()
        self.calls, self.recent = Counter(), deque(maxlen=3)

    def training_step(self, batch):
        self.calls["train"] += 1
        return super().training_step(batch)


class PrintsStep(Base):
    def training_step(self, batch):
        print("a step")
        return super().training_step(batch)


class CarriesState(Base):
    """A state that is carried from batch to batch by replacing it, as language models have it."""

    def __init__(self):
        super().__init__()
        self.carried = torch.zeros(10)

    def training_step(self, batch):
        X, y = batch
        y_hat = self(X) + self.carried
        self.carried = y_hat.mean(0).detach()
        loss = self.loss(y_hat, y)
        self.plot("loss", loss, train=True)
        return loss


class AsksEpoch(Base):
    def training_step(self, batch):
        return super().training_step(batch) * (1 + self.trainer.epoch)


class Unfreezes(d2l.Trainer):
    def fit_epoch(self):
        self.model.net[1].requires_grad_(self.epoch > 0)
        super().fit_epoch()


class SwitchesGlobal(d2l.Trainer):
    def fit_epoch(self):
        weights_of_classes[0] = 1.0 + self.epoch
        super().fit_epoch()


class Weighted(Base):
    def loss(self, y_hat, y):
        return super().loss(y_hat, y) * weights_of_classes[0]


CAN_BE = (
    *(ListIndex, ConstantMade, OneHot, Smoothed, Penalised, Noisy, ChangesBatch, Mixup, Branching),
    *(PlotsMore, PlotsVector, PlotsNothing, Ema, Frozen, WithBatchNorm, WithDropout, Rmsprop),
    *(TwoGroups, StepDecay, FusedAdam, OwnOptimizer, KeepsLast, KeepsPrivately),
)
CANNOT_BE = {
    PrivateCounter: "it changes _k",
    FloatInList: "it changes scale[0]",
    FloatInDict: "it changes state['scale']",
    OtherObject: "it changes annealing.temperature",
    GlobalObject: "it changes settings (used by model.training_step).factor",
    closure: "it changes count (used by model.training_step)",
    HiddenInIterator: "replayed and eager step differ in ",
    HiddenInGenerator: "replayed and eager step differ in ",
    CountsSteps: "it changes the optimizer's state of parameter 0['step']",
    Gathers: "it changes EveryFourth.t",
    HostRandom: "it draws random numbers on the host",
    NumpyRandom: "it draws random numbers on the host",
    ReadsLoss: "it reads a value back",
    Masks: "it creates a shape that depends on values (a boolean index)",
    KeepsHistory: "it changes the length of history",
    CountsCalls: "it changes calls['train']",
    PrintsStep: "it prints",
    CarriesState: "replayed and eager step differ in ",
    AsksEpoch: "it reads trainer.epoch",
}


def both(make, **options):
    """The models of an eager and of a captured run, and how the latter was done."""
    models = []
    for replay in (False, True):
        settings.factor = weights_of_classes[0] = 1.0
        random.seed(0)
        np.random.seed(0)
        model, trainer = trained(make, Images(), replay, **options)
        models.append(model)
    return *models, trainer.plan


def assert_alike(eager, captured):
    assert eager.board.points.keys() == captured.board.points.keys()
    for label, points in eager.board.points.items():
        others = captured.board.points[label]
        assert [p.x for p in points] == pytest.approx([p.x for p in others])
        assert [p.y for p in points] == pytest.approx([p.y for p in others], rel=1e-5, abs=1e-7)
    for ours, theirs in zip(eager.parameters(), captured.parameters(), strict=True):
        assert torch.allclose(ours, theirs, rtol=1e-5, atol=1e-7)
        if ours.grad is not None:
            assert torch.allclose(ours.grad, theirs.grad, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("make", CAN_BE, ids=lambda kind: kind.__name__)
def test_a_step_that_can_be_replayed_is_and_gives_the_same_numbers(make):
    eager, captured, plan = both(make)
    assert plan.step == "replayed", plan
    assert_alike(eager, captured)


@pytest.mark.parametrize("make", CANNOT_BE, ids=lambda kind: kind.__name__)
def test_a_step_that_cannot_be_replayed_is_not_and_gives_the_same_numbers(make):
    eager, captured, plan = both(make)
    assert plan.step == "eager"
    assert CANNOT_BE[make] in plan.why
    assert_alike(eager, captured)


@pytest.mark.parametrize(("make", "trainer_class"), [(Base, Unfreezes), (Weighted, SwitchesGlobal)])
def test_what_changes_between_epochs_is_captured_again_and_changes_the_numbers(make, trainer_class):
    models = []
    for replay in (False, True):
        torch.manual_seed(0)
        weights_of_classes[0] = 1.0
        model = make()
        model.plot_train_per_epoch = 1000
        trainer = trainer_class(3, seed=1, replay=replay)
        trainer.fit(model, Images())
        models.append(model)
    assert trainer.plan.step == "replayed", trainer.plan
    assert len(trainer.plan.recaptured) >= 1
    assert_alike(*models)


def test_a_rate_that_changes_each_epoch_is_captured_once_more_and_stays_a_number():
    rates, graphs = [], []

    class Watching(d2l.Trainer):
        def fit_epoch(self):
            super().fit_epoch()
            rates.append(self.optim.param_groups[0]["lr"])
            graphs.append(state_of(self).run.graphed._train._graph)

    models = []
    for replay in (False, True):
        torch.manual_seed(0)
        rates.clear()
        graphs.clear()
        model = FusedAdam()
        model.plot_train_per_epoch = 1000
        trainer = (Watching if replay else d2l.Trainer)(5, seed=1, replay=replay)
        trainer.fit(model, Images())
        models.append(model)
    assert rates == [0.01, 0.005, 0.0025, 0.00125, 0.000625]
    assert len({id(graph) for graph in graphs}) == 2
    assert trainer.plan.recaptured == (
        "the optimizer's lr (group 0): 0.01 → a tensor that is read at each step",
    )
    assert_alike(*models)


@pytest.mark.parametrize("momentum", [0, 0.9])
def test_rates_on_a_device_give_the_same_steps_and_come_back_as_numbers(momentum):
    weights = []
    for on_device in (False, True):
        torch.manual_seed(0)
        layer = nn.Linear(4, 3)
        optimizer = torch.optim.SGD(layer.parameters(), lr=0.5, momentum=momentum)
        rates = DeviceRates(optimizer, torch.device("cpu"))
        for _ in range(4):
            with rates.in_use() if on_device else nullcontext():
                optimizer.zero_grad()
                layer(torch.ones(2, 4)).square().sum().backward()
                optimizer.step()
            optimizer.param_groups[0]["lr"] *= 0.5
        group = optimizer.param_groups[0]
        assert (group["lr"], group["fused"]) == (0.5 / 16, None)
        weights.append(layer.weight)
    assert torch.allclose(*weights, rtol=1e-5)


def test_rates_stay_numbers_where_the_optimizer_would_read_them_back():
    layer, device = nn.Linear(4, 3), torch.device("cuda")
    embedding = nn.Embedding(5, 2, sparse=True)
    sgd, adam = torch.optim.SGD, torch.optim.Adam
    assert can_be_on_device(sgd(layer.parameters(), 0.1), layer, device)
    assert can_be_on_device(adam(layer.parameters(), 0.1), layer, torch.device("cpu"))
    assert not can_be_on_device(sgd(layer.parameters(), 0.1), layer, torch.device("cpu"))
    assert not can_be_on_device(sgd(embedding.parameters(), 0.1), embedding, device)
    assert not can_be_on_device(sgd(layer.parameters(), 0.1, foreach=True), layer, device)
    assert not can_be_on_device(OwnSGD(layer.parameters(), 0.1), layer, device)


@pytest.mark.parametrize("num_train", [85, 80])
@pytest.mark.parametrize("kind", [KeepsLast, KeepsPrivately])
def test_what_a_step_keeps_is_that_of_the_last_batch_when_an_epoch_is_over(kind, num_train):
    kept = []

    class Watching(d2l.Trainer):
        def fit_epoch(self):
            self.val_dataloader = None
            super().fit_epoch()
            last = getattr(self.model, "last", None)
            last = self.model._kept[1] if last is None else last
            kept[-1].append(last.detach().clone())

    for replay in (False, True):
        kept.append([])
        torch.manual_seed(0)
        trainer = Watching(3, seed=1, replay=replay)
        trainer.fit(kind(), Images(num_train=num_train))
    assert trainer.plan.step == "replayed", trainer.plan
    for eager, captured in zip(*kept, strict=True):
        assert torch.allclose(eager, captured, rtol=1e-5, atol=1e-6)
