# %% [markdown]
# # 9.5 Recurrent neural networks from scratch
#
# You implement a recurrent neural network (RNN) as a character-level language model and train it on
# four fifths of a short story. On the rest of the story its perplexity is lower than that of a
# table of all pairs of characters.
#
# **After this lesson you can**
#
# - implement the forward propagation of an RNN and explain what its hidden state contains;
# - compute the perplexity of a language model, and interpret its value;
# - explain why gradients explode in an RNN, and clip them;
# - generate text from a prefix with a trained language model.

# %%
# %matplotlib inline
import torch
from torch import nn

from d2l import torch as d2l

d2l.use_svg_display()

# %% [markdown]
# ## The text
#
# `d2l.TinyStory` is a story of some 3,800 characters that comes with the library. Like
# `d2l.TimeMachine`, it divides the text into windows: `X` holds `num_steps` characters, `Y` the
# same characters shifted by one, so that each character of `Y` is the target, the next character.

# %%
data = d2l.TinyStory(batch_size=64, num_steps=16, num_train=3000, num_val=700)
print("X:", "".join(data.vocab.to_tokens(data.X[0])))
print("Y:", "".join(data.vocab.to_tokens(data.Y[0])))
print(f"{len(data.X)} windows, {len(data.vocab)} different characters")

# %% [markdown]
# ## Perplexity and baselines
#
# **Perplexity** is the exponential of the mean cross-entropy. A model with perplexity $k$ is as
# uncertain as one that chooses between $k$ equally likely characters. A perfect model, which gives
# probability 1 to the right character, has perplexity 1; the uniform distribution has the size of
# the vocabulary. Before we build a network we measure three baselines that only count:
#
# * the uniform distribution over all characters;
# * the frequency of each character (unigrams);
# * the frequency of each character after the **one** before it (bigrams).
#
# All of them are evaluated on text that was not used for counting.

# %%
num_train, vocab_size = data.num_train, len(data.vocab)
read = torch.cat((data.X[0], data.Y[:num_train, -1]))  # what the training windows cover
unread = slice(num_train + data.num_steps, num_train + data.num_val)  # begins behind that
X_val, Y_val = data.X[unread], data.Y[unread]

counts = torch.bincount(read, minlength=vocab_size) + 0.1
follows = torch.full((vocab_size, vocab_size), 0.1)
follows.index_put_((read[:-1], read[1:]), torch.ones(()), accumulate=True)
by_letter = counts / counts.sum()
by_pair = follows / follows.sum(1, keepdim=True)


def perplexity(probabilities):
    """Return the perplexity, given the probabilities of the characters that really came."""
    return torch.exp(-torch.log(probabilities).mean()).item()


pairs_perplexity = perplexity(by_pair[X_val, Y_val])
print(f"uniform  {vocab_size}")
print(f"unigrams {perplexity(by_letter[Y_val]):.2f}")
print(f"bigrams  {pairs_perplexity:.2f}")

# %% [markdown]
# ## The model
#
# A recurrent layer passes a **hidden state** from time step to time step. At each step the new
# hidden state is computed from the current input and the previous hidden state:
#
# $$\mathbf{H}_t = \tanh(\mathbf{X}_t \mathbf{W}_{xh} + \mathbf{H}_{t-1} \mathbf{W}_{hh} +
# \mathbf{b}_h)$$
#
# The same three parameters are used at every step. All information about the characters read so far
# has to be in the hidden state $\mathbf{H}$. Time is the first axis, so that a loop over the inputs
# is a loop over the time steps.


# %%
class RecurrentLayer(d2l.Module):
    """A recurrent layer: a loop over the time steps."""

    def __init__(self, num_inputs, num_hiddens, sigma=0.01):
        super().__init__()
        self.save_hyperparameters()
        self.W_xh = nn.Parameter(torch.randn(num_inputs, num_hiddens) * sigma)
        self.W_hh = nn.Parameter(torch.randn(num_hiddens, num_hiddens) * sigma)
        self.b_h = nn.Parameter(torch.zeros(num_hiddens))

    def forward(self, inputs, state=None):
        H = torch.zeros(inputs.shape[1], self.num_hiddens) if state is None else state
        outputs = []
        for X in inputs:  # (batch, num_inputs)
            H = torch.tanh(X @ self.W_xh + H @ self.W_hh + self.b_h)
            outputs.append(H)
        return outputs, H


