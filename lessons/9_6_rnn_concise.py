# %% [markdown]
# # 9.6 Recurrent networks, the concise way
#
# You will replace the loop of lesson 9.5 by a layer of PyTorch's, then the layer by one with
# gates, and see all of them learn the same tale. The language model around them does not change:
# it only asks for something that reads inputs and gives outputs and a state.

# %%
# %matplotlib inline
import torch
from torch import nn

from d2l import torch as d2l

d2l.use_svg_display()
data = d2l.Tale(batch_size=64, num_steps=16, num_train=3000, num_val=700)
vocab_size = len(data.vocab)

# %% [markdown]
# ## The layer
#
# `nn.RNN` runs through all steps in one call. It takes the inputs with time first, and gives all
# outputs in one tensor and the last state, with an axis in front for several levels. `d2l.RNN`
# wraps it in a module.

# %%
torch.manual_seed(0)
num_hiddens = 64
rnn = d2l.RNN(num_inputs=vocab_size, num_hiddens=num_hiddens)
inputs = torch.randn(16, 2, vocab_size)  # (num_steps, batch, num_inputs)
outputs, state = rnn(inputs)
print("outputs:", tuple(outputs.shape), " state:", tuple(state.shape))

# %% [markdown]
# It computes what the loop of 9.5 computes. PyTorch keeps the matrices transposed and has two
# biases where one would do; apart from that the parameters can be carried over.

# %%
loop = d2l.RNNScratch(vocab_size, num_hiddens)
with torch.no_grad():
    loop.W_xh.copy_(rnn.rnn.weight_ih_l0.T)
    loop.W_hh.copy_(rnn.rnn.weight_hh_l0.T)
    loop.b_h.copy_(rnn.rnn.bias_ih_l0 + rnn.rnn.bias_hh_l0)
    loop_outputs, _ = loop(inputs)
    difference = (torch.stack(loop_outputs) - outputs).abs().max().item()
print(f"largest difference {difference:.1e}")

# %% [markdown]
# ## Gates
#
# A plain state is overwritten at every step, whether there is something to note or not. The gated
# recurrent unit decides that for itself. An update gate $\mathbf{Z}$ between 0 and 1 mixes the old
# state with a candidate for the new one, and a reset gate $\mathbf{R}$ says how much of the old
# state the candidate may look at:
#
# $$\mathbf{H}_t = \mathbf{Z}_t \odot \mathbf{H}_{t-1} + (1 - \mathbf{Z}_t) \odot
# \tilde{\mathbf{H}}_t$$
#
# Where $\mathbf{Z}$ is 1, the past passes untouched, and so does its gradient. Three times the
# matrices of a plain layer: for the two gates and for the candidate.

# %%
gru = d2l.GRU(num_inputs=vocab_size, num_hiddens=num_hiddens)
sizes = {type(layer).__name__: sum(p.numel() for p in layer.parameters()) for layer in (rnn, gru)}
print(sizes)

# %% [markdown]
# ## Training
#
# `d2l.RNNLM` is the language model with an output layer of PyTorch's. Everything else is as in
# 9.5: the same windows, fifteen epochs, gradients no longer than 1. The gates squash their
# gradients, so the gated model takes longer steps.

# %%
models, results = {}, {}
for name, layer, lr in (("RNN", rnn, 1), ("GRU", gru, 3)):
    torch.manual_seed(0)
    model = d2l.RNNLM(layer, vocab_size=vocab_size, lr=lr)
    trainer = d2l.Trainer(max_epochs=15, gradient_clip_val=1)
    trainer.fit(model, data)
    models[name], results[name] = model, trainer.validate(model, data)["val_ppl"]
    print(f"{name}: validation perplexity {results[name]:.2f}")

# %%
curves = [model.board.points["train_ppl"] for model in models.values()]
d2l.plot(
    [[point.x for point in curve] for curve in curves],
    [[point.y for point in curve] for curve in curves],
    "epoch",
    "training perplexity",
    legend=list(models),
    figsize=(5, 2.5),
)

# %% [markdown]
# On the text they train on, the gated units are far ahead. On the rest of the tale the lead is
# small: they have learned three thousand characters by heart. More text, not more network, is what
# is missing here.
#
# Both speak in whole words now.

# %%
for name, model in models.items():
    print(f"{name}: {model.predict('the wind ', 50, data.vocab)}")

# %% [markdown]
# ## Try it yourself
#
# 1. Give the GRU two levels (`num_layers=2`). What is the shape of the state now?
# 2. Write a layer of your own around `nn.LSTM`, whose state is a pair. Does `predict` mind?
# 3. After which epoch does the validation perplexity of the GRU stop falling?

# %% [markdown]
# ## Check

# %%
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
