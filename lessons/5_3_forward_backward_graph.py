# %% [markdown]
# # 5.3 Forward propagation, backward propagation, and the computational graph
#
# `loss.backward()` looks like magic until you have done it once by hand. Here you work out every
# gradient of a network with one hidden layer and weight decay, first for a network so small that a
# pencil is enough, then with matrices, and hold each term against what autograd finds. Afterwards
# you know what is calculated in which order, and why training needs so much more memory than
# prediction.

# %%
# %matplotlib inline
import torch

from d2l import torch as d2l

d2l.use_svg_display()

# %% [markdown]
# ## A network for the pencil
#
# One input, one hidden unit with ReLU, one output, no biases; the squared loss, and weight decay
# with $\lambda = 0.1$. The numbers: $x = 2$, $w_1 = 0.5$, $w_2 = 3$, label $y = 1$.
#
# Forward, from the input to the objective:
#
# $$
# \begin{aligned}
# z &= w_1 x = 1, \qquad h = \max(0, z) = 1, \qquad o = w_2 h = 3, \\
# L &= \tfrac{1}{2} (o - y)^2 = 2, \qquad
# s = \tfrac{\lambda}{2} (w_1^2 + w_2^2) = 0.4625, \qquad J = L + s = 2.4625.
# \end{aligned}
# $$
#
# Backward, from the objective to the weights. Each step uses the ones before it:
#
# $$
# \begin{aligned}
# \frac{\partial J}{\partial o} &= o - y = 2, \qquad
# \frac{\partial J}{\partial w_2} = \frac{\partial J}{\partial o}\, h + \lambda w_2 = 2.3, \\
# \frac{\partial J}{\partial h} &= \frac{\partial J}{\partial o}\, w_2 = 6, \qquad
# \frac{\partial J}{\partial z} = \frac{\partial J}{\partial h} \cdot 1 = 6, \qquad
# \frac{\partial J}{\partial w_1} = \frac{\partial J}{\partial z}\, x + \lambda w_1 = 12.05.
# \end{aligned}
# $$

# %%
w1, w2 = torch.tensor(0.5, requires_grad=True), torch.tensor(3.0, requires_grad=True)
small_L = (w2 * torch.relu(w1 * 2) - 1) ** 2 / 2
small_J = small_L + 0.1 / 2 * (w1**2 + w2**2)
small_J.backward()
small_J, w1.grad, w2.grad

# %% [markdown]
# ## 5.3.1 Forward propagation
#
# Now the same with vectors. The input $\mathbf{x} \in \mathbb{R}^d$ meets the first weights
# $\mathbf{W}^{(1)} \in \mathbb{R}^{h \times d}$; an activation function $\phi$ acts on each entry;
# the second weights $\mathbf{W}^{(2)} \in \mathbb{R}^{q \times h}$ make the outputs:
#
# $$
# \mathbf{z} = \mathbf{W}^{(1)} \mathbf{x}, \qquad
# \mathbf{h} = \phi(\mathbf{z}), \qquad
# \mathbf{o} = \mathbf{W}^{(2)} \mathbf{h}.
# $$
#
# We take $d = 4$, $h = 3$, $q = 2$: three different lengths, so that a wrong transpose cannot hide.
# With $\phi = \tanh$ the derivative has a short form, $\phi'(z) = 1 - \tanh^2 z$. All of it in
# `float64`, so that rounding does not blur the comparison.

# %%
torch.manual_seed(0)
d, h_length, q, lambd = 4, 3, 2, 0.1
x, y = torch.randn(d, dtype=torch.float64), torch.tensor(1)
W1 = torch.randn(h_length, d, dtype=torch.float64, requires_grad=True)
W2 = torch.randn(q, h_length, dtype=torch.float64, requires_grad=True)

z = W1 @ x
h = torch.tanh(z)
o = W2 @ h
z.shape, h.shape, o.shape

# %% [markdown]
# The loss compares the output with the label; we take the cross-entropy of the softmax,
# $L = -\log \mathrm{softmax}(\mathbf{o})_y$. Weight decay adds a price on large weights (the
# Frobenius norm squared is the sum of all squared entries), and the *objective* $J$ is what
# training makes small:
#
# $$
# L = l(\mathbf{o}, y), \qquad
# s = \frac{\lambda}{2} \left( \|\mathbf{W}^{(1)}\|_F^2 + \|\mathbf{W}^{(2)}\|_F^2 \right), \qquad
# J = L + s.
# $$

