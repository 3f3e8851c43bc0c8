"""What lesson 4_4_softmax_scratch must show, in its namespace."""

import math

# Sums along the axes, and rows of softmax that add up to one, against PyTorch's own softmax.
small = torch.arange(1.0, 7.0).reshape(2, 3)
assert small.sum(0, keepdims=True).tolist() == [[1 + 4, 2 + 5, 3 + 6]]
assert small.sum(1, keepdims=True).tolist() == [[1 + 2 + 3], [4 + 5 + 6]]
assert torch.allclose(probabilities, torch.softmax(scores, dim=1))
assert torch.allclose(probabilities.sum(1), torch.ones(2))

# The picked probabilities, and the loss on paper: half of log 20 = 1.4979.
assert torch.equal(picked, torch.tensor([0.1, 0.5]))
assert abs(cross_entropy(y_hat, y).item() - math.log(20) / 2) < 1e-6
assert round(cross_entropy(y_hat, y).item(), 4) == 1.4979
assert predicted.shape == (256,)

# The promise, with the accuracy counted a second way: the diagonal of the table of confusions.
assert result["val_acc"] >= 0.82
assert confusions.sum() == 10000
assert abs(confusions.trace().item() / 10000 - result["val_acc"]) < 1e-6
num_right = confusions.trace().item()
print(f"4.4 holds: {num_right} of 10,000 pictures right (promised: 8,200)")
