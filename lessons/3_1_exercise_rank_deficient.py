# %% [markdown]
# # Exercise 3.1: when $\mathbf{X}^\top \mathbf{X}$ has no inverse
#
# The solution of least squares,
# $\mathbf{w} = (\mathbf{X}^\top \mathbf{X})^{-1} \mathbf{X}^\top \mathbf{y}$, exists only if the
# matrix $\mathbf{X}^\top \mathbf{X}$ is invertible. If one feature is a linear function of the
# others, the problem is *degenerate*. This lesson compares four methods for this case: the solution
# of least norm, noise, ridge regression, and stochastic gradient descent.
#
# **After this lesson you can**
#
# - recognize a rank-deficient design matrix and describe all minima of its loss
# - compute the solution of least norm with the pseudoinverse
# - relate noise on the features to ridge regression
# - explain to which of the minima gradient descent converges

# %%
# %matplotlib inline
import torch

from d2l import torch as d2l

d2l.use_svg_display()
torch.manual_seed(0)

# %% [markdown]
# ## The same feature twice
#
# A length was recorded twice, in metres and in half-metres. The second column is twice the first,
# so the matrix has two columns but rank 1. The label is three times the length plus a little noise.
# The data type is `float64`, because small differences matter here.

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
# The determinant is $S^2 (1 \cdot 4 - 2 \cdot 2) = 0$, and PyTorch raises an error. It does not
# always do so: if rounding had given $10^{-13}$ in place of 0, it would have returned a meaningless
# result.

# %%
gram = X.T @ X
try:
    print("meaningless:", torch.linalg.solve(gram, X.T @ y))
except torch.linalg.LinAlgError as error:
    print(error)

# %% [markdown]
# ## A line of minima
#
# There are infinitely many solutions. The prediction $w_1 x + w_2 \cdot 2x = (w_1 + 2 w_2)\, x$
# depends on $w_1 + 2 w_2$ only. Let $c = \sum_i x_i y_i / S$ be the best slope for one feature;
# then each $\mathbf{w}$ with $w_1 + 2 w_2 = c$ minimizes the loss. The loss does not change along
# $\mathbf{v} = (2, -1) / \sqrt{5}$, because $\mathbf{X} \mathbf{v} = \mathbf{0}$: $\mathbf{v}$
# spans the *null space* of $\mathbf{X}$.
#
# At least one solution always exists: $\mathbf{X}^\top \mathbf{y}$ lies in the column space of
# $\mathbf{X}^\top \mathbf{X}$. In other words, the column space of $\mathbf{X}$ always contains a
# point that is closest to $\mathbf{y}$.


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
# ## Method 1: the solution of least norm
#
# Of all solutions, take the one with the smallest norm: the point of the line $w_1 + 2 w_2 = c$
# that is closest to the origin. It is orthogonal to the line, so it is a multiple of $(1, 2)$,
# namely $\mathbf{w}^* = \frac{c}{5} (1, 2)$. The *pseudoinverse* $\mathbf{X}^+$ gives it for each
# matrix: $\mathbf{w}^* = \mathbf{X}^+ \mathbf{y}$ has no component in the null space. The picture
# shows the loss, its minima (the dotted line), and this solution.

# %%
least_norm = torch.linalg.pinv(X) @ y
least_norm, slope / 5 * torch.tensor([1.0, 2.0])


# %%
def draw_loss(axes: d2l.plt.Axes, title: str) -> None:
    """Draw the loss over the plane of weights, its minima, and the solution of least norm."""
    w1, w2 = torch.meshgrid(torch.linspace(-2, 4, 25), torch.linspace(-1.6, 3, 25), indexing="xy")
    height = loss(torch.stack((w1, w2), dim=-1).double())
    axes.contourf(w1.numpy(), w2.numpy(), height.sqrt().numpy(), 15, cmap="Blues", vmax=14)
    ends = torch.tensor([-2.0, 4.0])
    axes.plot(ends, (slope - ends) / 2, "k:", linewidth=1)
    axes.plot(*least_norm, "k*", markersize=11, zorder=5)
    axes.plot(0, 0, "k+")
    axes.set(xlabel="w1", ylabel="w2", title=title, aspect="equal", xlim=(-2, 4), ylim=(-1.6, 3))


