# %% [markdown]
# # 11.9 A GPT that writes tales
#
# You train a small GPT from random weights: a tokenizer, a transformer, a training loop, and
# generated text. We generate the training text ourselves and know its randomness, so we can compare
# the perplexity of the model with the lowest perplexity that any model can have.
#
# **After this lesson you can**
#
# - describe the parts of a GPT: byte-pair encoding, a decoder-only transformer, tied embeddings;
# - evaluate a language model by its perplexity, and compare it with a lower bound and a baseline;
# - explain why attention can copy a name from earlier text, and a bigram model cannot;
# - generate text with sampling, greedy search and beam search.

# %%
# %matplotlib inline
import math
import random
import re

import torch

from d2l import torch as d2l

d2l.use_svg_display()

# %% [markdown]
# ## The training text
#
# The tale of lesson 9.5, "The Lamp on the Hill", is too short: from its 1,400 sub-words a model
# learns little more than which of them follow each other. Here we generate variants of a similar
# story. Two names and the weather are drawn at random, the rest of the text is fixed. Each name
# occurs again later, so a model has to use earlier text to predict it.

# %%
FIRST = "Ka Mi Lo Su Be Ti Ra Ne Do Fa Gu Vi".split()
SECOND = "la ri no ve mu si do ke ta bor lin ga".split()
WEATHER = "wind rain fog snow".split()


def tale(rng):
    """One tale, on one line."""
    keeper, sailor = (rng.choice(FIRST) + rng.choice(SECOND) for _ in range(2))
    visitor = rng.choice(WEATHER)
    return (
        f"In the evening {keeper} lit the lamp, for {sailor} was on the sea. May I put it out, "
        f"asked the {visitor}. Not yet, said {keeper}. The boat of {sailor} came home. Now you "
        f"may, said {keeper} to the {visitor}.\n"
    )


print(tale(random.Random(0)))

# %% [markdown]
# How random is a tale? Each name is one of 144, the weather one of 4, so there are
# $144^2 \cdot 4$ tales, all equally likely. The mean loss of any model, summed over the tokens of a
# tale, is at least the logarithm of that number (the *entropy* of a tale).

# %%
least_loss = math.log(144**2 * 4)  # nats for a tale
print(f"least loss of a tale: {least_loss:.2f}")

# %% [markdown]
# ## Sub-words
#
# The tokens of the model are neither characters nor words. Byte-pair encoding starts with the 256
# bytes and repeatedly merges the pair of neighboring tokens that is most frequent. Frequent words
# become one token, rare names consist of several, and any text can be encoded, if necessary as
# bytes.


# %%
class Tales(d2l.CharacterText):
    def _download(self):
        rng = random.Random(0)
        return "".join(tale(rng) for _ in range(400))


data = Tales(
    batch_size=16, num_steps=48, num_train=10**6, num_val=0, tokenization="bpe", vocab_size=480
)
tokenizer = data.vocab
for text in (tale(random.Random(0)), "Lightning, said Zoë."):
    print(tokenizer.to_tokens(tokenizer.encode(text)))
print(f"{len(data.X):,} windows of {data.num_steps} tokens, of {len(tokenizer)} kinds")

# %% [markdown]
# The tales of the test set are drawn with another seed. Each starts with a line break, so that its
# first word has a token before it.

# %%
rng = random.Random(1)
unseen = [tokenizer.encode("\n" + tale(rng)) for _ in range(100)]
num_tokens = sum(len(ids) - 1 for ids in unseen)
best_possible = math.exp(least_loss * len(unseen) / num_tokens)
print(f"{num_tokens / len(unseen):.1f} tokens a tale; no perplexity below {best_possible:.3f}")

# %% [markdown]
# ## A bigram baseline
#
# The simplest language model counts which token follows which (bigrams). It depends on one token
# only, so it cannot reproduce a name that occurred earlier.

# %%
counts = torch.full((len(tokenizer), len(tokenizer)), 0.01)  # nothing is impossible
corpus = torch.cat((data.X[:, 0], data.X[-1, 1:], data.Y[-1, -1:]))
counts.index_put_((corpus[:-1], corpus[1:]), torch.tensor(1.0), accumulate=True)
log_probs = (counts / counts.sum(dim=1, keepdim=True)).log()


def perplexity(log_probs_of):
    """The perplexity of the unseen tales; the function gives a row for each token read."""
    total = 0.0
    for ids in unseen:
        rows, target = log_probs_of(torch.tensor(ids[:-1])), torch.tensor(ids[1:])
        total -= rows.gather(1, target.unsqueeze(1)).sum().item()
    return math.exp(total / num_tokens)


