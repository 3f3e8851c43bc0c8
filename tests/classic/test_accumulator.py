"""Sums: of numbers and of tensors, read when they are asked for."""

import pytest
import torch

from d2l import torch as d2l
from d2l.errors import ShapeError


def test_sums_grow_by_what_is_added_and_begin_again():
    metric = d2l.Accumulator(3)
    for i in range(1, 5):
        metric.add(i, 2.0 * i, torch.tensor(i * i))
    assert [metric[0], metric[1], metric[2]] == [1 + 2 + 3 + 4, 20.0, 1 + 4 + 9 + 16]
    assert metric.data == metric[0:3] == [10.0, 20.0, 30.0]
    assert metric[-1] == 30.0
    metric.reset()
    assert metric.data == [0.0, 0.0, 0.0]


def test_tensors_with_gradients_are_added_without_a_warning():
    metric, w = d2l.Accumulator(1), torch.ones(1, requires_grad=True)
    metric.add(w * 2)  # warnings are errors here
    metric.add((w * 3).sum())
    assert metric[0] == 5.0
    assert type(metric[0]) is float


def test_a_sum_of_many_small_numbers_stays_exact():
    metric, small = d2l.Accumulator(1), torch.tensor(1.0)
    metric.add(torch.tensor(2.0**24))  # beyond it, float32 has no odd numbers
    metric.add(small)
    assert metric[0] == 2**24 + 1


def test_as_many_numbers_as_sums_are_added():
    with pytest.raises(ShapeError, match=r"expects 2 numbers.*found 3"):
        d2l.Accumulator(2).add(1, 2, 3)


def test_a_tensor_of_several_numbers_is_an_error():
    with pytest.raises(ShapeError, match=r"shape \(3,\).*l\.sum\(\)"):
        d2l.Accumulator(1).add(torch.ones(3))


def test_the_list_of_sums_can_be_assigned_and_changed():
    metric = d2l.Accumulator(2)
    metric.data = [a + b for a, b in zip(metric.data, [1.0, 2.0], strict=True)]
    metric.add(1, torch.tensor(1.0))
    metric.data[0] += 10
    assert (metric[0], metric[1], metric.data) == (12, 3, [12, 3])
    metric.reset()
    assert metric.data == [0, 0]
