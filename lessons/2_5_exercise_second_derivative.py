# %% [markdown]
# # Exercise 2.5: what does a second derivative cost?
#
# Why is the second derivative much more expensive than the first? The gradient of a function of $n$
# variables has $n$ entries and the Hessian has $n^2$. This lesson counts the backward passes,
# measures the time, and computes products with the Hessian without computing the Hessian.
#
# **After this lesson you can**
#
# - compute a Hessian row by row with automatic differentiation
# - count the entries and the backward passes of a gradient and of a Hessian
# - read the exponent of a power law from a plot with logarithmic axes
# - compute a Hessian-vector product with two backward passes

# %%
# %matplotlib inline
import time
from collections.abc import Callable

import torch

from d2l import torch as d2l

d2l.use_svg_display()

# %% [markdown]
# ## A function with a full Hessian
#
# Many simple functions, such as $\sum_i x_i^2$, have a Hessian that consists mostly of zeros. We
# use a function in which each pair of variables interacts and which is cheap to compute:
#
# $$f(\mathbf{x}) = \log \sum_{i=1}^n e^{x_i}.$$
#
# Its gradient is the softmax $\mathbf{p}$, $p_i = e^{x_i} / \sum_j e^{x_j}$, and its Hessian
# $\mathbf{H} = \mathrm{diag}(\mathbf{p}) - \mathbf{p} \mathbf{p}^\top$ has no zeros. So the results
# of automatic differentiation can be compared with a formula.


# %%
def f(x: torch.Tensor) -> torch.Tensor:
    return torch.logsumexp(x, dim=0)


def gradient(x: torch.Tensor, create_graph: bool = False) -> torch.Tensor:
    """Compute the n first derivatives: one backward pass."""
    return torch.autograd.grad(f(x), x, create_graph=create_graph)[0]


# %% [markdown]
# A backward pass differentiates *one* number. The gradient has $n$ entries, so the Hessian needs
# $n$ more passes: pass $i$ differentiates entry $i$ of the gradient and gives row $i$. For this the
# graph must contain the computation of the gradient (`create_graph=True`).


# %%
def hessian_by_rows(x: torch.Tensor) -> tuple[torch.Tensor, int]:
    """Compute the Hessian row by row; also return how many backward passes that took."""
    first, passes, rows = gradient(x, create_graph=True), 1, []
    for one_entry in torch.eye(len(x)):
        rows.append(torch.autograd.grad(first, x, one_entry, retain_graph=True)[0])
        passes += 1
    return torch.stack(rows), passes


x = torch.tensor([0.0, 1.0, 2.0], requires_grad=True)
small_hessian, passes = hessian_by_rows(x)
small_hessian, passes

# %% [markdown]
# ## Counting
#
# The gradient has $n$ entries and takes 1 pass, the Hessian has $n^2$ entries and takes $n + 1$
# passes. Because $\mathbf{H}$ is symmetric, it has $n (n + 1) / 2$ different entries, which is
# still quadratic in $n$. The code counts the entries and the passes.

# %%
counted = []
for n in (2, 4, 8, 16, 32, 64):
    x = torch.randn(n, requires_grad=True)
    hessian, passes = hessian_by_rows(x)
    counted.append((n, gradient(x).numel(), hessian.numel(), passes))
print("   n  gradient  Hessian  passes")
for row in counted:
    print("{:4d}  {:8d}  {:7d}  {:6d}".format(*row))

# %% [markdown]
# The computational graph becomes larger, too. We count the operations that can be reached from
# `f(x)` and from its gradient: the second graph contains the first one *and* the operations of its
# backward pass. Its number of nodes does not depend on $n$, so it is not the reason why the cost
# grows with $n$.


