"""One run with one position: it begins clean, ends whole, and leaves nothing behind."""

import copy
import gc
import itertools
import math
import os
import pickle
import subprocess
import sys
import weakref
from pathlib import Path

import numpy as np
import pytest
import torch
from readers import LazyNet, OwnSGD, PlainLine, TwoClasses, book_fit_epoch
from resumable import Net, Points, short_line_data
from torch import nn
from torch.optim import lr_scheduler

from d2l import torch as d2l
from d2l.errors import NotFiniteError

CAPTURED = pytest.mark.usefixtures("cpu_graphs")


def REPLAY(test):
    """With eager and with captured steps."""
    return CAPTURED(pytest.mark.parametrize("replay", [False, True])(test))


def count_calls(work):
    """How many calls of the library's functions `work` makes."""
    calls = 0

    def profile(frame, event, argument):
        nonlocal calls
        calls += event == "call" and "/d2l/" in frame.f_code.co_filename

    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(None)
    return calls


class CountingEpochs(d2l.Trainer):
    """Notes how many calls of the library have been made when each epoch begins."""

    def fit_epoch(self):
        self.marks.append(self.calls)
        super().fit_epoch()


def calls_per_epoch(num_epochs, **options):
    trainer = CountingEpochs(num_epochs, seed=0, **options)
    trainer.marks, trainer.calls = [], 0

    def profile(frame, event, argument):
        trainer.calls += event == "call" and "/d2l/" in frame.f_code.co_filename

    model = LazyNet()
    sys.setprofile(profile)
    try:
        trainer.fit(model, TwoClasses(batch_size=5))
    finally:
        sys.setprofile(None)
    return np.diff(trainer.marks)


@pytest.mark.parametrize("with_record", [False, True])
def test_the_work_of_an_epoch_does_not_grow_with_the_epochs_before(with_record, tmp_path):
    options = {"run_dir": tmp_path, "patience": 10**6} if with_record else {}
    calls = calls_per_epoch(120, **options)
    assert calls[-20:].mean() <= 1.1 * calls[5:25].mean()


def test_after_a_fit_nothing_of_the_run_is_connected_to_the_loaders(tmp_path):
    model, data = Net("step"), Points()
    trainer = d2l.Trainer(2, seed=0, checkpoint=tmp_path, every=0.2)
    trainer.fit(model, data)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    rate, points = trainer.optim.param_groups[0]["lr"], model.board.points
    counters = trainer.epoch, trainer.train_batch_idx, trainer.val_batch_idx
    for _ in range(3):
        batches = list(trainer.train_dataloader) + list(trainer.val_dataloader)
    assert len(batches) == 8 + 3
    trainer.validate(model, data)
    copy.deepcopy(trainer)
    pickle.dumps(trainer)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert (trainer.optim.param_groups[0]["lr"], model.board.points) == (rate, points)
    assert (trainer.epoch, trainer.train_batch_idx, trainer.val_batch_idx) == counters


def test_a_loader_kept_from_inside_a_run_is_an_ordinary_loader_after_it():
    class Keeping(d2l.Trainer):
        def fit_epoch(self):
            kept.append(self.train_dataloader)
            half_done.append(iter(self.train_dataloader))
            next(half_done[-1])
            super().fit_epoch()

    kept, half_done = [], []
    model = LazyNet()
    trainer = Keeping(1)
    trainer.fit(model, TwoClasses())
    points = model.board.points
    assert len(list(kept[0])) == 3
    assert len(list(half_done[0])) == 2
    assert model.board.points == points


def test_a_validation_after_an_interrupt_goes_through(tmp_path):
    class Interrupting(LazyNet):
        def training_step(self, batch):
            raise KeyboardInterrupt

    trainer = d2l.Trainer(1, checkpoint=tmp_path)
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(Interrupting(), TwoClasses())
    assert len(list(trainer.val_dataloader)) == 2


