"""Assert what exercise 5.3 shows: the shapes of gradients and the bytes of training."""

assert all(gradient.shape == (3, 5) for gradient in gradients.values())
one_entry = [[0.0] * 5, [0.0, 0.0, 1.0, 0.0, 0.0], [0.0] * 5]
assert gradients["only one entry"].tolist() == one_entry
assert jacobian.shape == (2, 5, 3, 5)
for i, j, k, column in torch.cartesian_prod(*map(torch.arange, jacobian.shape)).tolist():
    expected = W[i, k] if j == column else torch.tensor(0.0)  # (WX)_ij = sum over k of W_ik X_kj
    assert torch.isclose(jacobian[i, j, k, column], expected)
assert jacobian_bytes == 671_088_640 == 2560 * gradient_bytes

assert all(parameter.grad.shape == parameter.shape for parameter in parameters.values())
assert parameter_bytes == grad_bytes == 814_120 == 4 * (784 * 256 + 256 + 256 * 10 + 10)
assert state_bytes == {"SGD": 0, "SGD with momentum": 814_120, "Adam": 2 * 814_120}
# A release of torch may save a little more or less than the formulas need, hence two percent.
assert all(
    abs(found / expected - 1) < 0.02 for found, expected in zip(measured, predicted, strict=True)
)
assert saved_for_prediction == 0
assert crossing == 194
assert 4208 * 193 < 814_120 < 4208 * 194
print("Exercise 5.3: gradients have the predicted shapes, and memory the predicted size.")
