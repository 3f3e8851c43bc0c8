# %% [markdown]
# # 11.7 A transformer that translates
#
# You will put a transformer together, train it on the two invented languages of lesson 10.7, and
# then read in its attention weights what it looks at for each word it says. There is no recurrence
# in it: all words of a sentence are computed at once, and attention is all that joins them.

# %%
# %matplotlib inline
import math

import torch
from torch import nn

from d2l import torch as d2l

d2l.use_svg_display()
data = d2l.InventedPairs(batch_size=64, num_train=800, num_val=199)

# %% [markdown]
# ## The encoder
#
# Each block of `d2l.TransformerEncoder` does two things: every word looks at all words
# (self-attention), then a small perceptron works on each word alone. Around both there is a
# residual and a normalisation. Attention itself does not know in which order the words stand, so
# waves of many lengths are added, from which positions can be read.

# %%
num_hiddens, ffn_num_hiddens, num_heads, num_blks, dropout = 32, 64, 4, 1, 0.0
sizes = (num_hiddens, ffn_num_hiddens, num_heads)
positions = d2l.PositionalEncoding(num_hiddens, dropout=0).P[0, :60]
d2l.plot(
    torch.arange(60),
    positions[:, 4:8].T,
    "position",
    legend=[f"column {column}" for column in range(4, 8)],
    figsize=(6, 2.5),
)

# %% [markdown]
# ## The decoder
#
# A block of the decoder does three things: its words look at the words **said so far**, then at the
# encoder's words, then comes the perceptron.
#
# In training all words of the target are there at once, so a word has to be kept from looking
# ahead: the word at place $t$ may look at $t$ words, which is what `dec_valid_lens` says. In
# prediction the words come one by one, and the block keeps the earlier ones.


# %%
class DecoderBlock(nn.Module):
    """Masked self-attention, attention to the source, a perceptron."""

    def __init__(self, num_hiddens, ffn_num_hiddens, num_heads, dropout):
        super().__init__()
        self.attention1 = d2l.MultiHeadAttention(num_hiddens, num_heads, dropout)
        self.addnorm1 = d2l.AddNorm(num_hiddens, dropout)
        self.attention2 = d2l.MultiHeadAttention(num_hiddens, num_heads, dropout)
        self.addnorm2 = d2l.AddNorm(num_hiddens, dropout)
        self.ffn = d2l.PositionWiseFFN(ffn_num_hiddens, num_hiddens)
        self.addnorm3 = d2l.AddNorm(num_hiddens, dropout)

    def forward(self, X, said, enc_outputs, enc_valid_lens):
        words = torch.cat((said, X), dim=1)
        batch_size, num_steps, _ = X.shape
        steps = torch.arange(1, num_steps + 1, device=X.device)
        dec_valid_lens = (said.shape[1] + steps).repeat(batch_size, 1)
        Y = self.addnorm1(X, self.attention1(X, words, words, dec_valid_lens))
        Z = self.addnorm2(Y, self.attention2(Y, enc_outputs, enc_outputs, enc_valid_lens))
        return self.addnorm3(Z, self.ffn(Z)), words


# %% [markdown]
# The decoder puts an embedding in front and the scores of the words behind. Its state is what the
# encoder gave, and for each block the words so far.


# %%
class TransformerDecoder(d2l.AttentionDecoder):
    """Blocks between an embedding with positions and the scores of the words."""

    def __init__(self, vocab_size, num_hiddens, ffn_num_hiddens, num_heads, num_blks, dropout):
        super().__init__()
        self.num_hiddens = num_hiddens
        self.embedding = nn.Embedding(vocab_size, num_hiddens)
        self.pos_encoding = d2l.PositionalEncoding(num_hiddens, dropout)
        self.blks = nn.ModuleList(
            DecoderBlock(num_hiddens, ffn_num_hiddens, num_heads, dropout) for _ in range(num_blks)
        )
        self.dense = nn.LazyLinear(vocab_size)

    def init_state(self, enc_outputs, enc_valid_lens):
        nothing = enc_outputs[:, :0]  # (batch, 0, num_hiddens): no word was said yet
        return enc_outputs, enc_valid_lens, [nothing] * len(self.blks)

    def forward(self, X, state):
        enc_outputs, enc_valid_lens, said = state
        begin = said[0].shape[1]
        H = self.embedding(X) * math.sqrt(self.num_hiddens)
        H = H + self.pos_encoding.P[:, begin : begin + X.shape[1]].to(H.device)
        words = []
        for block, said_before in zip(self.blks, said, strict=True):
            H, seen = block(H, said_before, enc_outputs, enc_valid_lens)
            words.append(seen)
        return self.dense(H), (enc_outputs, enc_valid_lens, words)

    @property
    def attention_weights(self):
        """For each block: to the words said, and to the source."""
        return [
            (block.attention1.attention.attention_weights,
             block.attention2.attention.attention_weights)
            for block in self.blks
        ]  # fmt: skip