@REPLAY
def test_del_frees_model_trainer_and_data_without_the_garbage_collector(replay):
    gc.disable()
    try:
        model, data = d2l.MLP(2, 4, lr=0.1), TwoClasses()
        trainer = d2l.Trainer(2, replay=replay)
        trainer.fit(model, data)
        trainer.validate(model, data)
        gone = [weakref.ref(thing) for thing in (model, trainer, data, trainer.train_dataloader)]
        del model, trainer, data
        assert [thing() for thing in gone] == [None] * 4
    finally:
        gc.enable()


@pytest.mark.counts_calls
def test_a_loss_that_stopped_a_run_keeps_no_graph_alive():
    class Failing(LazyNet):
        def loss(self, y_hat, y, averaged=True):
            return super().loss(y_hat, y, averaged) * (math.nan if len(alive) == 3 else 1)

    class Noting(d2l.Trainer):
        def prepare_batch(self, batch):
            alive.append(weakref.ref(batch[0]))
            return batch

    model, trainer = Failing(), Noting(3, on_nonfinite="stop")
    alive = []
    gc.disable()
    try:
        try:
            trainer.fit(model, TwoClasses())
        except NotFiniteError:
            stopped = True
        assert stopped
        assert len(alive) == 3
        assert all(batch() is None for batch in alive)
    finally:
        gc.enable()


def test_the_models_trainer_can_be_asked_for_its_counters_when_it_is_gone():
    model = LazyNet()
    d2l.Trainer(2).fit(model, TwoClasses())
    assert (model.trainer.epoch, model.trainer.train_batch_idx) == (1, 6)
    assert model.trainer.num_train_batches == 3
    assert model.trainer.optim.param_groups[0]["lr"] == 0.1


def test_counters_are_views_in_a_run_and_may_be_assigned_without_effect():
    class Assigning(d2l.Trainer):
        def fit_epoch(self):
            book_fit_epoch(self)
            seen.append((self.epoch, self.train_batch_idx, self.val_batch_idx))
            self.epoch = self.train_batch_idx = self.val_batch_idx = 99

    seen, boards = [], []
    for kind in (d2l.Trainer, Assigning):
        torch.manual_seed(0)
        model = LazyNet()
        kind(3, seed=0).fit(model, TwoClasses())
        boards.append(model.board.points)
    assert seen == [(0, 3, 2), (1, 6, 4), (2, 9, 6)]
    assert boards[0] == boards[1]


@pytest.mark.parametrize("ends", ["whole", "with an error"])
def test_a_second_fit_begins_with_clean_sums(ends):
    class Failing(LazyNet):
        fails = ends != "whole"

        def training_step(self, batch):
            if self.fails and self.trainer.train_batch_idx == 8:
                raise ZeroDivisionError
            return super().training_step(batch)

    data = TwoClasses(batch_size=1, num_train=7)  # 7 batches make points of 3, and 1 is left
    model = Failing()
    model.apply_init([torch.zeros(1, 1)])
    try:
        d2l.Trainer(2, seed=0).fit(model, data)
    except ZeroDivisionError:
        model.fails = False
    num_before = len(model.board.points["train_loss"])
    fresh = copy.deepcopy(model)
    fresh.board = d2l.ProgressBoard()
    for trained in (model, fresh):
        d2l.Trainer(2, seed=1).fit(trained, data)
    assert model.board.points["train_loss"][num_before:] == fresh.board.points["train_loss"]


@pytest.mark.parametrize("max_epochs", [2.0, np.int64(2), torch.tensor(2)])
def test_whole_numbers_of_every_type_are_epochs(max_epochs):
    model = LazyNet()
    d2l.Trainer(max_epochs).fit(model, TwoClasses())
    assert [point.x for point in model.board.points["val_loss"]] == [1, 2]


def test_a_trainer_is_copied_after_a_fit_and_the_copy_can_train():
    trainer, model = d2l.Trainer(2), LazyNet()
    trainer.fit(model, TwoClasses())
    twin = copy.deepcopy(trainer)
    assert twin.model is not model
    assert twin.optim.param_groups[0]["params"][0] is next(twin.model.parameters())
    twin.fit(LazyNet(), TwoClasses())
    assert (twin.train_batch_idx, trainer.train_batch_idx) == (6, 6)


