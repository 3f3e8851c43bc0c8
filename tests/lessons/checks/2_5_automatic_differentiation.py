"""What lesson 2_5_automatic_differentiation must show, in its namespace."""

assert gradient_at_the_start is None
assert first_y == 2 * (0 + 1 + 4 + 9) == 28
assert first_gradient.tolist() == [0, 4, 8, 12]
assert without_clearing.tolist() == [1, 5, 9, 13]
assert with_clearing.tolist() == [1, 1, 1, 1]
assert vector_gradient.tolist() == [0, 2, 4, 6]
assert jacobian.tolist() == [[0, 0, 0, 0], [0, 2, 0, 0], [0, 0, 4, 0], [0, 0, 0, 6]]
assert detached_gradient.tolist() == [0, 1, 4, 9]
assert attached_gradient.tolist() == [0, 2, 4, 6]
assert torch.allclose(full_slope, 3 * points.detach() ** 2, atol=1e-6)
assert torch.allclose(stopped_slope, points.detach() ** 2, atol=1e-6)

doublings = torch.log2(a.grad if a > 0 else a.grad / 100)
assert doublings == doublings.round()
assert abs(a.item()) * 2 ** doublings.item() >= 1000
assert torch.isclose(a.grad, d / a)
for number, slope in ((3.0, 512), (500.0, 2), (-3.0, 51200), (2000.0, 2)):
    leaf = torch.tensor(number, requires_grad=True)
    f(leaf).backward()
    assert leaf.grad.item() == slope
print("2.5: autograd found every derivative that we worked out by hand.")
