# %% [markdown]
# # 2.1 Data manipulation
#
# Everything a neural network reads, computes or learns is a *tensor*: a block of numbers with a
# shape. You will make tensors, cut pieces out of them, calculate with them, and see which
# operations copy the numbers and which ones only look at them from another side. Most puzzling
# bugs of a first course are a wrong shape or a shared memory, so this is time well spent.

# %%
# %matplotlib inline
import math

import torch

from d2l import torch as d2l

d2l.use_svg_display()

# %% [markdown]
# ## 2.1.1 Getting started
#
# `torch.arange(12)` counts from 0 up to, but not including, 12. Asking for `float32` is a habit
# worth having: networks calculate with real numbers, and 32 bits each is their usual size.

# %%
x = torch.arange(12, dtype=torch.float32)
x

# %% [markdown]
# Two questions you will ask of every tensor: how many numbers are in it, and how are they
# arranged?

# %%
x.numel(), x.shape

# %% [markdown]
# `reshape` arranges the same numbers in another form, filling row after row. One of the lengths
# may be written as `-1`: since there are 12 numbers and 4 columns, torch can work out the 3.

# %%
X = x.reshape(3, 4)
X, x.reshape(-1, 4).shape

# %% [markdown]
# A picture of what just happened. The memory still holds one long strip; the matrix is a way to
# read it. Each colour is one row of `X`, and lies in one piece in `x`.


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
# The weights of a network must not all start out equal, so they are drawn at random. `randn` draws
# from the standard normal distribution (mean 0, spread 1): your numbers will differ from anybody
# else's, but nearly all lie between $-3$ and $3$.

# %%
random_numbers = torch.randn(3, 4)
random_numbers

# %% [markdown]
# And numbers you already have are given as nested lists, the outer list holding the rows. These
# are whole numbers, so the tensor holds integers (`int64`), not floats.

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
# An *elementwise* operation does one thing to every number by itself. Here is $e^x$. Look at the
# first eight results before you read on: we never touched `x`, so why is it not
# $e^0, e^1, e^2, \dots$?

# %%
exponentials = torch.exp(x)
exponentials

# %% [markdown]
# Because `X` is `x`, seen as a matrix. Writing 12 into the first two rows of `X` wrote 12 into the
# first eight places of the only memory there is, and $e^{12} \approx 162754.8$. A reshape does not
# copy when it can avoid it, and neither does a slice. When you want a copy, say `clone()`.

# %%
x, x.data_ptr() == X.data_ptr()

# %% [markdown]
# With two tensors of one shape, `+ - * / **` work place by place. Mixing floats with integers
# gives floats.

# %%
x = torch.tensor([1.0, 2, 4, 8])
y = torch.tensor([2, 2, 2, 2])
x + y, x - y, x * y, x / y, x**y

# %% [markdown]
# `torch.cat` glues tensors together. `dim` names the axis that *grows*: along axis 0 two
# $3 \times 4$ matrices make a $6 \times 4$ one, along axis 1 a $3 \times 8$ one.

# %%
X = torch.arange(12, dtype=torch.float32).reshape((3, 4))
Y = torch.tensor([[2.0, 1, 4, 3], [1, 2, 3, 4], [4, 3, 2, 1]])
stacked, side_by_side = torch.cat((X, Y), dim=0), torch.cat((X, Y), dim=1)
stacked, side_by_side

# %% [markdown]
# A comparison is elementwise too: it gives a tensor of truth values, not one answer.

# %%
equal_places = X == Y
equal_places

# %% [markdown]
# And `sum` without arguments adds up everything: $0 + 1 + \dots + 11 = \frac{11 \cdot 12}{2} = 66$.

# %%
total = X.sum()
total

# %% [markdown]
# ## 2.1.4 Broadcasting
#
# What if the shapes differ? Torch compares them from the last axis to the first. Two lengths fit
# when they are equal, or when one of them is 1; an axis of length 1 is then repeated as often as
# needed. A column and a row fit in this sense:

# %%
a = torch.arange(3).reshape((3, 1))
b = torch.arange(2).reshape((1, 2))
a, b

# %%
broadcast_sum = a + b
broadcast_sum

# %% [markdown]
# The dark cells below are really there, the pale ones are the repetitions. (They take no memory:
# torch reads the same number again.) So every entry of the column meets every entry of the row.

# %%
figure, panels = d2l.plt.subplots(1, 3, figsize=(6, 2), layout="constrained")
column_is_real = torch.tensor([[1.0, 0.2]] * 3)
row_is_real = torch.tensor([[1.0, 1.0], [0.2, 0.2], [0.2, 0.2]])
draw_grid(panels[0], a.expand(3, 2), column_is_real, "a, repeated to (3, 2)")
draw_grid(panels[1], b.expand(3, 2), row_is_real, "b, repeated to (3, 2)")
draw_grid(panels[2], broadcast_sum, torch.ones(3, 2), "a + b")

# %% [markdown]
# Broadcasting never complains as long as the shapes fit, which makes one mistake easy. Predictions
# of shape `(3, 1)` minus labels of shape `(3,)` look harmless, but the labels count as one *row*:
# you get all nine differences in place of three.

