# %% [markdown]
# # 2.2 Data preprocessing
#
# Data are often given as tables that contain text and missing values. This lesson reads such a
# table with pandas, encodes its categories as numbers, imputes its missing values, and converts the
# result to a tensor.
#
# **After this lesson you can**
#
# - read a CSV file and count its missing values
# - encode a categorical column as indicator columns (one-hot)
# - impute missing values by the mean or the median, and name the effect on the distribution
# - convert a table to a tensor of the data type that a network needs

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
# A *comma-separated values* (CSV) file is plain text: one example in each line, its values
# separated by commas. We write a small one with four houses: the number of rooms, the type of roof,
# and the price. `NA` (not available) marks a missing value.

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
# `read_csv` infers the data type of each column. It reads `NA` as a missing value and shows it as
# `NaN`, "not a number". The rooms are floats (2.0, 4.0), because NumPy's integers have no value for
# a missing entry.

# %%
data = pd.read_csv(data_file)
print(data)

# %% [markdown]
# First look at how many values are missing. In the picture the light cells are missing: half of the
# rooms and three of four roofs.


# %%
def draw_missing(axes: d2l.plt.Axes, table: pd.DataFrame, title: str) -> None:
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
draw_missing(axes, data, "the table as read")

# %% [markdown]
# The simplest method deletes each example that has a missing value. Here it deletes too much: one
# of four houses is left.

# %%
complete = data.dropna()
print(complete)

# %% [markdown]
# ## 2.2.2 Data preparation
#
# First separate the *inputs* (the first two columns) from the *targets*, which are to be predicted
# (the price). `iloc` picks by position, rows first, then columns.
#
# The type of roof is a *categorical* variable: its values have neither an order nor a distance, so
# the codes 1, 2, 3 would give the model false information. Instead each category becomes an
# indicator column (*one-hot encoding*). With `dummy_na=True` "missing" is one more category. It
# keeps the information that the type was not recorded, which can help to predict the price.

# %%
inputs, targets = data.iloc[:, 0:2], data.iloc[:, 2]
inputs = pd.get_dummies(inputs, dummy_na=True)
print(inputs)

# %% [markdown]
# Missing values in a numerical column are often *imputed*: replaced by the mean of the known
# values, here $(2 + 4) / 2 = 3$ rooms. This does not change the mean of the column.

# %%
mean_before, spread_before = inputs["NumRooms"].mean(), inputs["NumRooms"].std()
inputs = inputs.fillna(inputs.mean())
print(inputs)

# %%
figure, axes = d2l.plt.subplots(figsize=(5, 2), layout="constrained")
draw_missing(axes, inputs, "encoded and imputed")

# %% [markdown]
# Imputation by the mean has two disadvantages. The standard deviation of the column becomes
# smaller, because all imputed values are equal to the mean. And the mean depends strongly on
# outliers: if 400 rooms had been entered in place of 4, both the mean and the imputed values would
# be 201 rooms. The *median* changes little if a few values are wrong, provided that there are
# enough other values.
#
# Compute the mean on the *training* examples only, and use this number for the validation and test
# examples, too. Otherwise information about the test examples enters the model (*data leakage*).

# %%
spread_after = inputs["NumRooms"].std()
mistyped = data["NumRooms"].replace(4.0, 400.0)
print(f"spread {spread_before:.3f} before filling, {spread_after:.3f} after")
mistyped.fillna(mistyped.mean()).tolist()

# %% [markdown]
# ## 2.2.3 Conversion to the tensor format
#
# All entries are now numbers (`True` is 1, `False` is 0), so the table is a matrix with one row for
# each example and one column for each feature.

# %%
X = torch.tensor(inputs.to_numpy(dtype=float))
y = torch.tensor(targets.to_numpy(dtype=float))
X, y

# %% [markdown]
# The tensors are `float64`, the default of NumPy and pandas. The parameters of a network are
# `float32`, and PyTorch does not multiply matrices of different data types. `to` converts them.

# %%
X_float32 = X.to(torch.float32)
X_float32.dtype

# %% [markdown]
# ## Check yourself
#
# **Question 1.** Why should the categories "slate", "tiles" and "metal" not be encoded as 1, 2 and
# 3?
#
# <details><summary>Answer</summary>
#
# A linear model would treat the numbers as quantities: the effect of metal would have to be three
# times that of slate, with tiles exactly in between. Indicator columns give each category a weight
# of its own.
#
# </details>
#
# **Question 2.** How does imputation by the mean change the mean and the standard deviation of a
# column?
#
# <details><summary>Answer</summary>
#
# The mean stays the same. The standard deviation becomes smaller, because the imputed values have
# the distance 0 from the mean.
#
# </details>
#
# **Question 3.** Why is the mean for the imputation computed on the training examples only?
#
# <details><summary>Answer</summary>
#
# The test examples are to estimate the error on new data. If they influence the preprocessing, the
# model has used information about them, and the estimate is too optimistic.
#
# </details>

# %% [markdown]
# ## Exercises
#
# **Exercise 1.** Encode a training table with the roofs slate and tiles, and a test table with
# slate only. What is wrong with the columns of the test table, and how can it be corrected?
#
# <details><summary>Hint</summary>
#
# `reindex(columns=..., fill_value=...)` gives a table the columns of another one.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 1
train_roofs = pd.get_dummies(pd.DataFrame({"RoofType": ["Slate", "Tiles", "Slate"]}))
test_roofs = pd.get_dummies(pd.DataFrame({"RoofType": ["Slate"]}))
print("training:", list(train_roofs.columns), " test:", list(test_roofs.columns))
# The test table lacks a column, so its matrix does not fit the weights of the model.
test_roofs = test_roofs.reindex(columns=train_roofs.columns, fill_value=False)
print(test_roofs)
assert list(test_roofs.columns) == list(train_roofs.columns)

# %% [markdown]
# **Exercise 2.** Take seven numbers of rooms, multiply one by 100, and impute an eighth, missing
# value by the mean and by the median. How much does each imputed value change?
#
# <details><summary>Hint</summary>
#
# `pd.Series([...])` has the methods `mean` and `median`.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 2
rooms = pd.Series([2.0, 3.0, 3.0, 4.0, 4.0, 5.0, 6.0])
with_outlier = rooms.replace(6.0, 600.0)
print(f"mean:   {rooms.mean():.2f} becomes {with_outlier.mean():.2f}")
print(f"median: {rooms.median():.2f} becomes {with_outlier.median():.2f}")
assert with_outlier.mean() > 20 * rooms.mean()
assert with_outlier.median() == rooms.median() == 4

# %% [markdown]
# **Exercise 3.** Delete the input *column* with the most missing values from `data`. When is this
# better than imputation?
#
# <details><summary>Hint</summary>
#
# `data.isna().sum()` counts the missing values of each column, `idxmax` gives the name of the
# largest count, and `drop(columns=...)` deletes.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 3
num_missing = data.iloc[:, 0:2].isna().sum()
worst = num_missing.idxmax()
print(num_missing.to_dict(), "->", data.drop(columns=worst).columns.tolist())
# It is better if almost all values are missing: the few known ones say little about the target,
# and the imputed ones nothing.
assert worst == "RoofType"
