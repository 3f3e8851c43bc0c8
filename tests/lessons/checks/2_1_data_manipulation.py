"""What lesson 2_1_data_manipulation must show, in its namespace."""

import math

fresh = torch.arange(12, dtype=torch.float32).reshape(3, 4)
assert fresh.numel() == 12
assert fresh.flatten().tolist() == [float(n) for n in range(12)]
assert zeros.tolist() == [[[0.0] * 4] * 3] * 2
assert ones.tolist() == [[[1.0] * 4] * 3] * 2
assert random_numbers.shape == (3, 4)
assert random_numbers.abs().max() < 7
assert random_numbers.unique().numel() > 1
assert from_lists.tolist() == [[2, 1, 4, 3], [1, 2, 3, 4], [4, 3, 2, 1]]
assert from_lists.dtype == torch.int64

assert fresh[-1].tolist() == [8, 9, 10, 11]
assert fresh[1:3].tolist() == [[4, 5, 6, 7], [8, 9, 10, 11]]
assert after_one_cell.tolist() == [[0, 1, 2, 3], [4, 5, 17, 7], [8, 9, 10, 11]]
twelves = [12] * 8 + [8, 9, 10, 11]
for found, exponent in zip(exponentials.tolist(), twelves, strict=True):
    assert math.isclose(found, math.exp(exponent), rel_tol=1e-6)
assert [round(number, 4) for number in exponentials.tolist()[-4:]] == [
    2980.958,
    8103.084,
    22026.4648,
    59874.1406,
]

assert (x + y).tolist() == [3, 4, 6, 10]
assert (x - y).tolist() == [-1, 0, 2, 6]
assert (x * y).tolist() == [2, 4, 8, 16]
assert (x / y).tolist() == [0.5, 1, 2, 4]
assert (x**y).tolist() == [1, 4, 16, 64]
upper = [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
lower = [[2, 1, 4, 3], [1, 2, 3, 4], [4, 3, 2, 1]]
assert stacked.tolist() == upper + lower
assert side_by_side.tolist() == [left + right for left, right in zip(upper, lower, strict=True)]
assert equal_places.tolist() == [[False, True, False, True], [False] * 4, [False] * 4]
assert total.item() == 66 == sum(range(12))

assert broadcast_sum.tolist() == [[0, 1], [1, 2], [2, 3]]
assert surprise.shape == (3, 3)
assert right.tolist() == [[0], [0], [0]]
assert not same_object_after_plus
assert same_memory_after_slice
assert same_object_after_in_place
assert Z.tolist() == [[2, 3, 8, 9], [9, 12, 15, 18], [20, 21, 22, 23]]
assert X.tolist() == [[-1, 3, 8, 9], [9, 12, 15, 18], [20, 21, 22, 23]] == A.tolist() == B.tolist()
assert (type(A).__name__, type(B).__name__) == ("ndarray", "Tensor")
assert (a.tolist(), a.item(), float(a), int(a)) == ([3.5], 3.5, 3.5, 3)
print("2.1: every tensor of this lesson holds the numbers it promised.")
