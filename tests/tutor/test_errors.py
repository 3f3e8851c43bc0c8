"""PyTorch's errors, each made by the code that makes it, are told as the mistake they come from."""

import pickle
import re

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from d2l import torch as d2l
from d2l.errors import D2LError, MistakeError, mistake
from d2l.tutor.checks.errors import CHECKS
from d2l.tutor.errors import explained
from d2l.tutor.evidence import Evidence

N = 32
X, y = torch.rand(N, 1, 28, 28), torch.arange(N) % 10
rows, logits = X.flatten(1), torch.randn(N, 10, requires_grad=True)
steps = torch.rand(5, N, 4)


def net(*layers):
    return nn.Sequential(*layers)


def loss_of(model, X=X, y=y, loss=F.cross_entropy):
    return lambda: loss(model(X), y).backward()


def run(model, X=X):
    return lambda: model(X)


class Own(nn.Module):
    """A model whose forward is the function that it is given."""

    def __init__(self, forward, **held):
        super().__init__()
        self.function = forward
        for name, value in held.items():
            setattr(self, name, value)

    def forward(self, *inputs):
        return self.function(self, *inputs)


class Forgets(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Linear(784, 10)

    def forward(self, X):
        self.net(X)


class NoSelf(nn.Module):
    def forward(X):
        return X


class TwoInputs(nn.Module):
    def forward(self, X, state):
        return X


class Width(nn.Module):
    def __init__(self, num_hiddens):
        super().__init__()
        self.net = nn.Linear(784, num_hiddens)

    def forward(self, X):
        return self.net(X).reshape(-1, self.num_hiddens)


class SavedWidth(d2l.Classifier):
    def __init__(self, num_hiddens):
        super().__init__()
        self.net = nn.Linear(784, num_hiddens)

    def forward(self, X):
        return self.net(X).reshape(-1, self.num_hiddens)


class NoInit(nn.Module):
    def __init__(self):
        self.net = nn.Linear(784, 10)


class NoInitNoLayer(nn.Module):
    def __init__(self):
        self.w = torch.zeros(784, 10, requires_grad=True)

    def forward(self, X):
        return X @ self.w


def update_by_hand():
    w = torch.zeros(784, 10, requires_grad=True)
    F.cross_entropy(rows @ w, y).backward()
    w -= 0.1 * w.grad


def own_loss_without_grad(model):
    def forward():
        with torch.no_grad():
            y_hat = model(X)
        F.cross_entropy(y_hat, y).backward()

    return forward


def in_place_sigmoid(model, X):
    H = torch.sigmoid(model.hidden(X))
    H += 1
    return H


def in_place_mask(model, X):
    H = torch.exp(model.hidden(X))
    H[H > 1] = 1
    return H


def step_between():
    model = nn.Sequential(nn.Linear(784, 8), nn.Linear(8, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with d2l.watching(model, optimizer):
        first, second = model(rows).mean(), (model(rows) ** 2).mean()
        first.backward()
        optimizer.step()
        second.backward()


class KeepsState(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn, self.head, self.state = nn.RNN(4, 8), nn.Linear(8, 10), None

    def forward(self, X):
        H, self.state = self.rnn(X, self.state)
        return self.head(H[-1])


def two_steps(model, X):
    def program():
        for _ in range(2):
            F.cross_entropy(model(X), y).backward()

    return program


def same_loss_twice(model):
    def program():
        l = F.cross_entropy(model(X), y)
        l.backward()
        l.backward()

    return program


forgets = Forgets()
mlp = net(nn.Flatten(), nn.Linear(784, 10))
first_rows = net(nn.Flatten(), nn.Linear(784, 1), nn.Flatten(0))
frozen = net(nn.Flatten(), nn.Linear(784, 10)).requires_grad_(False)
hidden = nn.Linear(784, 10)
scratch = Own(lambda model, X: X @ model.W, W=nn.Parameter(torch.randn(784, 10)))
turned = Own(lambda model, X: X @ model.W, W=nn.Parameter(torch.randn(10, 784)))
lstm = net(nn.LSTM(4, 8), nn.Linear(8, 10))
listed = Own(lambda model, X: model.blocks[0](X), blocks=[nn.Linear(784, 10)])
elsewhere = Own(
    lambda model, X: model.net(X * model.scale), net=mlp, scale=torch.ones(28, 28, device="meta")
)
made_there = Own(lambda model, X: model.net(X * torch.ones(28, 28, device="meta")), net=mlp)
not_called = Own(lambda model, X: model.out(model.hidden), hidden=nn.Linear(28, 28), out=nn.ReLU())
class_called = Own(lambda model, X: model.out(nn.ReLU(X)), out=nn.Linear(28, 10))
sigmoid_changed = Own(in_place_sigmoid, hidden=nn.Linear(784, 10))
mask_changed = Own(in_place_mask, hidden=nn.Linear(784, 10))
splits = Own(lambda model, X: model.out(X.reshape(-1, 392)), out=nn.Linear(392, 10))

CASES = [  # kind, words of the message, the model, the program
    ("label-dtype", "float32, of shape (32,)", mlp, loss_of(mlp, y=y.float())),
    ("label-dtype", "int32", mlp, loss_of(mlp, y=y.int())),
    ("label-dtype", "`y.float()`", mlp, lambda: F.binary_cross_entropy(torch.rand(N, requires_grad=True), y % 2).backward()),
    ("label-dtype", "`y.float()`", mlp, lambda: F.binary_cross_entropy_with_logits(torch.rand(N, requires_grad=True), y % 2).backward()),
    ("one-hot-labels", "10 numbers for each of 32", mlp, loss_of(mlp, y=F.one_hot(y, 10))),
    ("one-hot-labels", "`y.argmax(1)`", mlp, lambda: F.cross_entropy(logits, F.one_hot(y, 10).reshape(-1))),
    ("one-hot-labels", "`y.argmax(1)`", mlp, lambda: F.cross_entropy(logits, F.one_hot(y, 10).reshape(-1).float())),
    ("label-shape", "(32, 1)", mlp, loss_of(mlp, y=y[:, None])),
    ("label-shape", "`y.squeeze(1).long()`", mlp, loss_of(mlp, y=y[:, None].float())),
    ("class-axis", "reshape(-1, 12)", None, lambda: F.cross_entropy(torch.randn(8, 5, 12), torch.zeros(8, 5).long())),
    ("labels-from-one", "from 1 to 10", mlp, loss_of(mlp, y=y + 1)),
    ("labels-from-one", "found labels from 1 to 10", mlp, lambda: d2l.Classifier().loss(logits, y + 1)),
    ("labels-out-of-range", "from 0 to 11", mlp, loss_of(mlp, y=torch.arange(N) % 12)),
    ("labels-out-of-range", "`ignore_index=-1`", mlp, loss_of(mlp, y=y - 1)),
    ("labels-out-of-range", "one output only", mlp, lambda: F.cross_entropy(logits[:, :1], y % 2)),
    ("labels-out-of-range", "from 0 to 11", mlp, lambda: d2l.Classifier().loss(logits, torch.arange(N) % 12)),
    ("batch-size-changed", "64 rows", splits, loss_of(splits)),
    ("loss-shapes", "`y.reshape(y_hat.shape)`", None, lambda: F.binary_cross_entropy(torch.rand(N, 1), torch.rand(N))),
    ("loss-shapes", "(32, 1)", None, lambda: F.binary_cross_entropy_with_logits(torch.rand(N, 1), torch.rand(N))),
    ("loss-shapes", "`cross_entropy(y_hat, y)`", mlp, loss_of(mlp, loss=F.mse_loss)),
    ("bce-of-logits", "from -2 to 1.5", None, lambda: F.binary_cross_entropy(torch.tensor([-2.0, 1.5]), torch.tensor([0.0, 1.0]))),
    ("loss-arguments-swapped", "float32 (32, 10)", mlp, lambda: F.cross_entropy(y, mlp(X))),
    ("inputs-and-labels-swapped", "(32, 1, 28, 28)", mlp, lambda: in_a_frame(mlp, y, X)),
    ("super-init-forgotten", "before `super().__init__()`", None, NoInit),
    ("super-init-forgotten", "NoInitNoLayer", None, lambda: NoInitNoLayer()(rows)),
    ("super-init-forgotten", "NoInitNoLayer", None, lambda: list(NoInitNoLayer().parameters())),
    ("save-hyperparameters-forgotten", "`self.num_hiddens = num_hiddens`", None, lambda: Width(8)(rows)),
    ("save-hyperparameters-forgotten", "save_hyperparameters()", None, lambda: SavedWidth(8)(rows)),
    ("layers-in-a-list", "self.blocks", listed, lambda: torch.optim.SGD(listed.parameters(), lr=0.1)),
    ("optimizer-not-returned", "`zero_grad`", mlp, lambda: None.zero_grad()),
    ("loss-not-returned", "None", mlp, lambda: None.backward()),
    ("loss-is-a-float", "`float`", mlp, lambda: F.cross_entropy(mlp(X), y).item().backward()),
    ("loss-is-a-float", "`numpy.float32`", mlp, lambda: np.float32(2).backward()),
    ("forward-returns-nothing", "`Forgets.forward`", forgets, loss_of(forgets, rows)),
    ("forward-arguments", "def forward(self, X)", None, lambda: NoSelf()(X)),
    ("forward-arguments", "takes (X, state) and was called with 1", None, lambda: TwoInputs()(X)),
    ("loss-class-called", "`nn.CrossEntropyLoss()(y_hat, y)`", None, lambda: nn.CrossEntropyLoss(logits, y)),
    ("loss-class-called", "`nn.MSELoss()(y_hat, y)`", None, lambda: nn.MSELoss(logits, y)),
    ("layer-returns-a-tuple", "`0` (LSTM)", lstm, run(lstm, steps)),
    ("layer-returns-a-tuple", "outputs, state", lstm, lambda: lstm[0](steps).mean()),
    ("layer-not-called", "`hidden` (Linear)", not_called, run(not_called)),
    ("layer-not-called", "`1` (Linear)", mlp, lambda: mlp[1].reshape(2)),
    ("class-instead-of-instance", "`nn.ReLU()(X)`", class_called, run(class_called)),
    ("class-instead-of-instance", "net = Net()", None, lambda: torch.optim.SGD(Forgets.parameters(), lr=1)),
    ("class-instead-of-instance", "`nn.Flatten()`", None, lambda: net(nn.Flatten, nn.Linear(4, 2))),
    ("not-a-tensor", "`ndarray`", mlp, run(mlp, X.numpy())),
    ("not-a-tensor", "`ndarray`", None, run(nn.Conv2d(1, 2, 3), X.numpy())),
    ("not-a-tensor", "`ndarray`", mlp, loss_of(mlp, y=y.numpy())),
    ("not-a-tensor", "`int`", None, run(nn.Linear(4, 2), 3)),
    ("not-a-tensor", "`X, y = batch`", mlp, run(mlp, [X, y])),
    ("device-mismatch", "register_buffer('scale'", elsewhere, run(elsewhere)),
    ("device-mismatch", "device=X.device", made_there, run(made_there)),
    ("device-mismatch", "meta", mlp, loss_of(mlp, y=y.to("meta"))),
    ("device-mismatch", "X.to('cpu')", mlp, lambda: in_a_frame(mlp, X.to("meta"), y)),
    ("embedding-index", "0 to 4, and was given numbers from 0 to 9", None, run(nn.Embedding(5, 3), y)),
    ("embedding-index", "0 or more", None, run(nn.Embedding(50, 3), y - 1)),
    ("embedding-index", "`X.long()`", None, run(nn.Embedding(5, 3), y.float())),
    ("dtype-mismatch", "float64", mlp, run(mlp, X.double())),
    ("dtype-mismatch", "/ 255", mlp, run(mlp, X.byte())),
    ("dtype-mismatch", "int64", mlp, run(mlp, X.long())),
    ("dtype-mismatch", "`W` has weights of float32", scratch, run(scratch, rows.double())),
    ("dtype-mismatch", "float64", None, run(nn.Conv2d(1, 2, 3), X.double())),
    ("dtype-mismatch", "one_hot", None, run(nn.RNN(5, 3), torch.zeros(4, 8, 5).long())),
    ("dtype-mismatch", "float64", None, run(nn.GRU(4, 3), steps.double())),
    ("rnn-input-size", "takes 6 numbers", None, run(nn.RNN(6, 3), steps)),
    ("rnn-input-size", "transpose(1, 2)", None, run(nn.RNN(N, 3), steps)),
    ("rnn-input-size", "4 axes", None, run(nn.LSTM(28, 3), X)),
    ("rnn-state-size", "(1, 32, 3)", None, lambda: nn.RNN(4, 3)(steps, torch.zeros(1, 8, 3))),
    ("rnn-state-size", "batch_first", None, lambda: nn.RNN(4, 3)(steps, torch.zeros(1, 5, 3))),
    ("wrong-reshape", "784 numbers here, not 800", mlp, lambda: X.view(-1, 800)),
    ("wrong-reshape", "write -1 for 64", mlp, lambda: X.reshape(64, 784)),
    ("view-not-contiguous", "reshape", mlp, lambda: X.permute(2, 1, 0, 3).view(N, -1)),
    ("flatten-forgotten", "takes 784 numbers", None, run(net(nn.Linear(784, 10)))),
    ("flatten-forgotten", "take 2704 numbers", None, run(net(nn.Conv2d(1, 4, 3), nn.Linear(400, 10)))),
    ("flatten-forgotten", "`X.flatten(1)`", scratch, run(scratch)),
    ("batch-flattened", "25088 numbers", None, run(net(nn.Flatten(0), nn.Linear(784, 10)))),
    ("wrong-in-features", "`nn.Linear(784, 10)`", None, run(nn.Linear(256, 10), rows)),
    ("wrong-in-features", "other way round", None, run(nn.Linear(10, 784), rows)),
    ("wrong-in-features", "`X @ W.T`", turned, run(turned, rows)),
    ("wrong-in-features", "Make `W` of shape (392, 10)", scratch, run(scratch, rows[:, :392])),
    ("wrong-in-channels", "`nn.Conv2d(1, 2, …)`", None, run(nn.Conv2d(3, 2, 3))),
    ("wrong-in-channels", "unsqueeze(1)", None, run(nn.Conv2d(1, 2, 3), X[:, 0])),
    ("wrong-in-channels", "reshape(-1, 1, 28, 28)", None, run(nn.Conv2d(1, 2, 3), rows)),
    ("wrong-in-channels", "permute(0, 3, 1, 2)", None, run(nn.Conv2d(3, 2, 3), torch.rand(8, 32, 32, 3))),
    ("kernel-larger-than-input", "5×5", None, run(nn.Conv2d(1, 2, 5), X[:, :, :3, :3])),
    ("kernel-larger-than-input", "1×1 large", None, run(nn.MaxPool2d(2), X[:, :, :1, :1])),
    ("kernel-larger-than-input", "1×1 large", None, run(nn.AvgPool2d(2), X[:, :, :1, :1])),
    ("norm-size", "`nn.LayerNorm(784)`", None, run(nn.LayerNorm(64), rows)),
    ("norm-size", "`nn.BatchNorm1d(784)`", None, run(nn.BatchNorm1d(64), rows)),
    ("norm-size", "`nn.BatchNorm2d(1)`", None, run(nn.BatchNorm2d(5))),
    ("norm-size", "`nn.BatchNorm1d(784)`", None, run(nn.BatchNorm2d(784), rows)),
    ("batchnorm-of-one-example", "(1, 784)", None, run(nn.BatchNorm1d(784), rows[:1])),
    ("update-without-no-grad", "`-=`", mlp, update_by_hand),
    ("loss-not-differentiable", "`argmax`", mlp, lambda: (mlp(X).argmax(1).float().mean()).backward()),
    ("loss-not-differentiable", "a comparison", mlp, lambda: (mlp(X) > 0).float().mean().backward()),
    ("loss-not-differentiable", "`.detach`", mlp, lambda: F.cross_entropy(mlp(X).detach(), y).backward()),
    ("loss-not-differentiable", "no_grad", mlp, own_loss_without_grad(mlp)),
    ("loss-not-differentiable", "NumPy", mlp, lambda: torch.tensor(F.cross_entropy(mlp(X), y).item()).backward()),
    ("loss-not-differentiable", "requires_grad=False", frozen, loss_of(frozen)),
    ("in-place-change", "`+=` changed a tensor of shape (32, 10)", sigmoid_changed, loss_of(sigmoid_changed, rows)),
    ("in-place-change", "torch.where", mask_changed, loss_of(mask_changed, rows)),
    ("backward-twice", "`self.state`", (kept := KeepsState()), two_steps(kept, steps)),
    ("backward-twice", "twice on the same loss", mlp, same_loss_twice(mlp)),
    ("loss-not-reduced", "(32,)", mlp, lambda: F.cross_entropy(mlp(X), y, reduction="none").backward()),
    ("parameter-not-leaf", "requires_grad_()", mlp, lambda: torch.optim.SGD([torch.ones(3, requires_grad=True) * 2], lr=1)),
]  # fmt: skip


def swapped(model, X, y):
    return F.cross_entropy(model(X), y)


def in_a_frame(model, X, y):
    return F.cross_entropy(model(X), y)


def raised_by(program, model=None, optimizer=None):
    """The error that leaves the watched program."""
    with pytest.raises(Exception) as caught, d2l.watching(model, optimizer):
        program()
    return caught.value


@pytest.fixture
def looks_of_all_checks(monkeypatch):
    """Have every check look at each error, and fail where one cannot."""

    def look(check, evidence):
        findings = {each: each.look(evidence) for each in CHECKS}
        return findings[check]

    monkeypatch.setattr("d2l.tutor.errors._look", look)


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
        (mlp, lambda: [1, 2][5]),
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


class Fixed(RuntimeError):
    def __new__(cls, code, place):
        return super().__new__(cls, code, place)


@pytest.mark.parametrize(
    "error",
    [OddError(3, "here"), KeyError("a"), OSError(2, "gone", "file"), AttributeError("a", name="b")]
    + [
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
    told = mistake(Fixed(1, 2), "What was seen.", "some-kind")
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