of_pairs = perplexity(lambda ids: log_probs[ids])
print(f"perplexity of the bigrams: {of_pairs:.2f}")

# %% [markdown]
# ## The model
#
# `d2l.GPT` is an embedding, a stack of `d2l.TransformerBlock`s in which no position sees a later
# one, and an output layer that shares its weights with the embedding (tied embeddings). The
# position of a token is encoded by rotating its queries and keys (rotary positional embedding,
# `pos="rope"`), so that attention scores depend on distances between tokens.

# %%
torch.manual_seed(0)
model = d2l.GPT(len(tokenizer), num_hiddens=64, num_heads=4, num_blks=2, max_len=96)
print(f"{sum(parameter.numel() for parameter in model.parameters()):,} parameters")
print(model.blks[0])

# %% [markdown]
# ## Training
#
# `d2l.train_lm` performs a number of steps with any optimizer and returns the losses. We train
# first with a large learning rate, then with a smaller one.

# %%
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
losses = d2l.train_lm(model, data, optimizer, num_steps=300)
optimizer.param_groups[0]["lr"] = 1e-3
losses += d2l.train_lm(model, data, optimizer, num_steps=120)

# %% [markdown]
# First the loss falls quickly, while the model learns the fixed words. Then the curve is nearly
# flat (a *plateau*): most of the remaining loss is that of the names. To leave the plateau, the
# model has to attend to the first occurrence of a name when the name occurs again.

# %%
smooth = torch.tensor(losses).unfold(0, 10, 1).mean(dim=1)
d2l.plot(
    torch.arange(len(smooth)), smooth, "step", "loss of a token", yscale="log", figsize=(5, 2.5)
)

# %% [markdown]
# The perplexity on the unseen tales, compared with the baseline and the lower bound:


# %%
def log_probs_of_gpt(ids):
    with torch.no_grad():
        return torch.log_softmax(model.eval()(ids.unsqueeze(0))[0], dim=1)


of_gpt = perplexity(log_probs_of_gpt)
print(f"perplexity on unseen tales: {of_gpt:.3f}")
print(f"(bigrams {of_pairs:.2f}, best possible {best_possible:.3f})")

# %% [markdown]
# ## Generating text
#
# `model.generate` samples one token after the other. It caches the keys and values of the earlier
# tokens, so that each step computes only the new one.

# %%
torch.manual_seed(1)
start = tokenizer.encode("\n")
drafts = torch.tensor([start] * 50)
written = [tokenizer.decode(ids).strip() for ids in model.generate(drafts, 60, temperature=0.8)]
for text in written[:3]:
    d2l.print_wrapped(text.partition("\n")[0], "\n", width=88)

# %% [markdown]
# Are the names used consistently? A tale is consistent if the keeper who lit the lamp is the one
# who answers, and the boat is that of the sailor. While the training is on the plateau, the share
# is close to 0; compare the perplexity above with the lower bound.

# %%
PATTERN = re.compile(
    r"In the evening (\w+) lit the lamp, for (\w+) was on the sea\. May I put it out, asked the "
    r"(\w+)\. Not yet, said \1\. The boat of \2 came home\. Now you may, said \1 to the \3\."
)
share = sum(PATTERN.match(text) is not None for text in written) / len(written)
print(f"{share:.0%} of {len(written)} tales are consistent")

# %% [markdown]
# Instead of sampling we can search for a likely text, with greedy search or with beam search:
# `d2l.generate` and `d2l.beam_search` take any function that returns the logits of the next token.


# %%
def step(ids):
    return model(torch.tensor([ids]))[0, -1]


prefix = tokenizer.encode("\nIn the evening Mita lit")
for ids in (d2l.generate(step, prefix, 50, eos_id=start[0]), d2l.beam_search(step, prefix, 30)):
    d2l.print_wrapped(tokenizer.decode(ids).strip(), "\n", width=88)

# %% [markdown]
# ## Check yourself
#
# **Question 1.** Why is the perplexity of the bigrams so much higher than that of the GPT,
# although most of the words of a tale are fixed?
#
# <details><summary>Answer</summary>
#
# Bigrams see one token. At the second occurrence of a name they give probability to all names that
# may follow, and after a piece of a name they do not know which name it is. Attention can copy the
# name from its first occurrence.
#
# </details>
#
# **Question 2.** Text is drawn with temperature 0.8. Does the model then choose frequent tokens
# more often or less often than with temperature 1? What is temperature 0?
#
# <details><summary>Answer</summary>
#
# More often: dividing the logits by 0.8 makes their differences larger, so the distribution becomes
# more concentrated. Temperature 0 takes the most likely token (greedy search).
#
# </details>
#
# **Question 3.** Two models have different tokenizers, and their perplexities per token are 1.7
# and 1.3. Is the second one better?
#
# <details><summary>Answer</summary>
#
# Not necessarily. A tokenizer with shorter tokens has more of them, and most are easy to predict.
# Compare the loss per character (or per text).
#
# </details>

