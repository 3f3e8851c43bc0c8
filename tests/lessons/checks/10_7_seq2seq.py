"""Assert what lesson 10.7 shows: shapes, the masked loss, BLEU, unseen sentences."""

assert outputs.shape == (9, 5, num_hiddens)
assert state.shape == (1, 5, num_hiddens)
# The answer is what is read, one word later.
assert torch.equal(tgt[:, 1:], label[:, :-1])
# Ten words alike to the model: log 10 for each, nothing for the padding.
nearly = torch.full((2,), 10.0).log()
assert torch.allclose(loss_of_words.flatten(), torch.cat((nearly, torch.zeros(1))))

# None of the sentences measured was trained on.
trained_on = set(sentences(data.src_vocab, src[: data.num_train]))
assert trained_on.isdisjoint(sentences(data.src_vocab, unseen[0]))

# BLEU of one wrong word in five, on paper: 4 of 5 words, 2 of 4 pairs.
on_paper = (4 / 5) ** (1 / 2) * (2 / 4) ** (1 / 4)
assert abs(d2l.bleu("dva ke deka pen .", "dva ke deka kva .", k=2) - on_paper) < 1e-9

# The promise: above 0.9 on unseen sentences.
assert len(scores) == 199
assert mean_bleu > 0.9
num_right = sum(said == meant for said, meant in zip(translations, truths, strict=True))
print(f"10.7 holds: BLEU {mean_bleu:.3f} (promised: 0.9), {num_right} of 199 without a fault")