class Endless(torch.utils.data.IterableDataset):
    """Batches without indices and without a length."""

    def __iter__(self):
        for i in range(12):
            yield torch.tensor([i / 12 - 0.5]), torch.tensor(i % 2)


class Stream(d2l.DataModule):
    """Data that do not say how many they are."""

    def train_dataloader(self):
        return torch.utils.data.DataLoader(Endless(), batch_size=4)

    def val_dataloader(self):
        return torch.utils.data.DataLoader(Endless(), batch_size=5)


class Generated(Stream):
    """A generator, which can be gone through once."""

    def train_dataloader(self):
        return ((torch.randn(4, 1), torch.tensor([0, 1, 0, 1])) for _ in range(3))

    val_dataloader = train_dataloader


def test_a_loader_without_a_length_trains_with_batches_on_its_axis():
    model = LazyNet()
    trainer = d2l.Trainer(2)
    trainer.fit(model, Stream())
    assert trainer.num_train_batches is None
    assert [point.x for point in model.board.points["train_loss"]] == [0, 1, 2, 3, 4, 5]
    assert [point.x for point in model.board.points["val_loss"]] == [3, 6]
    assert model.board.xlabel == "batch"


def test_a_generator_is_a_loader_and_loses_no_batch():
    model = LazyNet()
    d2l.Trainer(1).fit(model, Generated())
    assert len(model.board.points["train_loss"]) == 3


def test_a_loader_without_a_length_is_resumed_at_an_epoch_and_in_its_middle(tmp_path):
    def fitted(epochs, **options):
        torch.manual_seed(1)
        model = LazyNet()
        d2l.Trainer(epochs, seed=1, checkpoint=tmp_path).fit(model, Stream(), **options)
        return model

    straight = fitted(3)
    fitted(2)
    resumed = fitted(3, resume="last")
    assert resumed.board.points == straight.board.points


def test_the_interval_step_counts_updates_of_the_optimizer():
    class OneCycle(LazyNet):
        def configure_optimizers(self):
            optimizer = torch.optim.SGD(self.parameters(), lr=0.1)
            scheduler = lr_scheduler.OneCycleLR(optimizer, max_lr=0.5, total_steps=3 * 2)
            return {
                "optimizer": optimizer,
                "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
            }

    model = OneCycle()
    trainer = d2l.Trainer(3, accumulate=3)
    trainer.fit(model, TwoClasses(batch_size=2, num_train=10))  # 5 batches: 2 updates an epoch
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    scheduler = lr_scheduler.OneCycleLR(optimizer, max_lr=0.5, total_steps=3 * 2)
    for _ in range(3 * 2):
        optimizer.step()
        scheduler.step()
    assert trainer.optim.param_groups[0]["lr"] == optimizer.param_groups[0]["lr"]


def test_the_frequency_of_a_schedule_counts_updates_too():
    class Halving(LazyNet):
        def configure_optimizers(self):
            optimizer = torch.optim.SGD(self.parameters(), lr=0.1)
            scheduler = lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.5)
            by_step = {"scheduler": scheduler, "interval": "step", "frequency": 2}
            return {"optimizer": optimizer, "lr_scheduler": by_step}

    trainer = d2l.Trainer(3, accumulate=3)
    trainer.fit(Halving(), TwoClasses(batch_size=2, num_train=10))  # 5 batches: 2 updates an epoch
    assert trainer.optim.param_groups[0]["lr"] == 0.1 * 0.5**3


@pytest.mark.parametrize("form", [lambda o: [o], lambda o: ([o], []), lambda o: ([o], None)])
def test_lightnings_lists_of_one_optimizer_are_taken(form):
    class Listed(LazyNet):
        def configure_optimizers(self):
            return form(super().configure_optimizers())

    model = Listed()
    d2l.Trainer(1).fit(model, TwoClasses())
    assert len(model.board.points["val_loss"]) == 1


