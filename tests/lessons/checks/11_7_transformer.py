"""Assert what lesson 11.7 shows: masks, word-by-word prediction, attention weights, BLEU."""

# Nobody looks ahead: places before the changed words answer as before, later ones do not.
assert changes[:5].max() < 1e-4 < changes[5:].min()

# Word by word or all at once: the decoder that keeps its words gives the same scores.
with torch.no_grad():
    state, pieces = decoder.init_state(encoder(src, src_valid_len), src_valid_len), []
    for place in range(tgt.shape[1]):
        piece, state = decoder(tgt[:, place : place + 1], state)
        pieces.append(piece)
assert torch.allclose(torch.cat(pieces, dim=1), scores, atol=1e-4)

# Weights are shares of one, and padding has none of them.
assert to_source.shape == (num_heads, data.num_steps, data.num_steps)
assert torch.allclose(to_source.sum(dim=2), torch.ones(num_heads, data.num_steps), atol=1e-5)
assert (to_source[:, :, length:] == 0).all()
assert torch.equal(to_said, to_said.tril())
assert torch.allclose(to_said.sum(dim=2), torch.ones(num_heads, data.num_steps), atol=1e-5)

# The promise: BLEU above 0.9 for sentences that were not trained on.
trained_on = set(sentences(data.src_vocab, data.arrays[0][: data.num_train]))
assert trained_on.isdisjoint(sentences(data.src_vocab, unseen[0]))
assert len(bleus) == 199
assert mean_bleu > 0.9
num_right = sum(said == meant for said, meant in zip(translations, truths, strict=True))
print(f"11.7 holds: BLEU {mean_bleu:.3f} (promised: 0.9), {num_right} of 199 without a fault")
