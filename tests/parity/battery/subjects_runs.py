"""Whole runs on a few made-up examples: what a reader's own classes see, and what is learned.

Each gives the weights at the end, or counts; loss curves differ by design (validation weighs
examples). Runs are generated from places where parameters can live, optimizers, and rungs.
"""

import copy
from collections.abc import Callable
from typing import Any

import torch
from made import noise
from subject import scenario
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def examples() -> tuple[torch.Tensor, torch.Tensor]:
    X = noise(24, 2)
    return X, X @ torch.tensor([[2.0], [-1.0]]) + 0.5


def data_of(d2l: Any, **more: Any) -> Any:
    """A data module of these examples, not shuffled."""

    class Examples(d2l.DataModule):
        def __init__(self, batch_size: int = 8) -> None:
            super().__init__()
            self.save_hyperparameters()
            self.X, self.y = examples()

        def get_dataloader(self, train: bool) -> Any:
            return self.get_tensorloader((self.X, self.y), False)

    return Examples(**more)


def start(*shape: int) -> torch.Tensor:
    return torch.cos(torch.arange(float(torch.Size(shape).numel()))).reshape(shape) * 0.1


def net_of(d2l: Any) -> nn.Module:
    layer = nn.Linear(2, 1)
    with torch.no_grad():
        layer.weight.copy_(start(1, 2))
        layer.bias.zero_()
    return layer


def model_of(d2l: Any, **members: Any) -> Any:
    """A model with a layer in `net`; `members` are methods and attributes of the reader's own."""

    def init(self: Any, lr: float = 0.1) -> None:
        super(Own, self).__init__()
        self.save_hyperparameters()
        self.net = net_of(d2l)

    body = {
        "__init__": init,
        "forward": lambda self, X: self.net(X),
        "loss": lambda self, y_hat, y: ((y_hat - y) ** 2).mean(),
        "configure_optimizers": lambda self: torch.optim.SGD(self.parameters(), self.lr),
    }
    Own = type("Own", (d2l.Module,), body | members)
    return Own()


def learned(model: Any) -> list[torch.Tensor]:
    return [p.detach().clone() for p in model.parameters()]


def fit(d2l: Any, model: Any, data: Any = None, epochs: Any = 2, **more: Any) -> Any:
    model.board.display = False
    trainer = d2l.Trainer(max_epochs=epochs, **more)
    trainer.fit(model, data_of(d2l) if data is None else data)
    return trainer


def add(title: str, run: Callable[[Any], Any]) -> None:
    run.__name__ = title
    scenario(run)


def _changing(rung: str) -> Callable[[Any], Any]:
    """A step changes its batch in place: do the data stay as they were?"""

    def step(self: Any, batch: Any) -> Any:
        X, y = batch
        loss = self.loss(self(X), y)
        y -= 10
        if rung == "validation_step":
            X *= 2
        return loss

    def run(d2l: Any) -> Any:
        model, data = model_of(d2l, **{rung: step}), data_of(d2l)
        fit(d2l, model, data, epochs=3)
        return learned(model), data.X, data.y

    return run


for rung in ("training_step", "validation_step"):
    add(f"{rung} changes its batch", _changing(rung))


@scenario
def batches_of_a_loader_are_changed(d2l):
    data = data_of(d2l)
    for loader in (data.train_dataloader(), data.val_dataloader()):
        for X, y in loader:
            X -= 10
            y *= 0
    return data.X, data.y


@scenario
def a_step_counts_its_calls(d2l):
    log = []

    def step(self, batch):
        log.append((len(batch[0]), self.trainer.epoch, self.trainer.train_batch_idx, self.training))
        return self.loss(self(*batch[:-1]), batch[-1])

    fit(d2l, model_of(d2l, training_step=step))
    return log


