# %% [markdown]
# # 5.1 Multilayer perceptrons
#
# A linear model cannot represent every function. A hidden layer with a nonlinear activation
# function removes this limit, and the derivative of the activation function decides how well a deep
# network can be trained.
#
# **After this lesson you can**
#
# - explain why a stack of linear layers is equivalent to a single linear layer
# - give the weights of a network with one hidden layer that computes exclusive or
# - compute the value and the derivative of ReLU, sigmoid and tanh, and say where each saturates
# - bound the gradient that is left after many layers, and recognize a vanishing gradient

# %%
# %matplotlib inline
import torch

from d2l import torch as d2l

d2l.use_svg_display()

# %% [markdown]
# ## 5.1.1 Hidden layers
#
# ### The limit of a linear model
#
# A lamp has two switches, and it is on if exactly one of them is on. This function is called
# *exclusive or* (XOR). In a linear model each input changes the output in one direction only:
# turning on switch 1 either raises the output or lowers it, whatever the state of switch 2.
# Exclusive or needs both. The least-squares solution predicts one half for each of the four inputs,
# so it does not distinguish them.

# %%
switches = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
lamp = torch.tensor([0.0, 1.0, 1.0, 0.0])
with_bias = torch.cat([switches, torch.ones(4, 1)], dim=1)
weights = torch.linalg.lstsq(with_bias, lamp[:, None]).solution
best_line = (with_bias @ weights).flatten()
print("wanted:       ", lamp)
print("linear model: ", best_line)

# %% [markdown]
# ### More layers are not enough
#
# Apply one linear layer to the output of another:
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
# The two layers are equivalent to one linear layer with weight $\mathbf{W}$ and bias $\mathbf{b}$.
# The same holds for any number of linear layers.

# %%
torch.manual_seed(0)
X = torch.randn(5, 4)
W1, b1 = torch.randn(4, 8), torch.randn(8)
W2, b2 = torch.randn(8, 3), torch.randn(3)
two_layers = (X @ W1 + b1) @ W2 + b2
one_layer = X @ (W1 @ W2) + (b1 @ W2 + b2)
print("largest difference:", (two_layers - one_layer).abs().max().item())

# %% [markdown]
# ### A nonlinear activation function
#
# Therefore a nonlinear *activation function* $\sigma$ is applied to each entry of the hidden layer.
# The two layers are then no longer equivalent to one linear layer. The rows of $\mathbf{H}$ are
# called the *hidden representation* of the examples:
#
# $$
# \begin{aligned}
# \mathbf{H} &= \sigma(\mathbf{X} \mathbf{W}^{(1)} + \mathbf{b}^{(1)}) \\
# \mathbf{O} &= \mathbf{H} \mathbf{W}^{(2)} + \mathbf{b}^{(2)}
# \end{aligned}
# $$
#
# With $\sigma(x) = \max(x, 0)$ two hidden units are enough for exclusive or. The first counts the
# switches that are on. The second is active (larger than 0) only if both are on. The output is the
# first minus twice the second.


# %%
def lamp_network(X):
    in_weights, in_bias = torch.ones(2, 2), torch.tensor([0.0, -1.0])
    hidden = torch.relu(X @ in_weights + in_bias)
    return hidden @ torch.tensor([1.0, -2.0])


print("wanted: ", lamp)
print("network:", lamp_network(switches))

# %% [markdown]
# The picture shows the output for all inputs between 0 and 1. The output of the network is
# piecewise linear, with its maximum where $x_1 + x_2 = 1$. The linear model predicts one half
# everywhere.

# %%
steps = torch.linspace(0, 1, 101)
grid = torch.cartesian_prod(steps, steps)
_, (left, right) = d2l.plt.subplots(1, 2, figsize=(6, 2.8))
grid_with_bias = torch.cat([grid, torch.ones(len(grid), 1)], dim=1)
for ax, title, answer in (
    (left, "linear model", grid_with_bias @ weights),
    (right, "one hidden layer", lamp_network(grid)),
):
    image = answer.reshape(101, 101).T.numpy()
    ax.imshow(image, origin="lower", extent=(0, 1, 0, 1), vmin=0, vmax=1)
    ax.scatter(*switches.T, c=lamp, s=80, ec="white", clip_on=False, zorder=3)
    ax.set(title=title, xlabel="switch 1", ylabel="switch 2")
d2l.plt.tight_layout()
d2l.plt.show()

