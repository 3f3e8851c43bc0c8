"""What lesson 3_1_linear_regression must show, in its namespace."""

by_hand = [50 * 3 - 10 + 20, 80 * 3 - 2 + 20, 120 * 3 - 30 + 20]
assert prices.tolist() == by_hand

# Both sums are the same ten thousand twos, and the vector is by far the faster way to them.
assert loop_sum.tolist() == vector_sum.tolist() == [2.0] * n
assert loop_seconds > 10 * vector_seconds

# The density is PyTorch's, its area is 1, and its peak is 1 / sqrt(2 pi).
for mu, std in params:
    bell = torch.distributions.Normal(mu, std)
    by_torch = bell.log_prob(torch.from_numpy(x)).exp().numpy()
    assert np.abs(normal(x, mu, std) - by_torch).max() < 1e-6
assert abs(normal(x, 0, 1).sum() * 0.01 - 1) < 1e-6
assert abs(normal(0, 0, 1) - 0.398942) < 1e-6

# The likelihood is the squared loss, scaled by 1 / sigma^2 and lifted by n/2 log(2 pi sigma^2).
lift = 40 / 2 * math.log(2 * math.pi * sigma**2)
assert torch.allclose(likelihood, squared / sigma**2 + lift, rtol=1e-4)
assert likelihood.argmin() == squared.argmin()
# The grid's step is 0.01, so its lowest point is at most half of that away.
assert abs(best_on_grid - best_by_formula) <= 0.005 + 1e-6
print("3.1 holds: one sum two ways, a density of area 1, one best slope")
