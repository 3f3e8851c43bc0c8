"""A name that is replaced on the face is replaced where the library calls it, and comes back."""

import subprocess
import sys
import types

import pytest
import torch

from d2l import torch as d2l
from d2l.base import public_names
from d2l.classic import evaluation
from d2l.core import module as core_module
from d2l.models import seq2seq
from d2l.models.transformers import attention, masks

DATA = [(torch.eye(3), torch.tensor([0, 1, 1]))]


def two_of_three(y_hat, y):
    return 3.0


def test_a_patch_by_pytest_takes_effect_and_is_undone(monkeypatch):
    original = d2l.accuracy
    with monkeypatch.context() as patch:
        patch.setattr(d2l, "accuracy", two_of_three)
        assert d2l.evaluate_accuracy_gpu(lambda X: X, DATA) == 1
        assert evaluation.accuracy is two_of_three
    assert d2l.evaluate_accuracy_gpu(lambda X: X, DATA) == pytest.approx(2 / 3)
    assert evaluation.accuracy is d2l.accuracy is original
    assert not public_names.is_replaced("accuracy")


def test_replacing_twice_and_assigning_the_original_leaves_everything_as_it_was(monkeypatch):
    original = d2l.GRU
    for new in (type("Mine", (original,), {}), type("Other", (original,), {}), original):
        monkeypatch.setattr(d2l, "GRU", new)
        assert seq2seq.GRU is new
        assert type(d2l.Seq2SeqEncoder(4, 5, 6, 1).rnn) is new
    assert not public_names.is_replaced("GRU")
    assert public_names._places == {}


def test_deleting_a_name_restores_the_librarys_own(monkeypatch):
    monkeypatch.setattr(d2l, "masked_softmax", two_of_three)
    original = masks.__dict__["masked_softmax"]
    assert original is two_of_three
    monkeypatch.delattr(d2l, "masked_softmax")
    assert attention.masked_softmax is masks.masked_softmax is not two_of_three
    with pytest.raises(AttributeError):
        _ = d2l.masked_softmax


def test_a_name_that_was_deleted_can_be_replaced_and_restored():
    original = d2l.masked_softmax
    for new in (two_of_three, original):
        d2l.masked_softmax = two_of_three
        del d2l.masked_softmax
        d2l.masked_softmax = new
        assert attention.masked_softmax is masks.masked_softmax is new
        d2l.masked_softmax = original
        assert attention.masked_softmax is masks.masked_softmax is original
        assert not public_names.is_replaced("masked_softmax")


def test_a_base_class_is_replaced_on_the_face_alone(monkeypatch):
    original = d2l.Module
    monkeypatch.setattr(d2l, "Module", type("Mine", (original,), {}))
    assert core_module.Module is original
    assert isinstance(d2l.LinearRegression(0.1), original)


def test_a_module_that_is_loaded_later_is_reached_too(monkeypatch):
    monkeypatch.setattr(d2l, "accuracy", two_of_three)
    later = types.ModuleType("d2l.classic.loaded_later")
    monkeypatch.setitem(sys.modules, later.__name__, later)
    exec("from d2l.classic.evaluation import accuracy", vars(later))
    assert later.accuracy is two_of_three
    monkeypatch.undo()
    assert later.accuracy is not two_of_three or later.__name__ not in sys.modules


def test_constants_are_replaced_under_their_own_name_only(monkeypatch):
    from d2l.data import hub

    before = hub.DATA_URL
    monkeypatch.setattr(d2l, "DATA_URL", "https://mirror.example/")
    assert hub.DATA_URL == "https://mirror.example/"
    monkeypatch.setattr(d2l, "float32", torch.float64)
    assert evaluation.torch.float32 is torch.float32
    monkeypatch.undo()
    assert before == hub.DATA_URL


def test_a_name_of_the_reader_on_the_face_changes_nothing():
    before = {m: dict(vars(sys.modules[m])) for m in sys.modules if m.startswith("d2l.")}
    d2l.my_own_name = 1
    del d2l.my_own_name
    after = {m: dict(vars(sys.modules[m])) for m in before}
    assert all(after[m].keys() == before[m].keys() for m in before)
    assert all(after[m][k] is before[m][k] for m in before for k in before[m])


STAR = """
import sys
import torch as first
from d2l import torch as d2l
assert "matplotlib" not in sys.modules and "pandas" not in sys.modules
from d2l.torch import *
import matplotlib.pyplot, numpy, pandas
assert (plt, np, pd, nn, F) == (
    matplotlib.pyplot, numpy, pandas, first.nn, first.nn.functional
)
assert d2l is sys.modules["d2l.torch"] and torch is first and math.pi and os.sep and random.random
assert Trainer is d2l.Trainer and plt is d2l.plt
"""


def test_star_gives_the_modules_and_only_star_pays_for_them():
    subprocess.run([sys.executable, "-W", "error", "-c", STAR], check=True, timeout=900)


def test_star_does_without_packages_that_are_not_installed(monkeypatch):
    from d2l.base import public_names

    monkeypatch.setitem(public_names.MODULES, "requests", "package_that_is_not_there")
    assert "requests" not in public_names.installed()
    assert set(public_names.MODULES) - set(public_names.installed()) == {"requests"} | {
        name for name in public_names.MODULES if name not in d2l.__all__
    }
