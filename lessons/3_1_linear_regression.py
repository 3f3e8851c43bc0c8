# %% [markdown]
# # 3.1 Linear regression
#
# You will learn three things that the rest of the course stands on: how a straight line becomes a
# model, why we hand whole vectors to the computer instead of looping over their entries, and where
# the squared error comes from. It is the smallest model there is, and every network you train later
# is made of it.

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
# Say you want to guess the price of a flat from its area and its age. A linear model multiplies
# each feature by a weight, adds the products, and adds one more number, the bias:
#
# $$\hat{y} = w_1 x_1 + \cdots + w_d x_d + b = \mathbf{w}^\top \mathbf{x} + b$$
#
# Stack $n$ flats as the rows of a matrix $\mathbf{X}$ and all predictions come at once:
# $\hat{\mathbf{y}} = \mathbf{X}\mathbf{w} + b$. Learning means to find the $\mathbf{w}$ and $b$
# whose predictions lie nearest to the prices we know.

# %%
# Three flats: square metres, years.
X = torch.tensor([[50.0, 10.0], [80.0, 2.0], [120.0, 30.0]])
w, b = torch.tensor([3.0, -1.0]), 20.0
prices = X @ w + b
print("three predictions in one line:", prices)

# %% [markdown]
# ## 3.1.2 Whole vectors, not loops
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
# The second says the whole thing in one go. The loop still happens, but in compiled code that adds
# several numbers per instruction. We repeat it a hundred times and take the average, because a
# single run is too short to time well.

# %%
vector_sum = ones_left + ones_right  # the first call also warms up
timer = d2l.Timer()
for _ in range(100):
    vector_sum = ones_left + ones_right
vector_seconds = timer.stop() / 100
print(f"vector: {vector_seconds:.7f} s")
print(f"{loop_seconds / vector_seconds:,.0f} times faster")

# %% [markdown]
# How does the gap depend on the length? The loop pays the same price for each entry, so its curve
# climbs steadily. The vector pays once for the call and then next to nothing per entry, so its
# curve is almost flat. (Both axes are logarithmic: one gridline up is ten times slower.)


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
# ## 3.1.3 The bell curve and the squared loss
#
# Measurements scatter. If many small and independent influences add up, the scatter follows the
# normal distribution with mean $\mu$ and variance $\sigma^2$, whose density is
#
# $$p(x) = \frac{1}{\sqrt{2 \pi \sigma^2}} \exp\left(-\frac{(x - \mu)^2}{2 \sigma^2}\right)$$
#
# It is written in Python as it stands on paper.


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
# Changing $\mu$ slides the curve along the axis. Doubling $\sigma$ makes it twice as wide and half
# as high, since the area under it must stay 1: something always happens with probability one.

# %% [markdown]
# ### From the one to the other
#
# Suppose the truth is a line plus normal noise, $y = \mathbf{w}^\top \mathbf{x} + b + \epsilon$
# with $\epsilon \sim \mathcal{N}(0, \sigma^2)$. Then each observed $y$ has the density of a bell
# curve centred on the prediction. Independent examples multiply, and the logarithm turns the
# product into a sum, so the negative log-likelihood of the data is
#
# $$
# -\log P(\mathbf{y} \mid \mathbf{X}) = \frac{n}{2} \log(2 \pi \sigma^2) +
# \frac{1}{\sigma^2} \sum_{i=1}^n \frac{1}{2} \left(y^{(i)} - \hat{y}^{(i)}\right)^2
# $$
#
# Only the last sum depends on $\mathbf{w}$ and $b$, and $\sigma$ merely scales it. To make the data
# as likely as possible **is** to make the sum of squared errors as small as possible. That is why
# the loss of one example is
#
# $$l(\mathbf{w}, b) = \frac{1}{2} \left(\hat{y} - y\right)^2$$
#
# with a half that cancels when you take the derivative.

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
# The two curves differ in height and steepness, but their lowest points sit at the same slope. It
# is not exactly the 1.5 we used to make the data: forty noisy points pin it down only so far.
#
# For a linear model the lowest point can even be written down. Setting the derivative to zero gives
# $\mathbf{w}^* = (\mathbf{X}^\top \mathbf{X})^{-1} \mathbf{X}^\top \mathbf{y}$, and with a single
# feature and no bias that is just a ratio of two sums.

# %%
best_on_grid = slopes[squared.argmin()].item()
best_by_formula = ((x_points * y_points).sum() / (x_points**2).sum()).item()
print(f"lowest point on the grid: {best_on_grid:.2f}")
print(f"by the formula:           {best_by_formula:.4f}")

# %% [markdown]
# ## Try it yourself
#
# 1. The vector's curve stays flat only so long. Go on to a hundred million entries: where does it
#    begin to climb, and what does that tell you about the cost of the call itself?
# 2. Replace the normal noise by a Laplace density, $p(\epsilon) = \frac{1}{2} \exp(-|\epsilon|)$.
#    Which loss takes the place of the squared one?
# 3. Add one wild point, $y = 50$ at $x = 1$. How far does the best slope move under each of the two
#    losses?

# %% [markdown]
# ## Check

# %%
by_hand = [50 * 3 - 10 + 20, 80 * 3 - 2 + 20, 120 * 3 - 30 + 20]
assert prices.tolist() == by_hand

# Both sums are the same ten thousand twos, and the vector is by far the faster way to them.
assert loop_sum.tolist() == vector_sum.tolist() == [2.0] * n
assert loop_seconds > 10 * vector_seconds

# The density is PyTorch's, its area is 1, and its peak is 1 / sqrt(2 pi).
for mu, std in params:
    bell = torch.distributions.Normal(mu, std)
    by_torch = bell.log_prob(torch.from_numpy(x)).exp().numpy()
    assert np.abs(normal(x, mu, std) - by_torch).max() < 1e-6
assert abs(normal(x, 0, 1).sum() * 0.01 - 1) < 1e-6
assert abs(normal(0, 0, 1) - 0.398942) < 1e-6

# The likelihood is the squared loss, scaled by 1 / sigma^2 and lifted by n/2 log(2 pi sigma^2).
lift = 40 / 2 * math.log(2 * math.pi * sigma**2)
assert torch.allclose(likelihood, squared / sigma**2 + lift, rtol=1e-4)
assert likelihood.argmin() == squared.argmin()
# The grid's step is 0.01, so its lowest point is at most half of that away.
assert abs(best_on_grid - best_by_formula) <= 0.005 + 1e-6
print("3.1 holds: one sum two ways, a density of area 1, one best slope")
