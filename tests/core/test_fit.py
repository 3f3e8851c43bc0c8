"""Training as the homework does it: its patches, its optimizer, its plain tensors."""

import copy

import pytest
import torch
from readers import (
    LazyNet,
    PlainLine,
    TwoClasses,
    book_fit,
    book_fit_epoch,
    book_init,
    line_data,
)

from d2l import torch as d2l


def identity(self, batch):
    return batch


@pytest.fixture
def patched_trainer(monkeypatch):
    monkeypatch.setattr(d2l.Trainer, "fit_epoch", book_fit_epoch)
    monkeypatch.setattr(d2l.Trainer, "prepare_batch", identity)


def trained_line(seed=1, epochs=3):
    torch.manual_seed(0)
    data = line_data()
    model = PlainLine(2, lr=0.03)
    d2l.Trainer(max_epochs=epochs, seed=seed).fit(model, data)
    return model


def test_plain_tensors_and_an_optimizer_of_ones_own_learn_the_line():
    model = trained_line(epochs=10)
    assert torch.allclose(model.w.reshape(-1), torch.tensor([2, -3.4]), atol=0.05)
    assert model.b.item() == pytest.approx(4.2, abs=0.05)


def test_the_homeworks_own_loop_gives_our_loops_numbers(monkeypatch):
    ours = trained_line()
    monkeypatch.setattr(d2l.Trainer, "fit_epoch", book_fit_epoch)
    monkeypatch.setattr(d2l.Trainer, "prepare_batch", identity)
    theirs = trained_line()
    assert torch.equal(ours.w, theirs.w)
    assert ours.board.points == theirs.board.points


def test_methods_added_to_the_class_are_the_ones_that_run(patched_trainer, monkeypatch):
    seen = []

    @d2l.add_to_class(d2l.Trainer)
    def fit_epoch(self):
        seen.append(self.epoch)

    d2l.Trainer(max_epochs=2).fit(PlainLine(2, 0.03), line_data())
    assert seen == [0, 1]


def test_one_trainer_fits_twice():
    trainer = d2l.Trainer(max_epochs=2)
    for model in (LazyNet(), LazyNet()):
        trainer.fit(model, TwoClasses())
        assert trainer.train_batch_idx == 2 * 3
        assert [point.x for point in model.board.points["val_loss"]] == [1, 2]


def test_a_parameters_method_that_returns_a_list_serves(monkeypatch):
    model = d2l.SoftmaxRegressionScratch(1, 2, lr=0.5)
    before = model.W.detach().clone()
    d2l.Trainer(max_epochs=1).fit(model, TwoClasses())
    assert isinstance(model.parameters(), list)
    assert not torch.equal(before, model.W)


def test_lazy_layers_have_shapes_before_the_optimizer_is_made():
    class Net(LazyNet):
        def configure_optimizers(self):
            shapes.extend(tuple(p.shape) for p in self.parameters())
            return super().configure_optimizers()

    shapes = []
    d2l.Trainer(max_epochs=1).fit(Net(), TwoClasses())
    assert shapes == [(4, 1), (4,), (2, 4), (2,)]


def test_lazy_layers_cost_no_additional_training_step():
    class Watched(LazyNet):
        def training_step(self, batch):
            phases.append(self.training)
            return super().training_step(batch)

    phases, model = [], Watched()
    d2l.Trainer(max_epochs=1).fit(model, TwoClasses())
    assert phases == [True, True, True]  # three batches, and no step before them
    assert model.trainer.train_batch_idx == 3
    assert len(model.board.points["train_loss"]) == 3  # every_n = int(3 / 2) = 1


def test_a_seed_repeats_a_run_data_order_included():
    first = LazyNet()
    runs = []
    for _ in range(2):
        model = copy.deepcopy(first)
        d2l.Trainer(max_epochs=3, seed=7).fit(model, TwoClasses())
        runs.append(model.board.points)
    torch.manual_seed(8)
    other = copy.deepcopy(first)
    d2l.Trainer(max_epochs=3).fit(other, TwoClasses())
    assert runs[0] == runs[1]
    assert runs[0] != other.board.points


def test_a_validation_value_weighs_every_example_once():
    torch.manual_seed(0)
    data = TwoClasses(batch_size=4, num_train=8, num_val=6)  # validation batches of 4 and 2
    model = LazyNet()
    d2l.Trainer(max_epochs=1).fit(model, data)
    X, y = data.X[8:], data.y[8:]
    with torch.no_grad():
        at_once = torch.nn.functional.cross_entropy(model.net(X), y).item()
    assert model.board.points["val_loss"][-1].y == pytest.approx(at_once, rel=1e-6)
    assert d2l.Trainer(max_epochs=1).validate(model, data)["val_loss"] == pytest.approx(at_once)


def test_validate_returns_numbers_and_leaves_everything_as_it_was():
    model, data = LazyNet(), TwoClasses()
    trainer = d2l.Trainer(max_epochs=1)
    trainer.fit(model, data)
    before = (model.board.points, trainer.val_batch_idx, model.training, model.trainer)
    values = trainer.validate(model, data)
    assert set(values) == {"val_loss", "val_acc"}
    assert all(isinstance(value, float) for value in values.values())
    assert before == (model.board.points, trainer.val_batch_idx, model.training, model.trainer)


def test_a_validation_loop_that_ends_early_still_draws_what_it_saw(monkeypatch):
    def two_batches(self, val_dataloader):
        self.model.eval()
        for i, batch in enumerate(val_dataloader):
            if i == 2:
                break
            self.model.validation_step(batch)

    monkeypatch.setattr(d2l.Trainer, "validate_epoch", two_batches)
    model = LazyNet()
    d2l.Trainer(max_epochs=3).fit(model, TwoClasses(num_val=16))
    assert [point.x for point in model.board.points["val_loss"]] == [1, 2, 3]