def test_an_error_outside_a_batch_has_no_note_about_one():
    class Failing(d2l.Trainer):
        def fit_epoch(self):
            super().fit_epoch()
            raise ValueError("of the reader's own")

    with pytest.raises(ValueError, match="own") as error:
        Failing(1).fit(LazyNet(), TwoClasses())
    assert not hasattr(error.value, "__notes__")


def test_a_finished_run_that_is_resumed_says_which_epoch_it_is_in(tmp_path, capsys):
    for _ in range(2):
        d2l.Trainer(3, seed=0, checkpoint=tmp_path).fit(LazyNet(), TwoClasses(), resume="last")
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("epoch 3/3: train_loss")


def test_output_to_a_file_has_a_line_for_each_epoch(capsys):
    d2l.Trainer(3).fit(LazyNet(), TwoClasses())
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]
    assert all("train_loss" in line and "val_acc" in line for line in lines)


def test_early_stopping_infers_from_its_name_whether_a_metric_is_to_rise():
    class Rising(LazyNet):
        def validation_step(self, batch):
            self.plot("acc", 0.1 * (self.trainer.epoch + 1), train=False)

    model = Rising()
    d2l.Trainer(5, patience=2, monitor="val_acc").fit(model, TwoClasses())
    assert len(model.board.points["val_acc"]) == 5


def test_validation_computes_at_the_precision_of_the_trainer():
    class Watched(LazyNet):
        def loss(self, y_hat, y, averaged=True):
            dtypes.append(y_hat.dtype)
            return super().loss(y_hat, y, averaged)

    dtypes = []
    d2l.Trainer(1, precision="bf16-mixed").validate(Watched(), TwoClasses())
    assert set(dtypes) == {torch.bfloat16}


def test_compiling_does_not_stick_to_the_model(monkeypatch):
    class Watched(LazyNet):
        def compile(self):
            self._compiled_call_impl = self._call_impl
            compiled.append(self)

    compiled, model = [], Watched()
    d2l.Trainer(1, compile=True).fit(model, TwoClasses())
    assert compiled == [model]
    assert vars(model).get("_compiled_call_impl") is None


@REPLAY
def test_an_empty_validation_loader_is_one_without_points(replay):
    class Empty(TwoClasses):
        def val_dataloader(self):
            return self.get_tensorloader((self.X, self.y), False, slice(0, 0))

    model = d2l.MLP(2, 4, lr=0.1)
    d2l.Trainer(2, replay=replay).fit(model, Empty())
    assert set(model.board.points) == {"train_loss"}


@CAPTURED
def test_as_many_epochs_as_one_likes_cost_nothing_before_they_are_done():
    class Flat(d2l.Classifier):
        def __init__(self):
            super().__init__()
            self.net, self.lr = nn.Linear(1, 2), 0.0

    trainer = d2l.Trainer(10**9, replay=True, patience=2)
    trainer.fit(Flat(), TwoClasses())
    assert trainer.epoch == 2


@REPLAY
@pytest.mark.parametrize("batch_size", [2, 20])
def test_points_go_on_where_they_were_after_a_resume_with_other_batches(
    tmp_path, replay, batch_size
):
    for epochs, size in ((2, 8), (4, batch_size)):
        torch.manual_seed(0)
        model = Net()
        trainer = d2l.Trainer(epochs, seed=0, replay=replay, checkpoint=tmp_path)
        trainer.fit(model, Points(size), resume="last")
    xs = [point.x for point in model.board.points["train_loss"]]
    assert xs == sorted(xs)
    assert 2 <= xs[4] < 3
    assert xs[-1] < 4
    assert [point.x for point in model.board.points["val_loss"]] == [1, 2, 3, 4]
    assert trainer.train_batch_idx == 4 * trainer.num_train_batches