# %%
predictions, labels = torch.tensor([[1.0], [2.0], [3.0]]), torch.tensor([1.0, 2.0, 3.0])
surprise = predictions - labels
right = predictions - labels.reshape(predictions.shape)
surprise, right

# %% [markdown]
# ## 2.1.5 Saving memory
#
# `Y = Y + X` first computes the sum in fresh memory, then lets the name `Y` point there. Python's
# `id` says which object a name stands for, and it is a new one.

# %%
before = id(Y)
Y = Y + X
same_object_after_plus = id(Y) == before
same_object_after_plus

# %% [markdown]
# Weights of a large model are updated thousands of times, so a new copy for each update is
# wasteful; and other names that still point at the old memory would never see the update.
# Assigning to a *slice* writes into memory that exists already.

# %%
Z = torch.zeros_like(Y)
before = Z.data_ptr()
Z[:] = X + Y
same_memory_after_slice = Z.data_ptr() == before
same_memory_after_slice

# %% [markdown]
# (The sum on the right still needed a temporary tensor; `torch.add(X, Y, out=Z)` avoids even that.)
# If the old value of `X` is not needed any more, `X += Y` is the shortest way to update in place.
# Mind the difference: `X = X + Y` makes a new tensor, `X += Y` does not.

# %%
before = id(X)
X += Y
same_object_after_in_place = id(X) == before
same_object_after_in_place

# %% [markdown]
# ## 2.1.6 Conversion to other Python objects
#
# NumPy arrays and tensors on the CPU convert back and forth at no cost, because both look at the
# same memory again.

# %%
A = X.numpy()
B = torch.from_numpy(A)
type(A), type(B)

# %% [markdown]
# So a change made through one of the three names shows under all of them.

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
# ## Try it yourself
#
# 1. Replace `X == Y` by `X < Y` and by `X > Y`. Can you tell without running how many `True` there
#    are in all three together?
# 2. Broadcast a tensor of shape `(2, 1, 3)` with one of shape `(4, 1)`. What is the shape of the
#    result? Write it down first.
# 3. `x.reshape(3, 4)` shared its memory with `x`. Does `x.reshape(3, 4).T.reshape(12)` still?
#    Compare the `data_ptr()` of both, and say why it has to be so.

# %% [markdown]
# ## Check

# %%
fresh = torch.arange(12, dtype=torch.float32).reshape(3, 4)
assert fresh.numel() == 12
assert fresh.flatten().tolist() == [float(n) for n in range(12)]
assert zeros.tolist() == [[[0.0] * 4] * 3] * 2
assert ones.tolist() == [[[1.0] * 4] * 3] * 2
assert random_numbers.shape == (3, 4)
assert random_numbers.abs().max() < 7
assert random_numbers.unique().numel() > 1
assert from_lists.tolist() == [[2, 1, 4, 3], [1, 2, 3, 4], [4, 3, 2, 1]]
assert from_lists.dtype == torch.int64

assert fresh[-1].tolist() == [8, 9, 10, 11]
assert fresh[1:3].tolist() == [[4, 5, 6, 7], [8, 9, 10, 11]]
assert after_one_cell.tolist() == [[0, 1, 2, 3], [4, 5, 17, 7], [8, 9, 10, 11]]
twelves = [12] * 8 + [8, 9, 10, 11]
for found, exponent in zip(exponentials.tolist(), twelves, strict=True):
    assert math.isclose(found, math.exp(exponent), rel_tol=1e-6)
assert [round(number, 4) for number in exponentials.tolist()[-4:]] == [
    2980.958,
    8103.084,
    22026.4648,
    59874.1406,
]

assert (x + y).tolist() == [3, 4, 6, 10]
assert (x - y).tolist() == [-1, 0, 2, 6]
assert (x * y).tolist() == [2, 4, 8, 16]
assert (x / y).tolist() == [0.5, 1, 2, 4]
assert (x**y).tolist() == [1, 4, 16, 64]
upper = [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
lower = [[2, 1, 4, 3], [1, 2, 3, 4], [4, 3, 2, 1]]
assert stacked.tolist() == upper + lower
assert side_by_side.tolist() == [left + right for left, right in zip(upper, lower, strict=True)]
assert equal_places.tolist() == [[False, True, False, True], [False] * 4, [False] * 4]
assert total.item() == 66 == sum(range(12))

assert broadcast_sum.tolist() == [[0, 1], [1, 2], [2, 3]]
assert surprise.shape == (3, 3)
assert right.tolist() == [[0], [0], [0]]
assert not same_object_after_plus
assert same_memory_after_slice
assert same_object_after_in_place
assert Z.tolist() == [[2, 3, 8, 9], [9, 12, 15, 18], [20, 21, 22, 23]]
assert X.tolist() == [[-1, 3, 8, 9], [9, 12, 15, 18], [20, 21, 22, 23]] == A.tolist() == B.tolist()
assert (type(A).__name__, type(B).__name__) == ("ndarray", "Tensor")
assert (a.tolist(), a.item(), float(a), int(a)) == ([3.5], 3.5, 3.5, 3)
print("2.1: every tensor of this lesson holds the numbers it promised.")
