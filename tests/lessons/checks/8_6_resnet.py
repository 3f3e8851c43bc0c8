"""Assert what lesson 8.6 shows: the block, its gradients, batch normalization, accuracy."""

assert untouched
assert halving(X).shape == (2, 6, 3, 3)
assert arriving[False] < 1e-2 < arriving[True]

# The block a second way: PyTorch's functions, with the layers of the block.
with torch.no_grad():
    block.eval()
    nn.init.ones_(block.bn2.weight)
    g = block.bn2(block.conv2(torch.relu(block.bn1(block.conv1(X)))))
    assert torch.allclose(block(X), torch.relu(g + X), atol=1e-6)
assert torch.allclose(alone, together, atol=1e-4)

# The promise, counted a second way.
with torch.no_grad():
    pictures, labels = data.X[data.num_train :], data.y[data.num_train :]
    num_right = (model(pictures).argmax(dim=1) == labels).sum().item()
assert abs(num_right / 2000 - result["val_acc"]) < 2e-3
assert num_right >= 1400
print(f"8.6 holds: {num_right} of 2,000 right (promised: 1,400)")
