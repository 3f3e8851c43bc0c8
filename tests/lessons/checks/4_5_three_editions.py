"""What lesson 4_5_three_editions must show, in its namespace."""

assert difference < 1e-4, "the two loops should learn the same weights"
assert validated["val_acc"] > 0.75
assert accuracies.shape == (3, num_epochs)
