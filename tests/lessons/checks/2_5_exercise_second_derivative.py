"""What lesson 2_5_exercise_second_derivative must show, in its namespace."""

p = torch.tensor([0.0, 1.0, 2.0]).exp() / torch.tensor([0.0, 1.0, 2.0]).exp().sum()
assert torch.allclose(small_hessian, torch.diag(p) - torch.outer(p, p), atol=1e-6)
for n, gradient_count, hessian_count, passes in counted:
    assert (gradient_count, hessian_count, passes) == (n, n**2, n + 1)
assert node_counts[0] == node_counts[1]
assert node_counts[0][1] > node_counts[0][0]

x, v = torch.randn(50, requires_grad=True), torch.randn(50)
p = torch.softmax(x.detach(), dim=0)
exact = torch.diag(p) - torch.outer(p, p)
assert torch.allclose(gradient(x), p, atol=1e-6)
assert torch.allclose(hessian_by_rows(x)[0], exact, atol=1e-6)
assert torch.allclose(hessian_in_one_batch(x), exact, atol=1e-6)
assert torch.allclose(hessian_times_vector(x, v), exact @ v, atol=1e-5)

assert hessian_bytes == 4 * 1024**4
assert set(gradient_seconds) == set(product_seconds) >= set(hessian_seconds)
print("Exercise 2.5: n against n squared, counted and checked with the formula.")
