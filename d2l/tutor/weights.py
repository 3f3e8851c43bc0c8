"""Weights: whether they changed, are freshly initialized, or are constant."""

import gc
import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from d2l.tutor.evidence import Evidence, Step

NUM_STEPS = 4  # at the start and at the end, whose updates are used


def moved(evidence: Evidence) -> set[str]:
    """Return the names of the tensors that have changed during or between the observed steps."""
    steps = evidence.steps
    names: set[str] = set()
    for step in (*steps[:NUM_STEPS], *steps[-NUM_STEPS:]):
        names |= {name for name, update in step.updates.items() if update != 0}
    if not steps:
        return names
    first, last = steps[0].norms, steps[-1].norms
    return names | {n for n, norm in last.items() if n in first and first[n] != norm}


def with_gradient(step: Step) -> set[str]:
    """Return the names of the tensors with a nonzero gradient."""
    norms = step.gradient_norms.items()
    return {name for name, norm in norms if norm is not None and norm > 0 and math.isfinite(norm)}


def still(evidence: Evidence) -> set[str]:
    """Return the names of the tensors with a gradient that have not changed so far."""
    step = evidence.step
    waiting = {name for name in with_gradient(step) if not step.updates.get(name)}
    return waiting - moved(evidence) if waiting else waiting


def are_rates_zero(evidence: Evidence) -> bool:
    """Whether every learning rate has been 0 so far."""
    rates = [rate for step in evidence.steps for rate in step.rates]
    return bool(rates) and not any(rates)


def has_unknown_leaves(evidence: Evidence) -> bool:
    """Whether the newest loss depends on tensors of neither the model nor the optimizer."""
    names = evidence.names
    return any(id(leaf) not in names for leaf in evidence.step.leaves.values())


def are_in_other_optimizer(tensors: Iterable[Tensor], optimizer: object) -> bool:
    """Whether another PyTorch optimizer contains one of these tensors; takes about 50 ms."""
    ids = {id(tensor) for tensor in tensors}
    for thing in gc.get_objects():
        if thing is optimizer or not issubclass(type(thing), torch.optim.Optimizer):
            continue
        groups = vars(thing).get("param_groups", ())
        if any(id(p) in ids for group in groups for p in group["params"]):
            return True
    return False


def quoted(names: Iterable[str], most: int = 3) -> str:
    """Return names in backquotes, at most `most`."""
    found = list(names)
    words = ", ".join(f"`{name}`" for name in found[:most])
    return words + (f" and {len(found) - most} more" if len(found) > most else "")


MAX_ROWS = 256  # of a matrix that are examined, evenly spaced; columns as well
MIN_SIZE = 8  # rows and columns; below, the statistics are unreliable
MAX_UNEVEN = 4.5  # 99 % of draws: 2.4 at 64 × 64 to 4.6 at 8 × 8; after 64 steps of SGD 47
MAX_CHANGES = 10  # in-place changes by initialization; training makes one per step


def are_freshly_initialized(tensors: Iterable[Tensor]) -> bool:
    """Whether all tensors that can be judged, at least one, look freshly initialized."""
    known = [found for found in map(is_freshly_initialized, tensors) if found is not None]
    return bool(known) and all(known)


def is_freshly_initialized(tensor: Tensor) -> bool | None:
    """Whether a tensor looks randomly initialized or is constant; None if undecidable.

    The ratio of the largest singular value to σ(√m + √n) was at most 1.01 to 1.03 in 99 % of 600
    draws, normal and uniform, of each of five shapes from 8 × 8 to 64 × 784; after 32, 64 and 124
    steps of SGD (lr 0.1) on Fashion-MNIST it was 1.23, 1.55 and 1.68 in the first layer.
    """
    if tensor._version > MAX_CHANGES:
        return False
    values = tensor.detach().float().nan_to_num()
    low, high = (float(bound) for bound in values.aminmax()) if values.numel() else (0.0, 0.0)
    if low == high:
        return True
    if values.ndim < 2:
        return None
    matrix = _part(values.reshape(len(values), -1))
    return None if min(matrix.shape) < MIN_SIZE else _is_like_random_draw(matrix - matrix.mean())


def _is_like_random_draw(matrix: Tensor) -> bool:
    num_rows, num_columns = matrix.shape
    deviation = float(matrix.std())
    if not _is_reach_of_draws(float(matrix.abs().max()) / deviation, matrix.numel()):
        return False
    expected = deviation * (num_rows**0.5 + num_columns**0.5)
    largest = float(torch.linalg.matrix_norm(matrix, 2))
    if largest > (1.03 + 0.4 / min(num_rows, num_columns)) * expected:
        return False
    return max(_unevenness(matrix), _unevenness(matrix.T)) <= MAX_UNEVEN


def _unevenness(matrix: Tensor) -> float:
    """Return by how many standard deviations row variances differ more than those of draws."""
    squares = matrix.square()
    kurtosis = min(3.0, float(squares.square().mean() / squares.mean() ** 2))
    sizes = squares.mean(1)
    spread = float(sizes.var() / sizes.mean() ** 2) / ((kurtosis - 1) / matrix.shape[1])
    return (spread - 1) * (len(matrix) / 2) ** 0.5


def _is_reach_of_draws(reach: float, num: int) -> bool:
    """Whether the largest of `num` entries, over σ, is that of a uniform or a normal distribution.

    In 2000 draws it was 1.64 to 1.90 for 768 uniform entries, 2.12 to 2.48 for normal ones cut at
    2σ, and for normal ones 0.69 √(2 ln num) and more (99 % above the bound; 0.79 for 16384). A
    random matrix outside is treated as trained, and no hint is shown.
    """
    is_uniform, is_cut = reach <= 1.85, 2.24 <= reach <= 2.3
    return is_uniform or is_cut or reach >= 0.74 * math.sqrt(2 * math.log(num))


def _part(matrix: Tensor) -> Tensor:
    for dim in (0, 1):
        size = matrix.shape[dim]
        if size > MAX_ROWS:
            rows = torch.arange(0, size, size // MAX_ROWS, device=matrix.device)
            matrix = matrix.index_select(dim, rows)
    return matrix


EXACTLY = 1e-4  # relative to the norm of a gradient
ABOUT = 0.1
NOTHING = 1e-5  # relative to the largest gradient: rounding errors of 0


@dataclass(frozen=True)
class ConstantMatrix:
    """A matrix with identical rows or columns.

    `value` is the value of all entries, if they are equal; gradients are compared between the same
    rows or columns. `is_symmetric` is also True if the gradient is 0.
    """

    name: str
    num_units: int
    value: float | None
    has_same_gradient: bool
    is_symmetric: bool


def constant_matrices(matrices: dict[str, Tensor]) -> list[ConstantMatrix]:
    """Return the matrices or kernels whose units are identical."""
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