@scenario
def a_lazy_layer_counts_the_calls_of_the_step(d2l):
    log = []

    def init(self):
        d2l.Module.__init__(self)
        self.lr = 0.1
        self.net = nn.LazyLinear(1)

    def step(self, batch):
        log.append(
            (self.trainer.epoch, self.trainer.train_batch_idx, len(self.trainer.optim.param_groups))
        )
        return self.loss(self(*batch[:-1]), batch[-1])

    model = model_of(d2l, __init__=init, training_step=step)
    model(noise(2, 2))
    fit(d2l, model)
    return log


ATTRIBUTES = (
    "mode", "patience", "monitor", "seed", "checkpoint", "every", "keep", "accumulate", "update",
    "device", "plan", "save", "validate", "run", "state", "progress", "world", "step", "path",
)  # fmt: skip
for attribute in ATTRIBUTES:
    for value in ("train", 0, [1, 2]):

        def with_attribute(d2l, attribute=attribute, value=value):
            def init(self, max_epochs, num_gpus=0, gradient_clip_val=0):
                d2l.Trainer.__init__(self, max_epochs, num_gpus, gradient_clip_val)
                setattr(self, attribute, value)

            model = model_of(d2l)
            model.board.display = False
            trainer = type("Own", (d2l.Trainer,), {"__init__": init})(2)
            trainer.fit(model, data_of(d2l))
            return learned(model), getattr(trainer, attribute)

        add(f"a trainer with {attribute} = {value}", with_attribute)

for kind, epochs in {
    "numpy": __import__("numpy").int64(2),
    "0-d": torch.tensor(2),
    "bool": True,
}.items():
    add(f"epochs as {kind}", lambda d2l, e=epochs: learned(_fitted(d2l, epochs=e)[0]))


def _fitted(d2l: Any, **more: Any) -> Any:
    model = model_of(d2l)
    return model, fit(d2l, model, **more)


@scenario
def a_trainer_is_copied(d2l):
    _model, trainer = _fitted(d2l)
    return [p.detach() for p in copy.deepcopy(trainer).model.parameters()]


@scenario
def what_a_trainer_knows_afterwards(d2l):
    _model, trainer = _fitted(d2l)
    names = (
        "epoch",
        "train_batch_idx",
        "val_batch_idx",
        "num_train_batches",
        "num_val_batches",
        "max_epochs",
    )
    return [getattr(trainer, name) for name in names]


@scenario
def training_losses_on_the_board(d2l):
    model, _ = _fitted(d2l)
    points = {
        label: [(float(p.x), float(p.y)) for p in series]
        for label, series in model.board.data.items()
    }
    return points["train_loss"]


@scenario
def a_loader_of_pytorchs_own(d2l):
    def get_dataloader(self, train):
        return DataLoader(TensorDataset(*examples()), 8)

    Own = type("Own", (d2l.DataModule,), {"get_dataloader": get_dataloader})
    model = model_of(d2l)
    fit(d2l, model, Own())
    return learned(model)


@scenario
def a_loader_is_a_list(d2l):
    X, y = examples()
    batches = [(X[:8], y[:8]), (X[8:], y[8:])]
    Own = type("Own", (d2l.DataModule,), {"get_dataloader": lambda self, train: batches})
    model = model_of(d2l)
    fit(d2l, model, Own())
    return learned(model)


@scenario
def no_validation_data(d2l):
    data = data_of(d2l)
    data.val_dataloader = lambda: None
    model = model_of(d2l)
    fit(d2l, model, data)
    return learned(model)


@scenario
def a_model_without_an_optimizer(d2l):
    fit(d2l, model_of(d2l, configure_optimizers=lambda self: None))


@scenario
def fitted_twice(d2l):
    model = model_of(d2l)
    trainer = fit(d2l, model)
    trainer.fit(model, data_of(d2l))
    return learned(model), trainer.epoch


@scenario
def replaced_functions_are_used(d2l):
    asked = []
    original = d2l.accuracy
    d2l.accuracy = lambda y_hat, y: asked.append(len(y)) or 1.0
    try:
        batches = [(noise(4, 2), torch.zeros(4, dtype=torch.int64))]
        return d2l.evaluate_accuracy_gpu(nn.Linear(2, 3), batches), asked
    finally:
        d2l.accuracy = original
