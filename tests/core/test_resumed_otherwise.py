"""Resuming under other epochs, schedules or hyperparameters; a disk that refuses for a moment."""

import errno
import os
import warnings

import pytest
import torch
from readers import TwoClasses
from resumable import Net, Points, learned
from torch import nn
from torch.optim import lr_scheduler

from d2l import torch as d2l
from d2l.errors import CheckpointError


class Scheduled(d2l.Classifier):
    """A classifier whose schedule is made by `make(optimizer, max_epochs)`."""

    make = None

    def __init__(self, max_epochs, lr=0.1):
        super().__init__()
        self.save_hyperparameters(ignore=["max_epochs"])
        self.epochs, self.rates = max_epochs, []
        self.net = nn.Linear(1, 2)

    def configure_optimizers(self):
        optimizer = torch.optim.SGD(self.parameters(), lr=self.lr)
        return {"optimizer": optimizer, "lr_scheduler": self.make(optimizer, self.epochs)}

    def validation_step(self, batch):
        if len(self.rates) < self.trainer.epoch + 1:
            self.rates += [None] * (self.trainer.epoch - len(self.rates))
            self.rates.append(self.trainer.optim.param_groups[0]["lr"])
        super().validation_step(batch)


def by_epoch(kind, **options):
    return lambda self, o, n: {"scheduler": kind(o, **{k: v(n) for k, v in options.items()})}


SCHEDULES = {
    "cosine": by_epoch(lr_scheduler.CosineAnnealingLR, T_max=lambda n: n),
    "one cycle": lambda self, o, n: {
        "scheduler": lr_scheduler.OneCycleLR(o, max_lr=0.5, total_steps=3 * n),
        "interval": "step",
    },
    "linear": by_epoch(lr_scheduler.LinearLR, total_iters=lambda n: n),
    "polynomial": by_epoch(lr_scheduler.PolynomialLR, total_iters=lambda n: n),
    "lambda": by_epoch(lr_scheduler.LambdaLR, lr_lambda=lambda n: lambda epoch: 1 - epoch / n),
    "steps": by_epoch(lr_scheduler.StepLR, step_size=lambda n: n // 2),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_run_resumed_for_more_epochs_follows_the_schedule_of_all_of_them(name, tmp_path):
    own = type("Own", (Scheduled,), {"make": SCHEDULES[name]})

    def fitted(max_epochs, **options):
        model = own(max_epochs)
        d2l.Trainer(max_epochs, **options).fit(
            model, TwoClasses(), resume="last" if options else None
        )
        return model.rates

    whole = fitted(8)
    fitted(3, checkpoint=tmp_path)
    resumed = fitted(8, checkpoint=tmp_path)
    assert resumed[3:] == pytest.approx(whole[3:], rel=1e-5, abs=1e-7)


def test_a_schedule_that_cannot_be_continued_under_other_values_is_refused(tmp_path):
    def make(period):
        kind = lr_scheduler.CosineAnnealingWarmRestarts
        return type(
            "Own", (Scheduled,), {"make": lambda self, o, n: {"scheduler": kind(o, T_0=period)}}
        )

    d2l.Trainer(2, checkpoint=tmp_path).fit(make(5)(2), TwoClasses())
    model = make(7)(4)
    before = learned(model)
    with pytest.raises(CheckpointError, match=r"CosineAnnealingWarmRestarts \(T_0 5 → 7"):
        d2l.Trainer(4, checkpoint=tmp_path).fit(model, TwoClasses(), resume="last")
    assert all(map(torch.equal, learned(model), before))


def test_another_rate_in_the_constructor_is_said_not_to_count(tmp_path):
    class Plain(d2l.Classifier):
        def __init__(self, lr=0.1, width=2):
            super().__init__()
            self.save_hyperparameters()
            self.net = nn.Linear(1, 2)

    d2l.Trainer(1, checkpoint=tmp_path).fit(Plain(), TwoClasses())
    trainer = d2l.Trainer(2, checkpoint=tmp_path)
    with pytest.warns(UserWarning, match="hyperparameters of the model differ") as caught:
        trainer.fit(Plain(lr=0.001, width=3), TwoClasses(), resume="last")
    said = sorted(str(warning.message) for warning in caught)
    assert len(said) == 2
    assert "lr=0.001 (checkpoint: 0.1); the optimizer uses the checkpoint's values" in said[0]
    assert "width=3 (checkpoint: 2); the model uses its current values" in said[1]
    assert trainer.optim.param_groups[0]["lr"] == 0.1


def test_a_hyperparameter_that_no_checkpoint_can_hold_is_not_compared(tmp_path):
    class Activated(d2l.Classifier):
        def __init__(self, activation):
            super().__init__()
            self.save_hyperparameters()
            self.net = nn.Sequential(nn.Linear(1, 2), activation)
            self.lr = 0.1

    for epochs in (1, 2):
        trainer = d2l.Trainer(epochs, checkpoint=tmp_path)
        trainer.fit(Activated(nn.ReLU()), TwoClasses(), resume="last")
    assert trainer.epoch == 1


def test_a_file_system_that_refuses_for_long_costs_a_checkpoint_and_not_the_run(
    tmp_path, monkeypatch
):
    replace, refused = os.replace, []

    def refuse(source, target):
        if str(target).endswith("step-00000008.pt"):
            refused.append(target)
            raise PermissionError(errno.EACCES, "The process cannot access the file")
        replace(source, target)

    monkeypatch.setattr("os.replace", refuse)
    monkeypatch.setattr("d2l.files.atomic_write.time.sleep", lambda seconds: None)
    model = Net()
    with pytest.warns(UserWarning, match="continues without this checkpoint; the next one"):
        d2l.Trainer(3, seed=0, checkpoint=tmp_path, keep=9).fit(model, Points())
    assert refused
    names = sorted(path.name for path in tmp_path.glob("step-*"))
    assert names == ["step-00000016.pt", "step-00000024.pt"]


def test_a_resume_that_names_no_checkpoint_says_what_can_be_named():
    with pytest.raises(CheckpointError, match=r'resume="last" or resume="best"'):
        d2l.Trainer(1).fit(Net(), Points(), resume="latest")


def test_a_model_whose_weights_are_not_in_its_state_dict_says_so_once():
    class Raw(d2l.LinearRegressionScratch):
        pass

    model = Raw(2, 0.1)
    with pytest.warns(UserWarning, match=r"Raw\.state_dict\(\) is empty.*trainer\.save\(path\)"):
        state = model.state_dict()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.load_state_dict(state)
        d2l.LinearRegression(0.1).state_dict()
