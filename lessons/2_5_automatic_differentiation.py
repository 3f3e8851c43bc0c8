# %% [markdown]
# # 2.5 Automatic differentiation
#
# PyTorch records the operations of a computation in a *computational graph* and applies the chain
# rule backwards along it (*backpropagation*). This lesson computes gradients, accumulates and
# clears them, excludes a part of a computation from them, and differentiates through loops and
# branches.
#
# **After this lesson you can**
#
# - compute the gradient of a scalar function with `backward` and check it by hand
# - explain why gradients are accumulated, and clear them
# - compute a vector-Jacobian product for a vector-valued function
# - stop a gradient with `detach`, and differentiate a function with control flow

# %%
# %matplotlib inline
import torch

from d2l import torch as d2l

d2l.use_svg_display()

# %% [markdown]
# ## 2.5.1 A simple function
#
# Take $y = 2\,\mathbf{x}^\top\mathbf{x} = 2 \sum_i x_i^2$. By hand,
# $\frac{\partial y}{\partial x_i} = 4 x_i$. We compare this with PyTorch's result.

# %%
x = torch.arange(4.0)
x

# %% [markdown]
# There are four steps. **One:** request the gradient with respect to `x` by `requires_grad`. It is
# stored in `x.grad`, which is `None` until the first backward pass.

# %%
x.requires_grad_(True)
gradient_at_the_start = x.grad
print(gradient_at_the_start)

# %% [markdown]
# **Two:** compute the function (the *forward pass*). The result has a `grad_fn`, the last node of
# the computational graph.

# %%
y = 2 * torch.dot(x, x)
first_y = y.item()
y

# %% [markdown]
# **Three:** call `backward` (the *backward pass*). **Four:** read the gradient. It has the shape of
# `x`, one partial derivative for each entry.

# %%
y.backward()
first_gradient = x.grad.clone()
x.grad

# %%
x.grad == 4 * x

# %% [markdown]
# A second `backward` does not replace the gradient, it *adds* to it. This is useful if a batch does
# not fit into memory and is processed in parts. It is also the reason why each training step clears
# the old gradient first. Without clearing, the result here is $4x_i + 1$.

# %%
y = x.sum()
y.backward()
without_clearing = x.grad.clone()
without_clearing

# %%
x.grad.zero_()
y = x.sum()
y.backward()
with_clearing = x.grad.clone()
with_clearing

# %% [markdown]
# ## 2.5.2 Backward for non-scalar variables
#
# If $\mathbf{y}$ is a vector, its derivative is a whole matrix, the *Jacobian*
# $J_{ij} = \partial y_i / \partial x_j$. `backward` does not compute it. It takes a vector
# $\mathbf{v}$ of weights for the $y_i$ and computes the *vector-Jacobian product*
# $\mathbf{v}^\top \mathbf{J}$, which is the gradient of the scalar $\sum_i v_i y_i$. If
# $\mathbf{v}$ is a vector of ones, this is the gradient of `y.sum()`.

# %%
x.grad.zero_()
y = x * x
y.backward(gradient=torch.ones(len(y)))
vector_gradient = x.grad.clone()
vector_gradient

# %% [markdown]
# For comparison, here is the full Jacobian: $y_i = x_i^2$ depends on $x_i$ only, so the matrix is
# diagonal, and the product with a vector of ones gives its column sums.

# %%
jacobian = torch.autograd.functional.jacobian(lambda x: x * x, torch.arange(4.0))
jacobian, torch.ones(4) @ jacobian

# %% [markdown]
# ## 2.5.3 Detaching computation
#
# Sometimes a value is to be treated as a constant that does not depend on `x`. `detach` returns a
# tensor with the same numbers that is not part of the graph. Below, $z = u x$ where $u = x^2$ is
# detached: the derivative is $u$, that of a constant times $x$.

# %%
x.grad.zero_()
y = x * x
u = y.detach()
z = u * x
z.sum().backward()
detached_gradient = x.grad.clone()
x.grad == u

# %% [markdown]
# `y` itself is still part of the graph, so its gradient can be computed.

# %%
x.grad.zero_()
y.sum().backward()
attached_gradient = x.grad.clone()
x.grad == 2 * x

# %% [markdown]
# The plot compares both gradients of $z = x^3$: through both factors it is $3x^2$, and with $u$
# detached only $x^2$.

# %%
points = torch.linspace(-2, 2, 101, requires_grad=True)
(points * points * points).sum().backward()
full_slope = points.grad.clone()
points.grad.zero_()
((points * points).detach() * points).sum().backward()
stopped_slope = points.grad.clone()
d2l.plot(
    points.detach(),
    [full_slope, stopped_slope],
    "x",
    "gradient of z",
    legend=["u attached", "u detached"],
    figsize=(4.5, 2.5),
)

# %% [markdown]
# ## 2.5.4 Gradients and Python control flow
#
# The graph is built while the program runs, so it contains the operations that were executed. The
# number of iterations of a loop and the choice of a branch may depend on the data. (For $a = 0$ the
# loop below does not end: doubling zero never reaches 1000.)


