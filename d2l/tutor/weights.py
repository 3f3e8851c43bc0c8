"""Matrices whose units are equal: the same weights, and perhaps the same gradients."""

from dataclasses import dataclass

from torch import Tensor

EXACTLY = 1e-4  # of the size of a gradient
ABOUT = 0.1
NOTHING = 1e-5  # of the largest gradient: what rounding leaves of 0


@dataclass(frozen=True)
class ConstantMatrix:
    """A matrix all of whose rows, or columns, are the same.

    `value` is that of all entries, if there is one; gradients are compared between the same rows or
    columns. `is_symmetric` also holds where the gradient is 0.
    """

    name: str
    num_units: int
    value: float | None
    has_same_gradient: bool
    is_symmetric: bool


def constant_matrices(matrices: dict[str, Tensor]) -> list[ConstantMatrix]:
    """Of these matrices, or kernels, the ones whose units are equal."""
    grads = {n: m.grad for n, m in matrices.items() if m.grad is not None and not m.grad.is_sparse}
    largest = max((float(grad.norm()) for grad in grads.values()), default=0.0)
    found = (_constant(n, matrices[n], grad, largest) for n, grad in grads.items())
    return [matrix for matrix in found if matrix is not None]


def _constant(name: str, matrix: Tensor, grad: Tensor, largest: float) -> ConstantMatrix | None:
    best = None
    for dim in (0, 1):
        units, of_units = (t.detach().float().transpose(0, dim) for t in (matrix, grad))
        if len(units) < 2 or not bool((units == units[:1]).all()):
            continue
        size, spread = float(of_units.norm()), float((of_units - of_units.mean(0)).norm())
        is_nothing = size <= NOTHING * largest
        low, high = (float(bound) for bound in units.aminmax())
        found = ConstantMatrix(
            name,
            len(units),
            low if low == high else None,
            not is_nothing and spread <= EXACTLY * size,
            is_nothing or spread <= ABOUT * size,
        )
        if best is None or found.is_symmetric > best.is_symmetric:
            best = found
    return best
