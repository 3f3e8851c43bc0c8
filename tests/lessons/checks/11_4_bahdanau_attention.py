"""Assert what lesson 11.4 shows: attention weights, masks, the order of reading, BLEU."""

assert torch.allclose(weights.sum(dim=2), torch.ones(3, len(queries)))
assert abs(read[0, 1] - 6.5) < 0.2  # between 2² and 3²
assert (weights[0].amax(dim=1) > weights[2].amax(dim=1)).all()
assert torch.equal(shares[:, 0], torch.tensor([[1 / 2, 1 / 2, 0, 0], [1 / 3, 1 / 3, 1 / 3, 0]]))

# Additive attention on paper.
with torch.no_grad():
    hidden = torch.tanh(attention.W_q(query) + attention.W_k(sentence))
    by_hand = torch.softmax(attention.w_v(hidden)[0, :4, 0], dim=0)
assert torch.allclose(attention.attention_weights[0, 0, :4], by_hand, atol=1e-6)
assert attention.attention_weights[0, 0, 4] == 0

# Every word looks at the words that are there, and at no padding.
is_padding = torch.arange(data.num_steps) >= unseen[2].reshape(-1, 1)
assert (looked.swapaxes(1, 2)[is_padding] == 0).all()
assert torch.allclose(looked.sum(dim=2), torch.ones(looked.shape[:2]), atol=1e-5)

# For numbers of three digits: where it looked when it said the ones is right of where it looked
# when it said the hundreds.
three_digits = [row for row, said in enumerate(translations) if "henta" in said.split(" ")]
places = torch.arange(float(data.num_steps))
centre = looked[three_digits] @ places  # the mean place looked at, for each word said
share_in_order = (centre[:, 0] > centre[:, 6]).float().mean().item()
assert share_in_order > 0.9

# The promise: BLEU above 0.9 on sentences that were not trained on.
trained_on = set(sentences(data.src_vocab, data.arrays[0][: data.num_train]))
assert trained_on.isdisjoint(sentences(data.src_vocab, unseen[0]))
assert len(bleus) == 199
assert mean_bleu > 0.9
print(f"11.4 holds: BLEU {mean_bleu:.3f} (promised: 0.9), order right in {share_in_order:.0%}")
