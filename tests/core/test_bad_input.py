"""Mistakes: each ends in an error that says what was found and what works, and loses nothing."""

import warnings

import pytest
import torch
from readers import LazyNet, PlainLine, TwoClasses, line_data

from d2l import torch as d2l
from d2l.core import checks
from d2l.engine.running_metrics import FiniteCheck
from d2l.errors import BatchError, D2LError, DataError, LabelError, ModelError, NotFiniteError


def fit(model, data=None, **options):
    d2l.Trainer(max_epochs=1, **options).fit(model, data or TwoClasses())


@pytest.mark.parametrize("max_epochs", [0, -1])
def test_no_epochs_to_do_is_warned_about_and_trains_nothing(max_epochs):
    with pytest.warns(UserWarning, match=f"whole number of at least 1; found {max_epochs}"):
        trainer = d2l.Trainer(max_epochs=max_epochs)
    model = LazyNet()
    trainer.fit(model, TwoClasses())
    assert model.board.points == {}


@pytest.mark.parametrize("max_epochs", [1.5, "ten", None])
def test_epochs_that_are_not_a_whole_number_are_an_error(max_epochs):
    with pytest.raises(ValueError, match="whole number of at least 1; found"):
        checks.whole_number(max_epochs)


def test_missing_gpus_are_said_and_the_run_goes_on(monkeypatch):
    monkeypatch.setattr("d2l.core.trainer.count_gpus", lambda: 0)
    with pytest.warns(UserWarning, match="num_gpus=8` requested, but no GPU was found; training"):
        trainer = d2l.Trainer(max_epochs=1, num_gpus=8)
    trainer.fit(LazyNet(), TwoClasses())
    assert trainer.gpus == []


def test_a_model_without_parameters_is_an_error():
    class Nothing(d2l.Classifier):
        def forward(self, X):
            return X

    with pytest.raises(ModelError, match="Nothing has no parameters to train"):
        fit(Nothing())


def test_a_rate_of_zero_trains_and_changes_nothing():
    model = LazyNet(lr=0)
    model.apply_init([torch.zeros(1, 1)])
    before = [parameter.clone() for parameter in model.parameters()]
    fit(model)
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    assert len(model.board.points["val_loss"]) == 1


def test_a_negative_rate_is_pytorchs_to_refuse():
    with pytest.raises(ValueError, match=r"Invalid learning rate: -0\.1"):
        fit(LazyNet(lr=-0.1))


def test_a_model_that_is_no_module_is_an_error():
    with pytest.raises(ModelError, match="found Linear"):
        fit(torch.nn.Linear(1, 2))


def test_a_loader_in_place_of_a_data_module_is_an_error():
    with pytest.raises(DataError, match="found DataLoader"):
        fit(LazyNet(), torch.utils.data.DataLoader([1]))


def test_a_batch_that_is_no_tuple_is_an_error():
    class Bare(TwoClasses):
        def get_dataloader(self, train):
            return torch.utils.data.DataLoader(self.X, 4)

    with pytest.raises(BatchError, match=r"yielded a Tensor of shape \(4, 1\)"):
        fit(LazyNet(), Bare())


def test_an_error_in_the_first_batch_is_one_of_the_first_epoch(capsys):
    class Failing(LazyNet):
        def training_step(self, batch):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        d2l.Trainer(max_epochs=3).fit(Failing(), TwoClasses())
    assert capsys.readouterr().out.startswith("epoch 1/3 (")


def test_a_loss_that_is_no_scalar_is_an_error():
    class Vector(PlainLine):
        def loss(self, y_hat, y):
            return (y_hat - y) ** 2

    with pytest.raises(ModelError, match=r"found shape \(32, 1\).*return l.mean\(\)"):
        fit(Vector(2, 0.1), line_data())


def test_a_training_step_that_returns_nothing_is_an_error():
    class Forgetful(LazyNet):
        def training_step(self, batch):
            super().training_step(batch)

    with pytest.raises(ModelError, match="found None"):
        fit(Forgetful())


def test_a_label_that_is_no_class_is_an_error():
    data = TwoClasses()
    data.y[3] = 7
    with pytest.raises(LabelError, match=r"must be in 0\.\.1.*found labels from 0 to 7"):
        fit(LazyNet(), data)


def test_an_error_in_a_step_names_the_batch_it_was_in():
    data = TwoClasses()
    data.X = data.X.repeat(1, 3)
    model = LazyNet()
    model.net[0] = torch.nn.Linear(2, 4)
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied") as error:
        fit(model, data)
    expected = "Raised in epoch 1, for a batch of (4, 3) float32, (4,) int64."
    assert error.value.__notes__ == [expected]


def test_a_data_module_without_batch_size_is_an_error():
    class Sizeless(d2l.DataModule):
        def get_dataloader(self, train):
            return self.get_tensorloader((torch.rand(8, 1), torch.zeros(8)), train)

    with pytest.raises(DataError, match="Sizeless has no batch_size"):
        fit(LazyNet(), Sizeless())


