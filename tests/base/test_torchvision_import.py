"""torchvision is optional: what works without it, and what is said by that which needs it."""

import importlib
import importlib.metadata
import subprocess
import sys

import pytest
import torch
from click.testing import CliRunner

from d2l import torch as d2l
from d2l.cli.doctor import doctor

MISMATCH = RuntimeError("operator torchvision::nms does not exist")
MISSING = ModuleNotFoundError("No module", name="torchvision")
RELEASE = torch.__version__.partition("+")[0]
NEEDING = {
    "d2l.nms": lambda: d2l.nms(torch.rand(1, 4), torch.rand(1), 0.5),
    "d2l.voc_rand_crop": lambda: d2l.voc_rand_crop(torch.rand(1, 3, 3), torch.rand(1, 3, 3), 2, 2),
    "d2l.torchvision": lambda: d2l.torchvision,
    "d2l.transforms": lambda: d2l.transforms,
}


def break_torchvision(monkeypatch, error):
    original = importlib.import_module

    def import_module(name, package=None):
        if name == "torchvision":
            raise error
        return original(name, package)

    for name in ("torchvision", "transforms"):
        monkeypatch.delitem(vars(d2l), name, raising=False)  # as it is before its first use
    monkeypatch.setattr(importlib, "import_module", import_module)


@pytest.fixture
def missing(monkeypatch):
    """No torchvision."""
    original = importlib.metadata.version

    def version(name):
        if name == "torchvision":
            raise importlib.metadata.PackageNotFoundError(name)
        return original(name)

    break_torchvision(monkeypatch, MISSING)
    monkeypatch.setattr(importlib.metadata, "version", version)


@pytest.fixture
def mismatched(monkeypatch):
    """A torchvision that was built for another PyTorch."""
    break_torchvision(monkeypatch, MISMATCH)
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: ["numpy", "torch (==2.4.1)"])


@pytest.mark.usefixtures("missing")
@pytest.mark.parametrize("name", NEEDING)
def test_what_needs_torchvision_names_the_command_that_keeps_this_pytorch(name):
    with pytest.raises(ImportError) as error:
        NEEDING[name]()
    assert str(error.value).startswith(f"{name} needs torchvision, which is not installed.")
    assert str(error.value).endswith(f"pip install torchvision torch=={RELEASE}")


@pytest.mark.usefixtures("mismatched")
@pytest.mark.parametrize("name", NEEDING)
def test_a_torchvision_for_another_pytorch_is_recognised(name):
    with pytest.raises(ImportError) as error:
        NEEDING[name]()
    said = str(error.value)
    assert f"{name} needs torchvision" in said
    assert str(MISMATCH) in said
    assert f"Expected: a torchvision for torch {torch.__version__.split('+')[0]}" in said
    assert "which requires torch==2.4.1" in said
    assert said.endswith(f"Fix: pip install --upgrade torchvision torch=={RELEASE}")


@pytest.mark.usefixtures("mismatched")
def test_fashion_mnist_names_the_mismatch_and_is_read_without_torchvision():
    with pytest.warns(UserWarning, match="cannot be imported") as warned:
        data = d2l.FashionMNIST(batch_size=64)
    (said,) = (str(warning.message) for warning in warned)
    assert f"Fix: pip install --upgrade torchvision torch=={RELEASE}" in said
    assert said.endswith("Fashion-MNIST is read without torchvision")
    assert next(iter(data.val_dataloader()))[0].shape == (64, 1, 28, 28)


@pytest.mark.usefixtures("missing")
def test_without_torchvision_fashion_mnist_is_read_without_a_word(recwarn):
    assert len(d2l.FashionMNIST(batch_size=64).train) == 60000
    assert not recwarn.list


@pytest.mark.usefixtures("mismatched")
def test_doctor_names_the_mismatch_and_the_fix(tmp_path):
    said = CliRunner().invoke(doctor, ["--root", str(tmp_path)]).output
    assert "problem: computer vision needs torchvision" in said
    assert f"pip install --upgrade torchvision torch=={RELEASE}" in said


@pytest.mark.usefixtures("missing")
def test_doctor_says_that_a_missing_torchvision_is_optional(tmp_path):
    said = CliRunner().invoke(doctor, ["--root", str(tmp_path)]).output
    assert "torchvision is not installed, which is optional" in said
    assert "problem: " not in said


def test_doctor_names_no_problem_where_there_is_none(tmp_path):
    assert "torchvision" in sys.modules or importlib.import_module("torchvision")
    assert "problem" not in CliRunner().invoke(doctor, ["--root", str(tmp_path)]).output


@pytest.mark.parametrize("size", [(28, 28), (20, 24), 64])
def test_without_torchvision_fashion_mnist_is_the_same(monkeypatch, size):
    expected = d2l.FashionMNIST(batch_size=32, resize=size)
    with monkeypatch.context() as patched:
        break_torchvision(patched, MISSING)
        found = d2l.FashionMNIST(batch_size=32, resize=size)
    for mine, theirs in ((found.train, expected.train), (found.val, expected.val)):
        assert not type(mine).__mro__[1].__module__.startswith("torchvision")
        assert (len(mine), mine.train, mine.root) == (len(theirs), theirs.train, theirs.root)
        assert (mine.classes, mine.class_to_idx) == (theirs.classes, theirs.class_to_idx)
        assert torch.equal(mine.data, theirs.data)
        assert torch.equal(mine.targets, theirs.targets)
        for i in range(5):
            assert torch.equal(mine[i][0], theirs[i][0])
            assert mine[i][1] == theirs[i][1]
    for mine, theirs in zip(
        next(iter(found.val_dataloader())), next(iter(expected.val_dataloader())), strict=True
    ):
        assert torch.equal(mine, theirs)


def test_without_torchvision_a_transform_of_the_readers_gets_a_picture(monkeypatch):
    break_torchvision(monkeypatch, MISSING)
    data = d2l.FashionMNIST(batch_size=4)
    data.val.transform = lambda image: torch.tensor(image.size)
    data.val.target_transform = lambda label: -label
    X, y = next(iter(data.val_dataloader()))
    assert X.tolist() == [[28, 28]] * 4
    assert torch.equal(y, -data.val.targets[:4])
    assert "Split: Test" in repr(data.val)


def test_the_face_and_fashion_mnist_load_in_a_process_without_torchvision():
    source = """
import sys
sys.modules["torchvision"] = None
from d2l.torch import *
from d2l import torch as d2l
data = d2l.FashionMNIST(batch_size=256)
assert type(data.train).__name__ == "PlainFashionMNIST", type(data.train)
assert data.train[0][0].shape == (1, 28, 28)
"""
    subprocess.run([sys.executable, "-c", source], check=True, timeout=900)