# %% [markdown]
# The *universal approximation theorem* says: on a closed and bounded set, a network with a single
# hidden layer and enough units approximates any continuous function as closely as desired. It says
# that suitable weights **exist**. It does not say that training finds them, nor how many units are
# needed. Deeper networks often need far fewer units for the same function, which is one reason to
# use more than one hidden layer.

# %% [markdown]
# ## 5.1.2 Activation functions
#
# An activation function maps the weighted sum of a unit to its output, the *activation*. In
# backpropagation the gradient is multiplied by the derivative of the activation function in each
# layer. So both the function and its derivative matter.
#
# ### ReLU
#
# The rectified linear unit keeps positive values and replaces negative values by 0:
# $\mathrm{ReLU}(x) = \max(x, 0)$.

# %%
x = torch.arange(-8.0, 8.0, 0.1, requires_grad=True)
y_relu = torch.relu(x)
d2l.plot(x.detach(), y_relu.detach(), "x", "relu(x)", figsize=(5, 2.5))

# %% [markdown]
# Its derivative is 0 for negative inputs and 1 for positive ones. At 0 it is not differentiable;
# PyTorch uses 0 there. Where the units are active, the activation function multiplies the gradient
# by 1 in each layer, however many layers there are. This is a main reason why ReLU suits deep
# networks. A unit whose input is negative for all examples receives the gradient 0 and is not
# updated any more: it is a *dead unit*.
#
# `backward` on a vector needs a vector of the same shape. With a vector of ones it computes the
# gradient of the sum of all `y`. Each `y` depends on one `x` only, so the entries of this gradient
# are the derivatives of each `y` with respect to its own `x`.

# %%
y_relu.backward(torch.ones_like(x))
grad_relu = x.grad.clone()
d2l.plot(x.detach(), grad_relu, "x", "grad of relu", figsize=(5, 2.5))

# %% [markdown]
# ### Sigmoid
#
# The sigmoid maps each real number into the interval from 0 to 1, so its value can be read as a
# probability:
#
# $$\mathrm{sigmoid}(x) = \frac{1}{1 + \exp(-x)}$$

# %%
y_sigmoid = torch.sigmoid(x)
d2l.plot(x.detach(), y_sigmoid.detach(), "x", "sigmoid(x)", figsize=(5, 2.5))

# %% [markdown]
# Its derivative can be computed from its value, $\sigma'(x) = \sigma(x)(1 - \sigma(x))$. It is at
# most $\frac{1}{4}$, at $x = 0$. For large $|x|$ the sigmoid **saturates**: it is almost constant,
# and its derivative is close to 0 (below 0.0025 for $|x| > 6$). The derivatives of ten sigmoid
# layers are multiplied, and their product is at most
# $\left(\frac{1}{4}\right)^{10} = 4^{-10} \approx 10^{-6}$. With weights of size 1, at most a
# millionth of the gradient is left: the gradient **vanishes**.

# %%
x.grad.zero_()  # gradients add up, so clear those of the last plot
y_sigmoid.backward(torch.ones_like(x))
grad_sigmoid = x.grad.clone()
d2l.plot(x.detach(), grad_sigmoid, "x", "grad of sigmoid", figsize=(5, 2.5))

# %% [markdown]
# ### Tanh
#
# The hyperbolic tangent has the same shape, but its values lie between -1 and 1, and it is 0 at the
# origin:
#
# $$\tanh(x) = \frac{1 - \exp(-2x)}{1 + \exp(-2x)} = 2 \, \mathrm{sigmoid}(2x) - 1$$

# %%
y_tanh = torch.tanh(x)
d2l.plot(x.detach(), y_tanh.detach(), "x", "tanh(x)", figsize=(5, 2.5))

# %% [markdown]
# Its derivative is $1 - \tanh^2(x)$. It is 1 at the origin, four times that of the sigmoid, but it
# falls to 0 faster: tanh saturates, too.

# %%
x.grad.zero_()
y_tanh.backward(torch.ones_like(x))
grad_tanh = x.grad.clone()
d2l.plot(x.detach(), grad_tanh, "x", "grad of tanh", figsize=(5, 2.5))

