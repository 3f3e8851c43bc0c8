"""Further shapes of calls: which call is answered by which, and what a function keeps."""

import copy
import inspect
import pickle

import pytest

from d2l import torch as d2l
from d2l.base.call_shapes import call_shape_of, has_call_shapes


@has_call_shapes
def area(side, unit="cm"):
    """The area of a square."""
    return f"{side * side} {unit}2"


@call_shape_of(area, when=lambda call: isinstance(call["height"], int))
def area_of_rectangle(native, width, height, unit="cm"):
    return f"{width * height} {unit}2, not {native(width)}"


class Box(d2l.HyperParameters):
    @has_call_shapes
    def __init__(self, side, **kwargs):
        self.save_hyperparameters()
        self.sides = (side, side)


@call_shape_of(Box.__init__)
def make_box(_native, self, width, height, *, depth=1):
    self.save_hyperparameters()
    self.sides = (width, height, depth)


class Named(Box):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.name = "named"


@pytest.mark.parametrize(
    "args, kwargs, expected",
    [
        ((3,), {}, "9 cm2"),
        ((3, "m"), {}, "9 m2"),
        ((), {"side": 3}, "9 cm2"),
        ((3, 4), {}, "12 cm2, not 9 cm2"),  # fits both: the condition decides
        ((3, 4, "m"), {}, "12 m2, not 9 cm2"),  # too many for the native one
        ((3,), {"height": "4"}, "444 cm2, not 9 cm2"),  # a name of the other alone: no condition
    ],
)
def test_a_call_is_answered_by_the_shape_that_it_has(args, kwargs, expected):
    assert area(*args, **kwargs) == expected


def test_a_name_of_the_other_shape_decides_where_the_native_one_takes_any_keyword():
    assert Box(1, depth=2).sides == (1, 1)  # `height` is missing: it does not fit the other
    assert Box(1, height=2).sides == (1, 2, 1)
    assert Box(width=1, height=2, depth=3).sides == (1, 2, 3)


def test_a_call_of_no_shape_is_the_native_functions_error():
    with pytest.raises(TypeError, match=r"area\(\) takes from 1 to 2 positional arguments but 4"):
        area(1, 2, 3, 4)
    with pytest.raises(TypeError, match=r"missing 1 required positional argument: 'side'"):
        Box()


def test_an_error_inside_is_not_taken_for_another_shape():
    @has_call_shapes
    def fails(a):
        raise TypeError("inside")

    @call_shape_of(fails)
    def other(native, a, b):
        raise AssertionError("not called")

    with pytest.raises(TypeError, match="inside"):
        fails(1)


def test_a_subclass_may_call_its_parent_in_either_shape():
    assert (Named(3).sides, Named(3).name) == ((3, 3), "named")
    assert Named(3, 4).sides == (3, 4, 1)
    assert isinstance(Named(3, 4), Box)


def test_hyperparameters_are_those_of_the_shape_that_was_called():
    assert Box(3).hparams == {"side": 3, "kwargs": {}}
    assert Box(3, 4, depth=5).hparams == {"width": 3, "height": 4, "depth": 5}
    assert Box(**Box(3, 4).hparams).sides == (3, 4, 1)


@pytest.mark.parametrize("box", [Box(3), Box(3, 4)], ids=["native", "other"])
def test_objects_are_copied_and_pickled(box):
    assert copy.deepcopy(box).sides == pickle.loads(pickle.dumps(box)).sides == box.sides


def test_what_python_says_of_a_function_is_said_of_the_native_one():
    assert str(inspect.signature(area)) == "(side, unit='cm')"
    assert (area.__name__, area.__doc__) == ("area", "The area of a square.")
    assert inspect.unwrap(area) is not area
    assert str(inspect.signature(Box)) == "(side, **kwargs)"


def test_a_constructor_that_a_reader_replaces_is_the_readers(monkeypatch):
    monkeypatch.setattr(Box, "__init__", lambda self, sides: setattr(self, "sides", sides))
    assert Box((1, 2, 3)).sides == (1, 2, 3)


def test_only_a_function_that_takes_shapes_can_be_given_one():
    with pytest.raises(AttributeError):
        call_shape_of(len)(lambda native, x: x)