@REPLAY
def test_a_stop_at_the_last_validation_batch_leaves_one_point(tmp_path, replay):
    class Stopping(Net):
        def validation_step(self, batch):
            super().validation_step(batch)
            self.num_seen = getattr(self, "num_seen", 0) + 1
            if self.num_seen == self.stops_at:
                raise KeyboardInterrupt

        stops_at = 0

    def fitted(model, **options):
        d2l.Trainer(2, seed=0, replay=replay, checkpoint=tmp_path).fit(model, Points(), **options)

    straight = Stopping()
    fitted(straight)
    stopped = Stopping()
    stopped.stops_at = 6
    with pytest.raises(KeyboardInterrupt):
        fitted(stopped)
    resumed = Stopping()
    fitted(resumed, resume="last")
    assert [p.x for p in resumed.board.points["val_loss"]] == [1, 2]
    assert len(straight.board.points["val_loss"]) == 2


@CAPTURED
def test_a_tuple_of_tensors_replaced_in_a_step_is_no_error():
    class Carrying(LazyNet):
        def __init__(self):
            super().__init__()
            self.state = (torch.zeros(2), torch.zeros(2))

        def training_step(self, batch):
            self.state = (batch[0].sum() * torch.ones(2), torch.ones(2))
            return super().training_step(batch)

    model = Carrying()
    d2l.Trainer(2, replay=True).fit(model, TwoClasses(num_train=40))
    assert len(model.board.points["val_loss"]) == 2


class Summing(OwnSGD):
    """An optimizer whose `zero_grad` keeps a part of the gradients: they add up over steps."""

    def zero_grad(self):
        for param in self.params:
            if param.grad is not None:
                param.grad *= 0.5


@REPLAY
def test_an_optimizer_that_adds_gradients_up_is_not_disturbed(replay):
    class Line(PlainLine):
        def configure_optimizers(self):
            return Summing([self.w, self.b], self.lr)

    weights = []
    for kind in (replay, False):
        model = Line(2, lr=0.01)
        torch.manual_seed(0)
        d2l.Trainer(1, seed=0, replay=kind).fit(model, short_line_data())
        weights.append(model.w.clone())
    assert torch.allclose(*weights)


TWO_THREADS = """
import sys, threading
from readers import TwoClasses
from recorded_ops import RecordedOps
from d2l import torch as d2l
from d2l.engine import graph

graph.GRAPHS["cpu"] = RecordedOps

def fit():
    d2l.Trainer(3, replay=True).fit(d2l.MLP(2, 4, lr=0.1), TwoClasses(num_train=40))

before = sys.stdout
threads = [threading.Thread(target=fit) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert sys.stdout is before, sys.stdout
"""


def test_trainers_in_threads_leave_stdout_as_it_was():
    """In a program of its own: the checks of types that tests run under are not thread-safe."""
    folder = Path(__file__).parent
    command = [sys.executable, "-c", TWO_THREADS]
    variables = os.environ | {"PYTHONPATH": os.pathsep.join([*sys.path, str(folder.parent)])}
    subprocess.run(command, cwd=folder, env=variables, check=True, capture_output=True, timeout=900)


def test_batches_are_the_readers_to_change_in_place():
    data = TwoClasses()
    before = data.X.clone()
    for loader in (data.val_dataloader(), data.train_dataloader()):
        for X, y in loader:
            X -= 10
            y += 1

    class Doubling(LazyNet):
        def validation_step(self, batch):
            batch[0].mul_(2)
            super().validation_step(batch)

    d2l.Trainer(3).fit(Doubling(), data)
    assert torch.equal(data.X, before)


def test_loaders_have_the_attributes_that_readers_ask_for():
    loader = TwoClasses().train_dataloader()
    assert (loader.num_workers, loader.drop_last, loader.collate_fn) == (0, False, None)


ELSEWHERE = [torch.zeros(1, 2).requires_grad_(), torch.zeros(2).requires_grad_()]


