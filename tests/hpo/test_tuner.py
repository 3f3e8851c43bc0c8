"""The tuner keeps the books; the trainer's validation error weighs every example once."""

import math
import re
from pathlib import Path

import pytest
import torch
from scipy import stats

from d2l import torch as d2l
from d2l.errors import ConfigurationError, DataError, NotFiniteError


class Listed(d2l.HPOSearcher):
    """Gives what it was given, in order."""

    def __init__(self, *values):
        self.values = list(values)

    def sample_configuration(self):
        return {"x": self.values.pop(0)}


def tuner_of(objective, *values):
    return d2l.HPOTuner(scheduler=d2l.BasicScheduler(Listed(*values)), objective=objective)


def test_the_books_hold_each_trial_and_the_best_so_far(capsys):
    tuner = tuner_of(lambda x: torch.tensor(x).abs(), 0.5, 0.75, 0.25, -0.25)
    tuner.run(number_of_trials=3)
    tuner.run(number_of_trials=1)
    assert (tuner.incumbent, tuner.incumbent_error) == ({"x": 0.25}, 0.25)
    assert tuner.incumbent_trajectory == [0.5, 0.5, 0.25, 0.25]
    assert [record["error"] for record in tuner.records] == [0.5, 0.75, 0.25, 0.25]
    seconds = [record["runtime"] for record in tuner.records]
    assert tuner.cumulative_runtime == pytest.approx([sum(seconds[: i + 1]) for i in range(4)])
    assert tuner.current_runtime == tuner.cumulative_runtime[-1]


def test_each_trial_is_printed_and_drawn(capsys):
    tuner = tuner_of(lambda x: x, 0.5, 0.25)
    tuner.run(2)
    trial = r"Trial {}: config = {{'x': {}}}\n    error = {}, runtime = [\d.e-]+\n"
    expected = trial.format(0, 0.5, 0.5) + trial.format(1, 0.25, 0.25)
    assert re.fullmatch(expected, capsys.readouterr().out)
    points = tuner.board.points
    assert [point.y for point in points["trial"]] == [0.5, 0.25]
    assert [point.y for point in points["best so far"]] == tuner.incumbent_trajectory
    assert [point.x for point in points["trial"]] == tuner.cumulative_runtime


@pytest.mark.parametrize(
    "error", [0.5, torch.tensor(0.5), torch.tensor([0.5]), d2l.np.float32(0.5)]
)
def test_an_error_may_be_any_number(error, capsys):
    tuner = tuner_of(lambda x: error, 1)
    tuner.run(1)
    assert tuner.incumbent_error == 0.5
    assert type(tuner.incumbent_error) is float


def test_a_trial_that_comes_to_no_number_is_the_worst_and_the_others_go_on(capsys):
    def objective(x):
        if x == "diverges":
            raise NotFiniteError("the loss is nan in epoch 1")
        return {"nan": math.nan, "fine": 0.5}[x]

    tuner = tuner_of(objective, "diverges", "nan", "fine")
    tuner.run(3)
    assert tuner.incumbent_trajectory == [math.inf, math.inf, 0.5]
    assert [record["error"] for record in tuner.records] == [math.inf, math.inf, 0.5]
    assert tuner.incumbent == {"x": "fine"}
    assert "the loss is nan in epoch 1" in capsys.readouterr().out
    assert [point.y for point in tuner.board.points["trial"]] == [0.5]


def test_a_hyperparameter_that_the_objective_does_not_know_is_refused_in_words(capsys):
    def objective(learning_rate, batch_size=256):
        return 0.0

    space = {"lr": stats.uniform(0, 1)}
    tuner = d2l.HPOTuner(d2l.BasicScheduler(d2l.RandomSearcher(space)), objective)
    with pytest.raises(ConfigurationError, match=r"objective\(learning_rate.*\{'lr': .*argument"):
        tuner.run(1)


class FiveExamples(d2l.DataModule):
    """Batches of four and one."""

    def __init__(self):
        super().__init__()
        self.save_hyperparameters()
        self.batch_size = 4

    def get_dataloader(self, train):
        y = torch.tensor([0, 1, 2, 3, 0])
        return self.get_tensorloader((torch.eye(5), y), train)


class Stubborn(d2l.Classifier):
    """Says 0, 1, 2, 3, 4, whatever it learns; right four times of five."""

    def __init__(self):
        super().__init__()
        self.save_hyperparameters()
        self.lr = 0.1
        self.board.display = False
        self.net = torch.nn.Linear(5, 5)

    def forward(self, X):
        return X + 0 * self.net(X)


def test_the_validation_error_weighs_every_example_the_same():
    trainer, model = d2l.HPOTrainer(max_epochs=1), Stubborn()
    trainer.fit(model, FiveExamples())
    error = trainer.validation_error()
    assert error.item() == pytest.approx(0.2)  # a mean of the batches' means is 0.5
    assert (error.shape, error.device.type, model.training) == ((), "cpu", False)
    assert error.cpu().detach().numpy() == pytest.approx(0.2)  # as the book reads it


def test_there_is_no_validation_error_before_a_run():
    with pytest.raises(DataError, match=r"fit\(model, data\) first"):
        d2l.HPOTrainer(max_epochs=1).validation_error()


@pytest.mark.slow
def test_lenet_is_an_objective(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("D2L_DATA", str(Path(__file__).parents[2] / "data"))
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    error = d2l.hpo_objective_lenet(learning_rate=0.1, batch_size=256, max_epochs=1)
    assert 0.0 < float(error) <= 0.91  # guessing one of ten classes is wrong in 0.9
