"""What lesson 3_2_object_oriented_design must show, in its namespace."""

assert a.do() == 'Class attribute "b" is 1'
assert (b.a, b.b, hasattr(b, "c")) == (1, 2, False)
assert child.hparams == {"depth": 4}
assert (child.a, child.b, child.depth) == (1, 2, 4)
assert child.width == 400

# A drawn point is the mean of every_n values, x and y alike: no point of the hundred is lost.
for label, function, every_n in (("sin", np.sin, 2), ("cos", np.cos, 10)):
    drawn = np.array([(point.x, point.y) for point in board.points[label]])
    pairs = np.stack([xs, function(xs)], axis=1)
    by_hand = pairs.reshape(-1, every_n, 2).mean(axis=1)
    assert np.allclose(drawn, by_hand), label

for line in (model, converted):
    assert abs(line.net.weight.item() - 3) < 0.05
    assert abs(line.net.bias.item() + 1) < 0.05

one_batch = ["prepare_batch", "training_step", "clip_gradients"]
validation = ["prepare_batch", "validation_step"]
assert calls == ["fit", "fit_epoch", *one_batch, *one_batch, *validation]
print("3.2 holds: arguments saved, points kept, lines learned, methods in order")
