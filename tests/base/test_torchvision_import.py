"""What is said where torchvision is missing, or built for another PyTorch."""

import importlib
import sys

import pytest
from click.testing import CliRunner

from d2l import torch as d2l
from d2l.cli.doctor import doctor

MISMATCH = RuntimeError("operator torchvision::nms does not exist")


@pytest.fixture(params=[MISMATCH, ModuleNotFoundError("No module", name="torchvision")])
def broken(monkeypatch, request):
    """A torchvision that cannot be imported."""
    original = importlib.import_module

    def import_module(name, package=None):
        if name == "torchvision":
            raise request.param
        return original(name, package)

    monkeypatch.setattr(importlib, "import_module", import_module)


@pytest.mark.usefixtures("broken")
def test_fashion_mnist_says_how_to_fix_torchvision(tmp_path):
    with pytest.raises(ImportError, match="pip install --upgrade torch torchvision"):
        d2l.FashionMNIST(root=str(tmp_path))


@pytest.mark.usefixtures("broken")
def test_doctor_names_the_problem_and_the_fix(tmp_path):
    said = CliRunner().invoke(doctor, ["--root", str(tmp_path)]).output
    assert "problem: torchvision" in said
    assert "pip install --upgrade torch torchvision" in said


def test_doctor_names_no_problem_where_there_is_none(tmp_path):
    assert "torchvision" in sys.modules or importlib.import_module("torchvision")
    assert "problem" not in CliRunner().invoke(doctor, ["--root", str(tmp_path)]).output