# %% [markdown]
# ### The vanishing gradient
#
# Consider a chain of twenty units with weight 1: the output of each is the input of the next, and
# the first input is $x = 0.5$. By the chain rule, the derivative of the last output with respect to
# the first input is the product of twenty derivatives. The plot shows it for 1 to 20 layers: with
# ReLU it stays 1, with tanh it falls slowly, and with the sigmoid it vanishes.

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
# Newer activation functions are smooth versions of ReLU: GELU, $x \, \Phi(x)$ with the distribution
# function $\Phi$ of the standard normal distribution, and Swish, $x \, \mathrm{sigmoid}(x)$. Large
# language models use them.

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
# ## Check yourself
#
# **Question 1.** A network consists of three linear layers without activation functions. Which
# functions can it represent?
#
# <details><summary>Answer</summary>
#
# Only affine functions $\mathbf{W}\mathbf{x} + \mathbf{b}$, as a single linear layer does: the
# weight matrices are multiplied into one. If a hidden layer has fewer units than the input and the
# output, not even all of these, because the rank of the product is limited.
#
# </details>
#
# **Question 2.** Why does gradient descent not update a dead unit?
#
# <details><summary>Answer</summary>
#
# Its input is negative for all examples, where the derivative of ReLU is 0. The gradients of its
# weights and its bias contain this derivative as a factor, so they are 0 for each example.
#
# </details>
#
# **Question 3.** In a chain of five sigmoid units each weight is 1. How large can the derivative of
# the output with respect to the input be? And if each weight is 8?
#
# <details><summary>Answer</summary>
#
# With weights of 1 at most $4^{-5} \approx 0.001$. Each layer contributes the factor
# $w \, \sigma'(\cdot) \le \frac{w}{4}$, so with weights of 8 the bound is $2^5 = 32$. Whether a
# gradient vanishes depends on the weights and on the activation function.
#
# </details>

# %% [markdown]
# ## Exercises
#
# **Exercise 1.** Build a network for three switches where the lamp is on if an odd number of them
# is on. How many ReLU units are needed if each of them receives the sum of the inputs?
#
# <details><summary>Hint</summary>
#
# The output depends only on the sum $s$ of the inputs. Find a piecewise linear function of $s$ with
# the values 0, 1, 0, 1 at $s = 0, 1, 2, 3$. Its slope changes three times, at 0, 1 and 2.
#
# </details>


# %% tags=["hide-cell"]
# Solution of exercise 1
def three_switch_network(inputs):
    total = inputs.sum(dim=1, keepdim=True)
    hidden = torch.relu(total - torch.tensor([0.0, 1.0, 2.0]))  # three hidden units
    return hidden @ torch.tensor([1.0, -2.0, 2.0])


states = torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * 3)
print(three_switch_network(states))
assert torch.equal(three_switch_network(states), states.sum(dim=1) % 2)

# %% [markdown]
# **Exercise 2.** Show that a network with one input, one hidden layer of $h$ ReLU units and one
# output is a piecewise linear function of its input. How many linear pieces can it have?
#
# <details><summary>Hint</summary>
#
# Where does the slope of a single unit $v \, \mathrm{ReLU}(w x + b)$ change?
#
# </details>
#
# <details><summary>Solution</summary>
#
# A unit $v \, \mathrm{ReLU}(w x + b)$ with $w \ne 0$ is linear on either side of $x = -b / w$. The
# $h$ units have at most $h$ such points, and these divide the line into at most $h + 1$ intervals.
# On each interval all units are linear, so their sum is linear. The network has at most $h + 1$
# pieces, and exactly $h + 1$ if the points differ and no $v$ is 0.
#
# </details>

# %% [markdown]
# **Exercise 3.** Compute the gradient of the chain of twenty units for the input $x = -0.5$. What
# changes for ReLU? What does a leaky ReLU, $\max(x, 0.01 x)$, change?
#
# <details><summary>Hint</summary>
#
# `torch.nn.functional.leaky_relu` has the derivative 0.01 for negative inputs.
#
# </details>


# %% tags=["hide-cell"]
# Solution of exercise 3
def signal_from(input_value, activation, depth):
    first = torch.tensor(input_value, requires_grad=True)
    last = first
    for _ in range(depth):
        last = activation(last)
    last.backward()
    return first.grad.item()


leaky_relu = torch.nn.functional.leaky_relu
for name, activation in (activations | {"leaky relu": leaky_relu}).items():
    few, many = (signal_from(-0.5, activation, depth) for depth in (1, 20))
    print(f"{name:>10}: 1 layer {few:.2e}, 20 layers {many:.2e}")
# The gradient of ReLU is 0. That of the leaky ReLU is not, but here it is 0.01 to the power
# of the depth: the unit is not dead, the gradient of the chain vanishes nevertheless.
assert signal_from(-0.5, torch.relu, 1) == 0
assert abs(signal_from(-0.5, leaky_relu, 1) - 0.01) < 1e-6