# %% [markdown]
# `d2l.RNNLMScratch` adds an input and an output layer: each character is one-hot encoded, and an
# output layer computes a logit for each character from each hidden state.

# %%
torch.manual_seed(0)
num_hiddens = 32
rnn = RecurrentLayer(vocab_size, num_hiddens)
model = d2l.RNNLMScratch(rnn, vocab_size=vocab_size, lr=1)
one_hot = model.one_hot(data.X[:2])
outputs, state = rnn(one_hot)
print("one-hot, time first:", tuple(one_hot.shape))
print(len(outputs), "outputs, each", tuple(outputs[0].shape))
print("logits:", tuple(model(data.X[:2]).shape))
before = model.predict("the wind ", 20, data.vocab)
print("before training:", repr(before))

# %% [markdown]
# ## Gradient clipping
#
# The gradient flows back through sixteen time steps and is multiplied by $\mathbf{W}_{hh}^\top$ in
# each of them. If this makes it grow at each step, the gradient *explodes*, and one update can
# destroy what the model has learned; if it shrinks, the gradient *vanishes*. The plot shows the
# norm of a gradient that is multiplied by a random matrix at each step, for three scales of the
# matrix.

# %%
with torch.random.fork_rng():
    torch.manual_seed(0)
    matrix, start = torch.randn(32, 32) / 32**0.5, torch.randn(32)
growth = []
for scale in (0.7, 1.0, 1.4):
    gradient, norms = start, []
    for _ in range(16):
        norms.append(gradient.norm().item())
        gradient = scale * matrix.T @ gradient
    growth.append(norms)
d2l.plot(
    list(range(16)),
    growth,
    "steps back in time",
    "norm of the gradient",
    legend=["scale 0.7: vanishes", "scale 1.0", "scale 1.4: explodes"],
    yscale="log",
    figsize=(5, 2.5),
)

# %% [markdown]
# Gradient clipping limits the norm: a gradient $\mathbf{g}$ longer than $\theta$ is scaled to the
# length $\theta$ and keeps its direction.
#
# $$\mathbf{g} \leftarrow \min\left(1, \frac{\theta}{\lVert\mathbf{g}\rVert}\right) \mathbf{g}$$
#
# Here is an example with a gradient of length 5 and $\theta = 1$.

# %%
arrow = nn.Linear(2, 1, bias=False)
arrow.weight.grad = torch.tensor([[3.0, 4.0]])
d2l.Trainer(max_epochs=1).clip_gradients(1, arrow)
print(arrow.weight.grad)

# %% [markdown]
# ## Training
#
# We train for fifteen epochs with a learning rate of 1 and gradients clipped to norm 1. At this
# learning rate few gradients are longer than 1; at a larger one, training without clipping diverges
# (exercise 1). The board shows perplexities.

# %%
trainer = d2l.Trainer(max_epochs=15, gradient_clip_val=1)
trainer.fit(model, data)
result = trainer.validate(model, data)
print(f"validation perplexity {result['val_ppl']:.2f}, bigrams {pairs_perplexity:.2f}")

# %% [markdown]
# The training perplexity is lower than the validation perplexity: the model overfits, since three
# thousand characters are few. On the rest of the story it is still better than the bigrams, because
# its hidden state contains more than the last character, for instance which **word** is being
# written.
#
# ## Prediction
#
# To generate text, the network first reads the prefix (the *warm-up*). Then each predicted
# character is the input of the next step.

# %%
for prefix in ("the wind ", "one boat ", "ada said "):
    print(model.predict(prefix, 40, data.vocab))

