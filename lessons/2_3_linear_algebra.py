# %% [markdown]
# # 2.3 Linear algebra
#
# A network is mostly matrix products with something simple in between. Here are the objects
# (scalars, vectors, matrices, tensors) and the handful of operations on them that the rest of the
# course is written in: elementwise arithmetic, sums along an axis, three kinds of product, and
# norms. For each one we ask what it means and what happens to the shape.

# %%
# %matplotlib inline
import math

import torch

from d2l import torch as d2l

d2l.use_svg_display()

# %% [markdown]
# ## 2.3.1 Scalars
#
# A scalar is a single number, $x \in \mathbb{R}$. In torch it is a tensor with no axis at all, and
# it calculates as you expect.

# %%
x = torch.tensor(3.0)
y = torch.tensor(2.0)
scalar_results = x + y, x * y, x / y, x**y
scalar_results

# %% [markdown]
# ## 2.3.2 Vectors
#
# A vector $\mathbf{x} \in \mathbb{R}^n$ is a list of $n$ numbers: the features of one example, say.
# Its entries are written $x_0, x_1, \dots$ when we count as Python does. We think of it as a
# *column*, although torch stores only one axis and prints it lying down.

# %%
x = torch.arange(3)
x

# %%
x[2], len(x), x.shape

# %% [markdown]
# A word with two meanings: a vector with three entries is "three-dimensional" in mathematics,
# while its tensor has one axis. We say *length* for the first, *number of axes* for the second.

# %% [markdown]
# ## 2.3.3 Matrices
#
# A matrix $\mathbf{A} \in \mathbb{R}^{m \times n}$ has $m$ rows and $n$ columns. By a convention
# that the whole course keeps, a row is an example and a column is a feature.

# %%
A = torch.arange(6).reshape(3, 2)
A

# %% [markdown]
# The transpose $\mathbf{A}^\top$ swaps the two axes, so that $(\mathbf{A}^\top)_{ij} = a_{ji}$: the
# first column becomes the first row.

# %%
A_transposed = A.T
A_transposed

# %% [markdown]
# A square matrix that equals its own transpose is *symmetric*: a mirror lies along its diagonal.

# %%
symmetric = torch.tensor([[1, 2, 3], [2, 0, 4], [3, 4, 5]])
symmetric == symmetric.T

# %% [markdown]
# ## 2.3.4 Tensors
#
# Nothing stops at two axes. A colour image has three (channel, height, width), a batch of colour
# images four. This one is two matrices of three rows and four columns.

# %%
block = torch.arange(24).reshape(2, 3, 4)
block

# %% [markdown]
# ## 2.3.5 Basic properties of tensor arithmetic
#
# Elementwise operations keep the shape. `clone` makes `B` a copy with its own memory.

# %%
A = torch.arange(6, dtype=torch.float32).reshape(2, 3)
B = A.clone()
A, A + B

# %% [markdown]
# The elementwise product of two matrices is called the *Hadamard product*, written
# $\mathbf{A} \odot \mathbf{B}$. It is not the matrix product, which comes in 2.3.10.

# %%
A * B

# %% [markdown]
# A scalar meets every entry of a tensor, and the shape stays.

# %%
a = 2
X = torch.arange(24).reshape(2, 3, 4)
a + X, (a * X).shape

# %% [markdown]
# ## 2.3.6 Reduction
#
# A sum of all entries, $\sum_i x_i$, turns any tensor into a scalar.

# %%
x = torch.arange(3, dtype=torch.float32)
x, x.sum()

# %%
A.shape, A.sum()

# %% [markdown]
# Give an axis, and only this axis is summed away. Remember it like this: *the axis you name is the
# one that disappears*. `axis=0` runs down the rows and leaves one sum for each column: shape
# `(2, 3)` becomes `(3,)`. `axis=1` runs along the columns and leaves one for each row.

# %%
A.shape, A.sum(axis=0).shape, A.sum(axis=1).shape


# %%
def draw_numbers(numbers: torch.Tensor, colour: str, left: int, top: int) -> None:
    """Write a matrix into coloured unit cells, its first cell at the given place."""
    axes = d2l.plt.gca()
    for row, line in enumerate(numbers.tolist()):
        for column, number in enumerate(line):
            corner = left + column, top + row
            axes.add_patch(d2l.plt.Rectangle(corner, 1, 1, facecolor=colour, edgecolor="white"))
            axes.text(corner[0] + 0.5, corner[1] + 0.5, f"{number:g}", ha="center", va="center")


