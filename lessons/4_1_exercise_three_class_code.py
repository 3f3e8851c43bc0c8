# %% [markdown]
# # Exercise 4.1: a code for three equally likely classes
#
# Three classes, each with probability $\frac{1}{3}$, are to be sent as bits. One bit is too few and
# two are too many. You will build better codes, by coding several classes together, see how close
# they come to the entropy $\log_2 3 \approx 1.585$ bits, and where the number that the
# cross-entropy loss measures comes from.

# %%
# %matplotlib inline
import heapq
import math

import torch

from d2l import torch as d2l

d2l.use_svg_display()
torch.manual_seed(0)

# %% [markdown]
# ## What cannot be beaten
#
# The *entropy* is the average surprise, measured in bits: a class of probability $p$ surprises by
# $\log_2 \frac{1}{p}$. For our three classes
#
# $$H = \sum_{j=1}^{3} \tfrac{1}{3} \log_2 3 = \log_2 3 = 1.58496\ldots$$
#
# No code from which the classes can be read back needs fewer bits per class on average. A code of
# fixed length for one class needs 2 bits. That leaves one of its four words unused, and wastes
# $2 - 1.585 = 0.415$ bits each time.

# %%
entropy = sum(1 / 3 * math.log2(3) for _ in range(3))
entropy

# %% [markdown]
# ## Better code 1: several classes in one block
#
# Take $k$ classes together. There are $3^k$ such blocks, and a word of $b$ bits can name all of
# them when $2^b \ge 3^k$. So $b = \lceil k \log_2 3 \rceil$, which is $b / k$ bits for each class.
# For whole numbers the computer finds $b$ exactly: it is the number of binary digits of the
# largest block number, $3^k - 1$.


# %%
def block_bits(k: int) -> int:
    """Compute how many bits a word of fixed length needs for a block of k classes."""
    return (3**k - 1).bit_length()


print(" k  blocks    bits  bits per class")
for k in (1, 2, 3, 4, 5, 10, 17):
    print(f"{k:2d}  {3**k:<9d} {block_bits(k):3d}  {block_bits(k) / k:.4f}")

# %% [markdown]
# Two together gain nothing yet: 9 blocks need 4 bits, again 2 for each class. Three do: 27 blocks
# fit into 5 bits ($2^5 = 32$), and five even better, since $3^5 = 243$ is only just below
# $2^8 = 256$. Rounding up costs less than one bit per *block*, so less than $\frac{1}{k}$ per
# class, and this goes to zero:
#
# $$\log_2 3 \le \frac{\lceil k \log_2 3 \rceil}{k} < \log_2 3 + \frac{1}{k}.$$
#
# It is not only arithmetic. Here are an encoder and a decoder that read a block as a number in base
# 3, written with classes as digits.


# %%
def encode(classes: list[int], k: int) -> str:
    """Write the classes as bits, k of them in each word."""
    words = []
    for start in range(0, len(classes), k):
        number = int("".join(map(str, classes[start : start + k])), base=3)
        words.append(f"{number:0{block_bits(k)}b}")
    return "".join(words)


