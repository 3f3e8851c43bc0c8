# %% [markdown]
# # 5.1 Multilayer perceptrons
#
# You will see what a linear model can never do, how one hidden layer sets it free, and why there
# must be a bend between the layers. The bend is called activation function, and you will plot the
# three classical ones with their derivatives. Those derivatives decide how well a deep network
# learns.

# %%
# %matplotlib inline
import torch

from d2l import torch as d2l

d2l.use_svg_display()

# %% [markdown]
# ## 5.1.1 Hidden layers
#
# ### What a line cannot do
#
# Two switches, one lamp: it shines if exactly one of the switches is on. Logicians call that
# exclusive or. A linear model must give more the more each switch is on, or less, but never "more,
# and then less again". The best it can do, in the least-squares sense, is one half for everything,
# which is no answer at all.

# %%
switches = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
lamp = torch.tensor([0.0, 1.0, 1.0, 0.0])
with_bias = torch.cat([switches, torch.ones(4, 1)], dim=1)
weights = torch.linalg.lstsq(with_bias, lamp[:, None]).solution
best_line = (with_bias @ weights).flatten()
print("wanted:       ", lamp)
print("best line has:", best_line)

# %% [markdown]
# ### More layers are not enough
#
# Put one linear layer on top of another:
#
# $$
# \begin{aligned}
# \mathbf{H} &= \mathbf{X} \mathbf{W}^{(1)} + \mathbf{b}^{(1)} \\
# \mathbf{O} &= \mathbf{H} \mathbf{W}^{(2)} + \mathbf{b}^{(2)}
# \end{aligned}
# $$
#
# Insert the first line into the second and multiply out:
#
# $$
# \mathbf{O} = \mathbf{X} \underbrace{\mathbf{W}^{(1)} \mathbf{W}^{(2)}}_{\mathbf{W}} +
# \underbrace{\mathbf{b}^{(1)} \mathbf{W}^{(2)} + \mathbf{b}^{(2)}}_{\mathbf{b}}
# $$
#
# Two layers have collapsed into one. A hundred would, too.

# %%
torch.manual_seed(0)
X = torch.randn(5, 4)
W1, b1 = torch.randn(4, 8), torch.randn(8)
W2, b2 = torch.randn(8, 3), torch.randn(3)
two_layers = (X @ W1 + b1) @ W2 + b2
one_layer = X @ (W1 @ W2) + (b1 @ W2 + b2)
print("largest difference:", (two_layers - one_layer).abs().max().item())

# %% [markdown]
# ### The bend
#
# So we bend each hidden value with a function $\sigma$ that is not linear, and nothing collapses
# any more:
#
# $$
# \begin{aligned}
# \mathbf{H} &= \sigma(\mathbf{X} \mathbf{W}^{(1)} + \mathbf{b}^{(1)}) \\
# \mathbf{O} &= \mathbf{H} \mathbf{W}^{(2)} + \mathbf{b}^{(2)}
# \end{aligned}
# $$
#
# With the simplest of bends, $\sigma(x) = \max(x, 0)$, two hidden units solve the puzzle of the
# lamp. The first counts the switches that are on. The second speaks only if both are. The output
# takes the first and subtracts the second twice.


# %%
def lamp_network(X):
    in_weights, in_bias = torch.ones(2, 2), torch.tensor([0.0, -1.0])
    hidden = torch.relu(X @ in_weights + in_bias)
    return hidden @ torch.tensor([1.0, -2.0])


print("wanted: ", lamp)
print("network:", lamp_network(switches))

# %% [markdown]
# Here is its answer for every position between the switches, too: a bright ridge from corner to
# corner, falling off to both sides. A linear model can only draw a slope.