figure, axes = d2l.plt.subplots(figsize=(4, 2.6), layout="constrained")
axes.annotate("", (1.5, 3), (1.5, 2), arrowprops={"arrowstyle": "->"})
axes.annotate("", (4, 1), (3, 1), arrowprops={"arrowstyle": "->"})
axes.text(1.6, 2.5, "A.sum(axis=0)", va="center", fontsize=8)
axes.text(3.1, 2.25, "A.sum(axis=1)", fontsize=8)
axes.set(xlim=(-0.2, 5.6), ylim=(4.2, -0.2), aspect="equal")
axes.set_axis_off()
draw_numbers(A, "lightsteelblue", 0, 0)
draw_numbers(A.sum(axis=0, keepdims=True), "moccasin", 0, 3)
draw_numbers(A.sum(axis=1, keepdims=True), "palegreen", 4, 0)

# %% [markdown]
# Summing over both axes is the sum of everything. The mean is the sum divided by how many numbers
# went into it, for the whole matrix or along an axis.

# %%
A.sum(axis=[0, 1]) == A.sum()

# %%
A.mean(), A.sum() / A.numel()

# %%
A.mean(axis=0), A.sum(axis=0) / A.shape[0]

# %% [markdown]
# ## 2.3.7 Non-reduction sum
#
# Sometimes the summed axis should stay, with length 1, so that the result still broadcasts against
# the original. `keepdims=True` does this. Dividing each row by its own sum makes rows that add up
# to 1: that is half of the softmax you will meet in 4.1.

# %%
sum_A = A.sum(axis=1, keepdims=True)
sum_A, sum_A.shape

# %%
row_shares = A / sum_A
row_shares

# %% [markdown]
# And a running total keeps the shape altogether: each row of `cumsum` along axis 0 is the sum of
# the rows up to there.

# %%
running_total = A.cumsum(axis=0)
running_total

# %% [markdown]
# ## 2.3.8 Dot products
#
# Multiply two vectors place by place and add up: $\mathbf{x}^\top \mathbf{y} = \sum_i x_i y_i$.
# If $\mathbf{y}$ holds weights, this is a weighted sum of $\mathbf{x}$; if both have length 1, it
# is the cosine of the angle between them, so it measures how much they point the same way.

# %%
y = torch.ones(3, dtype=torch.float32)
x, y, torch.dot(x, y)

# %%
torch.sum(x * y)

# %% [markdown]
# ## 2.3.9 Matrix-vector products
#
# $\mathbf{A}\mathbf{x}$ can be read in two ways, and both are worth having. By rows: entry $i$ is
# the dot product of row $i$ with $\mathbf{x}$. By columns: it is a mixture of the *columns* of
# $\mathbf{A}$, with the entries of $\mathbf{x}$ as amounts. The lengths must fit: $m \times n$
# times $n$ gives $m$.

# %%
A.shape, x.shape, torch.mv(A, x), A @ x

# %%
by_rows = torch.stack([torch.dot(row, x) for row in A])
by_columns = x[0] * A[:, 0] + x[1] * A[:, 1] + x[2] * A[:, 2]
by_rows, by_columns

# %% [markdown]
# A square matrix moves every point of the plane. Here it is applied to all the points of a circle:
# the two unit vectors land on the two columns of the matrix, and everything else follows along.

# %%
angle = torch.linspace(0, 2 * math.pi, 361)
circle = torch.stack((torch.cos(angle), torch.sin(angle)))
M = torch.tensor([[1.5, 0.5], [0.25, 1.0]])
moved = M @ circle
figure, axes = d2l.plt.subplots(figsize=(4.2, 3), layout="constrained")
axes.plot(*circle, "--", color="grey", label="circle")
axes.plot(*moved, label="M @ circle")
for column, name in zip(M.T.tolist(), ("first column of M", "second column of M"), strict=True):
    axes.annotate("", column, (0, 0), arrowprops={"arrowstyle": "->", "color": "C1"})
    axes.annotate(name, column, (4, 4), textcoords="offset points", fontsize=7, color="C1")
axes.set(aspect="equal", xlim=(-2, 3.2), ylim=(-1.4, 1.4))
axes.legend(loc="lower right", fontsize=7)
axes.grid()

# %% [markdown]
# ## 2.3.10 Matrix-matrix multiplication
#
# $\mathbf{A}\mathbf{B}$ is the matrix-vector product done for each column of $\mathbf{B}$, the
# results set side by side: entry $(i, j)$ is the dot product of row $i$ of $\mathbf{A}$ with
# column $j$ of $\mathbf{B}$. The inner lengths must be equal, and they vanish:
# $(2 \times 3)(3 \times 4) = 2 \times 4$. With ones in $\mathbf{B}$ each entry is a row sum.

# %%
B = torch.ones(3, 4)
torch.mm(A, B), A @ B

