# %% [markdown]
# # Exercise 2.5: what does a second derivative cost?
#
# "Why is the second derivative much more expensive than the first?" The short answer is "$n^2$
# numbers in place of $n$". You will count and measure it, see where the clock tells another story
# than the count, and learn the trick that gives you most of what the second derivative is good
# for at the price of about two gradients.

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
# Many simple functions, like $\sum_i x_i^2$, have a Hessian that is mostly zeros. We want one in
# which every pair of variables interacts and which is cheap itself:
#
# $$f(\mathbf{x}) = \log \sum_{i=1}^n e^{x_i}.$$
#
# Its gradient is the softmax $\mathbf{p}$, $p_i = e^{x_i} / \sum_j e^{x_j}$, and its Hessian
# $\mathbf{H} = \mathrm{diag}(\mathbf{p}) - \mathbf{p} \mathbf{p}^\top$ has no zeros at all. So we
# can check what autograd gives us.


# %%
def f(x: torch.Tensor) -> torch.Tensor:
    return torch.logsumexp(x, dim=0)


def gradient(x: torch.Tensor, create_graph: bool = False) -> torch.Tensor:
    """Compute the n first derivatives: one backward pass."""
    return torch.autograd.grad(f(x), x, create_graph=create_graph)[0]


# %% [markdown]
# A backward pass differentiates *one* number. The gradient is $n$ numbers, so the Hessian takes $n$
# more passes: pass number $i$ differentiates the gradient's entry $i$ and yields row $i$. For this
# the gradient must be calculated in a way that can itself be differentiated (`create_graph=True`).


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
# passes. Because $\mathbf{H}$ is symmetric, only $n (n + 1) / 2$ of its entries are really
# different, which is still quadratic. We count what comes out of the functions rather than trust
# the formula.

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
# The notes that autograd takes grow as well. Let us count the operations that can be reached from
# `f(x)`, and from its differentiable gradient: the second graph holds the first one *and* what its
# backward pass did. But it has the same number of nodes for every $n$: the graph is one reason for
# the price, not the reason that it grows with $n$.


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
# To see the arithmetic and not Python's loop, torch can do all $n$ passes at once, as one batch. A
# third candidate is the *Hessian-vector product* $\mathbf{H}\mathbf{v}$: since
# $\mathbf{H}\mathbf{v}$ is the gradient of the scalar $\nabla f(\mathbf{x})^\top \mathbf{v}$, it
# needs two passes, whatever $n$ is, and never builds $\mathbf{H}$. Each time below is the best of
# several, on one thread (waiting for a second one would blur the picture).


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
        hessian_seconds[n] = best_seconds(hessian_in_one_batch, x, repeats=5)
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
# How to read it. Both axes are logarithmic, so a power $n^k$ is a straight line of slope $k$.
#
# - On the left all curves are nearly flat: with few numbers the time goes into *starting* an
#   operation, not into the arithmetic. Here "$n^2$ is more expensive" is not yet true.
# - Further right the Hessian bends upwards to slope 2: twice the $n$, four times the time. (It is
#   steeper for a while where its numbers outgrow the fast memory next to the processor.)
# - The gradient turns to slope 1 only at some ten thousand entries, and stays there.
# - The Hessian-vector product runs beside the gradient at a constant distance, two to three times
#   its price. Methods that need curvature in large networks live on this.
#
# And the memory: at $n = 2^{20}$, where the gradient curve ends, the Hessian would hold $2^{40}$
# floats, 4 tebibytes. A network of this size is a small one.

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
# ## Try it yourself
#
# 1. Swap `f` for $\sum_i x_i^2$. The Hessian is diagonal now: does autograd notice, and does it get
#    cheaper?
# 2. How would you find the *diagonal* of a Hessian, if you only had Hessian-vector products? How
#    many do you need, and what do you get from vectors with random entries $\pm 1$?
# 3. What would a third derivative cost? Predict the slope in the picture before you try.

# %% [markdown]
# ## Check

# %%
p = torch.tensor([0.0, 1.0, 2.0]).exp() / torch.tensor([0.0, 1.0, 2.0]).exp().sum()
assert torch.allclose(small_hessian, torch.diag(p) - torch.outer(p, p), atol=1e-6)
for n, gradient_count, hessian_count, passes in counted:
    assert (gradient_count, hessian_count, passes) == (n, n**2, n + 1)
assert node_counts[0] == node_counts[1]
assert node_counts[0][1] > node_counts[0][0]

x, v = torch.randn(50, requires_grad=True), torch.randn(50)
p = torch.softmax(x.detach(), dim=0)
exact = torch.diag(p) - torch.outer(p, p)
assert torch.allclose(gradient(x), p, atol=1e-6)
assert torch.allclose(hessian_by_rows(x)[0], exact, atol=1e-6)
assert torch.allclose(hessian_in_one_batch(x), exact, atol=1e-6)
assert torch.allclose(hessian_times_vector(x, v), exact @ v, atol=1e-5)

assert hessian_bytes == 4 * 1024**4
# The clock of a busy machine is no precise judge, so these bounds are wide.
assert hessian_seconds[2048] > 10 * gradient_seconds[2048]
assert hessian_seconds[2048] > 3 * hessian_seconds[512]
print("Exercise 2.5: n against n squared, counted, measured and checked with the formula.")
