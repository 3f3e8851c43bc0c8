# %% [markdown]
# # Exercise 4.1: a code for three equally likely classes
#
# Three classes, each with probability $\frac{1}{3}$, are to be encoded in bits. One bit is too
# short and two bits are more than necessary. This lesson constructs codes for blocks of classes,
# compares them with the entropy $\log_2 3 \approx 1.585$ bits, and relates the cross-entropy loss
# to the length of a code.
#
# **After this lesson you can**
#
# - compute the entropy of a distribution in bits
# - compute the bits per class of a block code and of a Huffman code
# - show that a block code approaches the entropy as the blocks become longer
# - explain cross-entropy as the expected length of a code for the wrong distribution

# %%
# %matplotlib inline
import heapq
import math

import torch

from d2l import torch as d2l

d2l.use_svg_display()
torch.manual_seed(0)

# %% [markdown]
# ## The entropy is a lower bound
#
# The *entropy* is the expected information in bits: the information of a class with probability $p$
# is $\log_2 \frac{1}{p}$. For the three classes
#
# $$H = \sum_{j=1}^{3} \tfrac{1}{3} \log_2 3 = \log_2 3 = 1.58496\ldots$$
#
# No uniquely decodable code needs fewer bits per class on average. A code of fixed length for a
# single class needs 2 bits. It does not use one of its four words, and needs $2 - 1.585 = 0.415$
# bits more than the entropy.

# %%
entropy = sum(1 / 3 * math.log2(3) for _ in range(3))
entropy

# %% [markdown]
# ## Code 1: several classes in one block
#
# Encode $k$ classes together. There are $3^k$ such blocks, and words of $b$ bits can represent all
# of them if $2^b \ge 3^k$. So $b = \lceil k \log_2 3 \rceil$, which is $b / k$ bits for each class.
# With integers $b$ is computed exactly: it is the number of binary digits of the largest block
# number, $3^k - 1$.


# %%
def block_bits(k: int) -> int:
    """Compute how many bits a word of fixed length needs for a block of k classes."""
    return (3**k - 1).bit_length()


print(" k  blocks    bits  bits per class")
for k in (1, 2, 3, 4, 5, 10, 17):
    print(f"{k:2d}  {3**k:<9d} {block_bits(k):3d}  {block_bits(k) / k:.4f}")

# %% [markdown]
# Blocks of two classes do not help: 9 blocks need 4 bits, again 2 for each class. With three
# classes, 27 blocks need 5 bits ($2^5 = 32$). With five classes the code is better, because
# $3^5 = 243$ is only slightly less than $2^8 = 256$. Rounding up costs less than one bit per
# *block*, so less than $\frac{1}{k}$ per class, and this goes to zero:
#
# $$\log_2 3 \le \frac{\lceil k \log_2 3 \rceil}{k} < \log_2 3 + \frac{1}{k}.$$
#
# The following encoder and decoder treat a block as a number in base 3 whose digits are the
# classes.


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
# ## Code 2: words of different length
#
# The unused words of a block code make it possible to shorten other words. *Huffman's* algorithm
# gives the shortest expected length: join the two least likely symbols into one, with one bit to
# distinguish them, and repeat until one symbol is left. For the three classes it gives the words
# `0`, `10`, `11`, so $\frac{1 + 2 + 2}{3} = \frac{5}{3}$ bits on average, without blocks. No word
# is a prefix of another one, so the decoder knows where a word ends.
#
# Each time two symbols are joined, the words of all symbols in them become one bit longer. So the
# expected length is the sum of the probabilities of all joined symbols; the code counts in units of
# $3^{-k}$, to compute with integers.


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
# Both codes approach the entropy and are never below it. The fixed-length code does not improve
# with each $k$: it is good if $3^k$ is slightly less than a power of two, as for $k = 5$ and
# $k = 17$.
#
# If the channel had *three* symbols, such as $-1$, $0$ and $+1$, one symbol for each class would be
# optimal. In bits it is not, because 3 is not a power of 2.

