# %% [markdown]
# # 2.1 Data manipulation
#
# The inputs, the parameters and the results of a neural network are *tensors*: arrays of numbers
# with a shape. This lesson creates tensors, selects parts of them, computes with them, and shows
# which operations copy the numbers and which share their memory.
#
# **After this lesson you can**
#
# - create a tensor, reshape it, and predict the shape of a result
# - select and change rows, columns and single entries by indexing and slicing
# - apply the rules of broadcasting and find a result that has been broadcast by mistake
# - decide whether an operation copies a tensor or shares its memory

# %%
# %matplotlib inline
import torch

from d2l import torch as d2l

d2l.use_svg_display()

# %% [markdown]
# ## 2.1.1 Getting started
#
# `torch.arange(12)` counts from 0 up to, but not including, 12. `float32` is the usual data type of
# networks: floating-point numbers of 32 bits.

# %%
x = torch.arange(12, dtype=torch.float32)
x

# %% [markdown]
# `numel` is the number of entries of a tensor, and `shape` is its length along each axis.

# %%
x.numel(), x.shape

# %% [markdown]
# `reshape` arranges the same numbers in another shape, row by row. One of the lengths may be
# written as `-1`: since there are 12 numbers and 4 columns, torch can work out the 3.

# %%
X = x.reshape(3, 4)
X, x.reshape(-1, 4).shape

# %% [markdown]
# The memory still holds the twelve numbers in one sequence; the matrix is a *view* of it. In the
# picture each shade is one row of `X`, and its numbers are contiguous in `x`.


# %%
def draw_grid(axes: d2l.plt.Axes, numbers: torch.Tensor, shade: torch.Tensor, title: str) -> None:
    """Draw a matrix as a grid of cells, each with its number; shade (0 to 1) colours the cells."""
    axes.pcolormesh(shade.numpy(), cmap="Blues", vmin=0, vmax=2, edgecolors="white", linewidth=2)
    for row, line in enumerate(numbers.tolist()):
        for column, number in enumerate(line):
            axes.text(column + 0.5, row + 0.5, f"{number:g}", ha="center", va="center")
    axes.set_title(title, fontsize=9)
    axes.set_aspect("equal")
    axes.invert_yaxis()
    axes.set_axis_off()


figure, (strip, matrix) = d2l.plt.subplots(
    1, 2, figsize=(8, 1.6), width_ratios=[3, 1], layout="constrained"
)
row_shade = torch.tensor([0.3, 0.65, 1.0])
draw_grid(strip, x.reshape(1, 12), row_shade.repeat_interleave(4).reshape(1, 12), "x")
draw_grid(matrix, X, row_shade.repeat_interleave(4).reshape(3, 4), "X = x.reshape(3, 4)")

# %% [markdown]
# Often only the shape is known in advance. Then the tensor is filled with zeros or ones. The shape
# `(2, 3, 4)` is read from the outside in: two blocks of three rows of four numbers.

# %%
zeros = torch.zeros((2, 3, 4))
zeros

# %%
ones = torch.ones((2, 3, 4))
ones

# %% [markdown]
# The weights of a network are initialized at random, because units with equal weights would remain
# equal. `randn` draws from the standard normal distribution (mean 0, standard deviation 1). The
# numbers differ in each run; nearly all lie between $-3$ and $3$.

# %%
random_numbers = torch.randn(3, 4)
random_numbers

# %% [markdown]
# Known numbers are given as nested lists; the outer list contains the rows. These numbers are
# integers, so the tensor has the data type `int64`.

# %%
from_lists = torch.tensor([[2, 1, 4, 3], [1, 2, 3, 4], [4, 3, 2, 1]])
from_lists, from_lists.dtype

# %% [markdown]
# ## 2.1.2 Indexing and slicing
#
# Indices work as in Python lists: they start at 0, negative ones count from the end, and a range
# `1:3` holds its start but not its end. With a single index you choose along the first axis, so
# you get whole rows.

# %%
X[-1], X[1:3]

# %% [markdown]
# With one index per axis you reach single cells, and `:` means "all of this axis". The picture
# shows which cells four different expressions pick.

# %%
picks = {
    "X[-1]": (-1,),
    "X[1:3]": (slice(1, 3),),
    "X[1, 2]": (1, 2),
    "X[:2, :]": (slice(0, 2), slice(None)),
}
figure, panels = d2l.plt.subplots(1, 4, figsize=(9, 1.8), layout="constrained")
for axes, (expression, index) in zip(panels, picks.items(), strict=True):
    picked = torch.full((3, 4), 0.2)
    picked[index] = 1
    draw_grid(axes, X, picked, expression)