def decode(bits: str, k: int) -> list[int]:
    """Read back what encode wrote."""
    classes = []
    for start in range(0, len(bits), block_bits(k)):
        number = int(bits[start : start + block_bits(k)], base=2)
        classes.extend(number // 3**place % 3 for place in reversed(range(k)))
    return classes


message = torch.randint(3, (3000,)).tolist()
code = encode(message, k=5)
print(message[:10], "->", encode(message[:10], k=5))
print(f"{len(message)} classes, {len(code)} bits: {len(code) / len(message)} bits per class")
decode(code, k=5) == message

# %% [markdown]
# ## Better code 2: words of different length
#
# The unused words of a block code can be given back by making some words shorter. *Huffman's*
# method does this in the best possible way: put the two least likely things together into one, with
# a bit to tell them apart, and repeat until one is left. For our three classes it gives the words
# `0`, `10`, `11`, so $\frac{1 + 2 + 2}{3} = \frac{5}{3}$ bits on average, without any blocks. No
# word is the beginning of another one, so the decoder always knows where a word ends.
#
# Each time that two things are joined, everything inside gets one bit longer. So the average length
# is the sum of the probabilities of all the joints; we count in $3^k$-ths, to stay with whole
# numbers.


# %%
def huffman_bits(k: int) -> float:
    """Compute the average bits per class of Huffman's code for blocks of k classes."""
    heap, total = [1] * 3**k, 0
    while len(heap) > 1:
        joint = heapq.heappop(heap) + heapq.heappop(heap)
        total += joint
        heapq.heappush(heap, joint)
    return total / 3**k / k


huffman = {k: huffman_bits(k) for k in range(1, 11)}
for k in (1, 2, 3, 5, 10):
    print(f"{k:2d}  block code {block_bits(k) / k:.4f}  Huffman {huffman[k]:.4f}")

# %%
sizes = list(range(1, 31))
d2l.plot(
    [sizes, list(huffman), sizes],
    [[block_bits(k) / k for k in sizes], list(huffman.values()), [entropy] * len(sizes)],
    "classes in a block",
    "bits per class",
    legend=["fixed length", "Huffman", "entropy"],
    figsize=(6, 3),
)

# %% [markdown]
# Both codes come down to the entropy and never cross it. The fixed-length code does so in jumps: it
# is good whenever $3^k$ lies just below a power of two, as for $k = 5$ and $k = 17$.
#
# (And if the channel could carry *three* signals, say $-1$, $0$, $+1$, one signal for each class
# would be perfect. The whole trouble is that 3 is no power of 2.)

# %% [markdown]
# ## What this has to do with the loss
#
# The words `0`, `10`, `11` would be perfect for classes with probabilities
# $\mathbf{q} = (\frac{1}{2}, \frac{1}{4}, \frac{1}{4})$: a word of $b$ bits fits a probability of
# $2^{-b}$. Using them for $\mathbf{p} = (\frac{1}{3}, \frac{1}{3}, \frac{1}{3})$ costs
#
# $$- \sum_j p_j \log_2 q_j = \tfrac{5}{3} \text{ bits},$$
#
# which is the *cross-entropy* of $\mathbf{p}$ and $\mathbf{q}$, the loss of this chapter. What it
# exceeds the entropy by, $\frac{5}{3} - \log_2 3 \approx 0.082$, is the price of believing
# $\mathbf{q}$ when $\mathbf{p}$ is true. Torch uses the natural logarithm, so divide by $\ln 2$ to
# get bits.

# %%
p, q = torch.tensor([[1 / 3, 1 / 3, 1 / 3]]), torch.tensor([[1 / 2, 1 / 4, 1 / 4]])
cross_entropy_bits = torch.nn.functional.cross_entropy(q.log(), p).item() / math.log(2)
cross_entropy_bits, cross_entropy_bits - entropy

# %% [markdown]
# ## Try it yourself
#
# 1. Which $k$ up to 60 gives the best fixed-length code? What is special about its $3^k$?
# 2. Now let the classes have probabilities $(\frac{1}{2}, \frac{1}{4}, \frac{1}{4})$. Which code is
#    best, and does coding in blocks help?
# 3. A classifier predicts $(\frac{1}{3}, \frac{1}{3}, \frac{1}{3})$ for every image of three
#    classes. What is its cross-entropy loss in torch, and why is this a good number to know when
#    training starts?

# %% [markdown]
# ## Check

# %%
assert abs(entropy - 1.584962500721156) < 1e-12
assert [block_bits(k) for k in (1, 2, 3, 4, 5, 10, 17)] == [2, 4, 5, 7, 8, 16, 27]
for k in range(1, 200):
    assert 2 ** (block_bits(k) - 1) < 3**k <= 2 ** block_bits(k)
    assert entropy <= block_bits(k) / k < entropy + 1 / k
assert len(code) == 3000 * 8 // 5
assert set(code) == {"0", "1"}
for k in (1, 2, 3, 5):
    assert decode(encode(message, k), k) == message

assert abs(huffman[1] - 5 / 3) < 1e-12
assert abs(huffman[2] - 29 / 18) < 1e-12
for k, bits in huffman.items():
    # Words of a best code for 3**k equal chances have just two lengths, b - 1 and b.
    b, short_words = block_bits(k), 2 ** block_bits(k) - 3**k
    assert abs(bits - (b * 3**k - short_words) / 3**k / k) < 1e-12
    assert entropy < bits <= b / k
assert abs(cross_entropy_bits - 5 / 3) < 1e-6
print("Exercise 4.1: every code can be read back, stays above log2(3), and comes down to it.")
