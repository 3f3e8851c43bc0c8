# %% [markdown]
# # 2.3 Linear algebra
#
# The layers of a network are matrix products and elementwise functions. This lesson introduces
# scalars, vectors, matrices and tensors, and the operations that the course uses: elementwise
# arithmetic, sums along an axis, three kinds of product, and norms.
#
# **After this lesson you can**
#
# - give the shape of a sum along an axis, with and without `keepdims`
# - compute dot products, matrix-vector products and matrix-matrix products, and check their shapes
# - explain a matrix-vector product by rows and by columns
# - compute the $\ell_1$, $\ell_2$ and Frobenius norm

# %%
# %matplotlib inline
import math

import torch

from d2l import torch as d2l

d2l.use_svg_display()

# %% [markdown]
# ## 2.3.1 Scalars
#
# A scalar is a single number, $x \in \mathbb{R}$. In PyTorch it is a tensor without axes.

# %%
x = torch.tensor(3.0)
y = torch.tensor(2.0)
scalar_results = x + y, x * y, x / y, x**y
scalar_results

# %% [markdown]
# ## 2.3.2 Vectors
#
# A vector $\mathbf{x} \in \mathbb{R}^n$ consists of $n$ numbers, for example the features of one
# example. Its entries are written $x_0, x_1, \dots$ here, with indices as in Python. In formulas a
# vector is a *column*; in PyTorch it is a tensor with one axis, printed in a line.

# %%
x = torch.arange(3)
x

# %%
x[2], len(x), x.shape

# %% [markdown]
# The word *dimension* has two meanings: a vector with three entries is "three-dimensional" in
# mathematics, but its tensor has one axis. We use *length* for the first and *number of axes* for
# the second.

# %% [markdown]
# ## 2.3.3 Matrices
#
# A matrix $\mathbf{A} \in \mathbb{R}^{m \times n}$ has $m$ rows and $n$ columns. By convention each
# row is an example and each column is a feature.

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
# A square matrix that equals its transpose is *symmetric*.

# %%
symmetric = torch.tensor([[1, 2, 3], [2, 0, 4], [3, 4, 5]])
symmetric == symmetric.T

# %% [markdown]
# ## 2.3.4 Tensors
#
# A tensor can have more than two axes. A colour image has three (channel, height, width), a batch
# of colour images has four. The tensor below consists of two matrices with three rows and four
# columns.

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
# A scalar is added to, or multiplied with, each entry of a tensor. The shape stays the same.

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
# With an argument `axis` the sum runs over this axis only, and *the shape of the result lacks this
# axis*. `axis=0` adds the rows and gives one sum for each column: the shape `(2, 3)` becomes
# `(3,)`. `axis=1` adds the columns and gives one sum for each row. The picture shows both.

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
# The sum over both axes is the sum of all entries. The mean is the sum divided by the number of its
# terms, for the whole matrix or along an axis.

# %%
A.sum(axis=[0, 1]) == A.sum()

# %%
A.mean(), A.sum() / A.numel()

# %%
A.mean(axis=0), A.sum(axis=0) / A.shape[0]

# %% [markdown]
# ## 2.3.7 Non-reduction sum
#
# `keepdims=True` keeps the axis of the sum with length 1, so that the result can be broadcast
# against the original tensor. Dividing each row by its sum gives rows with the sum 1. Softmax (4.1)
# uses this.

# %%
sum_A = A.sum(axis=1, keepdims=True)
sum_A, sum_A.shape

# %%
row_shares = A / sum_A
row_shares

# %% [markdown]
# The cumulative sum keeps the shape: along axis 0, each row of `cumsum` is the sum of the rows up
# to this one.

# %%
running_total = A.cumsum(axis=0)
running_total

# %% [markdown]
# ## 2.3.8 Dot products
#
# The dot product of two vectors is the sum of the products of their entries:
# $\mathbf{x}^\top \mathbf{y} = \sum_i x_i y_i$. If $\mathbf{y}$ contains weights, it is a weighted
# sum of $\mathbf{x}$. If both vectors have the norm 1, it is the cosine of the angle between them.

# %%
y = torch.ones(3, dtype=torch.float32)
x, y, torch.dot(x, y)

# %%
torch.sum(x * y)

# %% [markdown]
# ## 2.3.9 Matrix-vector products
#
# $\mathbf{A}\mathbf{x}$ can be read in two ways. By rows: entry $i$ is the dot product of row $i$
# with $\mathbf{x}$. By columns: it is a *linear combination* of the columns of $\mathbf{A}$ with
# the entries of $\mathbf{x}$ as coefficients. An $m \times n$ matrix times a vector of length $n$
# gives a vector of length $m$.

# %%
A.shape, x.shape, torch.mv(A, x), A @ x

# %%
by_rows = torch.stack([torch.dot(row, x) for row in A])
by_columns = x[0] * A[:, 0] + x[1] * A[:, 1] + x[2] * A[:, 2]
by_rows, by_columns

# %% [markdown]
# A $2 \times 2$ matrix maps each point of the plane to another point. The picture shows the image
# of a circle. The two unit vectors are mapped to the two columns of the matrix.

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
# The columns of $\mathbf{A}\mathbf{B}$ are the matrix-vector products of $\mathbf{A}$ with the
# columns of $\mathbf{B}$: entry $(i, j)$ is the dot product of row $i$ of $\mathbf{A}$ with column
# $j$ of $\mathbf{B}$. The inner lengths must be equal, and do not occur in the shape of the
# product: $(2 \times 3)(3 \times 4) = 2 \times 4$. With ones in $\mathbf{B}$ each entry is a row
# sum.

