"""Saved constructor arguments and methods added later."""

from d2l import torch as d2l


def test_arguments_are_saved_but_not_the_ignored_ones():
    class B(d2l.HyperParameters):
        def __init__(self, a, b, c):
            self.save_hyperparameters(ignore=["c"])

    b = B(a=1, b=2, c=3)
    assert (b.a, b.b, hasattr(b, "c")) == (1, 2, False)
    assert b.hparams == {"a": 1, "b": 2}


def test_other_locals_and_private_names_are_not_saved():
    class B(d2l.HyperParameters):
        def __init__(self, a, _hidden=0, *args, key=None, **more):
            total = a + 1
            self.save_hyperparameters()
            assert total

    assert B(1, 2, 3, key=4, x=5).hparams == {"a": 1, "args": (3,), "key": 4, "more": {"x": 5}}


def test_hyperparameters_are_those_of_the_class_itself_so_another_can_be_made_of_them():
    class Parent(d2l.HyperParameters):
        def __init__(self, a):
            self.save_hyperparameters()

    class Child(Parent):
        def __init__(self, a, b):
            super().__init__(a)
            self.save_hyperparameters()

    child = Child(1, 2)
    assert child.hparams == {"a": 1, "b": 2}
    assert Child(**child.hparams).hparams == child.hparams
    net = d2l.LeNet(lr=0.2)
    assert type(net)(**net.hparams).hparams == {"lr": 0.2, "num_classes": 10}
    assert Parent(1).hparams == {"a": 1}


def test_a_single_name_may_be_ignored():
    class B(d2l.HyperParameters):
        def __init__(self, ab, a):
            self.save_hyperparameters(ignore="ab")

    assert B(1, 2).hparams == {"a": 2}


def test_a_method_added_later_reaches_instances_made_before():
    class A:
        def __init__(self):
            self.b = 1

    a = A()

    @d2l.add_to_class(A)
    def do(self):
        return self.b

    @d2l.add_to_class(A)
    @property
    def twice(self):
        return 2 * self.b

    assert (a.do(), a.twice) == (1, 2)
    assert callable(do)
