"""Runs that end early, learning rates that follow a schedule, and batches that add up."""

import math

import pytest
import torch
from readers import OwnSGD, PlainLine, book_fit_epoch
from resumable import NUM_BATCHES, Net, Points, learned, parts, short_line_data
from torch import nn
from torch.optim import lr_scheduler

from d2l import torch as d2l
from d2l.core.training.early_stopping import EarlyStopping
from d2l.core.training.lr_schedule import unpack
from d2l.core.training.run_config import check_numbers
from d2l.errors import ModelError

NAN = math.nan


class Scripted(PlainLine):
    """A line whose validation numbers are given, one for each epoch."""

    def __init__(self, values, key="loss"):
        super().__init__(2, lr=0.03)
        self.values, self.key = values, key

    def validation_step(self, batch):
        self.plot(self.key, self.values[self.trainer.epoch], train=False)


def num_epochs(values, key="loss", **options):
    """How many epochs a run with these validation numbers takes, of ten."""
    model = Scripted([*values, *values[-1:] * 10], key)
    d2l.Trainer(10, **options).fit(model, short_line_data())
    return len(model.board.points[f"val_{key}"])


@pytest.mark.parametrize(
    ("values", "patience", "expected"),
    [
        ([5, 4, 3, 2, 1, 0.5, 0.4, 0.3, 0.2, 0.1], 1, 10),
        ([5, 4, 4.5, 3], 1, 3),
        ([5, 4, 4.5, 4.2, 3], 2, 4),
        ([5, 4, 4.5, 3, 3.5, 3.2, 3.1], 2, 6),
        ([5, 5, 5], 1, 2),
        ([5, 4, 6], None, 10),
        ([NAN, 4, 3, NAN, NAN], 2, 5),
        ([NAN, NAN, NAN], 2, 2),
    ],
)
def test_a_run_ends_once_patience_is_over(values, patience, expected):
    assert num_epochs(values, patience=patience) == expected


def test_what_was_waited_for_is_said(capsys):
    num_epochs([5, 4, 4.5, 4.2], patience=2)
    words = "stopped early: val_loss has not improved on 4 for 2 epochs (patience=2)"
    assert words in capsys.readouterr().out


def test_more_is_better_where_the_mode_says_so():
    options = {"monitor": "val_acc", "mode": "max", "patience": 2}
    assert num_epochs([0.5, 0.6, 0.55, 0.6, 0.7], "acc", **options) == 4


def test_a_training_curve_can_be_watched():
    model, data, trainer = parts("plain tensors", monitor="train_loss", mode="max", patience=2)
    trainer.fit(model, data)
    losses = [point.y for point in model.board.points["train_loss"]][1::2]  # at the epochs' ends
    assert losses == sorted(losses, reverse=True)
    assert len(losses) == 3


@pytest.mark.parametrize("monitor", ["val_loss", "val_f1"])
def test_a_curve_that_is_not_there_is_named_with_those_that_are(monitor):
    model, data, trainer = parts("no validation", monitor=monitor, patience=1)
    with pytest.raises(ModelError, match=rf"the metric '{monitor}' .* the board has train_loss\."):
        trainer.fit(model, data)


@pytest.mark.parametrize(
    ("monitor", "mode", "expected"),
    [("val_loss", None, (0.5, 2)), ("train_loss", None, (0.1, 0)), ("val_loss", "max", (0.1, 0))],
)
def test_the_best_of_another_metric_does_not_count_after_a_resume(monitor, mode, expected):
    before = EarlyStopping("val_loss", None, 5)
    for value in (0.5, 0.7, 0.6):
        before.update(value)
    after = EarlyStopping(monitor, mode, 5)
    after.update(0.1)
    after.load_state_dict(before.state_dict())
    assert (after.best, after.num_epochs_without) == expected


def test_patience_goes_on_where_a_run_is_resumed(tmp_path):
    values = [5, 4, 4.5, 4.2, 4.1, 3]
    for max_epochs, expected in ((3, 3), (10, 5)):
        model = Scripted(values)
        trainer = d2l.Trainer(max_epochs, patience=3, checkpoint=tmp_path)
        trainer.fit(model, short_line_data(), resume="last")
        assert len(model.board.points["val_loss"]) == expected


def test_a_run_that_ended_early_is_not_trained_on_unless_there_is_more_patience(tmp_path):
    values = [5, 4, 4.5, 4.2, 4.1, 3, 2, 1, 1, 1]
    for patience, expected in ((2, 4), (2, 4), (5, 10)):
        model = Scripted(values)
        trainer = d2l.Trainer(10, patience=patience, checkpoint=tmp_path)
        trainer.fit(model, short_line_data(), resume="last")
        assert len(model.board.points["val_loss"]) == expected


@pytest.mark.parametrize(
    "options",
    [
        {"patience": 0},
        {"patience": -1},
        {"mode": "up"},
        {"accumulate": 0},
        {"every": 0},
        {"every": -1},
        {"every": NAN},
        {"every": math.inf},
        {"keep": 0},
    ],
)
def test_values_that_make_no_sense_are_refused_by_name_at_once(options):
    (name,) = options
    with pytest.raises(ValueError, match=f"{name} must be"):
        d2l.Trainer(3, **options)