# %%
B = torch.ones(3, 4)
torch.mm(A, B), A @ B

# %% [markdown]
# ## 2.3.11 Norms
#
# A norm measures the size of a vector. The $\ell_2$ norm is its Euclidean length,
# $\|\mathbf{u}\|_2 = \sqrt{\sum_i u_i^2}$: for $(3, -4)$ it is 5.

# %%
u = torch.tensor([3.0, -4.0])
torch.norm(u)

# %% [markdown]
# The $\ell_1$ norm is the sum of the absolute values, $\|\mathbf{u}\|_1 = \sum_i |u_i|$: here
# $3 + 4 = 7$. Single large entries influence it less than the $\ell_2$ norm.

# %%
torch.abs(u).sum()

# %% [markdown]
# The picture shows the vectors with norm 1. For $\ell_2$ they form a circle. For $\ell_1$ they form
# a square whose corners lie on the axes, which is the reason why $\ell_1$ penalties make weights
# exactly zero. For $\ell_\infty$, the largest $|u_i|$, they form a square with sides parallel to
# the axes.

# %%
figure, axes = d2l.plt.subplots(figsize=(3, 3), layout="constrained")
for order, style, name in ((1, "-", "1"), (2, "m--", "2"), (math.inf, "g-.", r"\infty")):
    unit = circle / torch.linalg.vector_norm(circle, order, dim=0)
    axes.plot(*unit, style, label=rf"$\ell_{name}$")
axes.set(aspect="equal", xlabel="u[0]", ylabel="u[1]", xlim=(-1.2, 1.2), ylim=(-1.2, 1.2))
axes.legend(loc="center")
axes.grid()

# %% [markdown]
# The *Frobenius norm* of a matrix is the $\ell_2$ norm of its entries. A $4 \times 9$ matrix of
# ones has 36 entries, so its norm is $\sqrt{36} = 6$.

# %%
frobenius = torch.norm(torch.ones((4, 9)))
frobenius

# %% [markdown]
# ## Check yourself
#
# **Question 1.** A tensor has the shape `(5, 2, 7)`. Which shape has its sum along axis 1, and
# which with `keepdims=True`?
#
# <details><summary>Answer</summary>
#
# `(5, 7)`, and `(5, 1, 7)` with `keepdims=True`.
#
# </details>
#
# **Question 2.** $\mathbf{A}$ is a $3 \times 4$ and $\mathbf{B}$ a $4 \times 2$ matrix. Which of
# $\mathbf{A}\mathbf{B}$, $\mathbf{B}\mathbf{A}$, $\mathbf{B}^\top\mathbf{A}^\top$ exist, and what
# are their shapes?
#
# <details><summary>Answer</summary>
#
# $\mathbf{A}\mathbf{B}$ is $3 \times 2$. $\mathbf{B}\mathbf{A}$ does not exist, because $2 \ne 3$.
# $\mathbf{B}^\top\mathbf{A}^\top = (\mathbf{A}\mathbf{B})^\top$ is $2 \times 3$.
#
# </details>
#
# **Question 3.** What is the difference between `A * B` and `A @ B` for two $3 \times 3$ matrices?
#
# <details><summary>Answer</summary>
#
# `A * B` is the Hadamard product $a_{ij} b_{ij}$, entry by entry. `A @ B` is the matrix product
# $\sum_k a_{ik} b_{kj}$.
#
# </details>

# %% [markdown]
# ## Exercises
#
# **Exercise 1.** What does `len(block)` give for the tensor of shape `(2, 3, 4)`, and which axis is
# this?
#
# <details><summary>Hint</summary>
#
# Iterating over a tensor gives its parts along one axis. How many are there?
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 1
print(len(block), [tuple(part.shape) for part in block])
assert len(block) == block.shape[0] == 2  # the first axis

# %% [markdown]
# **Exercise 2.** `A / A.sum(axis=1)` fails for the $2 \times 3$ matrix. Explain the error, and why
# `keepdims=True` corrects it. A square matrix raises no error: what is computed?
#
# <details><summary>Hint</summary>
#
# Compare the shapes from the last axis to the first, as in 2.1.4.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 2
try:
    A / A.sum(axis=1)
except RuntimeError as error:  # (2, 3) and (2,): the last lengths, 3 and 2, are not compatible
    print(error)
square = torch.tensor([[1.0, 3.0], [2.0, 6.0]])
print(square / square.sum(axis=1))  # the sums are a row: column j is divided by the sum of row j
shares = square / square.sum(axis=1, keepdims=True)
assert torch.equal(shares.sum(axis=1), torch.ones(2))
assert not torch.equal((square / square.sum(axis=1)).sum(axis=1), torch.ones(2))

# %% [markdown]
# **Exercise 3.** Show that $\|\mathbf{u}\|_2 \le \|\mathbf{u}\|_1$ for each vector. For which
# vectors are the two norms equal?
#
# <details><summary>Hint</summary>
#
# Compare the squares of both norms. Find the common points of the two curves in the picture.
#
# </details>
#
# <details><summary>Solution</summary>
#
# $\|\mathbf{u}\|_1^2 = \left(\sum_i |u_i|\right)^2 = \sum_i u_i^2 + \sum_{i \ne j} |u_i| |u_j| \ge
# \|\mathbf{u}\|_2^2$. Equality holds if all products $|u_i| |u_j|$ with $i \ne j$ are 0, that is,
# if at most one entry is not 0. In the picture these are the four corners on the axes.
#
# </details>
