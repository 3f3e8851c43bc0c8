# %% [markdown]
# # 3.1 Linear regression
#
# A linear model predicts a number as a weighted sum of features. This lesson defines the model,
# compares vectorized code with a loop, and derives the squared loss from the assumption that the
# noise is normally distributed.
#
# **After this lesson you can**
#
# - write the predictions of a linear model for all examples as one matrix-vector product
# - replace a loop over entries by vectorized operations, and explain the difference in time
# - derive the squared loss as the negative log-likelihood under normal noise
# - compute the best weight of a model with one feature in closed form

# %%
# %matplotlib inline
import math

import numpy as np
import torch

from d2l import torch as d2l

d2l.use_svg_display()

# %% [markdown]
# ## 3.1.1 The model
#
# The price of a flat is to be predicted from its area and its age. A linear model multiplies each
# feature by a *weight*, adds the products, and adds the *bias*:
#
# $$\hat{y} = w_1 x_1 + \cdots + w_d x_d + b = \mathbf{w}^\top \mathbf{x} + b$$
#
# With the features of $n$ flats as the rows of a matrix $\mathbf{X}$, all predictions are
# $\hat{\mathbf{y}} = \mathbf{X}\mathbf{w} + b$. Training finds the $\mathbf{w}$ and $b$ for which
# the predictions differ least from the known prices.

# %%
# Three flats: square metres, years.
X = torch.tensor([[50.0, 10.0], [80.0, 2.0], [120.0, 30.0]])
w, b = torch.tensor([3.0, -1.0]), 20.0
prices = X @ w + b
print("three predictions in one line:", prices)

# %% [markdown]
# ## 3.1.2 Vectorization
#
# Here are two ways to add two vectors of ten thousand ones. The first is a Python loop: for each
# entry Python looks up an index, makes a small tensor, adds, and stores it.

# %%
n = 10000
ones_left, ones_right = torch.ones(n), torch.ones(n)

loop_sum = torch.zeros(n)
timer = d2l.Timer()
for i in range(n):
    loop_sum[i] = ones_left[i] + ones_right[i]
loop_seconds = timer.stop()
print(f"loop:   {loop_seconds:.5f} s")

# %% [markdown]
# The second is a single *vectorized* operation. Its loop runs in compiled code that adds several
# numbers per instruction. We take the average of a hundred runs, because a single run is too short
# to measure.

# %%
vector_sum = ones_left + ones_right  # the first call also warms up
timer = d2l.Timer()
for _ in range(100):
    vector_sum = ones_left + ones_right
vector_seconds = timer.stop() / 100
print(f"vector: {vector_seconds:.7f} s")
print(f"{loop_seconds / vector_seconds:,.0f} times faster")

# %% [markdown]
# The plot shows how the times depend on the length, with logarithmic axes. The loop takes the same
# time for each entry, so its time grows in proportion to the length. The vectorized sum has a fixed
# overhead for the call and takes little time per entry, so its curve is almost constant here.


# %%
def loop_time(length):
    x, y, z = torch.ones(length), torch.ones(length), torch.zeros(length)
    timer = d2l.Timer()
    for i in range(length):
        z[i] = x[i] + y[i]
    return timer.stop()


def vector_time(length, repeats=100):
    x, y = torch.ones(length), torch.ones(length)
    timer = d2l.Timer()
    for _ in range(repeats):
        x + y
    return timer.stop() / repeats


lengths = [10, 30, 100, 300, 1000, 3000, 10000]
loop_curve = [loop_time(length) for length in lengths]
vector_curve = [vector_time(length) for length in lengths]
d2l.plot(
    lengths,
    [loop_curve, vector_curve],
    "number of entries",
    "seconds",
    legend=["loop", "vector"],
    xscale="log",
    yscale="log",
    figsize=(5, 2.5),
)

# %% [markdown]
# ## 3.1.3 The normal distribution and the squared loss
#
# Measurements contain noise. If the noise is the sum of many small independent influences, it
# approximately follows a normal distribution. The density of the normal distribution with mean
# $\mu$ and variance $\sigma^2$ is
#
# $$p(x) = \frac{1}{\sqrt{2 \pi \sigma^2}} \exp\left(-\frac{(x - \mu)^2}{2 \sigma^2}\right)$$
#
# The function below computes it.


# %%
def normal(x, mu, sigma):
    scale = 1 / math.sqrt(2 * math.pi * sigma**2)
    return scale * np.exp(-((x - mu) ** 2) / (2 * sigma**2))


x = np.arange(-7, 7, 0.01)
params = [(0, 1), (0, 2), (3, 1)]
d2l.plot(
    x,
    [normal(x, mu, sigma) for mu, sigma in params],
    "x",
    "p(x)",
    legend=[f"mean {mu}, std {sigma}" for mu, sigma in params],
    figsize=(5, 2.5),
)

# %% [markdown]
# A change of $\mu$ shifts the curve along the axis. Doubling $\sigma$ makes it twice as wide and
# half as high, because the area under a density is 1.

# %% [markdown]
# ### Maximum likelihood
#
# Assume that the labels are a linear function plus normal noise,
# $y = \mathbf{w}^\top \mathbf{x} + b + \epsilon$ with $\epsilon \sim \mathcal{N}(0, \sigma^2)$.
# Then each observed $y$ is normally distributed around the prediction. The densities of independent
# examples are multiplied, and the logarithm turns the product into a sum, so the negative
# log-likelihood of the data is
#
# $$
# -\log P(\mathbf{y} \mid \mathbf{X}) = \frac{n}{2} \log(2 \pi \sigma^2) +
# \frac{1}{\sigma^2} \sum_{i=1}^n \frac{1}{2} \left(y^{(i)} - \hat{y}^{(i)}\right)^2
# $$
#
# Only the last sum depends on $\mathbf{w}$ and $b$, and $\sigma$ only scales it. So maximizing the
# likelihood is the same as minimizing the sum of squared errors. Therefore the loss of one example
# is
#
# $$l(\mathbf{w}, b) = \frac{1}{2} \left(\hat{y} - y\right)^2$$
#
# where the factor $\frac{1}{2}$ cancels in the derivative. The plot shows the sum of the squared
# losses and the negative log-likelihood for one feature and different weights.

