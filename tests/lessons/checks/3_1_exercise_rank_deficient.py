"""What lesson 3_1_exercise_rank_deficient must show, in its namespace."""

assert torch.linalg.matrix_rank(X) == 1 == torch.linalg.matrix_rank(gram)
assert torch.allclose(2 * gram[:, 0], gram[:, 1], rtol=1e-12)
assert abs(slope - 3) < 0.05
assert torch.allclose(along_the_valley, along_the_valley[1].expand(4), rtol=1e-8)
assert torch.allclose(least_norm, torch.tensor([slope / 5, 2 * slope / 5], dtype=torch.float64))
assert torch.allclose(least_norm, torch.linalg.lstsq(X, y, driver="gelsd").solution)
assert abs(least_norm @ flat) < 1e-12

spread_along = {sigma: (points @ flat).std().item() for sigma, points in solutions.items()}
assert spread_along[0.003] > 5 * spread_along[0.03] > 5 * spread_along[1.0]
assert torch.allclose(average, gram + num_examples * 0.09 * torch.eye(2), rtol=0, atol=5)

square_sum = (length @ length).item()
for penalty in penalties:
    shrunk = slope * square_sum / (5 * square_sum + penalty)  # by hand, on the line through (1, 2)
    assert torch.allclose(ridge(penalty), torch.tensor([shrunk, 2 * shrunk]).double(), atol=1e-6)
assert distances[0] < 1e-6
assert abs(distances[3] / distances[2] - 10) < 0.1

for start, path in zip(starts, paths, strict=True):
    kept = torch.tensor(start, dtype=torch.float64) @ flat
    assert torch.allclose(path @ flat, kept.expand(len(path)), rtol=0, atol=1e-12)
    assert torch.allclose(path[-1], least_norm + kept * flat, rtol=0, atol=0.02)
assert torch.allclose(paths[0][-1], torch.tensor([0.6, 1.2]).double(), rtol=0, atol=0.03)
assert torch.allclose(paths[1][-1], torch.tensor([2.6, 0.2]).double(), rtol=0, atol=0.03)
assert condition > 1e4
print("Exercise 3.1: pseudoinverse, ridge and SGD from zero meet at the solution of least norm.")
