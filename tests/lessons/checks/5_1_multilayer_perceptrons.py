"""What lesson 5_1_multilayer_perceptrons must show, in its namespace."""

assert torch.allclose(best_line, torch.full((4,), 0.5), atol=1e-6)
assert lamp_network(switches).tolist() == [0, 1, 1, 0]
assert torch.allclose(two_layers, one_layer, atol=1e-5)

# Values and derivatives, against the formulas on paper.
exp_x = torch.exp(xs)
assert torch.equal(y_relu.detach(), torch.where(xs > 0, xs, 0 * xs))
assert torch.equal(grad_relu, (xs > 0).float())
assert torch.allclose(y_sigmoid.detach(), exp_x / (1 + exp_x), atol=1e-6)
assert torch.allclose(grad_sigmoid, exp_x / (1 + exp_x) ** 2, atol=1e-6)
assert torch.allclose(y_tanh.detach(), 1 - 2 / (exp_x**2 + 1), atol=1e-6)
assert torch.allclose(grad_tanh, 1 - y_tanh.detach() ** 2, atol=1e-6)
assert abs(grad_sigmoid.max().item() - 1 / 4) < 1e-4
assert abs(grad_tanh.max().item() - 1) < 1e-4

# The chain: ReLU passes everything on, sigmoid next to nothing, tanh about a tenth.
assert signals["relu"] == [1.0] * 20
assert signals["sigmoid"][-1] < 0.25**20
assert 0.05 < signals["tanh"][-1] < 0.2

# The rounded corners, from their definitions.
bell = torch.distributions.Normal(0, 1)
assert torch.allclose(gelu, xs * bell.cdf(xs), atol=1e-6)
assert torch.allclose(swish, xs * exp_x / (1 + exp_x), atol=1e-6)
print("5.1 holds: two ReLUs do what no line can, and the derivatives are right")
