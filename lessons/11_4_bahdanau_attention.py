# %% [markdown]
# # 11.4 The Bahdanau attention mechanism
#
# The translator of lesson 10.7 represents each sentence by one hidden state. Here you compute
# attention with queries, keys and values of your own, and then build a decoder that attends to all
# outputs of the encoder at each step. The heat map of its attention weights shows which source
# words each translated word depends on.
#
# **After this lesson you can**
#
# - compute attention weights and the attention output from queries, keys and values;
# - mask padding in the attention weights;
# - implement a decoder with additive attention, and name its queries, keys and values;
# - read a heat map of attention weights.

# %%
# %matplotlib inline
import torch
from torch import nn

from d2l import torch as d2l

d2l.use_svg_display()

# %% [markdown]
# ## Attention pooling by similarity
#
# A query is compared with all keys, which gives *scores*. A softmax turns the scores into
# *attention weights*, which are not negative and sum to 1. The output is the mean of the values
# with these weights. Here the keys are the numbers 0 to 9, the values are the squares of the keys,
# and the score of a query $q$ and a key $k$ is $-(q - k)^2 / w$ with a width $w$.

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
print("query 2.5:", [round(answer, 2) for answer in read[:, 1].tolist()])

# %% [markdown]
# With a small width the weights are concentrated on the nearest one or two keys, with a large width
# they are spread over all keys. For the query 2.5 the smallest width gives 6.5, the mean of the
# values 4 and 9.
#
# ## Masking padding
#
# Sentences of a batch are padded to the same length, and the padding must not get any attention. A
# *masked softmax* gives it the weight 0: below, the first sentence has two words, the second three.

# %%
shares = d2l.masked_softmax(torch.zeros(2, 1, 4), torch.tensor([2, 3]))
print(shares)

# %% [markdown]
# ## Additive attention
#
# Additive attention computes the score of a query and a key with a small MLP,
# $\mathbf{w}_v^\top \tanh(\mathbf{W}_q \mathbf{q} + \mathbf{W}_k \mathbf{k})$, whose parameters are
# learned. Queries and keys may have different lengths. Before training all attention weights are
# similar.

# %%
torch.manual_seed(0)
attention = d2l.AdditiveAttention(num_hiddens=8, dropout=0)
query, sentence = torch.randn(1, 1, 20), torch.randn(1, 5, 2)
answer = attention(query, sentence, sentence, torch.tensor([4]))
print("output:", tuple(answer.shape))
print("weights:", attention.attention_weights.detach())

# %% [markdown]
# ## The decoder
#
# As in 10.7, a gated recurrent layer computes one word after the other. The difference is the
# context. In 10.7 it is the encoder's last state, the same at every step. Here it is the output of
# attention: keys and values are **all** outputs of the encoder, and the query is the decoder's
# hidden state. The context differs from step to step, so a loop over the steps is needed.


# %%
class AttentiveWriter(d2l.AttentionDecoder):
    """A gated recurrent layer with attention to the source at each step."""

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
# We use the languages and the encoder of 10.7, and train for twelve epochs, half as many as there.

# %%
data = d2l.SyntheticTranslation(batch_size=64, num_train=800, num_val=199)
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
# ## The attention weights
#
# The heat maps show the attention weights for the first four sentences of full length. Each row is
# a word of the translation, each column a word of the source.

# %%
looked = torch.cat([step.cpu() for step in kept], dim=1)  # (batch, said, read)
full = [row for row, length in enumerate(unseen[2].tolist()) if length == 7][:4]
titles = [translations[row].split(" ")[0] + " …" for row in full]
d2l.show_heatmaps(looked[full][None], "source", "translation", titles=titles, figsize=(9, 3))

