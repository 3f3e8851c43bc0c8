# %% [markdown]
# # 11.4 A decoder that looks back
#
# The translator of lesson 10.7 squeezes each sentence into one state. You will first take attention
# apart, with queries and keys of your own, and then build a decoder that looks back at the sentence
# before each word it says. Its heat map shows which words it looked at, and you will check that it
# has found out by itself in which order to read.

# %%
# %matplotlib inline
import torch
from torch import nn

from d2l import torch as d2l

d2l.use_svg_display()

# %% [markdown]
# ## Reading by similarity
#
# A query is compared with keys; the scores become shares of one by a softmax; what is read is the
# mean of the values, with these shares as weights. Here the keys are the numbers 0 to 9, the score
# of a query $q$ for a key $k$ is $-(q - k)^2 / w$, and the values are the squares of the keys: a
# table of squares that can be asked for numbers between its rows.

# %%
keys = torch.arange(10.0)
values = keys**2
queries = torch.arange(2, 8, 0.5)
difference = queries.reshape(-1, 1) - keys
widths = (0.5, 2.0, 20.0)
weights = torch.stack([torch.softmax(-(difference**2) / width, dim=1) for width in widths])
titles = [f"width {width}" for width in widths]
d2l.show_heatmaps(weights[None], "keys", "queries", titles=titles, figsize=(7, 2.5))
read = weights @ values
print("asked for 2.5:", [round(answer, 2) for answer in read[:, 1].tolist()])

# %% [markdown]
# Narrow weights read the nearest row or two, wide ones the mean of all. Between 2 and 3 the
# narrowest answers 6.5, halfway between 4 and 9.
#
# ## Looking at nothing that is not there
#
# Sentences of a batch are filled up with padding, which must not be looked at. A masked softmax
# gives it no share: below, the first sentence has two words, the second three.

# %%
shares = d2l.masked_softmax(torch.zeros(2, 1, 4), torch.tensor([2, 3]))
print(shares)

# %% [markdown]
# ## Scores that are learned
#
# Additive attention scores a query against a key by a small perceptron,
# $\mathbf{w}_v^\top \tanh(\mathbf{W}_q \mathbf{q} + \mathbf{W}_k \mathbf{k})$, so that the two may
# be of different length. Before training it is nearly indifferent.

# %%
torch.manual_seed(0)
attention = d2l.AdditiveAttention(num_hiddens=8, dropout=0)
query, sentence = torch.randn(1, 1, 20), torch.randn(1, 5, 2)
answer = attention(query, sentence, sentence, torch.tensor([4]))
print("read:", tuple(answer.shape))
print("weights:", attention.attention_weights.detach())

# %% [markdown]
# ## The decoder
#
# As in 10.7, a gated recurrent layer writes word after word. What is new is the context: instead of
# the encoder's last state, always the same, it is what attention reads from **all** outputs of the
# encoder, with the decoder's own state as the query. It is another one at each step, so a loop over
# the steps is needed.


# %%
class AttentiveWriter(d2l.AttentionDecoder):
    """A gated recurrent layer that asks the source before each word."""

    def __init__(self, vocab_size, embed_size, num_hiddens):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_size)
        self.attention = d2l.AdditiveAttention(num_hiddens, dropout=0)
        self.rnn = d2l.GRU(embed_size + num_hiddens, num_hiddens)
        self.dense = nn.LazyLinear(vocab_size)
        self.apply(d2l.init_seq2seq)

    def init_state(self, enc_all_outputs, enc_valid_lens):
        enc_outputs, hidden = enc_all_outputs
        return enc_outputs.swapaxes(0, 1), hidden, enc_valid_lens

    def forward(self, X, state):
        enc_outputs, hidden, enc_valid_lens = state
        outputs, self.steps = [], []
        for word in self.embedding(X).swapaxes(0, 1):  # (batch, embed_size)
            query = hidden[-1].unsqueeze(1)  # (batch, 1, num_hiddens)
            context = self.attention(query, enc_outputs, enc_outputs, enc_valid_lens)
            step = torch.cat((context.squeeze(1), word), dim=1)
            output, hidden = self.rnn(step.unsqueeze(0), hidden)
            outputs.append(output)
            self.steps.append(self.attention.attention_weights)
        scores = self.dense(torch.cat(outputs)).swapaxes(0, 1)
        return scores, (enc_outputs, hidden, enc_valid_lens)

    @property
    def attention_weights(self):
        return torch.cat(self.steps, dim=1)  # (batch, num_steps, source words)


# %% [markdown]
# ## Training
#
# The languages of 10.7, the same encoder. Twelve epochs, half as many as there.

# %%
data = d2l.InventedPairs(batch_size=64, num_train=800, num_val=199)
torch.manual_seed(0)
embed_size, num_hiddens = 32, 64
encoder = d2l.Seq2SeqEncoder(len(data.src_vocab), embed_size, num_hiddens, num_layers=1)
decoder = AttentiveWriter(len(data.tgt_vocab), embed_size, num_hiddens)
model = d2l.Seq2Seq(encoder, decoder, tgt_pad=data.tgt_vocab["<pad>"], lr=0.01)
trainer = d2l.Trainer(max_epochs=12, gradient_clip_val=1)
trainer.fit(model, data)


# %%
def sentences(vocab, rows):
    """The words of each row, up to the end of its sentence."""
    for row in rows:
        yield " ".join(vocab.to_tokens(row)).partition(" <eos>")[0]


unseen = [part[data.num_train :] for part in data.arrays]
tokens, kept = model.predict_step(unseen, d2l.cpu(), data.num_steps, True)
translations = list(sentences(data.tgt_vocab, tokens))
truths = list(sentences(data.tgt_vocab, unseen[3]))
bleus = [d2l.bleu(said, meant, k=2) for said, meant in zip(translations, truths, strict=True)]
mean_bleu = sum(bleus) / len(bleus)
print(f"{len(bleus)} unseen sentences: mean BLEU {mean_bleu:.3f}")

# %% [markdown]
# ## Where it looked
#
# The first four sentences of full length. Each row is a word that is said, each column a word that
# was read.

# %%
looked = torch.cat([step.cpu() for step in kept], dim=1)  # (batch, said, read)
full = [row for row, length in enumerate(unseen[2].tolist()) if length == 7][:4]
titles = [translations[row].split(" ")[0] + " …" for row in full]
d2l.show_heatmaps(looked[full][None], "read", "said", titles=titles, figsize=(9, 3))

# %% [markdown]
# The dark cells climb from the lower left to the upper right: the last parts of the source are said
# first. Nobody told the model about order. For one sentence, with the words beside it:

# %%
row = full[0]
length = int(unseen[2][row])
source = data.src_vocab.to_tokens(unseen[0][row])[:length]
said = [*translations[row].split(" "), "<eos>"]
d2l.set_figsize((4, 4))
d2l.plt.imshow(looked[row, : len(said), :length], cmap="Reds")
d2l.plt.xticks(range(length), source, rotation=45)
d2l.plt.yticks(range(len(said)), said)
bar = d2l.plt.colorbar(shrink=0.6)

# %% [markdown]
# ## Try it yourself
#
# 1. Replace the additive attention by `d2l.DotProductAttention`. What must be true of the sizes?
# 2. Reverse the sources (`src.flip(1)`) before training. What happens to the picture?
# 3. Count the parameters of this model and of that of 10.7. Which has more, and where?

# %% [markdown]
# ## Check

# %%
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
