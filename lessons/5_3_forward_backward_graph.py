# %% [markdown]
# # 5.3 Forward propagation, backward propagation, and the computational graph
#
# You compute every gradient of a network with one hidden layer and weight decay by hand, first with
# numbers, then with matrices, and compare each with what `loss.backward()` computes. You also see
# why training needs more memory than prediction.
#
# **After this lesson you can**
#
# - draw the computational graph of a network and mark which gradient flows along each edge;
# - compute the gradients of an MLP with the chain rule, each with its shape;
# - explain why a node with two outgoing edges adds two gradients;
# - say which values of the forward pass the backward pass needs.

# %%
# %matplotlib inline
import torch

from d2l import torch as d2l

d2l.use_svg_display()

# %% [markdown]
# ## A small network, by hand
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
# Now the same with vectors. The input $\mathbf{x} \in \mathbb{R}^d$ is multiplied by the weights of
# the hidden layer, $\mathbf{W}^{(1)} \in \mathbb{R}^{h \times d}$; an activation function $\phi$
# is applied to each entry; the weights of the output layer,
# $\mathbf{W}^{(2)} \in \mathbb{R}^{q \times h}$, give the outputs:
#
# $$
# \mathbf{z} = \mathbf{W}^{(1)} \mathbf{x}, \qquad
# \mathbf{h} = \phi(\mathbf{z}), \qquad
# \mathbf{o} = \mathbf{W}^{(2)} \mathbf{h}.
# $$
#
# We take $d = 4$, $h = 3$, $q = 2$: three different lengths, so that a wrong transpose is an error.
# With $\phi = \tanh$ the derivative has a short form, $\phi'(z) = 1 - \tanh^2 z$. Everything is
# in `float64`, so that the comparison is not limited by rounding.

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
# $L = -\log \mathrm{softmax}(\mathbf{o})_y$. Weight decay adds a penalty $s$ on large weights (the
# Frobenius norm squared is the sum of all squared entries). Training minimizes the *objective
# function* $J$:
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
# arrows show forward propagation. Backpropagation follows the same arrows in the opposite direction
# (orange, each with the gradient that it carries). At each node the gradient that arrives from the
# right is multiplied by one local derivative. A node with two outgoing blue arrows,
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
# We go from $J$ back to the weights. Two facts are enough: the *chain rule* (if
# $\mathbf{a}$ acts on $J$ only through $\mathbf{b}$, then
# $\partial J / \partial \mathbf{a}$ is $\partial J / \partial \mathbf{b}$ multiplied, in the way
# the shapes ask for, with the local derivative $\partial \mathbf{b} / \partial \mathbf{a}$), and
# that the gradient of a scalar always has the shape of what it is a gradient of.
#
# The first two gradients follow from $J = L + s$:
#
# $$\frac{\partial J}{\partial L} = 1, \qquad \frac{\partial J}{\partial s} = 1.$$

# %%
dJ_dL = torch.tensor(1.0, dtype=torch.float64)
dJ_ds = torch.tensor(1.0, dtype=torch.float64)

# %% [markdown]
# **The output.** For softmax with cross-entropy the derivative is the predicted probabilities minus
# $\mathbf{y}$, the one-hot encoding of the label (lesson 4.1 derives this):
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
# **The penalty.** The derivative of $\frac{\lambda}{2} w^2$ is $\lambda w$, for every entry; the
# factor $\frac{1}{2}$ cancels the 2 of the derivative.
#
# $$
# \frac{\partial s}{\partial \mathbf{W}^{(1)}} = \lambda \mathbf{W}^{(1)}, \qquad
# \frac{\partial s}{\partial \mathbf{W}^{(2)}} = \lambda \mathbf{W}^{(2)}.
# $$

# %%
with torch.no_grad():
    ds_dW1, ds_dW2 = lambd * W1, lambd * W2