@pytest.mark.parametrize(
    "values", [(1.5, 1, 1), ("2", 1, 1), (1, "1", 1), (1, None, 1), (1, 1, 1.5), (1, 1, None)]
)
def test_numbers_of_another_type_are_refused(values):
    with pytest.raises(ValueError, match="must be"):
        check_numbers(*values)


class Scheduled(Net):
    """A classifier that notes the learning rate of every batch; `configure` makes its schedule."""

    def __init__(self, configure):
        super().__init__()
        self._configure, self.rates = configure, []

    def configure_optimizers(self):
        return self._configure(torch.optim.SGD(self.parameters(), lr=1.0))

    def training_step(self, batch):
        self.rates.append(self.trainer.optim.param_groups[0]["lr"])
        return super().training_step(batch)


def rates(configure, max_epochs=4, data=Points, **options):
    torch.manual_seed(0)
    model = Scheduled(configure)
    d2l.Trainer(max_epochs, seed=0, gradient_clip_val=0.1, **options).fit(model, data())
    return model.rates


def halving(optimizer):
    return lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.5)


def in_dict(**options):
    return lambda o: {"optimizer": o, "lr_scheduler": {"scheduler": halving(o), **options}}


BY_EPOCH = [0.5 ** (batch // NUM_BATCHES) for batch in range(4 * NUM_BATCHES)]


@pytest.mark.parametrize(
    ("configure", "expected"),
    [
        (lambda o: o, [1.0] * 4 * NUM_BATCHES),
        (lambda o: {"optimizer": o}, [1.0] * 4 * NUM_BATCHES),
        (lambda o: (o, None), [1.0] * 4 * NUM_BATCHES),
        (lambda o: (o, halving(o)), BY_EPOCH),
        (lambda o: [o, halving(o)], BY_EPOCH),
        (lambda o: ([o], [halving(o)]), BY_EPOCH),
        (lambda o: {"optimizer": o, "lr_scheduler": halving(o)}, BY_EPOCH),
        (in_dict(), BY_EPOCH),
        (in_dict(interval="epoch", frequency=1), BY_EPOCH),
        (in_dict(frequency=2), [0.5 ** (batch // (2 * NUM_BATCHES)) for batch in range(32)]),
        (in_dict(interval="step"), [0.5**batch for batch in range(32)]),
        (in_dict(interval="step", frequency=3), [0.5 ** (batch // 3) for batch in range(32)]),
    ],
)
def test_each_form_of_a_schedule_gives_the_rates_it_says(configure, expected):
    assert rates(configure) == expected


def test_one_cycle_gives_the_rates_of_pytorch_alone():
    def one_cycle(optimizer):
        return lr_scheduler.OneCycleLR(optimizer, max_lr=0.5, total_steps=4 * NUM_BATCHES)

    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler, expected = one_cycle(optimizer), []
    for _ in range(4 * NUM_BATCHES):
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()

    def configure(o):
        return {"optimizer": o, "lr_scheduler": {"scheduler": one_cycle(o), "interval": "step"}}

    assert rates(configure) == expected


@pytest.mark.usefixtures("cpu_graphs")
def test_schedules_give_the_same_in_a_replayed_run():
    def weights(**options):
        torch.manual_seed(0)
        model = Net("step")
        trainer = d2l.Trainer(4, seed=0, **options)
        trainer.fit(model, Points())
        return learned(model), trainer.plan.step

    (plain, _), (replayed, step) = weights(replay=False), weights(replay=True)
    assert step == "replayed"
    assert all(torch.equal(a, b) for a, b in zip(plain, replayed, strict=True))


class OnPlateau(Scripted):
    """A line under a scheduler that waits for a plateau; notes the rate of each epoch."""

    monitor_is_beside = False

    def __init__(self, values, key="loss", monitor=None, **options):
        super().__init__(values, key)
        self.monitor, self.options, self.rates = monitor, options, []

    def configure_optimizers(self):
        optimizer = torch.optim.SGD([self.w, self.b], lr=1e-3)
        scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, **self.options)
        if self.monitor is None:
            return optimizer, scheduler
        if self.monitor_is_beside:
            return {"optimizer": optimizer, "lr_scheduler": scheduler, "monitor": self.monitor}
        own = {"scheduler": scheduler, "monitor": self.monitor}
        return {"optimizer": optimizer, "lr_scheduler": own}

    def validation_step(self, batch):
        if len(self.rates) == self.trainer.epoch:
            self.rates.append(self.trainer.optim.param_groups[0]["lr"])
        super().validation_step(batch)


@pytest.mark.parametrize(
    ("key", "monitor", "mode", "values"),
    [
        ("loss", None, "min", [5, 4, 4.5, 4.6, 3, 2]),
        ("loss", "val_loss", "min", [5, 4, 4.5, 4.6, 3, 2]),
        ("acc", "val_acc", "max", [0.1, 0.2, 0.15, 0.1, 0.5, 0.6]),
    ],
)
@pytest.mark.parametrize("is_beside", [False, True])
def test_a_scheduler_that_waits_for_a_plateau_is_given_the_curve(
    key, monitor, mode, values, is_beside
):
    model = OnPlateau(values, key, monitor, mode=mode, patience=1, factor=0.1)
    model.monitor_is_beside = is_beside
    d2l.Trainer(6).fit(model, short_line_data())
    assert model.rates == pytest.approx([1e-3] * 4 + [1e-4] * 2)


def test_a_plateau_of_a_curve_that_is_not_there_is_refused_by_name():
    model = OnPlateau([1, 1], monitor="val_bleu")
    with pytest.raises(ModelError, match=r"'val_bleu' .* the board has train_loss, val_loss"):
        d2l.Trainer(2).fit(model, short_line_data())


def sgd():
    return torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)


@pytest.mark.parametrize(
    ("configured", "words"),
    [
        (None, "found NoneType"),
        ([], "found list"),
        ((sgd(), sgd()), "two optimizers"),
        (([sgd(), sgd()], []), "returned 2"),
        (([sgd()], [halving(sgd()), halving(sgd())]), "returned 2"),
        ((sgd(), halving(sgd()), 3), "found tuple"),
        ((sgd(), 0.1), "a scheduler needs a method step"),
        ((halving(sgd()), sgd()), "must return an optimizer"),
        ({"lr_scheduler": halving(sgd())}, "found NoneType"),
        ({"optimizer": sgd(), "lr_scheduler": {"interval": "step"}}, "found interval"),
        (in_dict(interval="batch")(sgd()), "'batch'"),
        (in_dict(strict=True)(sgd()), "found scheduler, strict"),
        (in_dict(frequency=0)(sgd()), "frequency"),
        ({"optimizer": sgd(), "scheduler": halving(sgd())}, "found also scheduler"),
    ],
)
def test_what_is_no_optimizer_with_a_schedule_is_refused(configured, words):
    with pytest.raises(ModelError, match=words):
        unpack(configured)


class Straight(d2l.Classifier):
    """A classifier without random numbers, under an optimizer of PyTorch's."""

    def __init__(self, make):
        super().__init__()
        self.make = make
        self.net = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 2))

    def configure_optimizers(self):
        return self.make(self.parameters())


@pytest.mark.parametrize("num_train", [64, 60, 52, 33])
@pytest.mark.parametrize(
    ("make", "options"),
    [
        (lambda p: torch.optim.SGD(p, lr=0.2, momentum=0.9), {}),
        (lambda p: torch.optim.SGD(p, lr=0.2), {"gradient_clip_val": 0.05}),
        (lambda p: torch.optim.Adam(p, lr=0.01), {}),
        (lambda p: OwnSGD(list(p), lr=0.2), {}),
    ],
    ids=["momentum", "clipped", "adam", "own"],
)
def test_four_batches_of_8_make_the_steps_of_one_of_32(num_train, make, options):
    models = []
    for batch_size, accumulate in ((32, 1), (8, 4)):
        torch.manual_seed(0)
        models.append(Straight(make))
        trainer = d2l.Trainer(3, seed=0, accumulate=accumulate, **options)
        trainer.fit(models[-1], Points(batch_size, num_train))
    whole, parts = models
    for a, b in zip(learned(whole), learned(parts), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)
    for a, b in zip(*(m.board.points["val_loss"] for m in models), strict=True):
        assert (a.x, a.y) == (b.x, pytest.approx(b.y, rel=1e-5))


def test_plain_tensors_gather_their_gradients_too():
    models = []
    for batch_size, accumulate in ((24, 1), (8, 3)):  # 60 examples: steps of 24, 24 and 12
        data = short_line_data()
        data.batch_size = batch_size
        models.append(PlainLine(2, lr=0.03))
        d2l.Trainer(3, seed=0, accumulate=accumulate).fit(models[-1], data)
    whole, parts = models
    torch.testing.assert_close(whole.w, parts.w, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(whole.b, parts.b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("accumulate", [2, 4])
def test_a_loop_of_ones_own_that_steps_at_each_batch_is_said_not_to_accumulate(
    monkeypatch, accumulate
):
    monkeypatch.setattr(d2l.Trainer, "fit_epoch", book_fit_epoch)
    words = rf"accumulate={accumulate}` had no effect.*self\.train_batch\("
    with pytest.warns(UserWarning, match=words):
        d2l.Trainer(1, accumulate=accumulate).fit(PlainLine(2, lr=0.03), short_line_data())


def test_a_loop_of_ones_own_that_calls_train_batch_accumulates(monkeypatch):
    def fit_epoch(self):
        self.model.train()
        for batch in self.train_dataloader:
            self.train_batch(self.prepare_batch(batch))
        self.validate_epoch(self.val_dataloader)

    models, data = [], short_line_data()
    for own in (False, True):
        if own:
            monkeypatch.setattr(d2l.Trainer, "fit_epoch", fit_epoch)
        models.append(PlainLine(2, lr=0.03))
        d2l.Trainer(2, seed=0, accumulate=3).fit(models[-1], data)
    assert torch.equal(models[0].w, models[1].w)
