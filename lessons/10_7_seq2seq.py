# %% [markdown]
# # 10.7 Sequence to sequence
#
# You will build a translator out of two recurrent networks, one that reads and one that writes, and
# measure it on sentences it has never seen. The languages are invented, so that you can judge each
# translation yourself after two minutes.

# %%
# %matplotlib inline
import torch
from torch import nn

from d2l import torch as d2l

d2l.use_svg_display()

# %% [markdown]
# ## Two languages
#
# `d2l.InventedPairs` has the numbers from 1 to 999 in Upland and in Lowland. Upland says the
# hundreds first, and the place behind the digit: *cim mek* is three hundreds. Lowland begins with
# the ones, has the place before the digit, joins the parts by *ke*, and says each zero. So the
# order of the parts is turned round, and the sentences are of different length.

# %%
data = d2l.InventedPairs(batch_size=64, num_train=800, num_val=199)
src, tgt, src_valid_len, label = data.arrays
for row in range(4):
    upland = " ".join(data.src_vocab.to_tokens(src[row]))
    lowland = " ".join(data.tgt_vocab.to_tokens(label[row]))
    print(f"{upland:<45} {lowland}")

# %% [markdown]
# Sentences end with `<eos>` and are filled up with `<pad>` to nine words. A batch has four parts:
# the source, the target behind an opening `<bos>`, how many words of the source count, and the
# target itself. The network reads the second and has to answer the fourth, which is the same one
# word later. Feeding it the right word at each step, whatever it has answered before, is called
# **teacher forcing**.

# %%
print("reads  ", data.tgt_vocab.to_tokens(tgt[0, :4]))
print("answers", data.tgt_vocab.to_tokens(label[0, :4]))

# %% [markdown]
# ## Reading
#
# The encoder is an embedding and a gated recurrent layer, `d2l.Seq2SeqEncoder`. Its last state has
# to hold the whole sentence.

# %%
embed_size, num_hiddens = 32, 64
encoder = d2l.Seq2SeqEncoder(len(data.src_vocab), embed_size, num_hiddens, num_layers=1)
outputs, state = encoder(src[:5])
print("outputs:", tuple(outputs.shape), " state:", tuple(state.shape))

# %% [markdown]
# ## Writing
#
# The decoder is a language model that knows what it is talking about. It begins in the encoder's
# last state, and sees that state at every step beside the word before. `init_state` says what is
# kept of the encoder's answer, `forward` takes one or more steps and gives back the state for the
# next ones: that is all that `d2l.Decoder` asks for.


# %%
class Writer(d2l.Decoder):
    """A gated recurrent layer that looks at the encoded sentence at each step."""

    def __init__(self, vocab_size, embed_size, num_hiddens):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_size)
        self.rnn = d2l.GRU(embed_size + num_hiddens, num_hiddens)
        self.dense = nn.LazyLinear(vocab_size)
        self.apply(d2l.init_seq2seq)

    def init_state(self, enc_all_outputs, *args):
        _, hidden = enc_all_outputs
        return hidden, hidden[-1]

    def forward(self, X, state):
        hidden, context = state  # the context stays, the hidden state goes on
        words = self.embedding(X).swapaxes(0, 1)  # (num_steps, batch, embed_size)
        contexts = context.repeat(len(words), 1, 1)
        outputs, hidden = self.rnn(torch.cat((words, contexts), dim=2), hidden)
        return self.dense(outputs).swapaxes(0, 1), (hidden, context)


# %% [markdown]
# ## Padding does not count
#
# `d2l.Seq2Seq` joins the two, and its loss leaves the padding out: a model that answers `<pad>`
# rightly has learned nothing. For three words of which the last is padding:

# %%
torch.manual_seed(0)
encoder = d2l.Seq2SeqEncoder(len(data.src_vocab), embed_size, num_hiddens, num_layers=1)
decoder = Writer(len(data.tgt_vocab), embed_size, num_hiddens)
pad = data.tgt_vocab["<pad>"]
model = d2l.Seq2Seq(encoder, decoder, tgt_pad=pad, lr=0.01)
three_words = torch.tensor([[4, 5, pad]])
loss_of_words = model.loss(torch.zeros(1, 3, 10), three_words, averaged=False)
print(loss_of_words)

# %% [markdown]
# ## Training
#
# Twenty-five epochs on 800 pairs; the other 199 are for validation.

# %%
trainer = d2l.Trainer(max_epochs=25, gradient_clip_val=1)
trainer.fit(model, data)

# %% [markdown]
# ## Translating
#
# Now nobody puts the right words in. `predict_step` begins with `<bos>` and feeds each answer back.
# We cut each sentence at its `<eos>`.


# %%
def sentences(vocab, rows):
    """The words of each row, up to the end of its sentence."""
    for row in rows:
        yield " ".join(vocab.to_tokens(row)).partition(" <eos>")[0]


def translate(model, batch):
    tokens, _ = model.predict_step(batch, d2l.try_gpu(), data.num_steps)
    return list(sentences(data.tgt_vocab, tokens))


unseen = [part[data.num_train :] for part in data.arrays]
translations = translate(model, unseen)
truths = list(sentences(data.tgt_vocab, unseen[3]))
shown = list(zip(sentences(data.src_vocab, unseen[0]), translations, strict=True))
for source, translation in shown[:5]:
    print(f"{source:<28} → {translation}")

# %% [markdown]
# How good is that? BLEU compares runs of words: 1 for equal sentences, 0 if no word is in common. A
# single wrong word breaks several runs at once, and a translation that is too short loses as well.

# %%
print(d2l.bleu("dva ke deka kva .", "dva ke deka kva .", k=2))
print(round(d2l.bleu("dva ke deka pen .", "dva ke deka kva .", k=2), 2))
scores = [d2l.bleu(said, meant, k=2) for said, meant in zip(translations, truths, strict=True)]
mean_bleu = sum(scores) / len(scores)
print(f"{len(scores)} unseen sentences: mean BLEU {mean_bleu:.3f}")

# %% [markdown]
# These are new numbers, but made of words that all were there in training, and no longer than the
# ones it knows. The languages of people are not so kind, and a last state of a fixed size is a
# narrow door for a long sentence. Chapter 11 opens it wider.
#
# ## Try it yourself
#
# 1. Train on 100 pairs (`num_train=100`). What does BLEU say now, and which words are wrong?
# 2. Leave the context out of the decoder's inputs. Is the first hidden state enough?
# 3. Write numbers of your own in Upland and translate them with `data.build`.

# %% [markdown]
# ## Check

# %%
assert outputs.shape == (9, 5, num_hiddens)
assert state.shape == (1, 5, num_hiddens)
# The answer is what is read, one word later.
assert torch.equal(tgt[:, 1:], label[:, :-1])
# Ten words alike to the model: log 10 for each, nothing for the padding.
nearly = torch.full((2,), 10.0).log()
assert torch.allclose(loss_of_words.flatten(), torch.cat((nearly, torch.zeros(1))))

# None of the sentences measured was trained on.
trained_on = set(sentences(data.src_vocab, src[: data.num_train]))
assert trained_on.isdisjoint(sentences(data.src_vocab, unseen[0]))

# BLEU of one wrong word in five, on paper: 4 of 5 words, 2 of 4 pairs.
on_paper = (4 / 5) ** (1 / 2) * (2 / 4) ** (1 / 4)
assert abs(d2l.bleu("dva ke deka pen .", "dva ke deka kva .", k=2) - on_paper) < 1e-9

# The promise: above 0.9 on unseen sentences.
assert len(scores) == 199
assert mean_bleu > 0.9
num_right = sum(said == meant for said, meant in zip(translations, truths, strict=True))
print(f"10.7 holds: BLEU {mean_bleu:.3f} (promised: 0.9), {num_right} of 199 without a fault")
