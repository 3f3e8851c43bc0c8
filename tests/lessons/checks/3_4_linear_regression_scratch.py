"""What lesson 3_4_linear_regression_scratch must show, in its namespace."""

# Three epochs leave about five percent of the error, as foretold.
short_w, short_b = errors(model)
assert 0.03 < short_b.item() / data.b < 0.09
assert short_w.abs().max() < 0.5

# After ten, w and b are found.
assert error_w.abs().max() < 0.05
assert error_b.abs().max() < 0.05

# A second way to the same numbers: the least-squares solution of the training examples.
design = torch.cat([data.X[:1000], torch.ones(1000, 1)], dim=1)
by_formula = torch.linalg.lstsq(design, data.y[:1000]).solution.flatten()
found = torch.cat([longer.w.detach().flatten(), longer.b.detach()])
assert (found - by_formula).abs().max() < 0.01

# Our loop and our SGD do what autograd and torch.optim.SGD do, step for step.
twin = torch.nn.Linear(2, 1)
ours = LinearRegressionScratch(2, lr=0.1)
with torch.no_grad():
    twin.weight.copy_(ours.w.T)
    twin.bias.copy_(ours.b)
for optimizer, predict in (
    (ours.configure_optimizers(), ours),
    (torch.optim.SGD(twin.parameters(), lr=0.1), twin),
):
    for _ in range(5):
        optimizer.zero_grad()
        ours.loss(predict(X), y).backward()
        with torch.no_grad():
            optimizer.step()
assert torch.allclose(ours.w.T, twin.weight, atol=1e-6)
assert torch.allclose(ours.b, twin.bias, atol=1e-6)
print("3.4 holds: w and b found to 0.05, and the same as by least squares")