# %% [markdown]
# **The weights of the output layer.** Entry $(i, j)$ of $\mathbf{W}^{(2)}$ multiplies $h_j$ in
# $o_i$, so its gradient is $\frac{\partial J}{\partial o_i} h_j$; all of them together are an
# outer product, a column times a row. The gradient through the second path, $s$, is added:
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
# over $i$ is a product with the *transposed* matrix: the matrix maps hidden values to outputs, its
# transpose maps gradients of the outputs to gradients of the hidden values.
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
# entry by entry ($\odot$). Where $\phi$ is saturated, $\phi'$ is close to zero and the gradient
# vanishes.
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
# **The weights of the hidden layer.** The same pattern as for the output layer: the gradient of the
# layer's output times the layer's input, plus the gradient of the penalty.
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
# ## Comparison with autograd, term by term
#
# PyTorch keeps gradients of parameters only; `retain_grad` makes it keep those of the intermediate
# values as well. After one `backward` we compare all of them.

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
# ## Training and memory
#
# The formulas of the backward pass used values of the forward pass: $\mathbf{x}$ for
# $\mathbf{W}^{(1)}$, $\mathbf{h}$ for $\mathbf{W}^{(2)}$ and for $\phi'$, $\mathbf{W}^{(2)}$ for
# $\partial J / \partial \mathbf{h}$. So the values of the forward pass must stay in memory until
# the backward pass has used them, for every layer and every example of the batch. A prediction
# needs none of this and may free each layer's values as soon as the next layer is computed. That is
# why training takes more memory than prediction, and why a smaller batch helps when memory runs
# out.
#
# Forward and backward propagation depend on each other: the backward pass uses the values of the
# forward pass, which depend on the weights, which were updated with the gradients of the previous
# backward pass.

# %% [markdown]
# ## Check yourself
#
# **Question 1.** $\mathbf{x} \in \mathbb{R}^{20}$, a hidden layer of 50 units, 3 outputs. Which
# shapes have $\partial J / \partial \mathbf{W}^{(1)}$, $\partial J / \partial \mathbf{W}^{(2)}$
# and $\partial J / \partial \mathbf{h}$?
#
# <details><summary>Answer</summary>
#
# The shapes of the variables: $50 \times 20$, $3 \times 50$, and $50$. The first two are outer
# products, $(\partial J / \partial \mathbf{z})\, \mathbf{x}^\top$ and
# $(\partial J / \partial \mathbf{o})\, \mathbf{h}^\top$, plus the penalty's part.
#
# </details>
#
# **Question 2.** In the small network, let $w_1 = -0.5$ instead of $0.5$. What are $\partial J /
# \partial w_1$ and $\partial J / \partial w_2$?
#
# <details><summary>Answer</summary>
#
# $z = -1$, so $h = 0$ and $o = 0$: the ReLU is not active, and its derivative is 0. Then
# $\partial J / \partial w_1 = 0 + \lambda w_1 = -0.05$ and
# $\partial J / \partial w_2 = (o - y)\, h + \lambda w_2 = 0.3$. Only weight decay changes the
# weights.
#
# </details>
#
# **Question 3.** Why must $\mathbf{h}$ be kept in memory until the backward pass?
#
# <details><summary>Answer</summary>
#
# It is needed for $\partial J / \partial \mathbf{W}^{(2)}$, and for $\phi'(\mathbf{z})$, which for
# $\tanh$ is $1 - \mathbf{h} \odot \mathbf{h}$.
#
# </details>

# %% [markdown]
# ## Exercises
#
# **Exercise 1.** Give the hidden layer a bias $\mathbf{b}^{(1)}$ that is not penalized. Where
# does it enter the graph, and what is its gradient? Compare with autograd, for $\mathbf{b}^{(1)}
# = 0$.
#
# <details><summary>Hint</summary>
#
# $\mathbf{z} = \mathbf{W}^{(1)} \mathbf{x} + \mathbf{b}^{(1)}$, so the local derivative
# $\partial \mathbf{z} / \partial \mathbf{b}^{(1)}$ is the identity matrix.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 1
b1 = torch.zeros(h_length, dtype=torch.float64, requires_grad=True)
o_bias = W2 @ torch.tanh(W1 @ x + b1)
(db1,) = torch.autograd.grad(-torch.log_softmax(o_bias, dim=0)[y], b1)
assert torch.allclose(db1, dJ_dz, atol=1e-12)
print("dJ/db1 = dJ/dz =", db1.tolist())

