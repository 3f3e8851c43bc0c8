# %% [markdown]
# # 11.7 The transformer architecture
#
# You build a transformer with encoder and decoder, train it on the two invented languages of lesson
# 10.7, and read its attention weights. It has no recurrence: all positions of a sentence are
# computed at once, and only attention connects them.
#
# **After this lesson you can**
#
# - name the sublayers of a transformer's encoder and decoder, and their queries, keys and values;
# - explain what positional encoding is for;
# - implement masked self-attention, and test that no position depends on a later one;
# - read the attention weights of a trained transformer.

# %%
# %matplotlib inline
import math

import torch
from torch import nn

from d2l import torch as d2l

d2l.use_svg_display()
data = d2l.SyntheticTranslation(batch_size=64, num_train=800, num_val=199)

# %% [markdown]
# ## The encoder
#
# Each block of `d2l.TransformerEncoder` has two sublayers: multi-head self-attention, in which
# every position attends to all positions, and a positionwise feed-forward network, an MLP that is
# applied to each position separately. Each sublayer has a residual connection and layer
# normalization.
#
# Self-attention does not depend on the order of its inputs. Therefore a *positional encoding* is
# added to the embeddings: sines and cosines of many wavelengths, which are different at each
# position. The plot shows four of its columns.

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
# A block of the decoder has three sublayers: masked self-attention to the target tokens **so far**,
# attention to the outputs of the encoder (encoder-decoder attention), and the positionwise
# feed-forward network.
#
# In training all tokens of the target are given at once, so a mask has to prevent a position from
# attending to later ones: position $t$ may attend to the first $t$ positions, which is what
# `dec_valid_lens` says. In prediction the tokens are generated one by one, and the block keeps the
# earlier ones as its state.


# %%
class DecoderBlock(nn.Module):
    """Masked self-attention, attention to the source, a positionwise feed-forward network."""

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
# The decoder adds an embedding before the blocks and an output layer after them. Its state consists
# of the encoder's outputs and, for each block, the tokens so far.


# %%
class TransformerDecoder(d2l.AttentionDecoder):
    """Decoder blocks between an embedding with positional encoding and an output layer."""

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
        nothing = enc_outputs[:, :0]  # (batch, 0, num_hiddens): no tokens yet
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
        """For each block: of the self-attention, and of the attention to the source."""
        return [
            (block.attention1.attention.attention_weights,
             block.attention2.attention.attention_weights)
            for block in self.blks
        ]  # fmt: skip


# %% [markdown]
# ## Training
#
# `d2l.Seq2Seq` combines encoder and decoder, as in 10.7. The embeddings are initialized with small
# values, so that they are not much larger than the positional encoding.

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
# Does the mask work? We change the last tokens of the target. The logits at the earlier positions
# must not change.

# %%
src, tgt, src_valid_len, label = (part[:1] for part in data.arrays)
other = tgt.clone()
other[:, 5:] = data.tgt_vocab["okt"]
with torch.no_grad():
    scores, other_scores = (model(src, words, src_valid_len) for words in (tgt, other))
changes = (scores - other_scores).abs().amax(dim=(0, 2))
print("largest change at each position:", [round(change, 4) for change in changes.tolist()])

# %% [markdown]
# ## Prediction
#
# We translate the 199 sentences that were not used for training, token by token.


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
# ## Attention weights
#
# We translate one sentence, 342, and keep the attention weights. The source is *cim mek* (three
# hundreds), *dal tor* (four tens), *bo* (two); the translation has to begin with the two. In the
# heat maps of the four heads each row is a token of the translation and each column a token of the
# source.

# %%
sentence = data.build(["cim mek dal tor bo ."], ["dva ke deka kva ke henta tri ."])
tokens, kept = model.predict_step(sentence, d2l.cpu(), data.num_steps, True)
source = data.src_vocab.to_tokens(sentence[0][0])
said = data.tgt_vocab.to_tokens(tokens[0])
print(" ".join(source), "→", " ".join(said))

to_source = torch.stack([step[-1][1] for step in kept])  # (steps, heads, 1, source words)
to_source = to_source.squeeze(2).permute(1, 0, 2)  # (heads, steps, source words)
titles = [f"head {head}" for head in range(1, num_heads + 1)]
d2l.show_heatmaps(to_source[None].cpu(), "source", "translation", titles=titles, figsize=(8, 3))

# %% [markdown]
# The last two columns are padding. Their weights are 0, because they are masked. The next plot
# shows the mean of the heads, with the tokens at the axes.

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
# The self-attention of the decoder, at the step in which each token was generated: the weights to
# the right of the diagonal are 0, since those tokens were not generated yet.

# %%
to_said = torch.zeros(num_heads, data.num_steps, data.num_steps)
for step, weights in enumerate(kept):
    to_said[:, step, : step + 1] = weights[-1][0].squeeze(1)
d2l.show_heatmaps(to_said[None], "earlier tokens", "token", titles=titles, figsize=(8, 3))

# %% [markdown]
# ## Check yourself
#
# **Question 1.** Where do the queries, the keys and the values of the decoder's two attention
# sublayers come from?
#
# <details><summary>Answer</summary>
#
# Masked self-attention: all three from the decoder's tokens, keys and values only from those up to
# the position of the query. Encoder-decoder attention: queries from the decoder, keys and values
# from the outputs of the encoder.
#
# </details>
#
# **Question 2.** What would happen in training without `dec_valid_lens`, and what in prediction?
#
# <details><summary>Answer</summary>
#
# Each position could attend to the next token of the input, which is the label of that position.
# The training loss would become very small by copying. In prediction the later tokens do not exist,
# and the translations are worse, although the training loss was lower (exercise 2).
#
# </details>
#
# **Question 3.** What does a transformer without positional encoding not distinguish?
#
# <details><summary>Answer</summary>
#
# The order of the tokens of the source: sentences with the same tokens in another order give the
# same encoder outputs, in another order, and so the same translations.
#
# </details>