# %%
steps = torch.linspace(0, 1, 101)
grid = torch.cartesian_prod(steps, steps)
_, (left, right) = d2l.plt.subplots(1, 2, figsize=(6, 2.8))
grid_with_bias = torch.cat([grid, torch.ones(len(grid), 1)], dim=1)
for ax, title, answer in (
    (left, "best line", grid_with_bias @ weights),
    (right, "one hidden layer", lamp_network(grid)),
):
    image = answer.reshape(101, 101).T.numpy()
    ax.imshow(image, origin="lower", extent=(0, 1, 0, 1), vmin=0, vmax=1)
    ax.scatter(*switches.T, c=lamp, s=80, ec="white", clip_on=False, zorder=3)
    ax.set(title=title, xlabel="switch 1", ylabel="switch 2")
d2l.plt.tight_layout()
d2l.plt.show()

# %% [markdown]
# With enough hidden units a network of a single hidden layer comes as near as you like to any
# continuous function. That says that good weights **exist**, not that training finds them, nor that
# it takes few units. Deeper networks often need far fewer, and that is why we go deep.

# %% [markdown]
# ## 5.1.2 Activation functions
#
# An activation function decides how strongly a unit speaks for each input. Its derivative decides
# how much of the error signal passes back through the unit when we train. Look at both.
#
# ### ReLU
#
# The rectified linear unit keeps the positive and silences the negative:
# $\mathrm{ReLU}(x) = \max(x, 0)$.

# %%
x = torch.arange(-8.0, 8.0, 0.1, requires_grad=True)
y_relu = torch.relu(x)
d2l.plot(x.detach(), y_relu.detach(), "x", "relu(x)", figsize=(5, 2.5))

# %% [markdown]
# Its derivative is 0 on the left and 1 on the right. (At 0 itself it has none; PyTorch says 0
# there.) Where a unit is active, the error signal passes unchanged through as many layers as you
# like. That is a main reason why ReLU suits deep networks so well.
#
# `backward` wants to know what to do with a vector of results. A vector of ones asks for the
# derivative of each `y` with respect to its own `x`.

# %%
y_relu.backward(torch.ones_like(x))
grad_relu = x.grad.clone()
d2l.plot(x.detach(), grad_relu, "x", "grad of relu", figsize=(5, 2.5))

# %% [markdown]
# ### Sigmoid
#
# The sigmoid squeezes the whole line into the interval from 0 to 1, so its values can be read as
# probabilities:
#
# $$\mathrm{sigmoid}(x) = \frac{1}{1 + \exp(-x)}$$

# %%
y_sigmoid = torch.sigmoid(x)
d2l.plot(x.detach(), y_sigmoid.detach(), "x", "sigmoid(x)", figsize=(5, 2.5))

# %% [markdown]
# Its derivative can be had from its value, $\sigma'(x) = \sigma(x)(1 - \sigma(x))$. It is never
# above $\frac{1}{4}$, and next to nothing beyond 6 on either side. After ten such layers at most a
# $4^{10}$-th of the signal is left, one part in a million: the gradient **vanishes**.

# %%
x.grad.zero_()  # gradients add up, so clear those of the last plot
y_sigmoid.backward(torch.ones_like(x))
grad_sigmoid = x.grad.clone()
d2l.plot(x.detach(), grad_sigmoid, "x", "grad of sigmoid", figsize=(5, 2.5))

# %% [markdown]
# ### Tanh
#
# The hyperbolic tangent has the same S, but from -1 to 1 and through the origin:
#
# $$\tanh(x) = \frac{1 - \exp(-2x)}{1 + \exp(-2x)} = 2 \, \mathrm{sigmoid}(2x) - 1$$

# %%
y_tanh = torch.tanh(x)
d2l.plot(x.detach(), y_tanh.detach(), "x", "tanh(x)", figsize=(5, 2.5))

# %% [markdown]
# Its derivative is $1 - \tanh^2(x)$. It reaches 1 at the origin, four times the sigmoid's, but
# fades away on both sides even faster.

