"""Where a name is first assigned: at the top level, in whatever form Python has for it."""

import pytest

from d2l.grader.sandbox.guest.answers import first_assignments


def cells_of(*sources):
    return [(2 * i, source) for i, source in enumerate(sources)]


@pytest.mark.parametrize(
    "source",
    [
        "lr = 0.1",
        "a, (lr, b) = 1, (2, 3)",
        "lr: float = 1",
        "lr += 1",
        "if True:\n    lr = 1",
        "for lr in (1, 2): pass",
        "with open('x') as lr: pass",
        "print(lr := 3)",
        "%matplotlib inline\nlr = 1",
        "!ls\nlr = 1",
    ],
)
def test_each_form_of_assignment_counts(source):
    assert first_assignments(["lr"], cells_of("print(lr)", source, "lr = 2")) == {"lr": 2}


@pytest.mark.parametrize(
    "source",
    [
        "def f(lr=1):\n    lr = 2",
        "class A:\n    lr = 1",
        "f = lambda: (lr := 1)",
        "f(lr=1); lr == 1; a.lr = 1; lr[0] = 1",
        "lr = = 1",
        "(" * 5000,
        "",
    ],
)
def test_what_is_elsewhere_or_no_python_does_not(source):
    assert first_assignments(["lr"], cells_of(source)) == {"lr": None}
