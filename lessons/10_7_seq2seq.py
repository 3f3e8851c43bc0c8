# %% [markdown]
# # 10.7 Sequence-to-sequence learning for machine translation
#
# You build a translator from two recurrent networks, an encoder and a decoder, and evaluate it on
# sentences that it was not trained on. The two languages are invented and very small, so that you
# can judge each translation yourself.
#
# **After this lesson you can**
#
# - implement an encoder-decoder model with recurrent layers;
# - explain teacher forcing, and how prediction differs from training;
# - explain why the loss masks the padding, and compute a masked loss;
# - evaluate translations with BLEU, and compute it by hand for a short sentence.

# %%
# %matplotlib inline
import torch
from torch import nn

from d2l import torch as d2l

d2l.use_svg_display()

# %% [markdown]
# ## Two languages
#
# `d2l.SyntheticTranslation` has the numbers from 1 to 999 in Upland and in Lowland. Upland begins
# with the hundreds, and the place follows the digit: *cim mek* is three hundreds. Lowland begins
# with the ones, has the place before the digit, joins the parts by *ke*, and names each zero. So
# the order of the parts is reversed, and source and target have different lengths.

# %%
data = d2l.SyntheticTranslation(batch_size=64, num_train=800, num_val=199)
src, tgt, src_valid_len, label = data.arrays
for row in range(4):
    upland = " ".join(data.src_vocab.to_tokens(src[row]))
    lowland = " ".join(data.tgt_vocab.to_tokens(label[row]))
    print(f"{upland:<45} {lowland}")

# %% [markdown]
# Sentences end with `<eos>` and are padded with `<pad>` to nine tokens. A batch has four parts: the
# source, the input of the decoder (the target after a `<bos>`), the number of valid tokens of the
# source, and the label (the target itself). The label is the decoder's input, one token later.
#
# In training, the input of the decoder at each step is the *right* previous token, whatever the
# decoder predicted at the step before. This is called **teacher forcing**.

# %%
print("input", data.tgt_vocab.to_tokens(tgt[0, :4]))
print("label", data.tgt_vocab.to_tokens(label[0, :4]))

# %% [markdown]
# The picture shows the model that we build for the source *bo .* and the target *dva .*: the
# encoder reads the source, its last hidden state is passed to the decoder, and the decoder predicts
# the label from the state and the previous target tokens.

# %%
figure, axes = d2l.plt.subplots(figsize=(8, 2.8), layout="constrained")
steps = ["bo", ".", "<eos>", "<bos>", "dva", "."]
predicted = ["dva", ".", "<eos>"]
for step, token in enumerate(steps):
    kind, colour = ("encoder", "lightblue") if step < 3 else ("decoder", "moccasin")
    box = {"boxstyle": "round,pad=0.4", "facecolor": colour, "edgecolor": "grey"}
    axes.text(step, 1, kind, ha="center", va="center", bbox=box)
    axes.text(step, 0, token, ha="center", va="center")
    axes.annotate("", (step, 0.75), (step, 0.2), arrowprops={"arrowstyle": "->"})
    if step > 0:
        axes.annotate("", (step - 0.4, 1), (step - 0.6, 1), arrowprops={"arrowstyle": "->"})
    if step >= 3:
        axes.text(step, 2, predicted[step - 3], ha="center", va="center")
        axes.annotate("", (step, 1.8), (step, 1.25), arrowprops={"arrowstyle": "->"})
axes.text(2.5, 1.45, "state", ha="center")
axes.set(xlim=(-0.6, 5.6), ylim=(-0.3, 2.3))
axes.set_axis_off()

# %% [markdown]
# ## The encoder
#
# The encoder, `d2l.Seq2SeqEncoder`, is an embedding and a gated recurrent layer. Its last hidden
# state is a representation of the whole source sentence.

# %%
embed_size, num_hiddens = 32, 64
encoder = d2l.Seq2SeqEncoder(len(data.src_vocab), embed_size, num_hiddens, num_layers=1)
outputs, state = encoder(src[:5])
print("outputs:", tuple(outputs.shape), " state:", tuple(state.shape))

