"""Assert what lesson 7.6 shows: cross-correlation, parameters, accuracy."""

# Cross-correlation a second way: PyTorch's own, and the edge where it was drawn.
by_torch = nn.functional.conv2d(picture[None, None], kernel[None, None])[0, 0]
assert torch.equal(edges, by_torch)
assert edges.shape == (5, 6)
assert edges[2].tolist() == [1] * 6
assert edges.sum() == 6

# Kernels of 5 by 5 with a bias each; layers of 400, 120, 84 and 10 units.
assert num_parameters["Conv2d"] == 6 * (25 + 1) + 16 * (6 * 25 + 1)
assert num_parameters["Linear"] == 120 * (400 + 1) + 84 * (120 + 1) + 10 * (84 + 1)
assert channels.shape == (6, 28, 28)

# The promise: 0.80 after ten epochs of all 60,000 pictures, counted a second way.
assert len(model.board.points["val_acc"]) == 10
with torch.no_grad():
    pictures = data.val.data.reshape(-1, 1, 28, 28) / 255
    num_right = (model(pictures).argmax(dim=1) == data.val.targets).sum().item()
assert abs(num_right / 10000 - result["val_acc"]) < 5e-4
assert num_right >= 8000
print(f"7.6 holds: {num_right} of 10,000 right (promised: 8,000)")