# %%
L = -torch.log_softmax(o, dim=0)[y]
s = lambd / 2 * (W1.square().sum() + W2.square().sum())
J = L + s
J

# %% [markdown]
# ## 5.3.2 The computational graph
#
# Draw each variable as a node, and an arrow from $a$ to $b$ when $b$ is calculated from $a$. Blue
# arrows show the forward direction. Backpropagation walks the same arrows the other way (orange;
# beside each the gradient that goes along it). At each node it takes the gradient that arrives
# from the right and multiplies it with one local derivative. A node with two outgoing blue arrows,
# like each weight matrix (one into the product, one into the penalty $s$), receives two gradients
# and *adds* them.


# %%
places = {"x": (0, 0), "z": (2, 0), "h": (4, 0), "o": (6, 0), "L": (8, 0), "J": (10, 0)}
places |= {"W1": (2, 1.9), "W2": (6, 1.9), "s": (10, 1.9), "y": (8, -1.9)}
bold = {"W1": r"$\mathbf{W}^{(1)}$", "W2": r"$\mathbf{W}^{(2)}$"}
bold |= {name: rf"$\mathbf{{{name}}}$" for name in "xzho"}


def draw_arrows(axes: d2l.plt.Axes, pairs: str, colour: str, bend: float = 0.0) -> None:
    """Draw arrows between nodes, named like "x>z z>h", leaving the nodes themselves free."""
    style = {"arrowstyle": "->", "color": colour, "shrinkA": 16, "shrinkB": 16}
    style["connectionstyle"] = f"arc3,rad={bend}"
    for pair in pairs.split():
        start, end = pair.split(">")
        axes.annotate("", places[end], places[start], arrowprops=style)


figure, axes = d2l.plt.subplots(figsize=(9, 4), layout="constrained")
for name, place in places.items():
    box = {"boxstyle": "circle,pad=0.35", "edgecolor": "grey"}
    box["facecolor"] = "moccasin" if "W" in name else "white"
    axes.text(*place, bold.get(name, f"${name}$"), ha="center", va="center", fontsize=11, bbox=box)
draw_arrows(axes, "x>z z>h h>o o>L L>J y>L W1>z W2>o W2>s s>J", "C0")
draw_arrows(axes, "W1>s", "C0", bend=-0.3)
draw_arrows(axes, "J>L L>o o>h h>z z>W1 o>W2", "C1", bend=-0.45)
for (column, row), formula in {
    (9, -0.95): r"\partial J/\partial L=1",
    (6.7, -0.95): r"\partial J/\partial\mathbf{o}",
    (5, -0.95): r"\mathbf{W}^{(2)\top}\,\partial J/\partial\mathbf{o}",
    (2.8, -0.95): r"\partial J/\partial\mathbf{h}\odot\phi^{\prime}(\mathbf{z})",
    (0.8, 0.9): r"\partial J/\partial\mathbf{z}\;\mathbf{x}^\top",
    (4.8, 0.9): r"\partial J/\partial\mathbf{o}\;\mathbf{h}^\top",
    (4.6, 2.7): r"+\lambda\mathbf{W}^{(1)}",
    (8, 1.55): r"+\lambda\mathbf{W}^{(2)}",
}.items():
    axes.text(column, row, f"${formula}$", ha="center", color="C1")
axes.set(xlim=(-0.7, 10.7), ylim=(-2.3, 3.3))
axes.set_axis_off()

# %% [markdown]
# ## 5.3.3 Backpropagation
#
# We walk from $J$ back to the weights. Two facts are all we need: the *chain rule* (if
# $\mathbf{a}$ acts on $J$ only through $\mathbf{b}$, then
# $\partial J / \partial \mathbf{a}$ is $\partial J / \partial \mathbf{b}$ multiplied, in the way
# the shapes ask for, with the local derivative $\partial \mathbf{b} / \partial \mathbf{a}$), and
# that the gradient of a scalar always has the shape of what it is a gradient of.
#
# The start is easy, since $J = L + s$:
#
# $$\frac{\partial J}{\partial L} = 1, \qquad \frac{\partial J}{\partial s} = 1.$$