# %% [markdown]
# ## The decoder
#
# The decoder is a language model that is conditioned on the source. Its initial hidden state is the
# last hidden state of the encoder. This state is also the *context*, which is concatenated with the
# embedding of the previous token at every step. A `d2l.Decoder` has two methods: `init_state` makes
# the decoder's state from the encoder's outputs, and `forward` computes one or more steps and
# returns the logits and the new state.


# %%
class Writer(d2l.Decoder):
    """A gated recurrent layer whose input at each step includes the context."""

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
        hidden, context = state  # the context is the same at every step
        words = self.embedding(X).swapaxes(0, 1)  # (num_steps, batch, embed_size)
        contexts = context.repeat(len(words), 1, 1)
        outputs, hidden = self.rnn(torch.cat((words, contexts), dim=2), hidden)
        return self.dense(outputs).swapaxes(0, 1), (hidden, context)


# %% [markdown]
# ## The loss with masking
#
# `d2l.Seq2Seq` combines encoder and decoder. Its loss masks the padding: predicting `<pad>` is not
# part of the task, and without the mask the easy predictions of padding would lower the mean loss.
# Here is the loss of three tokens, of which the last is padding:

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
# We train for twenty-five epochs on 800 pairs; the other 199 are for validation.

# %%
trainer = d2l.Trainer(max_epochs=25, gradient_clip_val=1)
trainer.fit(model, data)

# %% [markdown]
# ## Prediction
#
# In prediction the right previous tokens are not known. `predict_step` starts with `<bos>`, and the
# token predicted at each step is the input of the next one. We cut each sentence at its `<eos>`.


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
# BLEU compares the $n$-grams of a translation and of a reference: it is 1 for equal sentences and 0
# if they have no word in common. A single wrong word makes several $n$-grams wrong, and a
# translation that is too short gets a penalty.

# %%
print(d2l.bleu("dva ke deka kva .", "dva ke deka kva .", k=2))
print(round(d2l.bleu("dva ke deka pen .", "dva ke deka kva .", k=2), 2))
scores = [d2l.bleu(said, meant, k=2) for said, meant in zip(translations, truths, strict=True)]
mean_bleu = sum(scores) / len(scores)
print(f"{len(scores)} unseen sentences: mean BLEU {mean_bleu:.3f}")

# %% [markdown]
# The sentences are new, but all their words occurred in training, and they are not longer than the
# training sentences. Real languages are harder. Also, the last hidden state has a fixed size,
# however long the source is, which limits the translation of long sentences. The attention of
# chapter 11 removes this limit.

# %% [markdown]
# ## Check yourself
#
# **Question 1.** What is the input of the decoder at step 3 in training, and what is it in
# prediction?
#
# <details><summary>Answer</summary>
#
# In training the second token of the right target (teacher forcing), in prediction the token that
# the decoder itself predicted at step 2. An error in prediction can therefore lead to more errors.
#
# </details>
#
# **Question 2.** A target has 4 tokens with the losses 1, 2, 1, 0 and 5 tokens of padding. What
# is the mean loss with and without masking, if each padding token has the loss 0.01?
#
# <details><summary>Answer</summary>
#
# With masking $(1 + 2 + 1 + 0) / 4 = 1$. Without it $4.05 / 9 = 0.45$, which is lower although the
# translation is the same.
#
# </details>
#
# **Question 3.** The translation "a b c d" has the reference "a b x d". Which fraction of its
# words and of its bigrams is right?
#
# <details><summary>Answer</summary>
#
# 3 of 4 words, and of the bigrams "a b", "b c", "c d" only "a b": 1 of 3.
#
# </details>

# %% [markdown]
# ## Exercises
#
# **Exercise 1.** Train on 100 pairs (`num_train=100`). What is the mean BLEU on the 199 unseen
# sentences of the lesson? Which translations are wrong?
#
# <details><summary>Hint</summary>
#
# Make data with `d2l.SyntheticTranslation(batch_size=64, num_train=100, num_val=128)`, and use the
# vocabularies of this data for the model. Its vocabulary is the same as that of `data`, so
# `translate` works for `unseen`.
#
# </details>


