"""Assert what lesson 9.6 shows: the recurrent layers, a GRU step by hand, perplexity."""

assert outputs.shape == (16, 2, num_hiddens)
assert state.shape == (1, 2, num_hiddens)
assert torch.equal(outputs[-1], state[0])  # the state is the last output
assert difference < 1e-5
plain = num_hiddens * (vocab_size + num_hiddens + 2)  # two matrices, two biases
assert sizes == {"RNN": plain, "GRU": 3 * plain}

# One step of the gated unit on paper, from PyTorch's parameters: reset, update, candidate.
X, H = torch.randn(1, 1, vocab_size), torch.randn(1, 1, num_hiddens)
with torch.no_grad():
    parts = zip(
        nn.functional.linear(X, gru.rnn.weight_ih_l0, gru.rnn.bias_ih_l0).chunk(3, dim=2),
        nn.functional.linear(H, gru.rnn.weight_hh_l0, gru.rnn.bias_hh_l0).chunk(3, dim=2),
        strict=True,
    )
    (R_x, R_h), (Z_x, Z_h), (N_x, N_h) = parts
    Z = torch.sigmoid(Z_x + Z_h)
    candidate = torch.tanh(N_x + torch.sigmoid(R_x + R_h) * N_h)
    assert torch.allclose(Z * H + (1 - Z) * candidate, gru(X, H)[1], atol=1e-5)

# The promise: below 6 on text that was not trained on, counted a second way.
# The first windows behind the training's share some characters with it, so we leave them out.
rows = slice(data.num_train + data.num_steps, data.num_train + data.num_val)
unread = {}
for name, model in models.items():
    with torch.no_grad():
        logits = model(data.X[rows])
    l = nn.functional.cross_entropy(logits.flatten(0, 1), data.Y[rows].flatten())
    unread[name] = l.exp().item()
    assert unread[name] < 6
    assert abs(unread[name] / results[name] - 1) < 0.2  # the board's is a mean of batches
assert curves[1][-1].y < curves[0][-1].y  # by heart: the gated units are better at it
shown = ", ".join(f"{name} {value:.2f}" for name, value in unread.items())
print(f"9.6 holds: {shown} (promised: below 6)")
