"""Assert what lesson 9.5 shows: the recurrent layer, clipping, perplexity."""

# Our layer is the library's: the same numbers from the same parameters.
twin = d2l.RNNScratch(vocab_size, num_hiddens)
twin.load_state_dict(rnn.state_dict())
with torch.no_grad():
    ours, theirs = rnn(one_hot)[1], twin(one_hot)[1]
assert torch.allclose(ours, theirs, atol=1e-6)
assert len(outputs) == data.num_steps
assert outputs[0].shape == state.shape == (2, num_hiddens)
# 3, 4 has length 5; clipped to 1, it keeps its direction.
assert torch.allclose(arrow.weight.grad, torch.tensor([[0.6, 0.8]]))


def measure(X, Y):
    """The model's perplexity on windows, from the probabilities it gave."""
    with torch.no_grad():
        given = torch.softmax(model(X), dim=2)
    return perplexity(given.gather(2, Y.unsqueeze(2)))


# The board has the perplexity of all windows together, whatever batches they came in.
windows = zip(*data.val_dataloader(), strict=True)
assert abs(measure(*map(torch.cat, windows)) / result["val_ppl"] - 1) < 1e-3
by_hand = measure(X_val, Y_val)

# The promise: below 6, and better than the table of pairs.
assert by_hand < 6 < pairs_perplexity < perplexity(by_letter[Y_val]) < vocab_size
continued = model.predict("the wind ", 40, data.vocab)
assert continued.startswith("the wind ")
assert len(continued) == 49
print(f"9.5 holds: perplexity {by_hand:.2f} on text it never read (promised: below 6)")