@pytest.mark.parametrize("place", ["a plain object", "globals", "a list of layers"])
def test_a_model_whose_parameters_lie_elsewhere_trains_with_the_optimizer_it_returns(place):
    class Held:
        pass

    class Hiding(d2l.Classifier):
        def __init__(self):
            super().__init__()
            self.held, self.layers = Held(), [nn.Linear(1, 2)]
            self.held.W, self.held.b = (t.detach().clone().requires_grad_() for t in ELSEWHERE)

        def learned(self):
            return {
                "a plain object": [self.held.W, self.held.b],
                "globals": ELSEWHERE,
                "a list of layers": [*self.layers[0].parameters()],
            }[place]

        def forward(self, X):
            if place == "a list of layers":
                return self.layers[0](X)
            W, b = self.learned()
            return X @ W + b

        def configure_optimizers(self):
            return torch.optim.SGD(self.learned(), lr=0.5)

    model = Hiding()
    before = [tensor.detach().clone() for tensor in model.learned()]
    d2l.Trainer(1).fit(model, TwoClasses())
    assert not torch.equal(before[1], model.learned()[1])


class Gan(d2l.Module):
    """Two networks with an optimizer each."""

    form = staticmethod(lambda D, G: [D, G])

    def __init__(self):
        super().__init__()
        self.D, self.G = nn.Linear(1, 1), nn.Linear(1, 1)

    def configure_optimizers(self):
        D, G = (torch.optim.SGD(net.parameters(), lr=0.1) for net in (self.D, self.G))
        return self.form(D, G)


class GanTrainer(d2l.Trainer):
    def fit_epoch(self):
        optimizers = self.optim.values() if isinstance(self.optim, dict) else self.optim
        for X, _ in self.train_dataloader:
            for net, optimizer in zip((self.model.D, self.model.G), optimizers, strict=True):
                optimizer.zero_grad()
                net(X).square().mean().backward()
                optimizer.step()
            self.train_batch_idx += 1


@pytest.mark.parametrize(
    "form", [lambda D, G: [D, G], lambda D, G: (D, G), lambda D, G: {"D": D, "G": G}]
)
def test_a_trainer_of_two_optimizers_trains_and_is_resumed(form, tmp_path):
    own = type("Own", (Gan,), {"form": staticmethod(form)})

    def fitted(epochs, **options):
        torch.manual_seed(0)
        model = own()
        GanTrainer(epochs, seed=0, checkpoint=tmp_path).fit(model, TwoClasses(), **options)
        return [parameter.detach().clone() for parameter in model.parameters()]

    straight = fitted(3)
    fitted(2)
    assert all(map(torch.equal, fitted(3, resume="last"), straight))


@pytest.mark.parametrize("num_val", [0, 4])
def test_an_own_loop_may_plot_validation_values_outside_a_validation_pass(num_val):
    class Measuring(GanTrainer):
        def fit_epoch(self):
            self.model.plot("early", 1.0, train=False)
            super().fit_epoch()
            self.model.plot("late", 2.0, train=False)

    model = Gan()
    Measuring(2).fit(model, TwoClasses(num_val=num_val))  # no more than one validation batch
    expected = {"val_early": [(1, 1.0), (2, 1.0)], "val_late": [(1, 2.0), (2, 2.0)]}
    assert model.board.points == expected


def test_an_own_loop_without_any_optimizer_of_ours_runs():
    class Manual(GanTrainer):
        def fit_epoch(self):
            seen.append(self.optim)

    seen = []
    Manual(2).fit(type("Own", (Gan,), {"configure_optimizers": lambda self: None})(), TwoClasses())
    assert seen == [None, None]


@pytest.mark.parametrize("steps_itself", [False, True])
def test_an_own_loop_may_take_optimizer_and_schedule_apart_or_use_the_optimizer(steps_itself):
    class Scheduled(LazyNet):
        def configure_optimizers(self):
            optimizer = torch.optim.SGD(self.parameters(), lr=1.0)
            return optimizer, lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.5)

    class Own(d2l.Trainer):
        def fit_epoch(self):
            if not steps_itself:
                book_fit_epoch(self)
                return
            optimizer, scheduler = self.optim
            for batch in self.train_dataloader:
                optimizer.zero_grad()
                self.model.training_step(batch).backward()
                optimizer.step()
            scheduler.step()

    trainer = Own(3)
    trainer.fit(Scheduled(), TwoClasses())
    assert trainer.optim.param_groups[0]["lr"] == 0.5**3


