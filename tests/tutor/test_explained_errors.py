"""PyTorch's errors, each made by the code that makes it, are told as the mistake they come from."""

import pickle
import re

import pytest
import torch
from error_cases import CASES, mlp
from error_models import N, Own, TwoInputs, X, logits, rows, run, step_between, y
from torch import nn
from torch.nn import functional as F

from d2l import torch as d2l
from d2l.errors import D2LError, MistakeError, mistake
from d2l.tutor.evidence import Evidence
from d2l.tutor.registry import ERROR_CHECKS
from d2l.tutor.run_checks import explained


def raised_by(program, model=None, optimizer=None):
    """The error that leaves the watched program."""
    try:
        with d2l.watching(model, optimizer):
            program()
    except Exception as error:
        return error
    pytest.fail("no error was raised")


@pytest.fixture
def looks_of_all_checks(monkeypatch):
    """Have every check look at each error, and fail where one cannot."""

    def look(check, evidence):
        findings = {each: each.find(evidence) for each in ERROR_CHECKS}
        return findings[check]

    monkeypatch.setattr("d2l.tutor.run_checks._run_error_check", look)


@pytest.mark.parametrize("kind, words, model, program", CASES)
def test_an_error_of_pytorch_is_told_as_its_mistake(
    kind, words, model, program, looks_of_all_checks
):
    error = raised_by(program, model)
    assert isinstance(error, D2LError), f"not told: {type(error).__name__}: {error}"
    assert error.kind == error.hint.kind == kind
    assert words in str(error)
    assert str(error) == error.hint.message
    assert error.__cause__ is not None
    assert isinstance(error, type(error.__cause__))
    if isinstance(error, MistakeError):
        assert len(str(error)) <= 400
        assert len(re.split(r"[.:;] ", str(error))[0]) <= 120


def left_alone(program, model=None, optimizer=None):
    error = raised_by(program, model, optimizer)
    return not isinstance(error, D2LError) and not hasattr(error, "hint")


two_heads = Own(lambda model, X: {"class": model.net(X)}, net=mlp)
attending = Own(lambda model, X: torch.bmm(X, X))


@pytest.mark.parametrize(
    "model, program",
    [
        (mlp, lambda: {}["weights"]),
        (mlp, lambda: list(range(2))[5]),
        (mlp, lambda: rows[:, 900]),  # an index of the reader's
        (mlp, lambda: int("ten")),
        (mlp, lambda: mlp.num_hiddens),  # no argument of the constructor
        (mlp, lambda: mlp[3]),
        (two_heads, lambda: F.cross_entropy(two_heads(X), y)),
        (attending, run(attending, torch.rand(2, 3, 4))),  # which of the two is wrong?
        (mlp, lambda: torch.rand(8, 10) + torch.rand(8, 3)),
        (mlp, lambda: torch.rand(8, 10) @ torch.rand(8, 3)),  # no weight among them
        (mlp, lambda: torch.cat([torch.rand(8, 10), torch.rand(7, 3)])),
        (mlp, lambda: F.cross_entropy(torch.randn(64, 10), y)),  # the reader's own rows
        (mlp, lambda: F.cross_entropy(logits, torch.rand(N))),  # not whole numbers
        (mlp, lambda: F.binary_cross_entropy(torch.full((4,), float("nan")), torch.ones(4))),
        (mlp, lambda: F.binary_cross_entropy(torch.rand(4), torch.rand(4) + 1)),
        (mlp, lambda: F.mse_loss(torch.rand(8, 3), torch.rand(8, 2))),
        (mlp, lambda: bool(rows > 0)),  # "Boolean value of Tensor", in no constructor
        (mlp, lambda: "loss".backward()),
        (mlp, lambda: None.shape),  # whose forward returns something
        (mlp, lambda: torch.tensor([1.0]).numpy().reshape(3)),
        (mlp, lambda: X.view(7, 5, -1)),
        (mlp, lambda: nn.BatchNorm1d(784)(rows.double())),
        (mlp, lambda: torch.load("no_such_file.pt")),
        (mlp, lambda: torch.optim.SGD(mlp.parameters(), lr=-1.0)),
        (mlp, lambda: rows.to("no_such_device")),
        (mlp, lambda: TwoInputs.forward(X)),
    ],
)
def test_an_error_whose_cause_is_not_known_is_left_alone(model, program, looks_of_all_checks):
    assert left_alone(program, model)


def test_an_earlier_error_that_the_program_caught_is_not_taken_for_this_one():
    def program():
        with pytest.raises(RuntimeError):
            nn.Linear(256, 10)(rows)
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied, says the reader's own code")

    assert left_alone(program, mlp)


def test_an_optimizer_that_is_there_is_not_missed():
    optimizer = torch.optim.SGD(mlp.parameters(), lr=0.1)
    assert left_alone(lambda: None.step(), mlp, optimizer)


def test_an_update_between_forward_and_backward_is_told_as_such():
    with pytest.raises(RuntimeError, match=r"A weight of shape \(8, 10\).*optimizer\.step"):
        step_between()


def test_labels_are_told_from_their_range_by_the_batches_before():
    few = torch.arange(20) % 9 + 2
    evidence = Evidence(mlp, labels=[torch.tensor([0, 3])])
    error = raised_by(lambda: F.cross_entropy(logits[:20], few), mlp)
    assert error.kind == "labels-from-one"
    with pytest.raises(IndexError) as caught:
        F.cross_entropy(logits[:20], few)
    assert explained(caught.value, evidence) is None  # nothing was recorded