figure, axes = d2l.plt.subplots(figsize=(4.5, 3.5), layout="constrained")
draw_loss(axes, "the loss and its minima (dotted)")
axes.annotate("least norm", least_norm.tolist(), (1.2, 2.0), arrowprops={"arrowstyle": "->"})
axes.annotate("origin", (0, 0), (4, 4), textcoords="offset points")

# %% [markdown]
# ## Method 2: add noise to the features
#
# Replace $\mathbf{X}$ by $\mathbf{X} + \mathbf{N}$, where every entry of $\mathbf{N}$ is drawn from
# $\mathcal{N}(0, \sigma^2)$. With probability 1 the columns are now linearly independent, so the
# formula can be applied. We compute 300 solutions for each of three noise levels.


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
    draw_loss(axes, f"noise {sigma:g}")
    axes.plot(*points.T, "C1.", markersize=3)

# %% [markdown]
# With little noise the solutions are scattered along the line of minima: their position depends on
# the noise only. With more noise they are closer to the solution of least norm, and with much noise
# also closer to the origin. The reason: the noise is independent of the data, so on average the
# mixed terms vanish and
#
# $$
# \mathrm{E}\left[ (\mathbf{X} + \mathbf{N})^\top (\mathbf{X} + \mathbf{N}) \right]
# = \mathbf{X}^\top \mathbf{X} + n \sigma^2 \mathbf{I},
# $$
#
# where $n$ is the number of examples. On average, noise on the features adds a constant to the
# diagonal.

# %%
sigma = 0.3
noisy = noisy_copies(sigma, count=2000)
average = (noisy.mT @ noisy).mean(dim=0)
average, gram + num_examples * sigma**2 * torch.eye(2)

# %% [markdown]
# ## Method 3: ridge regression
#
# *Ridge regression*, or weight decay, adds the constant to the diagonal without randomness: it
# minimizes $\frac{1}{2} \|\mathbf{X}\mathbf{w} - \mathbf{y}\|^2 + \frac{\lambda}{2}
# \|\mathbf{w}\|^2$, and has the solution $\mathbf{w}_\lambda = (\mathbf{X}^\top \mathbf{X} +
# \lambda \mathbf{I})^{-1} \mathbf{X}^\top \mathbf{y}$. For each $\lambda > 0$ the matrix has an
# inverse, and as $\lambda \to 0$ the solution tends to the one of least norm: the distance falls in
# proportion to $\lambda$.


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
# ## Method 4: stochastic gradient descent
#
# SGD needs no inverse. To which of the infinitely many solutions does it converge? Each gradient,
# $\frac{1}{|B|} \sum_{i \in B} (\mathbf{x}_i^\top \mathbf{w} - y_i)\, \mathbf{x}_i$, is a linear
# combination of rows of $\mathbf{X}$, and all rows are orthogonal to $\mathbf{v}$. So no step moves
# along $\mathbf{v}$: *the component of the initial weights along $\mathbf{v}$ does not change.*
# From zero, which has no such component, SGD converges to the solution of least norm. From
# $(2, -1) = \sqrt{5}\,\mathbf{v}$ it converges to $\mathbf{w}^* + (2, -1)$.


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
draw_loss(axes, "SGD from four initial weights")
for path in paths:
    axes.plot(*path.T, "C1.-", markersize=3, linewidth=1)
    axes.plot(*path[0], "C3o", markersize=5)

# %% [markdown]
# All paths are parallel lines, orthogonal to the line of minima. The missing rank does not make SGD
# slow or unstable: along $\mathbf{v}$ the gradient is zero. A direction with *small* curvature
# makes it slow. A little noise on the features causes one, with a curvature that is smaller than
# the largest one by the *condition number* below. Gradient descent needs as many times more steps
# along it.

# %%
barely_noisy = X + 0.01 * torch.randn_like(X)
condition = torch.linalg.cond(barely_noisy.T @ barely_noisy).item()
print(f"condition number with noise 0.01: {condition:,.0f}")

# %% [markdown]
# ## Summary
#
# | method | result | cost |
# | --- | --- | --- |
# | pseudoinverse | the solution of least norm | a singular value decomposition |
# | noise on $\mathbf{X}$ | a random point near the minima, ridge on average | a random result |
# | ridge, $\lambda \to 0$ | the solution of least norm in the limit | a choice of $\lambda$ |
# | SGD from zero | the solution of least norm | many small steps |

