"""Any sequence of values: the points are means of groups, however they were added and stored."""

import math
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from d2l.plot.curves import Curves

floats = st.floats(-1e6, 1e6)
values = st.lists(st.tuples(floats, floats), max_size=60)


@given(values, st.integers(1, 9))
def test_each_point_is_the_mean_of_its_group(values, every_n):
    curves = Curves()
    completed = [curves.add("loss", x, y, every_n) for x, y in values]
    assert sum(completed) == len(values) // every_n
    groups = [values[i : i + every_n] for i in range(0, len(values), every_n)]
    expected = [
        (math.fsum(x for x, _ in group) / every_n, math.fsum(y for _, y in group) / every_n)
        for group in groups
        if len(group) == every_n
    ]
    points = curves.points().get("loss", [])
    assert len(points) == len(expected)
    for point, (x, y) in zip(points, expected, strict=True):
        assert math.isclose(point.x, x, rel_tol=1e-9, abs_tol=1e-6)
        assert math.isclose(point.y, y, rel_tol=1e-9, abs_tol=1e-6)


@given(values, st.integers(1, 9), st.lists(st.integers(0, 60), max_size=4))
def test_values_added_at_once_give_the_same_bits_as_one_by_one(values, every_n, cuts):
    one_by_one, at_once = Curves(), Curves()
    for x, y in values:
        one_by_one.add("loss", x, y, every_n)
    bounds = [0, *sorted(min(cut, len(values)) for cut in cuts), len(values)]
    for start, stop in pairwise(bounds):
        part = values[start:stop]
        at_once.extend("loss", [x for x, _ in part], [y for _, y in part], every_n)
    assert one_by_one.points() == at_once.points() or not values
    assert one_by_one.state_dict() == at_once.state_dict() or not values


@given(values, st.integers(1, 9), st.integers(0, 60))
def test_curves_that_were_stored_and_loaded_continue_the_same(values, every_n, cut):
    straight, stored = Curves(), Curves()
    for x, y in values:
        straight.add("loss", x, y, every_n)
    for x, y in values[:cut]:
        stored.add("loss", x, y, every_n)
    resumed = Curves()
    resumed.load_state_dict(stored.state_dict())
    for x, y in values[cut:]:
        resumed.add("loss", x, y, every_n)
    assert resumed.state_dict() == straight.state_dict()