# %% [markdown]
# **Exercise 2.** Replace $\tanh$ by ReLU. Which line of the backward pass changes? Compare
# $\partial J / \partial \mathbf{W}^{(1)}$ with autograd.
#
# <details><summary>Hint</summary>
#
# Only $\phi'(\mathbf{z})$ changes: for ReLU it is 1 where $z > 0$ and 0 elsewhere.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 2
z_relu = W1 @ x
h_relu = torch.relu(z_relu)
o_relu = W2 @ h_relu
J_relu = -torch.log_softmax(o_relu, dim=0)[y]
J_relu = J_relu + lambd / 2 * (W1.square().sum() + W2.square().sum())
(dW1_autograd,) = torch.autograd.grad(J_relu, W1)
with torch.no_grad():
    do_relu = torch.softmax(o_relu, dim=0) - one_hot
    dz_relu = (W2.T @ do_relu) * (z_relu > 0)  # the line that changes
    dW1_relu = torch.outer(dz_relu, x) + lambd * W1
assert torch.allclose(dW1_relu, dW1_autograd, atol=1e-12)
print("active units:", (z_relu > 0).tolist(), "- by hand and by autograd the same")

# %% [markdown]
# **Exercise 3.** Let $\mathbf{W}^{(2)} = 0$, and leave out weight decay. Which gradients are
# exactly zero? Can the network learn?
#
# <details><summary>Hint</summary>
#
# $\partial J / \partial \mathbf{h} = {\mathbf{W}^{(2)}}^\top \partial J / \partial \mathbf{o}$.
# What does one step of gradient descent change, and which gradients are then no longer zero?
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 3
first, second = W1.detach().clone(), torch.zeros(q, h_length, dtype=torch.float64)
for step in (1, 2):
    first.requires_grad_()
    second.requires_grad_()
    l = -torch.log_softmax(second @ torch.tanh(first @ x), dim=0)[y]
    d_first, d_second = torch.autograd.grad(l, (first, second))
    sizes = d_first.norm().item(), d_second.norm().item()
    print(f"step {step}: gradient of W1 {sizes[0]:.4f}, of W2 {sizes[1]:.4f}")
    assert (sizes[0] == 0) == (step == 1)
    assert sizes[1] > 0
    first, second = (first - 0.1 * d_first).detach(), (second - 0.1 * d_second).detach()
print("W2 changes in the first step, so that W1 gets a gradient in the second: it learns.")

# %% [markdown]
# **Exercise 4.** Verify $\partial J / \partial \mathbf{W}^{(1)}$ without any calculus, by *finite
# differences*: change one entry by $\pm 10^{-5}$ and divide the change of $J$ by $2 \cdot
# 10^{-5}$.
#
# <details><summary>Hint</summary>
#
# Write a function that computes $J$ from the two weight matrices. Clone $\mathbf{W}^{(1)}$ before
# you change an entry.
#
# </details>


# %% tags=["hide-cell"]
# Solution of exercise 4
def objective_of(first, second):
    o = second @ torch.tanh(first @ x)
    penalty = lambd / 2 * (first.square().sum() + second.square().sum())
    return -torch.log_softmax(o, dim=0)[y] + penalty


estimate = torch.zeros_like(dJ_dW1)
with torch.no_grad():
    for row in range(h_length):
        for column in range(d):
            change = torch.zeros_like(dJ_dW1)
            change[row, column] = 1e-5
            rise = objective_of(W1 + change, W2) - objective_of(W1 - change, W2)
            estimate[row, column] = rise / 2e-5
largest = (estimate - dJ_dW1).abs().max().item()
assert largest < 1e-8
print(f"largest difference of finite differences and backpropagation: {largest:.1e}")