# %%
dJ_dL = torch.tensor(1.0, dtype=torch.float64)
dJ_ds = torch.tensor(1.0, dtype=torch.float64)

# %% [markdown]
# **The output.** For softmax with cross-entropy the derivative is "what was predicted minus what is
# true", with $\mathbf{y}$ the one-hot code of the label (4.1 works this out):
#
# $$
# \frac{\partial J}{\partial \mathbf{o}}
# = \frac{\partial J}{\partial L} \frac{\partial L}{\partial \mathbf{o}}
# = \mathrm{softmax}(\mathbf{o}) - \mathbf{y} \in \mathbb{R}^q.
# $$

# %%
with torch.no_grad():
    one_hot = torch.nn.functional.one_hot(y, q)
    dJ_do = dJ_dL * (torch.softmax(o, dim=0) - one_hot)
dJ_do

# %% [markdown]
# **The penalty.** The derivative of $\frac{\lambda}{2} w^2$ is $\lambda w$, for every entry; this
# is why the factor $\frac{1}{2}$ was put there.
#
# $$
# \frac{\partial s}{\partial \mathbf{W}^{(1)}} = \lambda \mathbf{W}^{(1)}, \qquad
# \frac{\partial s}{\partial \mathbf{W}^{(2)}} = \lambda \mathbf{W}^{(2)}.
# $$

# %%
with torch.no_grad():
    ds_dW1, ds_dW2 = lambd * W1, lambd * W2

# %% [markdown]
# **The second weights.** Entry $(i, j)$ of $\mathbf{W}^{(2)}$ carries $h_j$ into $o_i$, so its
# gradient is $\frac{\partial J}{\partial o_i} h_j$; all of them together are a column times a row.
# The second way, through $s$, is added:
#
# $$
# \frac{\partial J}{\partial \mathbf{W}^{(2)}}
# = \frac{\partial J}{\partial \mathbf{o}} \mathbf{h}^\top + \lambda \mathbf{W}^{(2)}
# \in \mathbb{R}^{q \times h}.
# $$

# %%
with torch.no_grad():
    dJ_dW2 = torch.outer(dJ_do, h) + dJ_ds * ds_dW2
dJ_dW2

# %% [markdown]
# **The hidden layer.** $h_j$ acts on all outputs, $o_i$ with the weight $W^{(2)}_{ij}$. Collecting
# over $i$ is a product with the *transposed* matrix: forward the matrix carries numbers from
# hidden to output, transposed it carries gradients from output to hidden.
#
# $$
# \frac{\partial J}{\partial \mathbf{h}}
# = {\mathbf{W}^{(2)}}^\top \frac{\partial J}{\partial \mathbf{o}} \in \mathbb{R}^h.
# $$

# %%
with torch.no_grad():
    dJ_dh = W2.T @ dJ_do
dJ_dh

# %% [markdown]
# **Through the activation.** $\phi$ acts on each entry by itself, so the gradients are multiplied
# entry by entry ($\odot$). Where $\phi$ is flat, nothing gets through.
#
# $$
# \frac{\partial J}{\partial \mathbf{z}}
# = \frac{\partial J}{\partial \mathbf{h}} \odot \phi'(\mathbf{z}), \qquad
# \phi'(\mathbf{z}) = 1 - \tanh^2 \mathbf{z} = 1 - \mathbf{h} \odot \mathbf{h}.
# $$

# %%
with torch.no_grad():
    dJ_dz = dJ_dh * (1 - h * h)
dJ_dz

# %% [markdown]
# **The first weights.** The same pattern as for the second ones: what arrives from the right, times
# what came in from the left, plus the penalty.
#
# $$
# \frac{\partial J}{\partial \mathbf{W}^{(1)}}
# = \frac{\partial J}{\partial \mathbf{z}} \mathbf{x}^\top + \lambda \mathbf{W}^{(1)}
# \in \mathbb{R}^{h \times d}.
# $$

# %%
with torch.no_grad():
    dJ_dW1 = torch.outer(dJ_dz, x) + dJ_ds * ds_dW1
dJ_dW1

