"""What editors and type checkers know of the face: mypy on a student's file."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import d2l
from d2l.base.public_names import MODULES

RIGHT = """
from d2l import torch as d2l
from d2l.torch import plt


class Net(d2l.Classifier):
    def __init__(self, lr: float = 0.1) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = d2l.nn.Sequential(d2l.nn.Flatten(), d2l.nn.LazyLinear(10))

    def forward(self, X: d2l.torch.Tensor) -> d2l.torch.Tensor:
        Y: d2l.torch.Tensor = self.net(X)
        return Y


data = d2l.FashionMNIST(batch_size=256)
trainer = d2l.Trainer(max_epochs=10)
trainer.fit(Net(lr=0.1), data)
X = d2l.randn(2, 3)
d2l.plot(X, X.sum(1), "x", "f(x)", legend=["f"])
plt.savefig("curve.png")
reveal_type(X)
reveal_type(d2l.corr2d(X, X))
"""
UNTYPED = {
    "distance_matrix",
    "requests",
    "torchvision",
    "transforms",
}  # whose packages have no types themselves
MISTAKES = {
    "d2l.Trainer(max_epoch=3)": 'Unexpected keyword argument "max_epoch" for "Trainer"',
    "d2l.Traner(3)": 'Module has no attribute "Traner"',
    "d2l.math.sqroot(2)": 'Module has no attribute "sqroot"',
    "d2l.plt.polt([1, 2])": 'Module has no attribute "polt"',
    'd2l.corr2d("X", d2l.ones(2, 2))': 'incompatible type "str"; expected "Tensor',
    'd2l.FashionMNIST(batch_size="256")': 'incompatible type "str"; expected "int"',
}


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    """What mypy prints of a program, with nothing but the installed package to go by."""
    folder = tmp_path_factory.mktemp("student")
    path = str(Path(d2l.__file__).parents[1])

    def check(program):
        (folder / "homework.py").write_text(program)
        command = [sys.executable, "-m", "mypy", "--config-file=", "--strict", "homework.py"]
        done = subprocess.run(
            command, cwd=folder, env=os.environ | {"MYPYPATH": path},
            capture_output=True, text=True, timeout=900,
        )  # fmt: skip
        assert done.returncode in (0, 1), done.stderr
        return done.stdout.splitlines()

    return check


@pytest.mark.slow
def test_a_students_file_has_its_types_and_its_mistakes_are_found(checked):
    unknown = "\n".join(f"reveal_type(d2l.{name})" for name in MODULES)
    lines = checked(f"{RIGHT}{unknown}\n" + "\n".join(MISTAKES))
    revealed = [line.partition("Revealed type is ")[2] for line in lines if "Revealed" in line]
    assert revealed[:2] == ['"torch._tensor.Tensor"'] * 2
    assert len(revealed) == 2 + len(MODULES)
    by_name = dict(zip(MODULES, revealed[2:], strict=True))
    assert {name for name, kind in by_name.items() if kind == '"Any"'} <= UNTYPED
    first = RIGHT.count("\n") + 1 + len(MODULES)
    for number, (mistake, said) in enumerate(MISTAKES.items(), first):
        assert any(f"homework.py:{number}: error" in line and said in line for line in lines), (
            mistake
        )
    errors = [line for line in lines if ": error: " in line]
    assert len(errors) == len(MISTAKES), errors