# %% [markdown]
# ## Codes and the cross-entropy loss
#
# The words `0`, `10`, `11` are optimal for the probabilities
# $\mathbf{q} = (\frac{1}{2}, \frac{1}{4}, \frac{1}{4})$: a word of $b$ bits corresponds to a
# probability of $2^{-b}$. With $\mathbf{p} = (\frac{1}{3}, \frac{1}{3}, \frac{1}{3})$ their
# expected length is
#
# $$- \sum_j p_j \log_2 q_j = \tfrac{5}{3} \text{ bits},$$
#
# which is the *cross-entropy* of $\mathbf{p}$ and $\mathbf{q}$, the loss of this chapter. Its
# difference from the entropy, $\frac{5}{3} - \log_2 3 \approx 0.082$ bits, is the *Kullback-Leibler
# divergence*: the additional length of a code for $\mathbf{q}$ when $\mathbf{p}$ is the true
# distribution. PyTorch uses the natural logarithm; division by $\ln 2$ gives bits.

# %%
p, q = torch.tensor([[1 / 3, 1 / 3, 1 / 3]]), torch.tensor([[1 / 2, 1 / 4, 1 / 4]])
cross_entropy_bits = torch.nn.functional.cross_entropy(q.log(), p).item() / math.log(2)
cross_entropy_bits, cross_entropy_bits - entropy

# %% [markdown]
# ## Check yourself
#
# **Question 1.** What is the entropy of the probabilities
# $(\frac{1}{2}, \frac{1}{4}, \frac{1}{8}, \frac{1}{8})$ in bits?
#
# <details><summary>Answer</summary>
#
# $\frac{1}{2} \cdot 1 + \frac{1}{4} \cdot 2 + \frac{1}{8} \cdot 3 + \frac{1}{8} \cdot 3 = 1.75$
# bits.
#
# </details>
#
# **Question 2.** Why can the words `0`, `01`, `11` not always be decoded immediately?
#
# <details><summary>Answer</summary>
#
# `0` is a prefix of `01`: after reading `0` the decoder cannot decide whether the word has ended.
#
# </details>
#
# **Question 3.** Can the cross-entropy of $\mathbf{p}$ and $\mathbf{q}$ be smaller than the entropy
# of $\mathbf{p}$?
#
# <details><summary>Answer</summary>
#
# No. The difference is the Kullback-Leibler divergence, which is at least 0, and 0 only for
# $\mathbf{p} = \mathbf{q}$.
#
# </details>

# %% [markdown]
# ## Exercises
#
# **Exercise 1.** Which $k$ up to 60 gives the best fixed-length code? What is special about its
# $3^k$?
#
# <details><summary>Hint</summary>
#
# Minimize `block_bits(k) / k`, and print $3^k / 2^b$.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 1
best_k = min(range(1, 61), key=lambda k: block_bits(k) / k)
print(f"k = {best_k}: {block_bits(best_k) / best_k:.5f} bits per class")
print(f"3**k / 2**b = {3**best_k / 2 ** block_bits(best_k):.4f}")  # slightly less than 1
assert best_k == 41

# %% [markdown]
# **Exercise 2.** The classes have the probabilities $(\frac{1}{2}, \frac{1}{4}, \frac{1}{4})$.
# Which code is optimal, and do blocks improve it?
#
# <details><summary>Hint</summary>
#
# Compare the expected length of the words `0`, `10`, `11` with the entropy.
#
# </details>
#
# <details><summary>Solution</summary>
#
# The words `0`, `10`, `11` have the expected length
# $\frac{1}{2} \cdot 1 + \frac{1}{4} \cdot 2 + \frac{1}{4} \cdot 2 = 1.5$ bits. The entropy is
# $\frac{1}{2} \cdot 1 + \frac{1}{4} \cdot 2 + \frac{1}{4} \cdot 2 = 1.5$ bits, too. The code is
# optimal, so blocks cannot improve it. This is the case whenever all probabilities are powers of
# $\frac{1}{2}$.
#
# </details>

# %% [markdown]
# **Exercise 3.** A classifier predicts $(\frac{1}{3}, \frac{1}{3}, \frac{1}{3})$ for each image of
# three classes. What is its cross-entropy loss in PyTorch, and why is this number useful at the
# start of training?
#
# <details><summary>Hint</summary>
#
# Equal logits give equal probabilities.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 3
loss_at_start = torch.nn.functional.cross_entropy(torch.zeros(1, 3), torch.tensor([1])).item()
print(f"{loss_at_start:.4f} = log 3, which is {loss_at_start / math.log(2):.4f} bits")
# A new model should have about this loss. A much larger one is a sign of a mistake.
assert abs(loss_at_start - math.log(3)) < 1e-6
