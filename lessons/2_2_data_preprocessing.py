# %% [markdown]
# # 2.2 Data preprocessing
#
# Data in the wild come as tables with text in them and holes. You will read such a table with
# pandas, turn its words into numbers, fill its holes, and hand the result to torch as a tensor.
# Every one of these steps is a decision that the model can never take back, so we look at what
# each of them does to the data.

# %%
# %matplotlib inline
import os

import pandas as pd
import torch

from d2l import torch as d2l

d2l.use_svg_display()

# %% [markdown]
# ## 2.2.1 Reading the data set
#
# A *comma-separated values* file is plain text: one example a line, its values between commas.
# Here we write a tiny one ourselves, about four houses: how many rooms, what kind of roof, what
# price. `NA` (not available) marks what nobody wrote down.

# %%
os.makedirs(os.path.join("..", "data"), exist_ok=True)
data_file = os.path.join("..", "data", "house_tiny.csv")
with open(data_file, "w", encoding="utf-8") as f:
    f.write("""NumRooms,RoofType,Price
NA,NA,127500
2,NA,106000
4,Slate,178100
NA,NA,140000""")

# %% [markdown]
# `read_csv` guesses the type of each column. It knows `NA` as a hole and shows it as `NaN`, "not a
# number". The rooms became floats (2.0, 4.0), since an ordinary integer column has no way to write
# a hole.

# %%
data = pd.read_csv(data_file)
print(data)

# %% [markdown]
# Before anything else, see how much is missing. Half of the rooms and three of four roofs: light
# cells are holes.


# %%
def draw_holes(axes: d2l.plt.Axes, table: pd.DataFrame, title: str) -> None:
    """Draw a table as a grid: dark where a value is known, pale where it is missing."""
    known = table.notna().to_numpy(dtype=float)
    axes.pcolormesh(known, cmap="Blues", vmin=-0.25, vmax=2, edgecolors="white", linewidth=2)
    for row, line in enumerate(table.to_numpy(dtype=object)):
        for column, value in enumerate(line):
            text = "missing" if pd.isna(value) else str(value)
            axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=8)
    axes.set_xticks([column + 0.5 for column in range(table.shape[1])], table.columns, fontsize=8)
    axes.set_yticks([row + 0.5 for row in range(len(table))], range(len(table)), fontsize=8)
    axes.invert_yaxis()
    axes.set_title(title, fontsize=9)


figure, axes = d2l.plt.subplots(figsize=(4, 2), layout="constrained")
draw_holes(axes, data, "what was read")

# %% [markdown]
# The simplest cure, deleting every example with a hole, costs too much here: one house is left of
# four.

# %%
complete = data.dropna()
print(complete)

# %% [markdown]
# ## 2.2.2 Data preparation
#
# First, separate what we are given (*inputs*: the first two columns) from what we want to predict
# (*targets*: the price). `iloc` picks by position, rows first, then columns.
#
# Then the words. A roof type is a *category*: there is no order and no distance between slate and
# tiles, so numbering them 1, 2, 3 would tell the model something false. Instead each category gets
# a column of its own that answers yes or no. With `dummy_na=True` "missing" is treated as one more
# category, which keeps the fact that nobody wrote the roof down; that fact can be informative.

# %%
inputs, targets = data.iloc[:, 0:2], data.iloc[:, 2]
inputs = pd.get_dummies(inputs, dummy_na=True)
print(inputs)

# %% [markdown]
# The holes in a column of numbers are often filled with the mean of the known values, here
# $(2 + 4) / 2 = 3$ rooms. This leaves the mean of the column as it was.

# %%
mean_before, spread_before = inputs["NumRooms"].mean(), inputs["NumRooms"].std()
inputs = inputs.fillna(inputs.mean())
print(inputs)

# %%
figure, axes = d2l.plt.subplots(figsize=(5, 2), layout="constrained")
draw_holes(axes, inputs, "ready for torch")

# %% [markdown]
# What filling does cost: the column looks *less spread out* than it was, because the invented
# values all sit in the middle. And the mean follows outliers. Suppose someone had typed 400 rooms
# in place of 4: the mean would be 201, and so would the two invented values. So look at the data
# first; with more houses than our two, the median hardly moves when a few values are wild.
#
# One more rule, for later: compute the mean on the *training* examples only, and use that same
# number for all others. Otherwise the examples you test with have already told the model
# something about themselves.

# %%
spread_after = inputs["NumRooms"].std()
mistyped = data["NumRooms"].replace(4.0, 400.0)
print(f"spread {spread_before:.3f} before filling, {spread_after:.3f} after")
mistyped.fillna(mistyped.mean()).tolist()

# %% [markdown]
# ## 2.2.3 Conversion to the tensor format
#
# Now everything is a number (`True` counts as 1, `False` as 0), and a table of numbers is a
# matrix: one row per example, one column per feature.

# %%
X = torch.tensor(inputs.to_numpy(dtype=float))
y = torch.tensor(targets.to_numpy(dtype=float))
X, y

# %% [markdown]
# The tensors are `float64`, the usual float of NumPy and pandas. The parameters of a network are
# `float32`, and torch will not multiply a matrix of one kind with a matrix of the other; one more
# word converts them.

# %%
X_float32 = X.to(torch.float32)
X_float32.dtype

# %% [markdown]
# ## Try it yourself
#
# 1. Add a house with a tile roof to the file. Which columns does `get_dummies` make now, and what
#    goes wrong when the file you train on has tiles but the one you test on has none?
# 2. Write down seven room counts, mistype one, and fill a hole with the mean and with the median.
#    Which of the two noticed? And why does the median not help with only two known values?
# 3. Delete the input *column* with the most holes: `data.isna().sum()` counts them. When is this
#    better than filling?

# %% [markdown]
# ## Check

# %%
assert list(data.columns) == ["NumRooms", "RoofType", "Price"]
assert data["NumRooms"].isna().tolist() == [True, False, False, True]
assert data["NumRooms"].dropna().tolist() == [2.0, 4.0]
assert data["RoofType"].isna().tolist() == [True, True, False, True]
assert data["RoofType"].iloc[2] == "Slate"
assert data["Price"].tolist() == [127500, 106000, 178100, 140000]
assert len(complete) == 1
assert complete["Price"].item() == 178100

assert list(inputs.columns) == ["NumRooms", "RoofType_Slate", "RoofType_nan"]
assert inputs["NumRooms"].tolist() == [3.0, 2.0, 4.0, 3.0]
assert inputs["RoofType_Slate"].tolist() == [False, False, True, False]
assert inputs["RoofType_nan"].tolist() == [True, True, False, True]
assert mean_before == inputs["NumRooms"].mean() == 3.0
assert abs(spread_before - 2**0.5) < 1e-12
assert abs(spread_after - (2 / 3) ** 0.5) < 1e-12
assert mistyped.mean() == 201.0

assert X.dtype == y.dtype == torch.float64
assert X_float32.dtype == torch.float32
assert X.tolist() == [[3, 0, 1], [2, 0, 1], [4, 1, 0], [3, 0, 1]]
assert y.tolist() == [127500, 106000, 178100, 140000]
print("2.2: the table was read, coded and filled as promised, and became tensors.")
