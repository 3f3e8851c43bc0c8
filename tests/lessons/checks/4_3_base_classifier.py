"""What lesson 4_3_base_classifier must show, in its namespace."""

import math

assert classifier.accuracy(y_hat, y, averaged=False).tolist() == [0.0, 1.0]
assert classifier.accuracy(y_hat, y).item() == 0.5

# Ignorance scores log 10 and one in ten.
assert abs(before["val_loss"] - math.log(10)) < 0.15
assert before["val_acc"] < 0.3

# The reported accuracy is the count of right answers over 10,000, counted here one by one.
num_right = 0
with torch.no_grad():
    for X, y_val in data.val_dataloader():
        scores = model(X).tolist()
        for row, answer in zip(scores, y_val.tolist(), strict=True):
            num_right += row.index(max(row)) == answer
assert batch_sizes == [256] * 39 + [16]
assert abs(after["val_acc"] - num_right / 10000) < 1e-6
assert abs(per_example - num_right / 10000) < 1e-6
assert after["val_acc"] > 0.75

# The last point of the board is the same number.
assert abs(model.board.points["val_acc"][-1].y - num_right / 10000) < 1e-6
assert len(model.board.points["val_acc"]) == 3

# Our class and the library's agree.
theirs = d2l.Classifier()
scores, answers = torch.randn(50, 10), torch.randint(10, (50,))
assert theirs.accuracy(scores, answers) == classifier.accuracy(scores, answers)
their_loss = theirs.loss(scores, answers)
our_loss = classifier.loss(scores, answers)
assert abs((their_loss - our_loss).item()) < 1e-6
print(f"4.3 holds: {num_right} of 10,000 right, counted one by one")