def test_no_call_was_recorded_and_the_words_are_enough():
    with pytest.raises(RuntimeError) as caught:
        mlp(X).argmax(1).float().mean().backward()
    hint, told = explained(caught.value, Evidence(None))
    assert hint.kind == "loss-not-differentiable"
    assert str(told).startswith("The loss has no grad_fn")


class OddError(ValueError):
    """An error that is made from two things."""

    def __init__(self, code, place):
        super().__init__(f"{code} at {place}")
        self.code = code


class FixedError(RuntimeError):
    def __new__(cls, code, place):
        return super().__new__(cls, code, place)


@pytest.mark.parametrize(
    "error",
    [
        OddError(3, "here"),
        KeyError("a"),
        OSError(2, "gone", "file"),
        AttributeError("a", name="b"),
        UnicodeDecodeError("utf-8", b"a", 0, 1, "bad"),
        StopIteration(3),
        torch.OutOfMemoryError("x"),
    ],
)
def test_a_told_error_is_of_the_class_of_the_error(error):
    error.add_note("in epoch 1")
    told = mistake(error, "What was seen. Why.", "some-kind")
    assert isinstance(told, (MistakeError, type(error)))
    assert isinstance(told, type(error))
    assert str(told) == "What was seen. Why."
    assert not hasattr(told, "__notes__")
    assert getattr(told, "code", None) == getattr(error, "code", None)
    told.hint = "a hint"
    copied = pickle.loads(pickle.dumps(told))
    assert isinstance(copied, type(error))
    assert (str(copied), copied.kind, copied.hint) == (str(told), "some-kind", "a hint")


def test_an_error_that_no_other_class_can_be_of_is_told_alone():
    told = mistake(FixedError(1, 2), "What was seen.", "some-kind")
    assert type(told) is MistakeError
    assert str(told) == "What was seen."


def test_an_error_of_the_library_that_names_its_mistake_comes_back_with_its_hint():
    data = d2l.SyntheticRegressionData(w=torch.ones(2), b=0.0)
    with pytest.raises(D2LError) as caught:
        d2l.Trainer(max_epochs=1).fit(data, d2l.LinearRegression(0.1))
    hint, error = explained(caught.value, Evidence(None))
    assert error is caught.value
    assert error.hint is hint
    assert (hint.kind, hint.message) == ("fit-arguments-swapped", str(error))
    assert explained(D2LError("of no kind"), Evidence(None)) is None


def test_a_run_tells_and_the_note_on_its_batch_stays_with_pytorchs_error():
    class Wrong(d2l.LinearRegression):
        def __init__(self):
            super().__init__(lr=0.1)
            self.net = nn.Linear(3, 1)

    data = d2l.SyntheticRegressionData(w=torch.ones(2), b=0.0)
    trainer = d2l.Trainer(max_epochs=1)
    with pytest.raises(RuntimeError, match=r"`net` \(Linear\) takes 3.*given \(32, 2\)") as caught:
        trainer.fit(Wrong(), data)
    assert caught.value.kind == "wrong-in-features"
    assert [hint.kind for hint in trainer.hints] == ["wrong-in-features"]
    assert "epoch 1" in caught.value.__cause__.__notes__[0]


def test_a_model_without_super_init_says_so_where_it_is_built():
    class Net(d2l.Classifier):
        def __init__(self):
            self.net = nn.Linear(2, 2)

    with pytest.raises(AttributeError, match=r"`self\.net` is set before `super") as caught:
        Net()
    assert caught.value.kind == "super-init-forgotten"
    assert "before Module.__init__" in str(caught.value.__cause__)


def test_other_errors_of_setting_an_attribute_are_as_they_were():
    class Net(d2l.Classifier):
        @property
        def width(self):
            return 3

    with pytest.raises(AttributeError, match="width") as caught:
        Net().width = 4
    assert not isinstance(caught.value, D2LError)
    with pytest.raises(TypeError, match="cannot assign"):
        Net().__setattr__("weight", 3) or setattr(with_parameter(), "weight", 3)


def with_parameter():
    model = d2l.Classifier()
    model.weight = nn.Parameter(torch.ones(1))
    return model


@pytest.mark.parametrize(
    "model, data, kind",
    [
        (d2l.LinearRegression, d2l.SyntheticRegressionData(torch.ones(2), 0.0), "class"),
        (d2l.LinearRegression(0.1), d2l.SyntheticRegressionData, "class"),
        (
            object.__new__(d2l.LinearRegression),
            d2l.SyntheticRegressionData(torch.ones(2), 0.0),
            "super",
        ),
    ],
)
def test_fit_names_a_class_and_a_model_that_was_not_made(model, data, kind):
    with pytest.raises(D2LError) as caught:
        d2l.Trainer(max_epochs=1).fit(model, data)
    kinds = {"class": "class-instead-of-instance", "super": "super-init-forgotten"}
    assert caught.value.kind == kinds[kind]


def test_layers_in_a_list_are_named_where_there_is_nothing_to_learn():
    class Net(d2l.Classifier):
        def __init__(self):
            super().__init__()
            self.blocks = [nn.Linear(2, 2)]

    with pytest.raises(D2LError, match=r"list self\.blocks.*nn\.ModuleList") as caught:
        Net().configure_optimizers()
    assert caught.value.kind == "layers-in-a-list"