# %% [markdown]
# The large weights run from the upper right to the lower left: the first words of the translation
# attend to the last parts of the source. The model has learned the order of the words from the
# pairs alone. Here is one sentence, with its words at the axes:

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
# ## Check yourself
#
# **Question 1.** A query has the scores 0, 0 and $\log 2$ for three keys with the values 3, 6 and
# 12. What are the attention weights, and what is the output?
#
# <details><summary>Answer</summary>
#
# The exponentials are 1, 1, 2, so the weights are 1/4, 1/4, 1/2, and the output is
# $\frac{3}{4} + \frac{6}{4} + \frac{12}{2} = 8.25$.
#
# </details>
#
# **Question 2.** What are queries, keys and values in the decoder of this lesson?
#
# <details><summary>Answer</summary>
#
# The query is the decoder's hidden state of the step before. Keys and values are both the outputs
# of the encoder, one for each source word.
#
# </details>
#
# **Question 3.** Why is padding masked before the softmax and not after it?
#
# <details><summary>Answer</summary>
#
# If weights were set to zero after the softmax, the rest would no longer sum to 1. With a score of
# $-\infty$ before the softmax, padding gets the weight 0 and the other weights sum to 1.
#
# </details>

# %% [markdown]
# ## Exercises
#
# **Exercise 1.** Write `own_masked_softmax(scores, valid_lens)` for scores of shape (batch,
# queries, keys) and compare it with `d2l.masked_softmax`.
#
# <details><summary>Hint</summary>
#
# Compare `torch.arange(num_keys)` with the valid lengths to get a mask, and replace the masked
# scores by $-10^6$.
#
# </details>


# %% tags=["hide-cell"]
# Solution of exercise 1
def own_masked_softmax(scores, valid_lens):
    is_valid = torch.arange(scores.shape[2]) < valid_lens.reshape(-1, 1, 1)
    return torch.softmax(scores.masked_fill(~is_valid, -1e6), dim=2)


some_scores, some_lens = torch.randn(4, 3, 5), torch.tensor([1, 2, 4, 5])
own = own_masked_softmax(some_scores, some_lens)
assert torch.allclose(own, d2l.masked_softmax(some_scores, some_lens), atol=1e-6)
print(own[1])

# %% [markdown]
# **Exercise 2.** Replace the additive attention by `d2l.DotProductAttention` and train for six
# epochs. Which sizes must be equal? Compare the mean BLEU with that of additive attention after
# six epochs.
#
# <details><summary>Hint</summary>
#
# Derive a class from `AttentiveWriter` that replaces `self.attention`. The dot product needs
# queries and keys of the same length, here `num_hiddens` for both.
#
# </details>


# %% tags=["hide-cell"]
# Solution of exercise 2
class DotProductWriter(AttentiveWriter):
    def __init__(self, vocab_size, embed_size, num_hiddens):
        super().__init__(vocab_size, embed_size, num_hiddens)
        self.attention = d2l.DotProductAttention(dropout=0)


for kind in (AttentiveWriter, DotProductWriter):
    torch.manual_seed(0)
    candidate = d2l.Seq2Seq(
        d2l.Seq2SeqEncoder(len(data.src_vocab), embed_size, num_hiddens, num_layers=1),
        kind(len(data.tgt_vocab), embed_size, num_hiddens),
        tgt_pad=data.tgt_vocab["<pad>"],
        lr=0.01,
    )
    candidate.board.display = False
    d2l.Trainer(max_epochs=6, gradient_clip_val=1).fit(candidate, data)
    answers, _ = candidate.predict_step(unseen, d2l.cpu(), data.num_steps)
    pairs = zip(sentences(data.tgt_vocab, answers), truths, strict=True)
    six_epochs = sum(d2l.bleu(guess, truth, k=2) for guess, truth in pairs) / len(truths)
    print(f"{kind.__name__}: mean BLEU {six_epochs:.3f} after six epochs")
    assert 0 <= six_epochs <= 1

# %% [markdown]
# **Exercise 3.** How many parameters does attention add to the decoder of 10.7? Derive a formula
# for `num_hiddens` $= h$, then count.
#
# <details><summary>Hint</summary>
#
# $\mathbf{W}_q$ and $\mathbf{W}_k$ map $h$ numbers to $h$, $\mathbf{w}_v$ maps $h$ numbers to one;
# none of them has a bias.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 3
added = sum(parameter.numel() for parameter in decoder.attention.parameters())
total = sum(parameter.numel() for parameter in model.parameters())
assert added == 2 * num_hiddens**2 + num_hiddens
print(f"attention: {added:,} of {total:,} parameters; the other layers are those of 10.7")