def test_a_data_module_that_returns_no_loader_is_an_error():
    class Empty(d2l.DataModule):
        def get_dataloader(self, train):
            pass

    with pytest.raises(DataError, match=r"Empty.train_dataloader\(\) must return a loader; found"):
        fit(LazyNet(), Empty())


def test_an_empty_training_set_is_an_error():
    with pytest.raises(DataError, match="no batch"):
        fit(LazyNet(), TwoClasses(num_train=0))


def test_validating_without_validation_examples_is_an_error():
    class TrainOnly(TwoClasses):
        def val_dataloader(self):
            return None

    with pytest.raises(DataError, match="TrainOnly has no validation examples"):
        d2l.Trainer(max_epochs=1).validate(LazyNet(), TrainOnly())


def test_plotting_outside_a_run_is_an_error():
    with pytest.raises(
        D2LError,
        match=r"PlainLine\.plot\(\) was called outside a training run.*trainer\.fit\(model, data\)",
    ):
        PlainLine(2, 0.1).training_step((torch.ones(1, 2), torch.ones(1, 1)))


class Exploding(PlainLine):
    """Its loss leaves the numbers at a known step."""

    def __init__(self, bad_step, value):
        super().__init__(2, lr=0.01)
        self.bad_step, self.value, self.steps = bad_step, value, 0

    def loss(self, y_hat, y):
        self.steps += self.training
        factor = self.value if self.steps == self.bad_step and self.training else 1.0
        return super().loss(y_hat, y) * factor


class AlwaysDeferred(FiniteCheck):
    """The check as it is on a GPU, where the answer comes later."""

    def __init__(self, deferred):
        super().__init__(deferred=True)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("deferred", [False, True])
def test_a_loss_that_is_not_finite_stops_the_run_where_asked_for_and_names_its_batch(
    value, deferred, monkeypatch
):
    if deferred:
        monkeypatch.setattr("d2l.core.training.run.FiniteCheck", AlwaysDeferred)
    model = Exploding(bad_step=32 + 5, value=value)
    when = "shortly afterwards" if deferred else "before the weights were updated"
    words = f"{value} in epoch 2 of 3, batch 5 of 32; training stopped {when}"
    with pytest.raises(NotFiniteError, match=words):
        d2l.Trainer(max_epochs=3, on_nonfinite="stop").fit(model, line_data())
    if not deferred:
        assert model.steps == 37
        assert torch.isfinite(model.w).all()
    assert len(model.board.points["train_loss"]) >= 2
    assert len(model.board.points["val_loss"]) >= 1


@pytest.mark.parametrize("replay", [False, True])
def test_a_loss_that_is_not_finite_is_warned_about_once_and_trained_on(replay):
    model = d2l.LinearRegression(lr=50.0)  # diverges
    words = r"the loss is (inf|nan) in epoch \d of 4, batch \d+ of 32.*smaller lr than 50"
    with pytest.warns(RuntimeWarning, match=words) as caught:
        d2l.Trainer(max_epochs=4, seed=0, replay=replay).fit(model, line_data())
    assert len(caught) == 1
    assert len(model.board.points["val_loss"]) == 4
    assert not torch.isfinite(torch.tensor(model.board.points["val_loss"][-1].y))


def test_the_homeworks_own_loop_is_stopped_too(monkeypatch):
    from test_fit import book_fit_epoch

    monkeypatch.setattr(d2l.Trainer, "fit_epoch", book_fit_epoch)
    with pytest.raises(NotFiniteError, match="epoch 1 of 1, batch 3 of 32"):
        fit(Exploding(bad_step=3, value=float("nan")), line_data(), on_nonfinite="stop")


@pytest.mark.parametrize(
    ("gradient_clip_val", "advice"),
    [
        (0, "try a smaller lr than 0.5, or Trainer(…, gradient_clip_val=1)."),
        (0.5, "try a smaller lr than 0.5."),
        (1, "try a smaller lr than 0.5."),
    ],
)
def test_clipping_is_advised_where_there_is_none(gradient_clip_val, advice):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
    assert checks.advice_on_divergence(d2l.nn.Linear(1, 1), optimizer, gradient_clip_val).endswith(
        advice
    )
    by_hand = d2l.LinearRegression(lr=0.5)
    assert checks.advice_on_divergence(by_hand, None, gradient_clip_val).endswith(advice)


def plain_model():
    """A class of models with a plain tensor as weight; new, since each is warned about once."""

    class Plain(d2l.Module):
        def __init__(self):
            super().__init__()
            self.w = torch.zeros(2, requires_grad=True)

    return Plain


def test_a_state_without_the_trainable_tensors_is_warned_about_once():
    saved, loaded, part = plain_model(), plain_model(), plain_model()
    with pytest.warns(UserWarning, match=r"Plain.state_dict\(\) is empty: its 1 trainable tensors"):
        assert saved().state_dict() == {}
    with pytest.warns(UserWarning, match=r"Plain.load_state_dict\(\) changed nothing: its 1 "):
        loaded().load_state_dict({})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        saved().state_dict()
        whole = torch.nn.Sequential(torch.nn.Linear(2, 2), part())
        assert list(whole.state_dict()) == ["0.weight", "0.bias"]