# %% [markdown]
# The same expressions on the left of `=` write into the tensor.

# %%
X[1, 2] = 17
after_one_cell = X.clone()
after_one_cell

# %%
X[:2, :] = 12
X

# %% [markdown]
# ## 2.1.3 Operations
#
# An *elementwise* operation applies the same function to each entry. Here is $e^x$. Look at the
# first eight results before you read on: `x` was not assigned to, so why are they not
# $e^0, e^1, e^2, \dots$?

# %%
exponentials = torch.exp(x)
exponentials

# %% [markdown]
# `X` is a view of `x`: both have the same memory. Writing 12 into the first two rows of `X` changed
# the first eight entries of `x`, and $e^{12} \approx 162754.8$. `reshape` returns a view where this
# is possible, and a slice is always a view. `clone()` makes a copy.

# %%
x, x.data_ptr() == X.data_ptr()

# %% [markdown]
# With two tensors of the same shape, `+ - * / **` are elementwise. An operation on floats and
# integers gives floats.

# %%
x = torch.tensor([1.0, 2, 4, 8])
y = torch.tensor([2, 2, 2, 2])
x + y, x - y, x * y, x / y, x**y

# %% [markdown]
# `torch.cat` concatenates tensors. `dim` names the axis that *grows*: along axis 0 two $3 \times 4$
# matrices make a $6 \times 4$ one, along axis 1 a $3 \times 8$ one.

# %%
X = torch.arange(12, dtype=torch.float32).reshape((3, 4))
Y = torch.tensor([[2.0, 1, 4, 3], [1, 2, 3, 4], [4, 3, 2, 1]])
stacked, side_by_side = torch.cat((X, Y), dim=0), torch.cat((X, Y), dim=1)
stacked, side_by_side

# %% [markdown]
# A comparison is elementwise too: it gives a tensor of truth values, not a single one.

# %%
equal_places = X == Y
equal_places

# %% [markdown]
# `sum` without arguments adds all entries: $0 + 1 + \dots + 11 = \frac{11 \cdot 12}{2} = 66$.

# %%
total = X.sum()
total

# %% [markdown]
# ## 2.1.4 Broadcasting
#
# If the shapes differ, PyTorch compares them from the last axis to the first. Two lengths are
# compatible if they are equal or if one of them is 1; an axis of length 1 is then repeated as often
# as needed, and so is a missing axis. A column and a row are compatible:

# %%
a = torch.arange(3).reshape((3, 1))
b = torch.arange(2).reshape((1, 2))
a, b

# %%
broadcast_sum = a + b
broadcast_sum

# %% [markdown]
# In the picture the dark cells are stored, and the pale ones are repetitions, which take no memory.
# Each entry of the column is added to each entry of the row.

# %%
figure, panels = d2l.plt.subplots(1, 3, figsize=(6, 2), layout="constrained")
column_is_real = torch.tensor([[1.0, 0.2]] * 3)
row_is_real = torch.tensor([[1.0, 1.0], [0.2, 0.2], [0.2, 0.2]])
draw_grid(panels[0], a.expand(3, 2), column_is_real, "a, repeated to (3, 2)")
draw_grid(panels[1], b.expand(3, 2), row_is_real, "b, repeated to (3, 2)")
draw_grid(panels[2], broadcast_sum, torch.ones(3, 2), "a + b")

# %% [markdown]
# Broadcasting raises no error as long as the shapes are compatible, which hides a common mistake.
# With predictions of shape `(3, 1)` and labels of shape `(3,)`, the labels are treated as one
# *row*: the difference has nine entries, not three.

# %%
predictions, labels = torch.tensor([[1.0], [2.0], [3.0]]), torch.tensor([1.0, 2.0, 3.0])
surprise = predictions - labels
right = predictions - labels.reshape(predictions.shape)
surprise, right

# %% [markdown]
# ## 2.1.5 Saving memory
#
# `Y = Y + X` computes the sum in newly allocated memory and then assigns it to the name `Y`.
# Python's `id` identifies an object, and here it is a new one.

# %%
before = id(Y)
Y = Y + X
same_object_after_plus = id(Y) == before
same_object_after_plus

# %% [markdown]
# The weights of a large model are updated thousands of times, so a new tensor for each update is
# wasteful. Other references to the old tensor would not see the update. Assigning to a *slice*
# writes into memory that exists already.