# %% [markdown]
# ## Exercises
#
# **Exercise 1.** Set the positional encoding of an encoder to zero
# (`encoder.pos_encoding.P.zero_()`). Show that permuting the source tokens only permutes the
# outputs.
#
# <details><summary>Hint</summary>
#
# Make a new encoder with the sizes of the lesson. Permute the columns of a batch of tokens with
# `torch.randperm`, and let all tokens be valid.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 1
unordered = d2l.TransformerEncoder(len(data.src_vocab), *sizes, num_blks, dropout).eval()
token_ids = torch.randint(len(data.src_vocab), (2, data.num_steps))
all_valid = torch.tensor([data.num_steps] * 2)
permutation = torch.randperm(data.num_steps)
with torch.no_grad():
    differences = []
    for zeroed in (False, True):
        if zeroed:
            unordered.pos_encoding.P.zero_()
        in_order = unordered(token_ids, all_valid)
        permuted = unordered(token_ids[:, permutation], all_valid)
        differences.append((in_order[:, permutation] - permuted).abs().max().item())
print(f"with positions: difference {differences[0]:.2f}, without: {differences[1]:.1e}")
assert differences[1] < 1e-4 < differences[0]

# %% [markdown]
# **Exercise 2.** Train for five epochs without the mask (`dec_valid_lens = None`). Compare the
# training loss and the mean BLEU with those of the masked decoder after five epochs.
#
# <details><summary>Hint</summary>
#
# Derive a class from `DecoderBlock` whose `forward` passes `None` to the first attention, and
# replace the blocks of a `TransformerDecoder` by it.
#
# </details>


# %% tags=["hide-cell"]
# Solution of exercise 2
class UnmaskedBlock(DecoderBlock):
    def forward(self, X, said, enc_outputs, enc_valid_lens):
        words = torch.cat((said, X), dim=1)
        Y = self.addnorm1(X, self.attention1(X, words, words, None))
        Z = self.addnorm2(Y, self.attention2(Y, enc_outputs, enc_outputs, enc_valid_lens))
        return self.addnorm3(Z, self.ffn(Z)), words


after_five = {}
for kind in (DecoderBlock, UnmaskedBlock):
    torch.manual_seed(0)
    candidate_decoder = TransformerDecoder(len(data.tgt_vocab), *sizes, num_blks, dropout)
    candidate_decoder.blks = nn.ModuleList(kind(*sizes, dropout) for _ in range(num_blks))
    candidate_encoder = d2l.TransformerEncoder(len(data.src_vocab), *sizes, num_blks, dropout)
    for half in (candidate_encoder, candidate_decoder):
        nn.init.normal_(half.embedding.weight, std=num_hiddens**-0.5)
    candidate = d2l.Seq2Seq(
        candidate_encoder, candidate_decoder, tgt_pad=data.tgt_vocab["<pad>"], lr=0.005
    )
    candidate.board.display = False
    d2l.Trainer(max_epochs=5, gradient_clip_val=1).fit(candidate, data)
    answers, _ = candidate.predict_step(unseen, d2l.cpu(), data.num_steps)
    pairs = zip(sentences(data.tgt_vocab, answers), truths, strict=True)
    bleu = sum(d2l.bleu(guess, truth, k=2) for guess, truth in pairs) / len(truths)
    loss = candidate.board.points["train_loss"][-1].y
    after_five[kind] = loss, bleu
    print(f"{kind.__name__}: training loss {loss:.3f}, mean BLEU {bleu:.3f}")
assert after_five[UnmaskedBlock][0] < after_five[DecoderBlock][0]
print("Without the mask the training loss is lower, but not because the translations are better.")

# %% [markdown]
# **Exercise 3.** How does the number of parameters of `d2l.MultiHeadAttention` depend on
# `num_hiddens` and on `num_heads`? Derive it, then count for 1, 2, 4 and 8 heads.
#
# <details><summary>Hint</summary>
#
# It has four matrices, for queries, keys, values and outputs, without biases. Call it once with a
# batch to initialize its lazy layers.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 3
for heads in (1, 2, 4, 8):
    multi_head = d2l.MultiHeadAttention(num_hiddens, heads, 0.0)
    batch = torch.rand(2, 5, num_hiddens)
    multi_head(batch, batch, batch, None)
    count = sum(parameter.numel() for parameter in multi_head.parameters())
    assert count == 4 * num_hiddens**2
    print(f"{heads} heads: {count:,} parameters, {num_hiddens // heads} dimensions for each head")

# %% [markdown]
# **Exercise 4.** Implement scaled dot-product attention with a causal mask (position $t$ attends
# to positions $1, \dots, t$) and compare it with `d2l.DotProductAttention`.
#
# <details><summary>Hint</summary>
#
# `torch.tril` makes a lower triangular matrix. `valid_lens` of shape (batch, queries) gives the
# number of keys for each query.
#
# </details>


# %% tags=["hide-cell"]
# Solution of exercise 4
def causal_attention(queries, keys, values):
    scores = queries @ keys.mT / math.sqrt(queries.shape[2])
    causal = torch.ones(scores.shape[1:]).tril().bool()
    return torch.softmax(scores.masked_fill(~causal, -1e6), dim=2) @ values


Q, K, V = torch.randn(3, 2, 6, 8)
valid = torch.arange(1, 7).repeat(2, 1)
expected = d2l.DotProductAttention(dropout=0)(Q, K, V, valid)
difference = (causal_attention(Q, K, V) - expected).abs().max().item()
assert difference < 1e-5
print(f"largest difference {difference:.1e}")