# %% [markdown]
# ## 2.3.11 Norms
#
# A norm says how *big* a vector is. The $\ell_2$ norm is its length as the crow flies,
# $\|\mathbf{u}\|_2 = \sqrt{\sum_i u_i^2}$: for $(3, -4)$ the old right triangle with sides 3, 4, 5.

# %%
u = torch.tensor([3.0, -4.0])
torch.norm(u)

# %% [markdown]
# The $\ell_1$ norm, $\|\mathbf{u}\|_1 = \sum_i |u_i|$, is the way a taxi drives between the blocks
# of a city: $3 + 4 = 7$. It gives less weight to single large entries than the $\ell_2$ norm does.

# %%
torch.abs(u).sum()

# %% [markdown]
# All the points of size 1 make a picture of a norm. For $\ell_2$ it is the circle; for $\ell_1$ a
# diamond, whose corners lie on the axes (the reason why $\ell_1$ penalties make weights exactly
# zero); for $\ell_\infty$, which is the largest $|u_i|$, a square.

# %%
figure, axes = d2l.plt.subplots(figsize=(3, 3), layout="constrained")
for order, style, name in ((1, "-", "1"), (2, "m--", "2"), (math.inf, "g-.", r"\infty")):
    unit = circle / torch.linalg.vector_norm(circle, order, dim=0)
    axes.plot(*unit, style, label=rf"$\ell_{name}$")
axes.set(aspect="equal", xlabel="u[0]", ylabel="u[1]", xlim=(-1.2, 1.2), ylim=(-1.2, 1.2))
axes.legend(loc="center")
axes.grid()

# %% [markdown]
# For a matrix, the *Frobenius norm* flattens it and takes the $\ell_2$ norm of that. A
# $4 \times 9$ matrix of ones has 36 entries, so it is $\sqrt{36} = 6$.

# %%
frobenius = torch.norm(torch.ones((4, 9)))
frobenius

# %% [markdown]
# ## Try it yourself
#
# 1. What does `len(block)` give for the tensor of shape `(2, 3, 4)`, and which axis is that?
# 2. `A / A.sum(axis=1)` fails for our $2 \times 3$ matrix. Read the error, and say why
#    `keepdims=True` mends it. For a square matrix it would *not* fail; what would it compute?
# 3. For which vectors are the $\ell_1$ and the $\ell_2$ norm equal? Find the answer in the picture
#    of the circle and the diamond.

# %% [markdown]
# ## Check

# %%
assert [result.item() for result in scalar_results] == [5, 6, 1.5, 9]
counting = torch.arange(3)
assert counting[2] == 2
assert len(counting) == 3
assert counting.shape == (3,)
assert A_transposed.tolist() == [[0, 2, 4], [1, 3, 5]]
assert symmetric.equal(symmetric.T)
assert block.shape == (2, 3, 4)
assert block[1, 2].tolist() == [20, 21, 22, 23]
assert (a + X).flatten().tolist() == list(range(2, 26))
assert (a * X).shape == (2, 3, 4)

assert A.tolist() == [[0, 1, 2], [3, 4, 5]]
assert (A + A).tolist() == [[0, 2, 4], [6, 8, 10]]
assert (A * A).tolist() == [[0, 1, 4], [9, 16, 25]]
assert x.sum() == 3
assert A.sum() == 15
assert A.sum(axis=[0, 1]) == 15
assert A.sum(axis=0).tolist() == [3, 5, 7]
assert A.sum(axis=1).tolist() == [3, 12]
assert A.mean() == 2.5
assert A.mean(axis=0).tolist() == [1.5, 2.5, 3.5]
assert sum_A.tolist() == [[3], [12]]
assert sum_A.shape == (2, 1)
assert torch.allclose(row_shares, torch.tensor([[0, 1 / 3, 2 / 3], [1 / 4, 1 / 3, 5 / 12]]))
assert running_total.tolist() == [[0, 1, 2], [3, 5, 7]]

assert torch.dot(x, y) == torch.sum(x * y) == 0 * 1 + 1 * 1 + 2 * 1
for product in (torch.mv(A, x), A @ x, by_rows, by_columns):
    assert product.tolist() == [5, 14]
assert torch.allclose(moved[:, 0], torch.tensor([1.5, 0.25]))
assert torch.allclose(moved[:, 90], torch.tensor([0.5, 1.0]), atol=1e-6)
assert torch.mm(A, B).tolist() == (A @ B).tolist() == [[3] * 4, [12] * 4]
assert torch.norm(u) == math.hypot(3, 4) == 5
assert torch.abs(u).sum() == 7
assert frobenius.item() == math.sqrt(4 * 9)
print("2.3: all the sums, products and norms came out as worked out by hand.")