# %% [markdown]
# ## Training
#
# `d2l.Seq2Seq` joins encoder and decoder, as it did the recurrent ones. The embeddings start small,
# so that the positions are not drowned by them.

# %%
torch.manual_seed(0)
encoder = d2l.TransformerEncoder(len(data.src_vocab), *sizes, num_blks, dropout)
decoder = TransformerDecoder(len(data.tgt_vocab), *sizes, num_blks, dropout)
for half in (encoder, decoder):
    nn.init.normal_(half.embedding.weight, std=num_hiddens**-0.5)
model = d2l.Seq2Seq(encoder, decoder, tgt_pad=data.tgt_vocab["<pad>"], lr=0.005)
trainer = d2l.Trainer(max_epochs=15, gradient_clip_val=1)
trainer.fit(model, data)

# %% [markdown]
# Nobody can look ahead? A test: change the last words of the target, and the scores of the earlier
# places must stay as they were.

# %%
src, tgt, src_valid_len, label = (part[:1] for part in data.arrays)
other = tgt.clone()
other[:, 5:] = data.tgt_vocab["okt"]
with torch.no_grad():
    scores, other_scores = (model(src, words, src_valid_len) for words in (tgt, other))
changes = (scores - other_scores).abs().amax(dim=(0, 2))
print("largest change at each place:", [round(change, 4) for change in changes.tolist()])

# %% [markdown]
# ## Translating
#
# The 199 pairs it was not trained on, word by word.


# %%
def sentences(vocab, rows):
    """The words of each row, up to the end of its sentence."""
    for row in rows:
        yield " ".join(vocab.to_tokens(row)).partition(" <eos>")[0]


unseen = [part[data.num_train :] for part in data.arrays]
tokens, _ = model.predict_step(unseen, d2l.try_gpu(), data.num_steps)
translations = list(sentences(data.tgt_vocab, tokens))
truths = list(sentences(data.tgt_vocab, unseen[3]))
shown = list(zip(sentences(data.src_vocab, unseen[0]), translations, strict=True))
for source, translation in shown[:5]:
    print(f"{source:<28} → {translation}")
bleus = [d2l.bleu(said, meant, k=2) for said, meant in zip(translations, truths, strict=True)]
mean_bleu = sum(bleus) / len(bleus)
print(f"{len(bleus)} unseen sentences: mean BLEU {mean_bleu:.3f}")

# %% [markdown]
# ## What it looks at
#
# We translate one sentence, 342, and keep the weights. The source says *cim mek* (three hundreds),
# *dal tor* (four tens), *bo* (two); the target has to begin with the two. Each row below is a word
# that is said, each column a word of the source; the four heads stand side by side.

# %%
sentence = data.build(["cim mek dal tor bo ."], ["dva ke deka kva ke henta tri ."])
tokens, kept = model.predict_step(sentence, d2l.cpu(), data.num_steps, True)
source = data.src_vocab.to_tokens(sentence[0][0])
said = data.tgt_vocab.to_tokens(tokens[0])
print(" ".join(source), "→", " ".join(said))

to_source = torch.stack([step[-1][1] for step in kept])  # (steps, heads, 1, source words)
to_source = to_source.squeeze(2).permute(1, 0, 2)  # (heads, steps, source words)
titles = [f"head {head}" for head in range(1, num_heads + 1)]
d2l.show_heatmaps(to_source[None].cpu(), "source", "said", titles=titles, figsize=(8, 3))

# %% [markdown]
# No word looks at the last two columns, which are padding: a mask forbids it. Now the mean of the
# heads, with the words written beside it.

# %%
length = int(sentence[2])
num_said = said.index("<eos>") + 1
mean_weights = to_source.mean(dim=0)[:num_said, :length].cpu()
d2l.set_figsize((4, 4))
d2l.plt.imshow(mean_weights, cmap="Reds")
d2l.plt.xticks(range(length), source[:length], rotation=45)
d2l.plt.yticks(range(num_said), said[:num_said])
bar = d2l.plt.colorbar(shrink=0.6)

# %% [markdown]
# Self-attention in the decoder, at the step in which each word was said: nothing to the right of
# the diagonal, since those words did not exist.

# %%
to_said = torch.zeros(num_heads, data.num_steps, data.num_steps)
for step, weights in enumerate(kept):
    to_said[:, step, : step + 1] = weights[-1][0].squeeze(1)
d2l.show_heatmaps(to_said[None], "said before", "said", titles=titles, figsize=(8, 3))

# %% [markdown]
# ## Try it yourself
#
# 1. Take the positions out of the encoder (`encoder.pos_encoding.P.zero_()` before training). Which
#    numbers can the translator no longer tell apart?
# 2. Replace `dec_valid_lens` by `None`. The training loss becomes wonderful. And the translations?
# 3. Train with `num_heads=1`. Does one head do the work of four?

# %% [markdown]
# ## Check

# %%
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