# %% [markdown]
# ## Exercises
#
# **Exercise 1.** Convert the perplexity per token of the GPT, of the bigrams and of the lower
# bound into a perplexity per character.
#
# <details><summary>Hint</summary>
#
# The total loss of a text does not depend on how it is divided:
# $n_{tokens} \log p_{tokens} = n_{chars} \log p_{chars}$. Each unseen text begins with a line break
# that is not predicted.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 1
num_chars = sum(len(tokenizer.decode(ids)) - 1 for ids in unseen)
per_character = {
    name: math.exp(math.log(per_token) * num_tokens / num_chars)
    for name, per_token in {"GPT": of_gpt, "bigrams": of_pairs, "bound": best_possible}.items()
}
print(f"{num_chars / num_tokens:.1f} characters in a token on average")
print({name: round(value, 3) for name, value in per_character.items()})
assert 1 < per_character["bound"] < per_character["GPT"] < per_character["bigrams"]

# %% [markdown]
# **Exercise 2.** Implement the first three merges of byte-pair encoding for the text "low lower
# lowest": count the pairs of neighboring tokens, merge the most frequent one, repeat.
#
# <details><summary>Hint</summary>
#
# Start with a list of characters for each word. `collections.Counter` counts the pairs from
# `itertools.pairwise(tokens)`; `most_common(1)` gives the most frequent one.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 2
from collections import Counter
from itertools import pairwise


def merge_pair(tokens, pair):
    merged = []
    for token in tokens:
        if merged and (merged[-1], token) == pair:
            merged[-1] += token
        else:
            merged.append(token)
    return merged


words = [list(word) for word in "low lower lowest".split()]
for _ in range(3):
    pair_counts = Counter(pair for word in words for pair in pairwise(word))
    pair, count = pair_counts.most_common(1)[0]
    words = [merge_pair(word, pair) for word in words]
    print(f"merge {pair}, {count} times: {words}")
assert words == [["low"], ["lowe", "r"], ["lowe", "s", "t"]]

# %% [markdown]
# **Exercise 3.** Generate 30 tales each with `temperature=2.0` and with `temperature=2.0,
# top_k=3`. Which share of them is consistent? What happens to the names?
#
# <details><summary>Hint</summary>
#
# `model.generate(drafts, 60, temperature=..., top_k=...)`. `PATTERN` decides whether a tale is
# consistent.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 3
torch.manual_seed(2)
for top_k in (None, 3):
    sampled = model.generate(drafts[:30], 60, temperature=2.0, top_k=top_k)
    texts = [tokenizer.decode(ids).strip() for ids in sampled]
    consistent = sum(PATTERN.match(text) is not None for text in texts) / len(texts)
    print(f"top_k {top_k}: {consistent:.0%} consistent, e.g. {texts[0].splitlines()[0][:70]}")
print(
    "A high temperature draws unlikely tokens, also in the middle of a name; top_k excludes most."
)

# %% [markdown]
# **Exercise 4.** Where does the GPT have its loss? Compute the mean loss at the first occurrence
# of the keeper's name (the tokens between "evening" and "lit") and over all other tokens of an
# unseen tale.
#
# <details><summary>Hint</summary>
#
# `log_probs_of_gpt(ids[:-1])` has one row for each token read; row $t$ predicts token $t + 1$. Find
# the positions by decoding the tokens up to them.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 4
name_losses, other_losses = [], []
for ids in unseen[:20]:
    rows = log_probs_of_gpt(torch.tensor(ids[:-1]))
    token_losses = -rows.gather(1, torch.tensor(ids[1:]).unsqueeze(1)).flatten()
    for place, token_loss in enumerate(token_losses.tolist(), start=1):
        before, now = tokenizer.decode(ids[:place]), tokenizer.decode(ids[: place + 1])
        in_name = before.strip().startswith("In the evening") and " lit" not in now
        (name_losses if in_name else other_losses).append(token_loss)
mean_of_name = sum(name_losses) / len(name_losses)
mean_of_others = sum(other_losses) / len(other_losses)
print(
    f"mean loss of the keeper's name {mean_of_name:.2f}, of the other tokens {mean_of_others:.2f}"
)
print("The first occurrence of a name is random; most of the other tokens can be predicted.")
assert mean_of_name > mean_of_others
