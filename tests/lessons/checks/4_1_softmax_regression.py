"""What lesson 4_1_softmax_regression must show, in its namespace."""

# The exponentials of 1, -2 and 3, by a pocket calculator.
calculated = torch.tensor([2.7182818, 0.1353353, 20.0855369])
assert torch.allclose(y_hat, calculated / 22.939154, atol=1e-6)
assert abs(y_hat.sum().item() - 1) < 1e-6
assert torch.allclose(shifted, y_hat)
assert one_hot.tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]

# With two classes, softmax is the logistic curve of the difference.
assert torch.allclose(both[:, 0], 1 / (1 + torch.exp(-first_logit)), atol=1e-6)

# One form, two forms, and PyTorch's own: the same loss.
by_torch = torch.nn.functional.cross_entropy(o[None], torch.tensor([2]))
for loss in (cross_entropy(y, softmax(o)), loss_from_logits(y, o), by_torch):
    assert abs(loss.item() - math.log(22.939154 / 20.0855369)) < 1e-6
# The true logit lies 150 below the largest.
assert abs(loss_from_logits(y, huge).item() - 150) < 1e-4
assert not torch.isfinite(cross_entropy(y, softmax(huge)))

# softmax(o) - y, three ways.
assert torch.allclose(by_formula, by_autograd, atol=1e-6)
assert torch.allclose(by_formula.double(), by_nudging, atol=1e-6)
assert abs(by_formula.sum().item()) < 1e-6
assert by_formula[2] < 0 < by_formula[:2].min()
print("4.1 holds: the derivative is softmax(o) - y, found in three ways")
