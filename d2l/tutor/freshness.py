"""Whether weights look as they were drawn: what has been trained, or loaded, does not.

Entries that were drawn one by one have no direction that stands out, so that the largest singular
value of m × n of them is about σ(√m + √n). Training adds a few large directions.
"""

import math
from collections.abc import Iterable

import torch
from torch import Tensor

MOST_ROWS = 256  # of a matrix that are looked at, evenly spread; also columns
FEWEST = 8  # rows and columns, below which chance decides
MOST_UNEVEN = 4.5  # 99 % of draws: 2.4 at 64 × 64 to 4.6 at 8 × 8; after 64 steps of SGD 47
MOST_CHANGES = 10  # in place, that initialisation makes; a trained tensor has one for each step


def look_fresh(tensors: Iterable[Tensor]) -> bool:
    """Whether tensors look drawn, as far as that can be seen, and it can be seen of one."""
    known = [found for found in map(is_fresh, tensors) if found is not None]
    return bool(known) and all(known)


def is_fresh(tensor: Tensor) -> bool | None:
    """Whether a tensor looks drawn, or has one value; None where that cannot be seen.

    The ratio of the largest singular value to σ(√m + √n) was at most 1.01 to 1.03 in 99 % of 600
    draws, normal and uniform, of each of five shapes from 8 × 8 to 64 × 784; after 32, 64 and 124
    steps of SGD (lr 0.1) on Fashion-MNIST it was 1.23, 1.55 and 1.68 in the first layer.
    """
    if tensor._version > MOST_CHANGES:
        return False
    values = tensor.detach().float().nan_to_num()
    low, high = (float(bound) for bound in values.aminmax()) if values.numel() else (0.0, 0.0)
    if low == high:
        return True
    if values.ndim < 2:
        return None
    matrix = _part(values.reshape(len(values), -1))
    return None if min(matrix.shape) < FEWEST else _looks_drawn(matrix - matrix.mean())


def _looks_drawn(matrix: Tensor) -> bool:
    num_rows, num_columns = matrix.shape
    deviation = float(matrix.std())
    if not _is_reach_of_draws(float(matrix.abs().max()) / deviation, matrix.numel()):
        return False
    expected = deviation * (num_rows**0.5 + num_columns**0.5)
    largest = float(torch.linalg.matrix_norm(matrix, 2))
    if largest > (1.03 + 0.4 / min(num_rows, num_columns)) * expected:
        return False
    return max(_unevenness(matrix), _unevenness(matrix.T)) <= MOST_UNEVEN


def _unevenness(matrix: Tensor) -> float:
    """By how many deviations the mean squares of rows differ more than those of draws do."""
    squares = matrix.square()
    kurtosis = min(3.0, float(squares.square().mean() / squares.mean() ** 2))
    sizes = squares.mean(1)
    spread = float(sizes.var() / sizes.mean() ** 2) / ((kurtosis - 1) / matrix.shape[1])
    return (spread - 1) * (len(matrix) / 2) ** 0.5


def _is_reach_of_draws(reach: float, num: int) -> bool:
    """Whether the largest of `num` entries, over σ, is that of a uniform or a normal distribution.

    In 2000 draws it was 1.64 to 1.90 for 768 uniform entries, 2.12 to 2.48 for normal ones cut at
    2σ, and for normal ones 0.69 √(2 ln num) and more (99 % above the bound; 0.79 for 16384). A
    drawn matrix outside is taken for a trained one, and nothing is said.
    """
    is_uniform, is_cut = reach <= 1.85, 2.24 <= reach <= 2.3
    return is_uniform or is_cut or reach >= 0.74 * math.sqrt(2 * math.log(num))


def _part(matrix: Tensor) -> Tensor:
    for dim in (0, 1):
        size = matrix.shape[dim]
        if size > MOST_ROWS:
            rows = torch.arange(0, size, size // MOST_ROWS, device=matrix.device)
            matrix = matrix.index_select(dim, rows)
    return matrix
