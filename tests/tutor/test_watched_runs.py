"""Watching changes no number, no random state and no object of the program, in any host."""

import copy
import gc
import io
import pickle
import weakref

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from d2l import torch as d2l
from d2l.errors import MistakeError


class Points(d2l.DataModule):
    """Points of the plane in three classes, drawn once."""

    def __init__(self, batch_size=8, num_train=320, num_val=16):
        super().__init__()
        self.save_hyperparameters()
        rng = torch.Generator().manual_seed(1)
        self.y = torch.randint(0, 3, (num_train + num_val,), generator=rng)
        self.X = torch.randn(len(self.y), 2, generator=rng) + 2 * F.one_hot(self.y, 3)[:, :2]

    def get_dataloader(self, train):
        rows = slice(0, self.num_train) if train else slice(self.num_train, None)
        return self.get_tensorloader((self.X, self.y), train, rows)


class Net(d2l.Classifier):
    """Dropout and batch normalisation: both would show an additional pass."""

    def __init__(self, lr=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(
            nn.Linear(2, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 3)
        )


class SoftmaxNet(Net):
    def __init__(self, lr=0.1):
        super().__init__(lr)
        self.net.append(nn.Softmax(dim=1))


class OwnLoop(d2l.Trainer):
    def fit_epoch(self):
        self.model.train()
        for batch in self.train_dataloader:
            l = self.model.training_step(self.prepare_batch(batch))
            self.optim.zero_grad()
            l.backward()
            self.optim.step()
        self.model.eval()
        for batch in self.val_dataloader:
            with torch.no_grad():
                self.model.validation_step(self.prepare_batch(batch))


def fitted(tutor, trainer=d2l.Trainer, model=Net, **options):
    torch.manual_seed(3)
    net = model()
    made = trainer(max_epochs=3, tutor=tutor, **options)
    made.fit(net, Points())
    return net, made


def by_hand(is_watched, monkeypatch):
    monkeypatch.setenv("D2L_TUTOR", "1" if is_watched else "0")
    torch.manual_seed(3)
    net, data = Net(), Points()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    with d2l.watching(net, optimizer):
        for _ in range(3):
            net.train()
            for X, y in data.train_dataloader():
                l = F.cross_entropy(net(X), y)
                optimizer.zero_grad()
                l.backward()
                optimizer.step()
            net.eval()
            with torch.no_grad():
                net(data.X)
    return net


def assert_same(a, b):
    states = a.state_dict(), b.state_dict()
    assert states[0].keys() == states[1].keys()
    for name, value in states[0].items():
        assert torch.equal(value, states[1][name]), name


@pytest.mark.parametrize("trainer", [d2l.Trainer, OwnLoop])
@pytest.mark.parametrize("model", [Net, SoftmaxNet])
@pytest.mark.parametrize("options", [{}, {"accumulate": 2}, {"gradient_clip_val": 1.0}])
def test_a_watched_fit_learns_the_same_bits_and_draws_the_same_numbers(trainer, model, options):
    if trainer is OwnLoop:
        options = {}
    watched, on = fitted(True, trainer, model, **options)
    after = torch.get_rng_state()
    unwatched, off = fitted(False, trainer, model, **options)
    assert torch.equal(after, torch.get_rng_state())
    assert_same(watched, unwatched)
    points = [net.board.frame() for net in (watched, unwatched)]
    assert points[0].equals(points[1])
    assert [hint.kind for hint in on.hints] == (
        ["softmax-before-cross-entropy"] if model is SoftmaxNet else []
    )
    assert off.hints == []


def test_a_watched_loop_by_hand_learns_the_same_bits(monkeypatch):
    watched = by_hand(True, monkeypatch)
    after = torch.get_rng_state()
    unwatched = by_hand(False, monkeypatch)
    assert torch.equal(after, torch.get_rng_state())
    assert_same(watched, unwatched)


def test_the_variable_switches_the_tutor_off(monkeypatch):
    monkeypatch.setenv("D2L_TUTOR", "0")
    assert fitted(True, model=SoftmaxNet)[1].hints == []


def test_strict_raises_in_the_first_epoch_with_the_hint():
    with pytest.raises(MistakeError, match="sums to 1") as caught:
        fitted("strict", model=SoftmaxNet)
    assert caught.value.hint.kind == "softmax-before-cross-entropy"
    assert fitted("strict")[1].hints == []


def test_another_word_for_the_tutor_is_an_error_that_names_the_choices():
    with pytest.raises(ValueError, match='True, False or "strict"'):
        d2l.Trainer(max_epochs=1, tutor="loud")


def test_no_hook_and_no_mode_is_left_after_a_fit_or_a_loop(monkeypatch):
    net, _ = fitted(True)
    hand = by_hand(True, monkeypatch)
    for model in (net, hand):
        assert not model._forward_hooks
        assert not model._forward_pre_hooks
    assert torch.overrides._get_current_function_mode() is None


@pytest.mark.counts_calls
def test_nothing_is_recorded_once_the_first_steps_are_over():
    seen = []

    class Counting(Net):
        def training_step(self, batch):
            seen.append(torch.overrides._get_current_function_mode() is not None)
            return super().training_step(batch)

    fitted(True, model=Counting)
    assert seen[:3] == [True] * 3
    assert sum(seen) <= 16
    assert not any(seen[42:])


def test_a_model_and_a_trainer_can_be_copied_and_pickled_inside_a_watched_loop():
    net = nn.Linear(2, 3)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with d2l.watching(net, optimizer) as watch:
        for _ in range(2):
            l = F.cross_entropy(net(torch.ones(4, 2)), torch.tensor([0, 1, 2, 0]))
            optimizer.zero_grad()
            l.backward()
            optimizer.step()
            again = pickle.loads(pickle.dumps(net))
            buffer = io.BytesIO()
            torch.save(net, buffer)
            average = copy.deepcopy(net)
            average(torch.ones(1, 2))
            copy.deepcopy(optimizer)
    assert torch.equal(again(torch.ones(1, 2)), net(torch.ones(1, 2)))
    assert watch.hints == []


def test_a_closed_run_keeps_no_model_and_no_data_alive():
    net, trainer = fitted(True)
    alive = weakref.ref(net)
    gc.disable()
    try:
        del net, trainer
        assert alive() is None
    finally:
        gc.enable()


def test_a_resumed_run_is_not_judged_by_its_middle(tmp_path):
    torch.manual_seed(0)
    d2l.Trainer(max_epochs=1, checkpoint=tmp_path).fit(SoftmaxNet(), Points())
    trainer = d2l.Trainer(max_epochs=2, checkpoint=tmp_path)
    trainer.fit(SoftmaxNet(), Points(), resume="last")
    assert trainer.hints == []


def test_each_fit_starts_with_an_empty_list_of_hints():
    trainer = d2l.Trainer(max_epochs=1)
    trainer.fit(SoftmaxNet(), Points())
    assert len(trainer.hints) == 1
    trainer.fit(Net(), Points())
    assert trainer.hints == []


def test_a_check_that_fails_says_so_once_and_training_continues(monkeypatch):
    from d2l.tutor import run_checks
    from d2l.tutor.evidence import Check, When

    def fail(evidence):
        raise KeyError("a fault of the check")

    broken = Check("broken", When.STEPS, fail, "", "", "", "", "", "")
    monkeypatch.setattr(run_checks, "CHECKS", (broken,))
    with pytest.warns(RuntimeWarning, match="'broken' failed") as warned:
        fitted(True)
    assert len(warned) == 1