# %%
def f(a: torch.Tensor) -> torch.Tensor:
    b = a * 2
    while b.norm() < 1000:
        b = b * 2
    if b.sum() > 0:
        c = b
    else:
        c = 100 * b
    return c


# %%
a = torch.randn(size=(), requires_grad=True)
d = f(a)
d.backward()

# %% [markdown]
# Whatever the number of iterations, the result is $a$ times a number $k$ (a power of two, times 100
# for negative $a$). So the derivative is $k = d / a$.

# %%
a.grad == d / a

# %% [markdown]
# Usually this is `True`, but not always: for about one negative $a$ in eight, rounding makes
# `d / a` differ from `a.grad` in the last bit. Compare floats that were computed in two ways with a
# tolerance.

# %%
torch.isclose(a.grad, d / a)

# %% [markdown]
# The picture shows $f$ for positive $a$ and its gradient. Where the number of iterations changes,
# $f$ is discontinuous. Automatic differentiation does not notice this: it gives the derivative of
# the piece that was executed.

# %%
inputs = torch.linspace(0.6, 8, 400)
values, slopes = [], []
for number in inputs:
    leaf = number.clone().requires_grad_(True)
    value = f(leaf)
    value.backward()
    values.append(value.item())
    slopes.append(leaf.grad.item())
figure, (left, right) = d2l.plt.subplots(1, 2, figsize=(8, 2.6), layout="constrained")
d2l.plot(inputs, torch.tensor(values), "a", "f(a)", axes=left)
d2l.plot(inputs, torch.tensor(slopes), "a", "gradient", yscale="log", axes=right)

# %% [markdown]
# ## Check yourself
#
# **Question 1.** `x.grad` is `[2.0]` and is not cleared. Then `y = 5 * x` and `y.backward()` run.
# What is `x.grad`?
#
# <details><summary>Answer</summary>
#
# `[7.0]`: the new derivative, 5, is added to the old one.
#
# </details>
#
# **Question 2.** $\mathbf{y} = \mathbf{A}\mathbf{x}$ with a $3 \times 4$ matrix. What does
# `y.backward(v)` store in `x.grad`, and which shape has `v`?
#
# <details><summary>Answer</summary>
#
# The Jacobian is $\mathbf{A}$, so it stores $\mathbf{v}^\top \mathbf{A}$, or
# $\mathbf{A}^\top \mathbf{v}$ as a column. `v` has the shape of `y`, `(3,)`, and the result the
# shape of `x`, `(4,)`.
#
# </details>
#
# **Question 3.** What is the derivative of `x.detach() * x` with respect to `x`, and of `x * x`?
#
# <details><summary>Answer</summary>
#
# $x$ in the first case, because the detached factor counts as a constant, and $2x$ in the second.
#
# </details>

# %% [markdown]
# ## Exercises
#
# **Exercise 1.** Call `backward` twice on the same `y = 2 * torch.dot(x, x)`. What does the error
# say, and what does `retain_graph=True` change?
#
# <details><summary>Hint</summary>
#
# The backward pass needs values that the forward pass saved. When are they freed?
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 1
leaf = torch.arange(4.0, requires_grad=True)
y_twice = 2 * torch.dot(leaf, leaf)
y_twice.backward(retain_graph=True)  # keeps the saved values
y_twice.backward()  # frees them
print("two passes, accumulated:", leaf.grad)
try:
    y_twice.backward()
except RuntimeError as error:
    print(str(error).split(".")[0])
assert torch.equal(leaf.grad, 2 * 4 * torch.arange(4.0))

# %% [markdown]
# **Exercise 2.** Plot $\sin x$ and its derivative on $[-\pi, \pi]$ without using that the
# derivative is $\cos x$.
#
# <details><summary>Hint</summary>
#
# Apply `backward` to the sum of the values.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 2
angles = torch.linspace(-torch.pi, torch.pi, 101, requires_grad=True)
torch.sin(angles).sum().backward()
both = [torch.sin(angles).detach(), angles.grad]
d2l.plot(angles.detach(), both, "x", legend=["sin x", "derivative"], figsize=(4.5, 2.5))
assert torch.allclose(angles.grad, torch.cos(angles.detach()))

# %% [markdown]
# **Exercise 3.** Replace `100 * b` by `b * b` in `f`. Is the derivative for negative $a$ still
# $d / a$? Compute it by hand first.
#
# <details><summary>Hint</summary>
#
# For negative $a$ the result is $(k a)^2$ with a power of two $k$.
#
# </details>


# %% tags=["hide-cell"]
# Solution of exercise 3
def g(a):
    b = a * 2
    while b.norm() < 1000:
        b = b * 2
    return b if b.sum() > 0 else b * b


negative = torch.tensor(-3.0, requires_grad=True)
result = g(negative)
result.backward()
# result = (k a)², so its derivative is 2 k² a = 2 result / a, twice as large as result / a.
print("derivative:", negative.grad.item(), " result / a:", (result / negative).item())
assert torch.isclose(negative.grad, 2 * result / negative)
