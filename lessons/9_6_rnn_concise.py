# %% [markdown]
# # 9.6 Concise implementation of recurrent neural networks
#
# You replace the loop of lesson 9.5 by PyTorch's recurrent layer, then by a gated recurrent unit
# (GRU), and compare the two on the same story. The language model around them does not change.
#
# **After this lesson you can**
#
# - use PyTorch's recurrent layers, and give the shapes of their outputs and states;
# - show that `nn.RNN` computes the same as a loop over the time steps;
# - explain what the update gate and the reset gate of a GRU do;
# - recognize overfitting of a language model by its perplexities.

# %%
# %matplotlib inline
import torch
from torch import nn

from d2l import torch as d2l

d2l.use_svg_display()
data = d2l.TinyStory(batch_size=64, num_steps=16, num_train=3000, num_val=700)
vocab_size = len(data.vocab)

# %% [markdown]
# ## The layer
#
# `nn.RNN` computes all time steps in one call. It takes the inputs with time as the first axis, and
# returns the outputs of all steps in one tensor, and the last hidden state with an additional first
# axis for the layers. `d2l.RNN` wraps it in a module.

# %%
torch.manual_seed(0)
num_hiddens = 64
rnn = d2l.RNN(num_inputs=vocab_size, num_hiddens=num_hiddens)
inputs = torch.randn(16, 2, vocab_size)  # (num_steps, batch, num_inputs)
outputs, state = rnn(inputs)
print("outputs:", tuple(outputs.shape), " state:", tuple(state.shape))

# %% [markdown]
# It computes the same as the loop of 9.5. PyTorch stores the matrices transposed and has two biases
# where one is enough; apart from that we can copy the parameters.

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
# A plain RNN overwrites its hidden state at every step. A gated recurrent unit learns how much to
# overwrite. The update gate $\mathbf{Z}$, between 0 and 1, mixes the old hidden state with a
# candidate for the new one, and the reset gate $\mathbf{R}$ decides how much of the old state
# enters the candidate:
#
# $$\mathbf{H}_t = \mathbf{Z}_t \odot \mathbf{H}_{t-1} + (1 - \mathbf{Z}_t) \odot
# \tilde{\mathbf{H}}_t$$
#
# Where $\mathbf{Z}$ is 1, the old state is kept unchanged, and the gradient flows back unchanged. A
# GRU has three times the parameters of a plain layer: for the two gates and for the candidate.

# %%
gru = d2l.GRU(num_inputs=vocab_size, num_hiddens=num_hiddens)
sizes = {type(layer).__name__: sum(p.numel() for p in layer.parameters()) for layer in (rnn, gru)}
print(sizes)

# %% [markdown]
# ## Training
#
# `d2l.RNNLM` is the language model with PyTorch's output layer. Everything else is as in 9.5: the
# same windows, fifteen epochs, gradients clipped to norm 1. The derivatives of the gates are at
# most 1/4 and make the gradients smaller, so the GRU is trained with a larger learning rate.

# %%
models, results = {}, {}
for name, layer, lr in (("RNN", rnn, 1), ("GRU", gru, 3)):
    torch.manual_seed(0)
    model = d2l.RNNLM(layer, vocab_size=vocab_size, lr=lr)
    trainer = d2l.Trainer(max_epochs=15, gradient_clip_val=1)
    trainer.fit(model, data)
    models[name], results[name] = model, trainer.validate(model, data)["val_ppl"]
    print(f"{name}: validation perplexity {results[name]:.2f}")

# %% [markdown]
# The training perplexities of the two models:

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
# On the training text the GRU has a much lower perplexity than the RNN. On the validation text the
# difference is small: the GRU overfits. With three thousand characters of training text, more text
# would help more than a larger network.
#
# Both models generate text that consists mostly of whole words.

# %%
for name, model in models.items():
    print(f"{name}: {model.predict('the wind ', 50, data.vocab)}")