# %% [markdown]
# ## Check yourself
#
# **Question 1.** A model gives probability 1/4 to each right character of a text. What is its
# cross-entropy, and what is its perplexity?
#
# <details><summary>Answer</summary>
#
# The cross-entropy is $-\log \frac{1}{4} = \log 4 = 1.39$, the perplexity $e^{\log 4} = 4$.
#
# </details>
#
# **Question 2.** Which parameters does the recurrent layer have for 28 characters and 32 hidden
# units, and how does their number depend on the number of time steps?
#
# <details><summary>Answer</summary>
#
# $\mathbf{W}_{xh}$ with $28 \cdot 32$, $\mathbf{W}_{hh}$ with $32 \cdot 32$, $\mathbf{b}_h$ with 32
# numbers, together 1,952. It does not depend on the number of time steps, since all of them share
# the parameters.
#
# </details>
#
# **Question 3.** A gradient has norm 12, and it is clipped to $\theta = 3$. What happens to its
# direction, and to a gradient of norm 2?
#
# <details><summary>Answer</summary>
#
# It is multiplied by $3 / 12$ and keeps its direction. The gradient of norm 2 is not changed.
#
# </details>

# %% [markdown]
# ## Exercises
#
# **Exercise 1.** Train with a learning rate of 5 for three epochs, with `gradient_clip_val=1` and
# without clipping (0). Compare the training perplexities.
#
# <details><summary>Hint</summary>
#
# `model.board.points["train_ppl"]` has the points of the curve.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 1
last_perplexities = {}
for clip in (1, 0):
    torch.manual_seed(0)
    candidate = d2l.RNNLMScratch(d2l.RNNScratch(vocab_size, 32), vocab_size=vocab_size, lr=5)
    candidate.board.display = False
    d2l.Trainer(max_epochs=3, gradient_clip_val=clip).fit(candidate, data)
    last_perplexities[clip] = candidate.board.points["train_ppl"][-1].y
    print(f"clipped to {clip or 'nothing'}: training perplexity {last_perplexities[clip]:.1f}")
assert not last_perplexities[0] < last_perplexities[1]  # it may be nan
print("At this learning rate training without clipping diverges; with it the loss falls again.")

# %% [markdown]
# **Exercise 2.** Train on windows of two characters (`num_steps=2`), for five epochs. How close
# does the validation perplexity come to that of the bigrams, and why?
#
# <details><summary>Hint</summary>
#
# Make `d2l.TinyStory` with `num_steps=2` and the other arguments as above. How many characters can
# the hidden state have read when it predicts?
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 2
torch.manual_seed(0)
short = d2l.TinyStory(batch_size=64, num_steps=2, num_train=3000, num_val=700)
candidate = d2l.RNNLMScratch(d2l.RNNScratch(vocab_size, 32), vocab_size=vocab_size, lr=1)
candidate.board.display = False
short_trainer = d2l.Trainer(max_epochs=5, gradient_clip_val=1)
short_trainer.fit(candidate, short)
short_perplexity = short_trainer.validate(candidate, short)["val_ppl"]
print(f"two steps: {short_perplexity:.2f}, bigrams {pairs_perplexity:.2f}")
print("The state has read one or two characters, so it knows little more than the bigrams.")

# %% [markdown]
# **Exercise 3.** Write `sample(prefix, num_chars, temperature)`, which draws each character from
# $\mathrm{softmax}(\mathbf{o} / T)$ with `torch.multinomial` instead of taking the most likely
# one. Compare the texts for $T = 0.3$ and $T = 1$.
#
# <details><summary>Hint</summary>
#
# `model(X)` returns logits of shape (batch, steps, vocabulary) for token indices `X`. Pass the
# whole text at each step and use the last logits; `data.vocab[list_of_characters]` gives the
# indices.
#
# </details>


# %% tags=["hide-cell"]
# Solution of exercise 3
def sample(prefix, num_chars, temperature):
    indices = list(data.vocab[list(prefix)])
    for _ in range(num_chars):
        with torch.no_grad():
            logits = model(torch.tensor([indices]))[0, -1]
        probabilities = torch.softmax(logits / temperature, dim=0)
        indices.append(torch.multinomial(probabilities, 1).item())
    return "".join(data.vocab.to_tokens(indices))


torch.manual_seed(0)
for temperature in (0.3, 1.0):
    text = sample("the wind ", 50, temperature)
    assert text.startswith("the wind ")
    assert len(text) == 9 + 50
    print(f"T = {temperature}: {text}")
print("A low temperature repeats frequent words; a high one makes more words that do not exist.")
