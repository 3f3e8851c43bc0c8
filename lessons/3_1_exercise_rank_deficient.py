# %% [markdown]
# # Exercise 3.1: when $\mathbf{X}^\top \mathbf{X}$ has no inverse
#
# The formula for least squares, $\mathbf{w} = (\mathbf{X}^\top \mathbf{X})^{-1} \mathbf{X}^\top
# \mathbf{y}$, needs an inverse that may not exist: it fails as soon as one feature can be
# calculated from the others. You will see what the loss looks like then, four ways out (the
# solution of least norm, adding noise, ridge, stochastic gradient descent), and that three of them
# lead to the same point.

# %%
# %matplotlib inline
import torch

from d2l import torch as d2l

d2l.use_svg_display()
torch.manual_seed(0)

# %% [markdown]
# ## The same feature twice
#
# Somebody recorded a length twice, once in metres and once in half-metres. So the second column is
# twice the first, and the matrix has rank 1 although it has two columns. The label is three times
# the length, with a little noise. (`float64` throughout: here we care about exact zeros.)

# %%
num_examples = 200
length = torch.randn(num_examples, dtype=torch.float64)
X = torch.stack((length, 2 * length), dim=1)
y = 3 * length + 0.1 * torch.randn(num_examples, dtype=torch.float64)
X[:3], torch.linalg.matrix_rank(X)

# %% [markdown]
# With $S = \sum_i x_i^2$ we have
#
# $$\mathbf{X}^\top \mathbf{X} = S \begin{pmatrix} 1 & 2 \\ 2 & 4 \end{pmatrix}.$$
#
# The determinant is $S^2 (1 \cdot 4 - 2 \cdot 2) = 0$, and torch refuses. (Be glad when it does. If
# rounding had made the zero a $10^{-13}$, it would have divided by that and answered nonsense.)

# %%
gram = X.T @ X
try:
    print("nonsense:", torch.linalg.solve(gram, X.T @ y))
except torch.linalg.LinAlgError as error:
    print(error)

# %% [markdown]
# ## A valley instead of a minimum
#
# Is there then no solution? There are infinitely many! The prediction
# $w_1 x + w_2 \cdot 2x = (w_1 + 2 w_2)\, x$ depends on $w_1 + 2 w_2$ only. Let
# $c = \sum_i x_i y_i / S$ be the best slope for one feature; then every $\mathbf{w}$ with
# $w_1 + 2 w_2 = c$ is equally good. Walking along $\mathbf{v} = (2, -1) / \sqrt{5}$ changes nothing
# at all, because $\mathbf{X} \mathbf{v} = \mathbf{0}$.
#
# (One sometimes reads that there might be *no* solution. That cannot happen: $\mathbf{X}^\top
# \mathbf{y}$ always lies in the space that $\mathbf{X}^\top \mathbf{X}$ reaches. In other words,
# there is always a point of the plane of predictions that is closest to $\mathbf{y}$.)


# %%
def loss(w: torch.Tensor) -> torch.Tensor:
    """Compute half the mean squared error of one weight vector or of a grid of them (last axis)."""
    return (w @ X.T - y).square().mean(dim=-1) / 2


slope = (length @ y / (length @ length)).item()
flat = torch.tensor([2.0, -1.0], dtype=torch.float64) / 5**0.5
on_the_line = torch.tensor([slope, 0.0], dtype=torch.float64)
along_the_valley = torch.stack([loss(on_the_line + step * flat) for step in (-10, 0, 10, 1000)])
along_the_valley

# %% [markdown]
# ## Way out 1: the solution of least norm
#
# Of all the solutions, take the shortest one: the point of the line $w_1 + 2 w_2 = c$ that is
# closest to the origin. It stands at a right angle to the line, so it is a multiple of $(1, 2)$,
# namely $\mathbf{w}^* = \frac{c}{5} (1, 2)$. The *pseudoinverse* $\mathbf{X}^+$ finds it in every
# case; it inverts what can be inverted and answers zero in the flat directions.

# %%
least_norm = torch.linalg.pinv(X) @ y
least_norm, slope / 5 * torch.tensor([1.0, 2.0])


# %%
def draw_valley(axes: d2l.plt.Axes, title: str) -> None:
    """Draw the loss over the plane of weights, its valley, and the solution of least norm."""
    w1, w2 = torch.meshgrid(torch.linspace(-2, 4, 25), torch.linspace(-1.6, 3, 25), indexing="xy")
    height = loss(torch.stack((w1, w2), dim=-1).double())
    axes.contourf(w1.numpy(), w2.numpy(), height.sqrt().numpy(), 15, cmap="Blues", vmax=14)
    ends = torch.tensor([-2.0, 4.0])
    axes.plot(ends, (slope - ends) / 2, "k:", linewidth=1)
    axes.plot(*least_norm, "k*", markersize=11, zorder=5)
    axes.plot(0, 0, "k+")
    axes.set(xlabel="w1", ylabel="w2", title=title, aspect="equal", xlim=(-2, 4), ylim=(-1.6, 3))