def test_a_trainer_whose_constructor_is_all_the_readers_own_trains(tmp_path):
    class Own(d2l.Trainer):
        def __init__(self, max_epochs):
            self.max_epochs = max_epochs

    model, trainer = LazyNet(), Own(2)
    trainer.fit(model, TwoClasses())
    trainer.save(tmp_path / "run.pt")
    assert len(model.board.points["val_loss"]) == 2


def test_a_rate_that_the_optimizer_does_not_use_may_be_anything():
    class Odd(LazyNet):
        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.1)

    for lr in (-1, 0, None, [0.1], lambda epoch: 0.1):
        model = Odd(lr=lr)
        d2l.Trainer(1).fit(model, TwoClasses())
        assert len(model.board.points["val_loss"]) == 1


def test_a_training_step_of_ones_own_runs_once_a_batch_though_layers_are_lazy():
    class Noting(LazyNet):
        def training_step(self, batch):
            self.optimizers.append(self.trainer.optim)
            return super().training_step(batch)

    model = Noting()
    model.optimizers = []
    trainer = d2l.Trainer(2)
    trainer.fit(model, TwoClasses())
    assert model.optimizers == [trainer.optim] * 6


def test_a_step_that_prepares_its_inputs_gives_lazy_layers_their_shapes():
    class Flattening(LazyNet):
        def training_step(self, batch):
            return super().training_step((batch[0].repeat(1, 3), batch[1]))

        def validation_step(self, batch):
            super().validation_step((batch[0].repeat(1, 3), batch[1]))

    model = Flattening()
    d2l.Trainer(1).fit(model, TwoClasses())
    assert model.net[0].in_features == 3


def test_a_fit_inside_a_fit_and_a_validation_inside_a_step_disturb_nothing():
    class Nesting(LazyNet):
        def training_step(self, batch):
            if self.nests:
                inner = LazyNet()
                d2l.Trainer(1).fit(inner, TwoClasses())
                before = self.training
                d2l.Trainer(1).validate(inner, TwoClasses())
                assert self.training is before
            return super().training_step(batch)

    boards = []
    for nests in (False, True):
        torch.manual_seed(0)
        model = Nesting()
        model.apply_init([torch.zeros(1, 1)])
        model.nests, model.net[2].p = nests, 0.0
        d2l.Trainer(2).fit(model, Unshuffled())
        boards.append(model.board.points)
    assert boards[0] == boards[1]


class Unshuffled(TwoClasses):
    def get_dataloader(self, train):
        return super().get_dataloader(False) if not train else self.val_dataloader()


@pytest.mark.counts_calls
def test_a_batch_goes_through_few_of_our_functions_in_few_files():
    """From the loader to the drawn point, on the CPU without a notebook."""
    data = Points(num_train=140 * 8)
    model = d2l.MLP(2, 8, lr=0.1)
    model.net = nn.Sequential(nn.Flatten(), nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 2))
    calls, marks = [], []

    class Marking(d2l.Trainer):
        def prepare_batch(self, batch):
            marks.append(len(calls))
            return batch

    def profile(frame, event, argument):
        if event == "call" and "/d2l/" in frame.f_code.co_filename:
            calls.append((frame.f_code.co_filename, frame.f_code.co_qualname))

    sys.setprofile(profile)
    try:
        Marking(1).fit(model, data)
    finally:
        sys.setprofile(None)
    # The tutor looks at some of the first 64 steps; now and then, by the clock, a step reports.
    batches = sorted((calls[a:b] for a, b in itertools.pairwise(marks[100:130])), key=len)
    one = batches[len(batches) // 2]
    assert len(one) <= 25, one
    assert len({file for file, _ in one}) <= 9, [
        f.rpartition("d2l")[2] for f in {file for file, _ in one}
    ]