# %%
torch.manual_seed(0)
sigma = 0.5
x_points = torch.linspace(-1, 1, 40)
y_points = 1.5 * x_points + sigma * torch.randn(40)

slopes = torch.linspace(0, 3, 301)
residuals = y_points - slopes[:, None] * x_points  # (301 slopes, 40 errors)
squared = (residuals**2 / 2).sum(1)
likelihood = -torch.distributions.Normal(0, sigma).log_prob(residuals).sum(1)
d2l.plot(
    slopes,
    [squared, likelihood],
    "slope w",
    legend=["sum of squared losses", "negative log-likelihood"],
    figsize=(5, 2.5),
)

# %% [markdown]
# The two curves differ by an added constant and a factor, but they have their minimum at the same
# slope. It is not exactly the 1.5 that generated the data, because forty noisy examples determine
# it only approximately.
#
# For a linear model the minimum has a closed form. Setting the derivative to zero gives
# $\mathbf{w}^* = (\mathbf{X}^\top \mathbf{X})^{-1} \mathbf{X}^\top \mathbf{y}$. With a single
# feature and no bias it is the ratio of two sums.

# %%
best_on_grid = slopes[squared.argmin()].item()
best_by_formula = ((x_points * y_points).sum() / (x_points**2).sum()).item()
print(f"lowest point on the grid: {best_on_grid:.2f}")
print(f"by the formula:           {best_by_formula:.4f}")

# %% [markdown]
# ## Check yourself
#
# **Question 1.** $\mathbf{X}$ has 100 rows and 5 columns. Which shapes have $\mathbf{w}$ and
# $\mathbf{X}\mathbf{w} + b$, and how is $b$ added?
#
# <details><summary>Answer</summary>
#
# $\mathbf{w}$ has 5 entries and $\mathbf{X}\mathbf{w} + b$ has 100. The scalar $b$ is broadcast: it
# is added to each entry.
#
# </details>
#
# **Question 2.** Why does the standard deviation $\sigma$ of the noise not influence the best
# weights?
#
# <details><summary>Answer</summary>
#
# In the negative log-likelihood it occurs in a constant and in the factor $\frac{1}{\sigma^2}$ of
# the sum of squared errors. Neither moves the minimum.
#
# </details>
#
# **Question 3.** The density of a normal distribution with $\sigma = 0.1$ is about 4 at its
# maximum. Why may it be larger than 1?
#
# <details><summary>Answer</summary>
#
# A density is not a probability. Only its integral over an interval is, and the integral over the
# whole line is 1.
#
# </details>

# %% [markdown]
# ## Exercises
#
# **Exercise 1.** Measure the vectorized sum for up to ten million entries. Where does its time
# begin to grow, and what does this say about the overhead of a call?
#
# <details><summary>Hint</summary>
#
# Use `vector_time` with few repeats for the large lengths.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 1
long_lengths = [10, 1000, 100_000, 10_000_000]
long_curve = [vector_time(length, repeats=10) for length in long_lengths]
for length, seconds in zip(long_lengths, long_curve, strict=True):
    print(f"{length:>10,} entries: {seconds * 1e6:10.1f} µs")
# Up to some thousands of entries the call itself takes most of the time. Then the time grows in
# proportion to the number of entries.
assert long_curve[-1] > 10 * long_curve[0]

# %% [markdown]
# **Exercise 2.** Replace the normal noise by noise with the Laplace density
# $p(\epsilon) = \frac{1}{2} \exp(-|\epsilon|)$. Which loss replaces the squared loss?
#
# <details><summary>Hint</summary>
#
# Compute the negative logarithm of the density.
#
# </details>
#
# <details><summary>Solution</summary>
#
# $-\log p(\epsilon) = \log 2 + |\epsilon|$. With $\epsilon = y - \hat{y}$ the negative
# log-likelihood is a constant plus $\sum_i |y^{(i)} - \hat{y}^{(i)}|$, so the loss is the absolute
# error $|\hat{y} - y|$.
#
# </details>

# %% [markdown]
# **Exercise 3.** Add the outlier $y = 50$ at $x = 1$ to the data. How much does the best slope
# change under the squared loss, and how much under the absolute loss?
#
# <details><summary>Hint</summary>
#
# Compute both losses on the grid `slopes`, extended to larger values.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 3
x_outlier = torch.cat([x_points, torch.tensor([1.0])])
y_outlier = torch.cat([y_points, torch.tensor([50.0])])
more_slopes = torch.linspace(0, 10, 1001)


def best_slopes(x, y):
    errors = y - more_slopes[:, None] * x
    return [more_slopes[loss.sum(1).argmin()].item() for loss in (errors**2, errors.abs())]


(squared_before, absolute_before) = best_slopes(x_points, y_points)
(squared_after, absolute_after) = best_slopes(x_outlier, y_outlier)
print(f"squared loss:  {squared_before:.2f} becomes {squared_after:.2f}")
print(f"absolute loss: {absolute_before:.2f} becomes {absolute_after:.2f}")
assert squared_after - squared_before > 5 * abs(absolute_after - absolute_before)