# %%
x.grad.zero_()
y_tanh.backward(torch.ones_like(x))
grad_tanh = x.grad.clone()
d2l.plot(x.detach(), grad_tanh, "x", "grad of tanh", figsize=(5, 2.5))

# %% [markdown]
# ### How much of a signal comes back?
#
# A chain of twenty units, each feeding the next, all weights 1, and a start at $x = 0.5$. The
# derivative of the end with respect to the beginning is a product of twenty factors. Which of the
# three leaves something to learn from?

# %%
depths = list(range(1, 21))


def signal_left(activation, depth):
    start = torch.tensor(0.5, requires_grad=True)
    value = start
    for _ in range(depth):
        value = activation(value)
    value.backward()
    return start.grad.item()


activations = {"relu": torch.relu, "sigmoid": torch.sigmoid, "tanh": torch.tanh}
signals = {
    name: [signal_left(activation, depth) for depth in depths]
    for name, activation in activations.items()
}
d2l.plot(
    depths,
    list(signals.values()),
    "number of layers",
    "gradient",
    legend=list(signals),
    yscale="log",
    figsize=(5, 2.5),
)

# %% [markdown]
# The family has grown since. GELU, $x \, \Phi(x)$ with the normal distribution function $\Phi$, and
# Swish, $x \, \mathrm{sigmoid}(x)$, are ReLUs with a rounded corner. Today's large language models
# are built on them.

# %%
xs = x.detach()
gelu, swish = torch.nn.functional.gelu(xs), torch.nn.functional.silu(xs)
d2l.plot(
    xs,
    [y_relu.detach(), gelu, swish],
    "x",
    legend=["relu", "gelu", "swish"],
    xlim=[-4, 4],
    ylim=[-0.5, 4],
    figsize=(5, 2.5),
)

# %% [markdown]
# ## Try it yourself
#
# 1. Make a network for three switches, where the lamp shines if an odd number of them is on. How
#    many ReLUs do you need?
# 2. Show that a network of ReLUs is piecewise linear. How many pieces can one hidden layer of $h$
#    units draw on a line?
# 3. Repeat the chain of twenty with a start at $x = -0.5$. Which activation is in trouble now, and
#    what does a **leaky** ReLU do about it?

# %% [markdown]
# ## Check

# %%
assert torch.allclose(best_line, torch.full((4,), 0.5), atol=1e-6)
assert lamp_network(switches).tolist() == [0, 1, 1, 0]
assert torch.allclose(two_layers, one_layer, atol=1e-5)

# Values and derivatives, against the formulas on paper.
exp_x = torch.exp(xs)
assert torch.equal(y_relu.detach(), torch.where(xs > 0, xs, 0 * xs))
assert torch.equal(grad_relu, (xs > 0).float())
assert torch.allclose(y_sigmoid.detach(), exp_x / (1 + exp_x), atol=1e-6)
assert torch.allclose(grad_sigmoid, exp_x / (1 + exp_x) ** 2, atol=1e-6)
assert torch.allclose(y_tanh.detach(), 1 - 2 / (exp_x**2 + 1), atol=1e-6)
assert torch.allclose(grad_tanh, 1 - y_tanh.detach() ** 2, atol=1e-6)
assert abs(grad_sigmoid.max().item() - 1 / 4) < 1e-4
assert abs(grad_tanh.max().item() - 1) < 1e-4

# The chain: ReLU passes everything on, sigmoid next to nothing, tanh about a tenth.
assert signals["relu"] == [1.0] * 20
assert signals["sigmoid"][-1] < 0.25**20
assert 0.05 < signals["tanh"][-1] < 0.2

# The rounded corners, from their definitions.
bell = torch.distributions.Normal(0, 1)
assert torch.allclose(gelu, xs * bell.cdf(xs), atol=1e-6)
assert torch.allclose(swish, xs * exp_x / (1 + exp_x), atol=1e-6)
print("5.1 holds: two ReLUs do what no line can, and the derivatives are right")
