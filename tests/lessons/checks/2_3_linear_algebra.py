"""What lesson 2_3_linear_algebra must show, in its namespace."""

assert [result.item() for result in scalar_results] == [5, 6, 1.5, 9]
counting = torch.arange(3)
assert counting[2] == 2
assert len(counting) == 3
assert counting.shape == (3,)
assert A_transposed.tolist() == [[0, 2, 4], [1, 3, 5]]
assert symmetric.equal(symmetric.T)
assert block.shape == (2, 3, 4)
assert block[1, 2].tolist() == [20, 21, 22, 23]
assert (a + X).flatten().tolist() == list(range(2, 26))
assert (a * X).shape == (2, 3, 4)

assert A.tolist() == [[0, 1, 2], [3, 4, 5]]
assert (A + A).tolist() == [[0, 2, 4], [6, 8, 10]]
assert (A * A).tolist() == [[0, 1, 4], [9, 16, 25]]
assert x.sum() == 3
assert A.sum() == 15
assert A.sum(axis=[0, 1]) == 15
assert A.sum(axis=0).tolist() == [3, 5, 7]
assert A.sum(axis=1).tolist() == [3, 12]
assert A.mean() == 2.5
assert A.mean(axis=0).tolist() == [1.5, 2.5, 3.5]
assert sum_A.tolist() == [[3], [12]]
assert sum_A.shape == (2, 1)
assert torch.allclose(row_shares, torch.tensor([[0, 1 / 3, 2 / 3], [1 / 4, 1 / 3, 5 / 12]]))
assert running_total.tolist() == [[0, 1, 2], [3, 5, 7]]

assert torch.dot(x, y) == torch.sum(x * y) == 0 * 1 + 1 * 1 + 2 * 1
for product in (torch.mv(A, x), A @ x, by_rows, by_columns):
    assert product.tolist() == [5, 14]
assert torch.allclose(moved[:, 0], torch.tensor([1.5, 0.25]))
assert torch.allclose(moved[:, 90], torch.tensor([0.5, 1.0]), atol=1e-6)
assert torch.mm(A, B).tolist() == (A @ B).tolist() == [[3] * 4, [12] * 4]
assert torch.norm(u) == math.hypot(3, 4) == 5
assert torch.abs(u).sum() == 7
assert frobenius.item() == math.sqrt(4 * 9)
print("2.3: all the sums, products and norms came out as worked out by hand.")
