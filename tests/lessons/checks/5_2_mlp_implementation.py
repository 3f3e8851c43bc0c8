"""Assert what lesson 5.2 shows: parameters, the two implementations, accuracy."""

assert relu(torch.tensor([-2.0, 0.0, 0.5])).tolist() == [0, 0, 0.5]

# 784 inputs and a bias for each of 256 units, 256 and a bias for each of 10 classes.
num_parameters = (784 + 1) * 256 + (256 + 1) * 10
for trained in (scratch, concise):
    assert sum(p.numel() for p in trained.parameters()) == num_parameters
assert difference < 1e-4


def count_right(model):
    """How many of the 10,000 validation pictures a model gets right."""
    pictures = data.val.data.reshape(-1, 1, 28, 28) / 255
    with torch.no_grad():
        return (model(pictures).argmax(dim=1) == data.val.targets).sum().item()


# The promise: 0.85 after ten epochs, counted a second way.
for trained, result in ((scratch, scratch_result), (concise, concise_result)):
    assert result["val_acc"] >= 0.85
    assert abs(count_right(trained) / 10000 - result["val_acc"]) < 5e-4
assert large_batches["val_acc"] > 0.8
assert len(model.board.points["val_acc"]) == 10
by_hand, by_layers = count_right(scratch), count_right(concise)
print(f"5.2 holds: {by_hand} and {by_layers} of 10,000 right (promised: 8,500)")