def test_one_batch_an_epoch_draws_a_point_an_epoch():
    model = LazyNet()
    d2l.Trainer(max_epochs=4).fit(model, TwoClasses(batch_size=64))
    assert [point.x for point in model.board.points["train_loss"]] == [0, 1, 2, 3]


def test_a_data_module_without_validation_examples_trains():
    class TrainOnly(TwoClasses):
        def val_dataloader(self):
            return None

    model = LazyNet()
    d2l.Trainer(max_epochs=1).fit(model, TrainOnly())
    assert set(model.board.points) == {"train_loss"}


def test_a_torch_dataloader_of_the_readers_own_works_with_worker_processes():
    class Streamed(TwoClasses):
        def get_dataloader(self, train):
            pairs = torch.utils.data.TensorDataset(self.X, self.y)
            return torch.utils.data.DataLoader(pairs, 4, shuffle=train, num_workers=2)

    model = LazyNet()
    d2l.Trainer(max_epochs=1).fit(model, Streamed())
    assert len(model.board.points["val_acc"]) == 1


def test_a_module_class_written_from_scratch_trains_under_our_trainer():
    class OwnModule(torch.nn.Module, d2l.HyperParameters):
        def __init__(self):
            super().__init__()
            self.board = d2l.ProgressBoard()
            self.net = torch.nn.Linear(1, 2)

        def plot(self, key, value, train):
            trainer = self.trainer
            x = trainer.train_batch_idx / trainer.num_train_batches if train else trainer.epoch + 1
            n = trainer.num_train_batches / 2 if train else trainer.num_val_batches
            value = value.to(d2l.cpu()).detach().numpy()
            self.board.draw(x, value, ("train_" if train else "val_") + key, every_n=int(n))

        def training_step(self, batch):
            loss = torch.nn.functional.cross_entropy(self.net(batch[0]), batch[1])
            self.plot("loss", loss, train=True)
            return loss

        def validation_step(self, batch):
            self.plot("loss", self.training_step(batch), train=False)

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.1)

    model = OwnModule()
    d2l.Trainer(max_epochs=2).fit(model, TwoClasses())
    assert len(model.board.points["val_loss"]) == 2


def test_our_module_trains_under_a_trainer_written_from_scratch():
    class OwnTrainer:
        def fit(self, model, data):
            model.trainer = self
            self.epoch = self.train_batch_idx = 0
            train, val = data.train_dataloader(), data.val_dataloader()
            self.num_train_batches, self.num_val_batches = len(train), len(val)
            for batch in train:
                model.training_step(batch)
                self.train_batch_idx += 1
            for batch in val:
                model.validation_step(batch)

    model = LazyNet()
    OwnTrainer().fit(model, TwoClasses())
    assert len(model.board.points["val_acc"]) == 1


def test_the_books_own_constructor_of_a_trainer_may_replace_ours(monkeypatch):
    monkeypatch.setattr(d2l.Trainer, "__init__", book_init)
    model, trainer = d2l.LinearRegression(lr=0.03), d2l.Trainer(2)
    trainer.fit(model, line_data())
    assert len(model.board.points["val_loss"]) == 2
    assert trainer.validate(model, line_data())["val_loss"] < 25


OWN_RUNGS = {"__init__": book_init, "fit": book_fit, "fit_epoch": book_fit_epoch}


@pytest.mark.parametrize(
    "own", [("fit",), ("fit", "__init__"), ("fit", "fit_epoch"), ("fit", "fit_epoch", "__init__")]
)
def test_a_fit_of_the_readers_own_gives_our_fits_numbers(own):
    OwnTrainer = type("OwnTrainer", (d2l.Trainer,), {name: OWN_RUNGS[name] for name in own})
    boards = []
    for kind in (d2l.Trainer, OwnTrainer):
        torch.manual_seed(0)
        model = PlainLine(2, lr=0.03)
        kind(2).fit(model, line_data(num_val=320))  # no short batch, which would weigh too much
        boards.append({label: [p.y for p in pts] for label, pts in model.board.points.items()})
    ours, theirs = boards
    assert theirs == {label: pytest.approx(values, rel=1e-5) for label, values in ours.items()}


def test_a_fit_of_the_readers_own_trains_on_whatever_the_loss_is_as_in_1_0_3():
    OwnTrainer = type("OwnTrainer", (d2l.Trainer,), {"fit": book_fit})
    model = PlainLine(2, lr=1e6)
    OwnTrainer(9).fit(model, line_data())
    assert len(model.board.points["val_loss"]) == 9


def test_a_part_that_the_reader_froze_stays_frozen():
    model = LazyNet()
    model.net[2].eval()
    d2l.Trainer(max_epochs=1).validate(model, TwoClasses())
    assert [part.training for part in model.net] == [True, True, False, True]


def test_a_trainer_without_a_run_counts_the_batches_that_the_reader_has_it_do():
    trainer, model = d2l.Trainer(max_epochs=2), LazyNet()
    book_fit(trainer, model, TwoClasses())
    assert trainer.train_batch_idx == 2 * trainer.num_train_batches > 0
    assert trainer.val_batch_idx == 2 * trainer.num_val_batches > 0
    assert len(model.board.points["val_loss"]) > 0


@pytest.mark.parametrize("per_epoch", [0, -1])
def test_nothing_is_drawn_without_a_run_either_where_no_points_are_wanted(per_epoch):
    model = LazyNet()
    model.plot_train_per_epoch = model.plot_valid_per_epoch = per_epoch
    book_fit(d2l.Trainer(max_epochs=1), model, TwoClasses())
    assert model.board.points == {}