# %% [markdown]
# ## By hand against autograd, term by term
#
# Torch keeps gradients for parameters only; `retain_grad` asks it to keep those of the values in
# between as well. Then one `backward`, and a table.

# %%
for intermediate in (z, h, o, L, s):
    intermediate.retain_grad()
J.backward()

by_hand = {
    "L": (L, dJ_dL),
    "s": (s, dJ_ds),
    "o": (o, dJ_do),
    "W2": (W2, dJ_dW2),
    "h": (h, dJ_dh),
    "z": (z, dJ_dz),
    "W1": (W1, dJ_dW1),
}
print("gradient   shape     largest difference")
for name, (variable, gradient) in by_hand.items():
    difference = (variable.grad - gradient).abs().max().item()
    print(f"dJ/d{name:<6} {tuple(gradient.shape)!s:<9} {difference:.1e}")

# %% [markdown]
# ## What has to be remembered
#
# Look at what the formulas on the way back used: $\mathbf{x}$ for $\mathbf{W}^{(1)}$, $\mathbf{h}$
# for $\mathbf{W}^{(2)}$ and for $\phi'$, $\mathbf{W}^{(2)}$ for $\partial J / \partial \mathbf{h}$.
# So the values of the forward pass must stay in memory until the backward pass has used them, for
# every layer and every example of the batch. A prediction needs none of this and may forget each
# layer as soon as the next one is done. That is why training takes more memory, and why a smaller
# batch is the first cure when memory runs out.
#
# And the two passes need each other: the backward pass uses the values of the forward pass, which
# depend on the weights, which the last backward pass has changed.

# %% [markdown]
# ## Try it yourself
#
# 1. Give the hidden layer a bias $\mathbf{b}^{(1)}$ that is not penalised. Where does it enter the
#    graph, and what is its gradient? (You have calculated it already.)
# 2. Replace $\tanh$ by ReLU. Which single line of the backward pass changes?
# 3. Start with $\mathbf{W}^{(2)} = 0$. Which gradients are then exactly zero, apart from weight
#    decay? Can the network learn all the same?

# %% [markdown]
# ## Check
#
# Besides autograd there is a judge who knows no calculus at all: move one weight a little up and a
# little down, and see by how much $J$ changes.


# %%
def objective(W1: torch.Tensor, W2: torch.Tensor) -> float:
    """Compute J from the weights, with the loss written in another form than above."""
    o = W2 @ torch.tanh(W1 @ x)
    return (o.exp().sum().log() - o[1] + 0.05 * (W1.norm() ** 2 + W2.norm() ** 2)).item()


def slopes_by_trial(which: int, step: float = 1e-5) -> torch.Tensor:
    """Estimate the gradient for one of the weight matrices from differences of J."""
    slopes = torch.zeros_like((W1, W2)[which].detach())
    for place in torch.cartesian_prod(*map(torch.arange, slopes.shape)).tolist():
        ends = []
        for sign in (1, -1):
            weights = [W1.detach().clone(), W2.detach().clone()]
            weights[which][tuple(place)] += sign * step
            ends.append(objective(*weights))
        slopes[tuple(place)] = (ends[0] - ends[1]) / (2 * step)
    return slopes


assert torch.isclose(small_J, torch.tensor(2.4625))
assert torch.isclose(w1.grad, torch.tensor(12.05))
assert torch.isclose(w2.grad, torch.tensor(2.3))
assert abs(objective(W1, W2) - J.item()) < 1e-12
assert {name: tuple(gradient.shape) for name, (_, gradient) in by_hand.items()} == {
    "L": (),
    "s": (),
    "o": (2,),
    "W2": (2, 3),
    "h": (3,),
    "z": (3,),
    "W1": (3, 4),
}
for variable, gradient in by_hand.values():
    assert torch.allclose(variable.grad, gradient, rtol=0, atol=1e-12)
assert torch.allclose(slopes_by_trial(0), dJ_dW1, rtol=0, atol=1e-8)
assert torch.allclose(slopes_by_trial(1), dJ_dW2, rtol=0, atol=1e-8)
assert abs(dJ_do.sum()) < 1e-12  # both softmax and one-hot code sum to 1
print("5.3: pencil, autograd and trial steps agree on every gradient.")
