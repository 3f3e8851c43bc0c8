"""What lesson 4_2_image_classification_dataset must show, in its namespace."""

assert (len(data.train), len(data.val)) == (60000, 10000)
assert image.shape == (1, 32, 32)
assert 0 <= image.min() <= image.max() <= 1
assert counts.tolist() == [6000] * 10
assert (X.shape, X.dtype) == ((64, 1, 32, 32), torch.float32)
assert (y.shape, y.dtype) == ((64,), torch.int64)

# The first eight validation labels, read off the pictures.
seen = ["ankle boot", "pullover", "trouser", "trouser"]
seen += ["shirt", "trouser", "coat", "shirt"]
assert ours.text_labels(batch[1][:8]) == seen == data.text_labels(batch[1][:8])

# Both loaders bring the same pictures, to less than one grey level in 255, and every one of them.
for (X_ours, y_ours), (X_resident, y_resident), _ in zip(
    ours.val_dataloader(), data.val_dataloader(), range(20), strict=False
):
    assert torch.equal(y_ours, y_resident)
    assert (X_ours - X_resident).abs().max() <= 1 / 255 + 1e-6
assert our_examples == resident_examples == 60000
assert our_seconds > 2 * resident_seconds
ratio = our_seconds / resident_seconds
print(f"4.2 holds: the same pictures two ways, one {ratio:.0f} times faster")
