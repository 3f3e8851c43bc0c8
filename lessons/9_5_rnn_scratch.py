# %% [markdown]
# # 9.5 A recurrent network from scratch
#
# You will teach a network of bare matrices to go on with a story, one character after the other.
# It reads four fifths of a short tale and is then measured on the rest, where it must guess better
# than a table of all pairs of letters can. You will see what a hidden state is, and why its
# gradients have to be clipped.

# %%
# %matplotlib inline
import torch
from torch import nn

from d2l import torch as d2l

d2l.use_svg_display()

# %% [markdown]
# ## The text
#
# `d2l.Tale` is a tale of some 3,800 characters that came with the library. Like
# `d2l.TimeMachine`, it cuts the text into windows: `X` holds `num_steps` characters, `Y` the same
# ones shifted by one, so that each character of `Y` is the answer to "what comes next?".

# %%
data = d2l.Tale(batch_size=64, num_steps=16, num_train=3000, num_val=700)
print("X:", "".join(data.vocab.to_tokens(data.X[0])))
print("Y:", "".join(data.vocab.to_tokens(data.Y[0])))
print(f"{len(data.X)} windows, {len(data.vocab)} different characters")

# %% [markdown]
# ## How good is a guess?
#
# **Perplexity** is the exponential of the mean cross-entropy. It counts between how many equally
# likely characters a model still hesitates: 1 for a prophet, the size of the vocabulary for
# somebody who knows nothing. Before we build a network, three rivals that only count:
#
# * the ignorant one, for whom all characters are alike;
# * one who knows how often each character occurs;
# * one who looks at **one** character before, with a table of how often each follows each.

# All of them are measured on text that was not used for counting.

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
    """Of the probabilities that were given to what really came."""
    return torch.exp(-torch.log(probabilities).mean()).item()


pairs_perplexity = perplexity(by_pair[X_val, Y_val])
print(f"knows nothing {vocab_size}")
print(f"knows the letters {perplexity(by_letter[Y_val]):.2f}")
print(f"knows the pairs {pairs_perplexity:.2f}")

# %% [markdown]
# ## The network
#
# A recurrent layer carries a **hidden state** from character to character. At each step the new
# state comes from the new input and the old state:
#
# $$\mathbf{H}_t = \tanh(\mathbf{X}_t \mathbf{W}_{xh} + \mathbf{H}_{t-1} \mathbf{W}_{hh} +
# \mathbf{b}_h)$$
#
# The same three parameters serve every step; whatever the network remembers must be in
# $\mathbf{H}$. Time is the first axis, so that a loop over the inputs is a loop over time.


# %%
class RecurrentLayer(d2l.Module):
    """The whole idea in one loop."""

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
# `d2l.RNNLMScratch` puts the two ends on it. In front, each character becomes a row of zeros with
# a single one; behind, a matrix turns each hidden state into a score for each character.

# %%
torch.manual_seed(0)
num_hiddens = 32
rnn = RecurrentLayer(vocab_size, num_hiddens)
model = d2l.RNNLMScratch(rnn, vocab_size=vocab_size, lr=1)
one_hot = model.one_hot(data.X[:2])
outputs, state = rnn(one_hot)
print("one-hot, time first:", tuple(one_hot.shape))
print(len(outputs), "outputs, each", tuple(outputs[0].shape))
print("scores:", tuple(model(data.X[:2]).shape))
before = model.predict("the wind ", 20, data.vocab)
print("before training:", repr(before))

# %% [markdown]
# ## Clipping
#
# The gradient flows back through sixteen steps and is multiplied by $\mathbf{W}_{hh}$ in each of
# them. Now and then the product explodes, and a single step would throw the model far off. So the
# trainer shortens each gradient $\mathbf{g}$ that is longer than $\theta$, without turning it:
#
# $$\mathbf{g} \leftarrow \min\left(1, \frac{\theta}{\lVert\mathbf{g}\rVert}\right) \mathbf{g}$$
#
# Here with a gradient of our own making, of length 5, and $\theta = 1$.

# %%
arrow = nn.Linear(2, 1, bias=False)
arrow.weight.grad = torch.tensor([[3.0, 4.0]])
d2l.Trainer(max_epochs=1).clip_gradients(1, arrow)
print(arrow.weight.grad)

# %% [markdown]
# ## Training
#
# Fifteen epochs with a learning rate of 1, which only clipping makes possible. The board shows
# perplexities.

# %%
trainer = d2l.Trainer(max_epochs=15, gradient_clip_val=1)
trainer.fit(model, data)
result = trainer.validate(model, data)
print(f"validation perplexity {result['val_ppl']:.2f}, pairs {pairs_perplexity:.2f}")

# %% [markdown]
# Training perplexity is lower still: three thousand characters are quickly learned by heart. But
# the state has learned something about the rest of the tale as well, which a table of pairs does
# not know: which **word** it is in.
#
# ## Going on
#
# To predict, the network reads the beginning, and then eats its own answers.

# %%
for prefix in ("the wind ", "one boat ", "ada said "):
    print(model.predict(prefix, 40, data.vocab))

# %% [markdown]
# ## Try it yourself
#
# 1. Train without clipping (`gradient_clip_val=0`) and a learning rate of 5. What does the board
#    show?
# 2. Set `num_steps=2`. How near to the table of pairs does the network come, and why?
# 3. Instead of the likeliest character, draw one with `torch.multinomial`. Does the tale become
#    better, or only more surprising?

# %% [markdown]
# ## Check

# %%
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