figure, axes = d2l.plt.subplots(figsize=(4.5, 3.5), layout="constrained")
draw_valley(axes, "the loss: a valley (dotted)")
axes.annotate("least norm", least_norm.tolist(), (1.2, 2.0), arrowprops={"arrowstyle": "->"})
axes.annotate("origin", (0, 0), (4, 4), textcoords="offset points")

# %% [markdown]
# ## Way out 2: add noise to the features
#
# Replace $\mathbf{X}$ by $\mathbf{X} + \mathbf{N}$, where every entry of $\mathbf{N}$ is drawn from
# $\mathcal{N}(0, \sigma^2)$. With probability 1 the columns are now independent and the formula
# works. But what does it give? Let us do it 300 times for each of three noise levels.


# %%
def noisy_copies(sigma: float, count: int) -> torch.Tensor:
    """Make many copies of X, each with its own noise: (count, num_examples, 2)."""
    return X + sigma * torch.randn(count, *X.shape, dtype=X.dtype)


def noisy_solutions(sigma: float, count: int = 300) -> torch.Tensor:
    """Solve least squares once for each noisy copy: (count, 2)."""
    noisy = noisy_copies(sigma, count)
    return torch.linalg.solve(noisy.mT @ noisy, noisy.mT @ y)


solutions = {sigma: noisy_solutions(sigma) for sigma in (0.003, 0.03, 1.0)}
figure, panels = d2l.plt.subplots(1, 3, figsize=(10, 3), layout="constrained")
for axes, (sigma, points) in zip(panels, solutions.items(), strict=True):
    draw_valley(axes, f"noise {sigma:g}")
    axes.plot(*points.T, "C1.", markersize=3)

# %% [markdown]
# Little noise gives answers that are scattered all along the valley: the noise alone decides where.
# More noise pulls them together near the solution of least norm; much noise pulls them towards the
# origin, too. Why? The noise is independent of everything else, so on average the mixed terms
# vanish and
#
# $$
# \mathrm{E}\left[ (\mathbf{X} + \mathbf{N})^\top (\mathbf{X} + \mathbf{N}) \right]
# = \mathbf{X}^\top \mathbf{X} + n \sigma^2 \mathbf{I},
# $$
#
# with $n$ the number of examples. On average, noise on the features adds something to the diagonal.

# %%
sigma = 0.3
noisy = noisy_copies(sigma, count=2000)
average = (noisy.mT @ noisy).mean(dim=0)
average, gram + num_examples * sigma**2 * torch.eye(2)

# %% [markdown]
# ## Way out 3: ridge
#
# So why not add to the diagonal directly, without any chance in it? That is *ridge regression*, or
# weight decay: minimise $\frac{1}{2} \|\mathbf{X}\mathbf{w} - \mathbf{y}\|^2 + \frac{\lambda}{2}
# \|\mathbf{w}\|^2$, with the solution
# $\mathbf{w}_\lambda = (\mathbf{X}^\top \mathbf{X} + \lambda \mathbf{I})^{-1} \mathbf{X}^\top
# \mathbf{y}$. For each $\lambda > 0$ the matrix has an inverse, and as $\lambda \to 0$ the solution
# tends to the one of least norm: the distance falls in proportion to $\lambda$.


# %%
def ridge(penalty: float) -> torch.Tensor:
    return torch.linalg.solve(gram + penalty * torch.eye(2, dtype=torch.float64), X.T @ y)


penalties = [10.0**power for power in range(-4, 5)]
distances = [(ridge(penalty) - least_norm).norm().item() for penalty in penalties]
figure, axes = d2l.plt.subplots(figsize=(4.5, 2.5), layout="constrained")
d2l.plot(
    penalties, distances, "penalty", "distance to least norm", xscale="log", yscale="log", axes=axes
)

# %% [markdown]
# ## Way out 4: stochastic gradient descent
#
# SGD needs no inverse, so it just runs. Which of the infinitely many solutions does it find? Each
# gradient, $\frac{1}{|B|} \sum_{i \in B} (\mathbf{x}_i^\top \mathbf{w} - y_i)\, \mathbf{x}_i$, is a
# combination of rows of $\mathbf{X}$, and all rows stand at a right angle to the flat direction
# $\mathbf{v}$. So no step ever moves along $\mathbf{v}$: *what the start had of $\mathbf{v}$, the
# end has too.* From zero, which has nothing of it, SGD goes to the solution of least norm. From
# $(2, -1)$, which is $\sqrt{5}\,\mathbf{v}$, it goes to $\mathbf{w}^* + (2, -1)$.