# %%
def count_nodes(result: torch.Tensor) -> int:
    """Count the operations in the graph behind a tensor."""
    seen, waiting = set(), [result.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            waiting.extend(before for before, _ in node.next_functions)
    return len(seen)


node_counts = []
for n in (4, 400):
    x = torch.randn(n, requires_grad=True)
    node_counts.append((count_nodes(f(x)), count_nodes(gradient(x, create_graph=True))))
    print(f"n = {n}: {node_counts[-1][0]} nodes behind f, {node_counts[-1][1]} behind its gradient")

# %% [markdown]
# ## Measuring
#
# To measure the arithmetic and not the loop in Python, PyTorch can compute all $n$ passes as one
# batch. We compare it with the *Hessian-vector product* $\mathbf{H}\mathbf{v}$: since
# $\mathbf{H}\mathbf{v}$ is the gradient of the scalar $\nabla f(\mathbf{x})^\top \mathbf{v}$, it
# needs two passes for every $n$ and does not compute $\mathbf{H}$. Each time is the shortest of
# several runs on one thread, because waiting for other threads would add noise.


# %%
def hessian_in_one_batch(x: torch.Tensor) -> torch.Tensor:
    first = gradient(x, create_graph=True)
    return torch.autograd.grad(first, x, torch.eye(len(x)), is_grads_batched=True)[0]


def hessian_times_vector(x: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    return torch.autograd.grad(gradient(x, create_graph=True) @ v, x)[0]


def best_seconds(work: Callable[..., object], *arguments: torch.Tensor, repeats: int) -> float:
    """Run the work several times, once more to warm up, and return the shortest time."""
    work(*arguments)
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        work(*arguments)
        seconds.append(time.perf_counter() - start)
    return min(seconds)


threads_before = torch.get_num_threads()
torch.set_num_threads(1)
gradient_seconds, product_seconds, hessian_seconds = {}, {}, {}
for n in [2**power for power in range(5, 21)]:
    x = torch.randn(n, requires_grad=True)
    gradient_seconds[n] = best_seconds(gradient, x, repeats=20)
    product_seconds[n] = best_seconds(hessian_times_vector, x, x.detach(), repeats=20)
    if n <= 2048:
        repeats = 5 if n > 512 else 20  # the short ones are disturbed more by other programs
        hessian_seconds[n] = best_seconds(hessian_in_one_batch, x, repeats=repeats)
torch.set_num_threads(threads_before)

# %%
d2l.plot(
    [list(hessian_seconds), list(product_seconds), list(gradient_seconds)],
    [
        list(hessian_seconds.values()),
        list(product_seconds.values()),
        list(gradient_seconds.values()),
    ],
    "n",
    "seconds",
    legend=["Hessian", "Hessian times vector", "gradient"],
    xscale="log",
    yscale="log",
    figsize=(5.5, 3.5),
)

# %% [markdown]
# Both axes are logarithmic, so a power $n^k$ is a straight line with slope $k$.
#
# - For small $n$ all curves are nearly constant: most of the time is the overhead of *starting* an
#   operation. Here the cost does not grow with $n^2$ yet.
# - For larger $n$ the slope of the Hessian is 2: twice the $n$, four times the time. (It is steeper
#   where the Hessian becomes larger than the processor's cache.)
# - The gradient reaches slope 1 only at some ten thousand entries.
# - The Hessian-vector product takes a constant multiple of the time of the gradient, about two to
#   three times. Methods that use the curvature of large networks depend on it.
#
# The memory grows, too: at $n = 2^{20}$, where the curve of the gradient ends, the Hessian would
# have $2^{40}$ floats, which are 4 tebibytes. A network with a million parameters is small.

# %%
largest = max(hessian_seconds)
growth = (hessian_seconds[largest] / hessian_seconds[largest // 4]) ** 0.5
hessian_bytes = (2**20) ** 2 * torch.float32.itemsize
print(
    f"n = {largest}: the Hessian took {hessian_seconds[largest] / gradient_seconds[largest]:.0f} "
    f"times as long as the gradient, Hessian times vector "
    f"{product_seconds[largest] / gradient_seconds[largest]:.1f} times."
)
print(f"Doubling n there multiplies the time of the Hessian by {growth:.1f} (4 by counting).")
print(f"The Hessian at n = 2**20 would need {hessian_bytes / 2**40:.0f} TiB.")

# %% [markdown]
# ## Check yourself
#
# **Question 1.** How many backward passes does the Hessian of a function of 1000 variables need,
# and how many does one Hessian-vector product need?
#
# <details><summary>Answer</summary>
#
# 1001 and 2. One pass computes the gradient. The Hessian needs one more for each of its rows; the
# product differentiates the single number $\nabla f(\mathbf{x})^\top \mathbf{v}$.
#
# </details>
#
# **Question 2.** In a plot with two logarithmic axes, a curve rises by a factor of 100 while $n$
# grows by a factor of 10. What is the growth of the time?
#
# <details><summary>Answer</summary>
#
# The slope is $\log 100 / \log 10 = 2$, so the time grows as $n^2$.
#
# </details>
#
# **Question 3.** What would be wrong without `create_graph=True` in `hessian_by_rows`?
#
# <details><summary>Answer</summary>
#
# The gradient would be a constant without a graph, so it could not be differentiated:
# `torch.autograd.grad` raises an error.
#
# </details>

# %% [markdown]
# ## Exercises
#
# **Exercise 1.** Replace `f` by $\sum_i x_i^2$. The Hessian is diagonal: does automatic
# differentiation use this, and does the number of passes become smaller?
#
# <details><summary>Hint</summary>
#
# Write a second version of `hessian_by_rows` for a function that is passed as an argument.
#
# </details>


# %% tags=["hide-cell"]
# Solution of exercise 1
def hessian_of(function, x):
    first, passes, rows = torch.autograd.grad(function(x), x, create_graph=True)[0], 1, []
    for one_entry in torch.eye(len(x)):
        rows.append(torch.autograd.grad(first, x, one_entry, retain_graph=True)[0])
        passes += 1
    return torch.stack(rows), passes


diagonal_hessian, num_passes = hessian_of(
    lambda x: x.square().sum(), torch.randn(5, requires_grad=True)
)
print(diagonal_hessian, num_passes)
# The zeros are computed like other numbers: there are n + 1 passes.
assert torch.equal(diagonal_hessian, 2 * torch.eye(5))
assert num_passes == 6

# %% [markdown]
# **Exercise 2.** How can the *diagonal* of a Hessian be computed from Hessian-vector products? How
# many are needed? What is the mean of $\mathbf{v} \odot \mathbf{H}\mathbf{v}$ if the entries of
# $\mathbf{v}$ are $\pm 1$ at random?
#
# <details><summary>Hint</summary>
#
# $(\mathbf{v} \odot \mathbf{H}\mathbf{v})_i = \sum_j v_i v_j H_{ij}$. What is the mean of $v_i v_j$
# for $i \ne j$ and for $i = j$?
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 2
point = torch.randn(6, requires_grad=True)
exactly = torch.stack([hessian_times_vector(point, unit)[i] for i, unit in enumerate(torch.eye(6))])
signs = torch.randint(2, (3000, 6)) * 2.0 - 1
estimates = torch.stack([sign * hessian_times_vector(point, sign) for sign in signs])
print("n products:   ", exactly)
print("random signs: ", estimates.mean(dim=0))
# With unit vectors n products are needed. The mean of v_i v_j is 1 for i = j, otherwise 0, so the
# random vectors give an unbiased estimate, and the number of products can be chosen.
assert torch.allclose(exactly, hessian_by_rows(point)[0].diagonal(), atol=1e-6)
assert torch.allclose(estimates.mean(dim=0), exactly, atol=0.03)

# %% [markdown]
# **Exercise 3.** How many entries has the third derivative of a function of $n$ variables, and how
# many backward passes are needed with the method of this lesson? Which slope would its curve have?
#
# <details><summary>Hint</summary>
#
# Each entry of the Hessian is one number to be differentiated.
#
# </details>
#
# <details><summary>Solution</summary>
#
# The third derivative has $n^3$ entries. It needs one pass for each of the $n^2$ entries of the
# Hessian, in addition to the $n + 1$ passes for the Hessian itself. The slope for large $n$ is 3.
#
# </details>
