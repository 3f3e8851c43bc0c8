"""Assert what lesson 6.2 shows: counts, tied gradients, initialization, saving."""

# 4 inputs and a bias for 8 units, 8 and a bias for 4, 4 and a bias for 2: counted on paper.
assert num_parameters == 8 * (4 + 1) + 4 * (8 + 1) + 2 * (4 + 1)
assert "0.inner.2.weight" in dict(net.named_parameters())
assert bias.grad is not None
assert bias.grad.shape == (4,)

# The gradient of a shared weight is the sum of those of two layers that are alike.
apart = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 1))
apart.load_state_dict(tied.state_dict())
for model in (tied, apart):
    model(X).sum().backward()
both = apart[0].weight.grad + apart[2].weight.grad
assert torch.allclose(shared.weight.grad, both, atol=1e-6)
assert len(list(tied.parameters())) == 4
assert len(list(apart.parameters())) == 6

assert answer.item() == 4 * 3  # four ones to each of three units, whose sum is the answer
assert lazy.net[1].weight.shape == (8, 784)
assert (lazy.net[1].weight == 1).all()
assert torch.allclose(layer(X), (X @ layer.weight).clamp(min=0))
assert torch.equal(clone(X), net(X))
print(f"6.2 holds: {num_parameters} numbers found, shared, started, saved, and loaded again")