# %% [markdown]
# ## Check yourself
#
# **Question 1.** A data set contains a temperature in degrees Celsius and in degrees Fahrenheit,
# and the model has a bias. Is the problem degenerate?
#
# <details><summary>Answer</summary>
#
# Yes. $F = 1.8\,C + 32$ is a linear combination of the column $C$ and the constant column of the
# bias, so the design matrix has linearly dependent columns.
#
# </details>
#
# **Question 2.** Gradient descent starts at $\mathbf{w} = (1, 1)$ with the data of this lesson.
# Which component of the weights does not change?
#
# <details><summary>Answer</summary>
#
# The one along $\mathbf{v} = (2, -1) / \sqrt{5}$: $\mathbf{w} \cdot \mathbf{v} = 1 / \sqrt{5}$. SGD
# converges to $\mathbf{w}^* + \frac{1}{\sqrt{5}} \mathbf{v}$.
#
# </details>
#
# **Question 3.** Why is $\mathbf{X}^\top \mathbf{X} + \lambda \mathbf{I}$ invertible for each
# $\lambda > 0$?
#
# <details><summary>Answer</summary>
#
# The eigenvalues of $\mathbf{X}^\top \mathbf{X}$ are at least 0. Adding $\lambda \mathbf{I}$ adds
# $\lambda$ to each, so all are positive.
#
# </details>

# %% [markdown]
# ## Exercises
#
# **Exercise 1.** Compare the mean of `solutions[1.0]` with `ridge(num_examples * 1.0**2)`. Why are
# they close but not equal?
#
# <details><summary>Hint</summary>
#
# Is the mean of the inverses of random matrices the inverse of their mean?
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 1
mean_solution = solutions[1.0].mean(dim=0)
by_ridge = ridge(num_examples * 1.0**2)
print("mean over the noise:", mean_solution.tolist())
print("ridge regression:   ", by_ridge.tolist())
# The solution is not a linear function of the random matrix: E[A⁻¹] differs from (E[A])⁻¹.
# With many examples the random matrix varies little, and the difference is small.
assert torch.allclose(mean_solution, by_ridge, rtol=0, atol=0.05)

# %% [markdown]
# **Exercise 2.** Delete one of the two columns. Are the predictions for the training data worse?
# What do two solutions on the line of minima predict for an example with 2 metres and 5
# half-metres?
#
# <details><summary>Hint</summary>
#
# Compare the smallest losses. The new example is not of the form $(x, 2x)$.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 2
one_column = length[:, None]
one_weight = torch.linalg.lstsq(one_column, y).solution
loss_of_one = (one_column @ one_weight - y).square().mean() / 2
print("smallest loss:", loss_of_one.item(), "and", loss(least_norm).item())
unusual = torch.tensor([2.0, 5.0], dtype=torch.float64)
predictions = [(unusual @ (least_norm + step * flat)).item() for step in (0, 10)]
print("predictions for (2, 5):", predictions)
# The loss is the same. For an example outside the span of the training examples the minima
# predict different values: the training data say nothing about it.
assert torch.isclose(loss_of_one, loss(least_norm))
assert abs(predictions[0] - predictions[1]) > 1

# %% [markdown]
# **Exercise 3.** Does SGD with momentum converge to the solution of least norm from zero? Does
# Adam, which divides each coordinate of a step by a number of its own?
#
# <details><summary>Hint</summary>
#
# Which component along $\mathbf{v}$ does a sum of gradients have? And a sum of gradients whose
# coordinates are scaled differently?
#
# </details>


# %% tags=["hide-cell"]
# Solution of exercise 3
def component_after(optimizer_class, **options):
    w = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    optimizer = optimizer_class([w], **options)
    for _ in range(200):
        optimizer.zero_grad()
        loss(w).backward()
        optimizer.step()
    return (w.detach() @ flat).item()


along_momentum = component_after(torch.optim.SGD, lr=0.05, momentum=0.9)
along_adam = component_after(torch.optim.Adam, lr=0.05)
print(f"component along v: momentum {along_momentum:.1e}, Adam {along_adam:.3f}")
# A step with momentum is a sum of gradients, which are orthogonal to v. Adam's scaling changes
# the direction of the step, so it converges to another minimum.
assert abs(along_momentum) < 1e-10
assert abs(along_adam) > 0.1
