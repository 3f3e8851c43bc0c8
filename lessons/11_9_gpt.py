# %% [markdown]
# # 11.9 A GPT that writes tales
#
# You will train a small GPT from nothing: a tokenizer, a transformer, a loop, and text drawn from
# it. The text is one whose randomness we know, because we write it ourselves. So we can say not
# only how well the model predicts it, but how well anything could.

# %%
# %matplotlib inline
import math
import random
import re

import torch
from torch import nn

from d2l import torch as d2l

d2l.use_svg_display()

# %% [markdown]
# ## Tales without end
#
# The tale of lesson 9.5, "The Lamp on the Hill", is too short: of its 1,400 sub-words a model
# learns little more than which of them follow each other. Here is the same story, told a thousand
# times with other people. Two names and the weather are drawn at random, all else is fixed. Each
# name comes again later, so whoever reads on must **remember** it.

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
# How much chance is in a tale? Each name is one of 144, the weather one of 4, so there are
# $144^2 \cdot 4$ tales, all equally likely. No model can assign them a mean loss below the
# logarithm of that number.

# %%
least_loss = math.log(144**2 * 4)  # nats for a tale
print(f"least loss of a tale: {least_loss:.2f}")

# %% [markdown]
# ## Sub-words
#
# The model reads neither characters nor words. Byte-pair encoding begins with the 256 bytes and
# merges the two neighbours that come together most often, again and again. Frequent words become
# one token; a name that it has hardly seen stays in pieces; and any text at all can be written,
# if need be in bytes.


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
# Tales to test with are drawn with another seed. We put a line break in front of each, so that its
# first word has something to follow.

# %%
rng = random.Random(1)
unseen = [tokenizer.encode("\n" + tale(rng)) for _ in range(100)]
num_tokens = sum(len(ids) - 1 for ids in unseen)
best_possible = math.exp(least_loss * len(unseen) / num_tokens)
print(f"{num_tokens / len(unseen):.1f} tokens a tale; no perplexity below {best_possible:.3f}")

# %% [markdown]
# ## Counting pairs
#
# The simplest language model counts which token follows which. It cannot remember a name over more
# than one token.

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
print(f"perplexity of counting pairs: {of_pairs:.2f}")

# %% [markdown]
# ## The model
#
# `d2l.GPT` is an embedding, a stack of `d2l.TransformerBlock`s in which no position sees a later
# one, and an output layer that shares its weights with the embedding. Where a token stands is told
# by turning its queries and keys (`pos="rope"`), so that scores depend on distances.

# %%
torch.manual_seed(0)
model = d2l.GPT(len(tokenizer), num_hiddens=64, num_heads=4, num_blks=2, max_len=96)
print(f"{sum(parameter.numel() for parameter in model.parameters()):,} parameters")
print(model.blks[0])

# %% [markdown]
# ## Training
#
# `d2l.train_lm` takes a number of steps with any optimizer and returns the losses: first with a
# large learning rate, then with a smaller one.

# %%
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
losses = d2l.train_lm(model, data, optimizer, num_steps=300)
optimizer.param_groups[0]["lr"] = 1e-3
losses += d2l.train_lm(model, data, optimizer, num_steps=120)

# %%
smooth = torch.tensor(losses).unfold(0, 10, 1).mean(dim=1)
d2l.plot(
    torch.arange(len(smooth)), smooth, "step", "loss of a token", yscale="log", figsize=(5, 2.5)
)


# %% [markdown]
# The curve falls in two parts. First the model learns the fixed words; then nothing seems to happen
# for a while, until it finds out that names come back, and how to look them up.


# %%
def log_probs_of_gpt(ids):
    with torch.no_grad():
        return torch.log_softmax(model.eval()(ids.unsqueeze(0))[0], dim=1)


of_gpt = perplexity(log_probs_of_gpt)
print(f"perplexity on unseen tales: {of_gpt:.3f}")
print(f"(counting pairs {of_pairs:.2f}, best possible {best_possible:.3f})")

# %% [markdown]
# ## Writing
#
# `model.generate` draws one token after the other. It keeps the keys and values of what it has
# read, so that each step reads one token only.

# %%
torch.manual_seed(1)
start = tokenizer.encode("\n")
drafts = torch.tensor([start] * 50)
written = [tokenizer.decode(ids).strip() for ids in model.generate(drafts, 60, temperature=0.8)]
for text in written[:3]:
    d2l.print_wrapped(text.partition("\n")[0], "\n", width=88)

# %% [markdown]
# Does it keep its people apart? A tale is consistent if the keeper who lit the lamp is the one who
# answers, and the boat is that of the sailor.

# %%
PATTERN = re.compile(
    r"In the evening (\w+) lit the lamp, for (\w+) was on the sea\. May I put it out, asked the "
    r"(\w+)\. Not yet, said \1\. The boat of \2 came home\. Now you may, said \1 to the \3\."
)
share = sum(PATTERN.match(text) is not None for text in written) / len(written)
print(f"{share:.0%} of {len(written)} tales are consistent")

# %% [markdown]
# The same tale can be searched for instead of drawn: `d2l.generate` and `d2l.beam_search` ask any
# function for the logits of the next token.


# %%
def step(ids):
    return model(torch.tensor([ids]))[0, -1]


prefix = tokenizer.encode("\nIn the evening Mita lit")
for ids in (d2l.generate(step, prefix, 50, eos_id=start[0]), d2l.beam_search(step, prefix, 30)):
    d2l.print_wrapped(tokenizer.decode(ids).strip(), "\n", width=88)

# %% [markdown]
# ## Try it yourself
#
# 1. Train with `num_blks=1`. Which part of the curve is missing, and what do the tales get wrong?
# 2. Use `tokenization="char"`, with windows four times as long. How do you compare perplexities of
#    models that read other tokens?
# 3. Draw with `temperature=2.0`, then with `top_k=3`. What becomes of the names?

# %% [markdown]
# ## Check

# %%
# The tokenizer loses nothing, and says what it has never read.
for text in (tale(rng), "Lightning, said Zoë.", "\0 灯"):
    assert tokenizer.decode(tokenizer.encode(text)) == text

# Nobody looks ahead: another last token changes no earlier row.
ids = torch.tensor(unseen[0])
changed = ids.clone()
changed[-1] = ids[0] + 1
with torch.no_grad():
    rows, other = model(ids.unsqueeze(0))[0], model(changed.unsqueeze(0))[0]
assert torch.allclose(rows[:-1], other[:-1], atol=1e-4)
assert not torch.allclose(rows[-1], other[-1], atol=1e-2)

# Token by token with kept keys and values, or the whole text again at each step: the same text.
kept = model.generate(prefix, 30, temperature=0)
assert kept == d2l.generate(step, prefix, 30)

# The promise: below 1.8 on tales it has not read, where pairs of tokens need more than 3.
again = nn.functional.cross_entropy(rows[:-1], ids[1:]).exp().item()  # of one tale, a second way
assert abs(again / of_gpt - 1) < 0.25
assert best_possible < of_gpt < 1.8 < 3 < of_pairs
print(
    f"11.9 holds: perplexity {of_gpt:.3f} on unseen tales (promised: below 1.8; pairs "
    f"{of_pairs:.2f}, best possible {best_possible:.3f}), {share:.0%} consistent"
)