# %% [markdown]
# ## Check yourself
#
# **Question 1.** The inputs of a GRU with 2 layers and 64 hidden units have the shape $(16, 8,
# 28)$. Which shapes have its outputs and its state?
#
# <details><summary>Answer</summary>
#
# 16 time steps, a batch of 8, 28 inputs: the outputs have the shape $(16, 8, 64)$ (of the last
# layer only), the state $(2, 8, 64)$.
#
# </details>
#
# **Question 2.** In the equation of the GRU let $\mathbf{Z}_t = 1$ for ten steps. What is
# $\mathbf{H}_{t+10}$, and which gradient arrives from it at $\mathbf{H}_t$ directly?
#
# <details><summary>Answer</summary>
#
# $\mathbf{H}_{t+10} = \mathbf{H}_t$: the state is kept. The direct path multiplies the gradient by
# 1 in each step, so it neither vanishes nor explodes.
#
# </details>
#
# **Question 3.** Model A has a training perplexity of 1.5 and a validation perplexity of 5.5;
# model B has 4.5 and 5.4. Which one overfits, and which one do you choose?
#
# <details><summary>Answer</summary>
#
# A overfits: the difference between training and validation is large. Choose B: on new text it is
# at least as good, and its training perplexity is a better estimate of its perplexity on new text.
#
# </details>

# %% [markdown]
# ## Exercises
#
# **Exercise 1.** Give the GRU two layers (`num_layers=2`). What is the shape of the state, and
# how many parameters does the second layer add?
#
# <details><summary>Hint</summary>
#
# The inputs of the second layer are the 64 outputs of the first. Each of the three parts has two
# matrices and two biases.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 1
two_layers = d2l.GRU(num_inputs=vocab_size, num_hiddens=num_hiddens, num_layers=2)
_, deep_state = two_layers(inputs)
assert deep_state.shape == (2, 2, num_hiddens)
added = sum(p.numel() for p in two_layers.parameters()) - sizes["GRU"]
assert added == 3 * (2 * num_hiddens * num_hiddens + 2 * num_hiddens)
print("state:", tuple(deep_state.shape), f"- the second layer adds {added:,} parameters")

# %% [markdown]
# **Exercise 2.** Write a layer around `nn.LSTM`, whose state is a pair (hidden state, memory
# cell), train an `RNNLM` with it for three epochs, and let it predict.
#
# <details><summary>Hint</summary>
#
# A `d2l.Module` with `forward(self, inputs, state=None)` that returns outputs and state. The
# language model only passes the state on, so it may be a pair. It reads the attribute
# `num_hiddens`.
#
# </details>


# %% tags=["hide-cell"]
# Solution of exercise 2
class OwnLSTM(d2l.Module):
    def __init__(self, num_inputs, num_hiddens):
        super().__init__()
        self.save_hyperparameters()
        self.rnn = nn.LSTM(num_inputs, num_hiddens)

    def forward(self, inputs, state=None):
        return self.rnn(inputs, state)


torch.manual_seed(0)
lstm_model = d2l.RNNLM(OwnLSTM(vocab_size, num_hiddens), vocab_size=vocab_size, lr=3)
lstm_model.board.display = False
d2l.Trainer(max_epochs=3, gradient_clip_val=1).fit(lstm_model, data)
lstm_curve = [point.y for point in lstm_model.board.points["train_ppl"]]
print(f"training perplexity {lstm_curve[0]:.1f} → {lstm_curve[-1]:.1f}")
print(lstm_model.predict("the wind ", 20, data.vocab))
assert lstm_curve[-1] < lstm_curve[0]

# %% [markdown]
# **Exercise 3.** After which epoch does the validation perplexity of the GRU stop falling? What
# would *early stopping* do?
#
# <details><summary>Hint</summary>
#
# `model.board.points["val_ppl"]` has one point for each epoch.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 3
val_curve = [point.y for point in models["GRU"].board.points["val_ppl"]]
best_epoch = min(range(len(val_curve)), key=val_curve.__getitem__) + 1
print("validation perplexity:", [round(value, 2) for value in val_curve])
print(f"lowest in epoch {best_epoch} of {len(val_curve)}")
print("Early stopping ends the training there, although the training perplexity still falls.")
assert min(val_curve) <= val_curve[-1]
