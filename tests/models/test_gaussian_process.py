"""The covariances of a Gaussian process."""

import math

import numpy as np
import pytest
import torch

from d2l import torch as d2l
from d2l.errors import ShapeError


@pytest.mark.parametrize("kind", [list, np.array, torch.tensor])
def test_the_kernel_falls_with_the_square_of_the_distance(kind):
    x1, x2 = [0.0, 1.0, 3.0], [0.0, 2.0]
    found = d2l.rbfkernel(kind(x1), kind(x2), ls=2.0)
    expected = [[math.exp(-((a - b) ** 2) / 4) for b in x2] for a in x1]
    assert isinstance(found, np.ndarray)
    np.testing.assert_allclose(found, expected)


def test_the_covariances_of_points_with_themselves_can_be_drawn_from():
    x = np.linspace(0, 5, 50)
    cov = d2l.rbfkernel(x, x)
    assert np.array_equal(cov, cov.T)
    assert np.linalg.eigvalsh(cov).min() > -1e-9
    assert cov[0, 1] == pytest.approx(math.exp(-((5 / 49) ** 2) / 8))  # ls is 4


def test_numbers_alone_are_compared():
    with pytest.raises(ShapeError, match=r"x2 must have one axis .* found shape \(3, 2\)"):
        d2l.rbfkernel(np.zeros(3), np.zeros((3, 2)))
