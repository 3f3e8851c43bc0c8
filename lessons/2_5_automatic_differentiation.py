# %% [markdown]
# # 2.5 Automatic differentiation
#
# Training follows gradients, and a network has far too many parameters to differentiate by hand.
# Torch writes down every operation as it runs and then applies the chain rule backwards along its
# notes. You will see how to ask for a gradient, why gradients add up until you clear them, how to
# keep a part of the calculation out, and that loops and branches are no obstacle.

# %%
# %matplotlib inline
import torch

from d2l import torch as d2l

d2l.use_svg_display()

# %% [markdown]
# ## 2.5.1 A simple function
#
# Take $y = 2\,\mathbf{x}^\top\mathbf{x} = 2 \sum_i x_i^2$. By hand,
# $\frac{\partial y}{\partial x_i} = 4 x_i$. Let us see whether torch agrees.

# %%
x = torch.arange(4.0)
x

# %% [markdown]
# There are always four steps. **One:** say that you want the gradient with respect to `x`. It will
# be stored in `x.grad`, which is empty (`None`) until there is something to store.

# %%
x.requires_grad_(True)
gradient_at_the_start = x.grad
print(gradient_at_the_start)

# %% [markdown]
# **Two:** calculate. The result carries a `grad_fn`: the last operation that made it, and the end
# of the thread along which torch will find its way back.

# %%
y = 2 * torch.dot(x, x)
first_y = y.item()
y

# %% [markdown]
# **Three:** go backwards. **Four:** read the gradient. It has the shape of `x`, one slope for each
# entry.

# %%
y.backward()
first_gradient = x.grad.clone()
x.grad

# %%
x.grad == 4 * x

# %% [markdown]
# A second `backward` does not replace the gradient, it *adds* to it. This is useful (a batch that
# does not fit into memory can be done in parts), and the reason why each training step begins by
# clearing the old gradient. Watch what happens without clearing: $4x_i + 1$.

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
# $J_{ij} = \partial y_i / \partial x_j$. Torch never builds it. It asks how much each $y_i$ matters
# to you, a vector $\mathbf{v}$, and gives $\mathbf{v}^\top \mathbf{J}$, which is the gradient of
# the scalar $\sum_i v_i y_i$. With ones for $\mathbf{v}$ that is the gradient of `y.sum()`.

# %%
x.grad.zero_()
y = x * x
y.backward(gradient=torch.ones(len(y)))
vector_gradient = x.grad.clone()
vector_gradient

# %% [markdown]
# Here the full matrix, just to look at: $y_i = x_i^2$ depends on $x_i$ alone, so the Jacobian is
# diagonal, and the ones pick up the column sums.

# %%
jacobian = torch.autograd.functional.jacobian(lambda x: x * x, torch.arange(4.0))
jacobian, torch.ones(4) @ jacobian

# %% [markdown]
# ## 2.5.3 Detaching computation
#
# Sometimes a value should count as a plain number, not as something that depends on `x`. `detach`
# gives the same numbers without the notes on where they came from. Below, $z = u x$ with
# $u = x^2$ detached: the derivative is $u$, as if $u$ had fallen from the sky.

# %%
x.grad.zero_()
y = x * x
u = y.detach()
z = u * x
z.sum().backward()
detached_gradient = x.grad.clone()
x.grad == u

# %% [markdown]
# `y` itself kept its notes, so we can still go back through it.

# %%
x.grad.zero_()
y.sum().backward()
attached_gradient = x.grad.clone()
x.grad == 2 * x

# %% [markdown]
# In a picture: $z = x^3$ either way, but the gradient that flows through both factors is $3x^2$,
# and the one that is stopped at $u$ only $x^2$.

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
# The notes are taken while the program runs, so only what *did* run is in them. A function may
# loop as often as the data say and branch as it likes. (The one input to avoid is $a = 0$: doubling
# zero never reaches 1000.)


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
# However often the loop went round, the result is $a$ times some number $k$ (a power of two, times
# 100 for negative $a$). So the slope is $k = d / a$.

# %%
a.grad == d / a

# %% [markdown]
# Usually this is `True`, but not always: for about one negative $a$ in eight, rounding makes
# `d / a` miss `a.grad` by the last bit. Floats that were calculated in two ways are best compared
# with a tolerance.

# %%
torch.isclose(a.grad, d / a)

# %% [markdown]
# The picture shows $f$ for positive $a$, and the gradient that autograd finds. Where the number of
# rounds changes, $f$ jumps. Autograd knows nothing of jumps: it gives the slope of the piece on
# which it happened to be.

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
# ## Try it yourself
#
# 1. Call `backward` twice on the same `y = 2 * torch.dot(x, x)`. What does the error say, and what
#    does `retain_graph=True` keep?
# 2. Plot $\sin x$ and its gradient on $[-\pi, \pi]$ without using that the derivative is $\cos x$.
# 3. In `f`, replace `100 * b` by `b * b`. Is `a.grad == d / a` still right for negative $a$? Work
#    out the slope with pencil and paper first.

# %% [markdown]
# ## Check

# %%
assert gradient_at_the_start is None
assert first_y == 2 * (0 + 1 + 4 + 9) == 28
assert first_gradient.tolist() == [0, 4, 8, 12]
assert without_clearing.tolist() == [1, 5, 9, 13]
assert with_clearing.tolist() == [1, 1, 1, 1]
assert vector_gradient.tolist() == [0, 2, 4, 6]
assert jacobian.tolist() == [[0, 0, 0, 0], [0, 2, 0, 0], [0, 0, 4, 0], [0, 0, 0, 6]]
assert detached_gradient.tolist() == [0, 1, 4, 9]
assert attached_gradient.tolist() == [0, 2, 4, 6]
assert torch.allclose(full_slope, 3 * points.detach() ** 2, atol=1e-6)
assert torch.allclose(stopped_slope, points.detach() ** 2, atol=1e-6)

doublings = torch.log2(a.grad if a > 0 else a.grad / 100)
assert doublings == doublings.round()
assert abs(a.item()) * 2 ** doublings.item() >= 1000
assert torch.isclose(a.grad, d / a)
for number, slope in ((3.0, 512), (500.0, 2), (-3.0, 51200), (2000.0, 2)):
    leaf = torch.tensor(number, requires_grad=True)
    f(leaf).backward()
    assert leaf.grad.item() == slope
print("2.5: autograd found every derivative that we worked out by hand.")