# %% tags=["hide-cell"]
# Solution of exercise 1
def new_model(decoder_class):
    torch.manual_seed(0)
    new_encoder = d2l.Seq2SeqEncoder(len(data.src_vocab), embed_size, num_hiddens, num_layers=1)
    new_decoder = decoder_class(len(data.tgt_vocab), embed_size, num_hiddens)
    made = d2l.Seq2Seq(new_encoder, new_decoder, tgt_pad=pad, lr=0.01)
    made.board.display = False
    return made


def bleu_of(translator):
    answers = translate(translator, unseen)
    all_scores = [d2l.bleu(said, meant, k=2) for said, meant in zip(answers, truths, strict=True)]
    return sum(all_scores) / len(all_scores), answers


few = d2l.SyntheticTranslation(batch_size=64, num_train=100, num_val=128)
assert few.src_vocab.to_tokens(range(10)) == data.src_vocab.to_tokens(range(10))
few_model = new_model(Writer)
d2l.Trainer(max_epochs=25, gradient_clip_val=1).fit(few_model, few)
few_bleu, answers = bleu_of(few_model)
print(f"trained on 100 pairs: mean BLEU {few_bleu:.3f}; on 800 pairs {mean_bleu:.3f}")
for answer, truth in list(zip(answers, truths, strict=True))[:3]:
    print(f"{answer}   (right: {truth})")
assert few_bleu < mean_bleu

# %% [markdown]
# **Exercise 2.** Remove the context from the inputs of the decoder, so that only its initial
# hidden state depends on the source. Train for ten epochs with and without the context. Is the
# initial state enough?
#
# <details><summary>Hint</summary>
#
# Derive a class from `Writer`. Its recurrent layer has `embed_size` inputs.
#
# </details>


# %% tags=["hide-cell"]
# Solution of exercise 2
class WithoutContext(Writer):
    def __init__(self, vocab_size, embed_size, num_hiddens):
        super().__init__(vocab_size, embed_size, num_hiddens)
        self.rnn = d2l.GRU(embed_size, num_hiddens)
        self.apply(d2l.init_seq2seq)

    def forward(self, X, state):
        hidden, context = state
        outputs, hidden = self.rnn(self.embedding(X).swapaxes(0, 1), hidden)
        return self.dense(outputs).swapaxes(0, 1), (hidden, context)


bleu_after_ten = {}
for kind in (Writer, WithoutContext):
    candidate = new_model(kind)
    d2l.Trainer(max_epochs=10, gradient_clip_val=1).fit(candidate, data)
    bleu_after_ten[kind.__name__], _ = bleu_of(candidate)
    print(f"{kind.__name__}: mean BLEU {bleu_after_ten[kind.__name__]:.3f} after ten epochs")
assert all(value > 0.5 for value in bleu_after_ten.values())
print("The initial state is enough to learn the task, but it has to be kept through all steps;")
print("with the context at every step the model learns faster.")

# %% [markdown]
# **Exercise 3.** Compute BLEU of "a b c d" with the reference "a b x d" by hand for $k = 2$, and
# compare with `d2l.bleu`. What is the penalty for "a b" with the reference "a b x d"?
#
# <details><summary>Hint</summary>
#
# BLEU is $\exp(\min(0, 1 - \mathrm{len}_{ref} / \mathrm{len}_{pred})) \prod_n p_n^{1/2^n}$, with
# $p_n$ the fraction of $n$-grams that are right.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 3
hand = (3 / 4) ** (1 / 2) * (1 / 3) ** (1 / 4)
assert abs(d2l.bleu("a b c d", "a b x d", k=2) - hand) < 1e-9
# All words and bigrams of "a b" are right; only the penalty for its length remains.
penalty = torch.tensor(1 - 4 / 2).exp().item()
assert abs(d2l.bleu("a b", "a b x d", k=2) - penalty) < 1e-6
print(f"by hand {hand:.3f}; penalty for half the length {penalty:.3f}")