# %%
Z = torch.zeros_like(Y)
before = Z.data_ptr()
Z[:] = X + Y
same_memory_after_slice = Z.data_ptr() == before
same_memory_after_slice

# %% [markdown]
# The sum on the right still needs a temporary tensor; `torch.add(X, Y, out=Z)` does not. If the old
# value of `X` is not needed any more, `X += Y` updates it in place. Note the difference:
# `X = X + Y` makes a new tensor, `X += Y` does not.

# %%
before = id(X)
X += Y
same_object_after_in_place = id(X) == before
same_object_after_in_place

# %% [markdown]
# ## 2.1.6 Conversion to other Python objects
#
# A tensor on the CPU and a NumPy array are converted into each other without a copy: both share the
# same memory.

# %%
A = X.numpy()
B = torch.from_numpy(A)
type(A), type(B)

# %% [markdown]
# So a change through one of the three names is visible through all of them.

# %%
A[0, 0] = -1
X[0, 0].item(), A[0, 0].item(), B[0, 0].item()

# %% [markdown]
# A tensor with a single number becomes a plain Python number with `item()`, or with `float` and
# `int` (which cuts off what follows the point).

# %%
a = torch.tensor([3.5])
a, a.item(), float(a), int(a)

# %% [markdown]
# ## Check yourself
#
# **Question 1.** What is the shape of `torch.zeros(3, 1) + torch.zeros(4)`?
#
# <details><summary>Answer</summary>
#
# `(3, 4)`. The missing first axis of the second tensor counts as 1, so the shapes `(3, 1)` and
# `(1, 4)` are compared, and both axes of length 1 are repeated.
#
# </details>
#
# **Question 2.** After `b = a[0]` and `b += 1`, has `a` changed? And after `b = a[0]` and
# `b = b + 1`?
#
# <details><summary>Answer</summary>
#
# In the first case yes: `a[0]` is a view, and `+=` writes into its memory. In the second case no:
# `b + 1` is a new tensor, and the name `b` is assigned to it.
#
# </details>
#
# **Question 3.** Predictions have the shape `(32, 1)` and labels the shape `(32,)`. How many
# numbers does `predictions - labels` have, and how is the mistake avoided?
#
# <details><summary>Answer</summary>
#
# It has $32 \cdot 32 = 1024$ numbers. Give both tensors the same shape before the subtraction, for
# example by `labels.reshape(predictions.shape)`.
#
# </details>

# %% [markdown]
# ## Exercises
#
# **Exercise 1.** Replace `X == Y` by `X < Y` and by `X > Y`. How many entries are `True` in all
# three results together? Answer first, then compute it with new tensors.
#
# <details><summary>Hint</summary>
#
# For two numbers exactly one of $<$, $=$ and $>$ holds.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 1
left = torch.arange(12.0).reshape(3, 4)
right_side = torch.tensor([[2.0, 1, 4, 3], [1, 2, 3, 4], [4, 3, 2, 1]])
num_true = [
    (result.sum()).item() for result in (left < right_side, left == right_side, left > right_side)
]
print(num_true)
assert sum(num_true) == left.numel() == 12

# %% [markdown]
# **Exercise 2.** What is the shape of the sum of a tensor of shape `(2, 1, 3)` and one of shape
# `(4, 1)`? Write it down before you compute it.
#
# <details><summary>Hint</summary>
#
# Write the shapes below each other, aligned at the last axis.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 2
result = torch.zeros(2, 1, 3) + torch.zeros(4, 1)  # (2, 1, 3) and (1, 4, 1)
print(result.shape)
assert result.shape == (2, 4, 3)

# %% [markdown]
# **Exercise 3.** Does `v.reshape(3, 4).T.reshape(12)` share its memory with `v = torch.arange(12)`?
# Compare the `data_ptr()` of both and explain the result.
#
# <details><summary>Hint</summary>
#
# In which order do the entries of the transpose lie in the memory of `v`?
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 3
v = torch.arange(12)
transposed = v.reshape(3, 4).T
flat = transposed.reshape(12)
print(flat)
print("transpose is a view:", transposed.data_ptr() == v.data_ptr())
print("result is a view:   ", flat.data_ptr() == v.data_ptr())
# The transpose only swaps the axes. The flat result begins with the entries 0, 4 and 8 of v. No
# single step through the memory gives 0, 4, 8, 1, 5, …, so `reshape` has to copy.
assert transposed.data_ptr() == v.data_ptr() != flat.data_ptr()