# %%
def sgd_path(start: list[float], num_epochs: int = 20, batch_size: int = 20) -> torch.Tensor:
    """Run minibatch SGD, its learning rate falling, and return all the points it visits."""
    w = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    path = [w.detach().clone()]
    for epoch in range(num_epochs):
        learning_rate = 0.05 / (1 + epoch / 3)
        for batch in torch.randperm(num_examples).split(batch_size):
            batch_loss = (X[batch] @ w - y[batch]).square().mean() / 2
            (step,) = torch.autograd.grad(batch_loss, w)
            with torch.no_grad():
                w -= learning_rate * step
            path.append(w.detach().clone())
    return torch.stack(path)


starts = [[0.0, 0.0], [2.0, -1.0], [-1.5, 0.0], [3.5, 2.5]]
paths = [sgd_path(start) for start in starts]
figure, axes = d2l.plt.subplots(figsize=(4.5, 3.5), layout="constrained")
draw_valley(axes, "SGD from four starts")
for path in paths:
    axes.plot(*path.T, "C1.-", markersize=3, linewidth=1)
    axes.plot(*path[0], "C3o", markersize=5)

# %% [markdown]
# All the paths are straight and parallel, at a right angle to the valley. The missing rank makes
# SGD neither slow nor unsteady: in the flat direction there is nothing to do. What makes it slow is
# a direction that is *almost* flat. A little noise on the features makes one, with a curvature
# that is smaller by the *condition number* below: so many times more steps are needed there than
# in the steep direction.

# %%
barely_noisy = X + 0.01 * torch.randn_like(X)
condition = torch.linalg.cond(barely_noisy.T @ barely_noisy).item()
print(f"condition number with noise 0.01: {condition:,.0f}")

# %% [markdown]
# ## Summary
#
# | way | gives | price |
# | --- | --- | --- |
# | pseudoinverse | the solution of least norm | a singular value decomposition |
# | noise on $\mathbf{X}$ | one random point near the valley, ridge on average | chance decides |
# | ridge, $\lambda \to 0$ | the solution of least norm in the limit | a choice of $\lambda$ |
# | SGD from zero | the solution of least norm | many small steps |

# %% [markdown]
# ## Try it yourself
#
# 1. Compare the average of `solutions[1.0]` with `ridge(num_examples * 1.0**2)`. Close, but not
#    equal: why does the average of the inverses differ from the inverse of the average?
# 2. Delete one of the two columns. Does the model predict any worse? And a house with a length of
#    2 metres and 5 half-metres, which no training example resembles: what do the solutions of the
#    valley say about it?
# 3. Does SGD with momentum still end at the solution of least norm? And Adam, which divides each
#    coordinate of the step by a number of its own?

# %% [markdown]
# ## Check

# %%
assert torch.linalg.matrix_rank(X) == 1 == torch.linalg.matrix_rank(gram)
assert torch.allclose(2 * gram[:, 0], gram[:, 1], rtol=1e-12)
assert abs(slope - 3) < 0.05
assert torch.allclose(along_the_valley, along_the_valley[1].expand(4), rtol=1e-8)
assert torch.allclose(least_norm, torch.tensor([slope / 5, 2 * slope / 5], dtype=torch.float64))
assert torch.allclose(least_norm, torch.linalg.lstsq(X, y, driver="gelsd").solution)
assert abs(least_norm @ flat) < 1e-12

spread_along = {sigma: (points @ flat).std().item() for sigma, points in solutions.items()}
assert spread_along[0.003] > 5 * spread_along[0.03] > 5 * spread_along[1.0]
assert torch.allclose(average, gram + num_examples * 0.09 * torch.eye(2), rtol=0, atol=5)

square_sum = (length @ length).item()
for penalty in penalties:
    shrunk = slope * square_sum / (5 * square_sum + penalty)  # by hand, on the line through (1, 2)
    assert torch.allclose(ridge(penalty), torch.tensor([shrunk, 2 * shrunk]).double(), atol=1e-6)
assert distances[0] < 1e-6
assert abs(distances[3] / distances[2] - 10) < 0.1

for start, path in zip(starts, paths, strict=True):
    kept = torch.tensor(start, dtype=torch.float64) @ flat
    assert torch.allclose(path @ flat, kept.expand(len(path)), rtol=0, atol=1e-12)
    assert torch.allclose(path[-1], least_norm + kept * flat, rtol=0, atol=0.02)
assert torch.allclose(paths[0][-1], torch.tensor([0.6, 1.2]).double(), rtol=0, atol=0.03)
assert torch.allclose(paths[1][-1], torch.tensor([2.6, 0.2]).double(), rtol=0, atol=0.03)
assert condition > 1e4
print("Exercise 3.1: pseudoinverse, ridge and SGD from zero meet at the solution of least norm.")
