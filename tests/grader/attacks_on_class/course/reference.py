# %% [markdown]
# # Little homework

# %%
import numpy as np

# %% [markdown]
# ## 1. A table
#
# Show the mean of each column and the sum of each row.

# %%
table = np.arange(12.0).reshape(3, 4)
table.mean(axis=0)

# %%
table.sum(axis=1)

# %% [markdown]
# ## 2. Softmax
#
# Write `softmax(scores)`, by rows.


# %%
def softmax(scores):
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


softmax(np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]]))

# %% [markdown]
# ## 3. Chance
#
# Draw a thousand numbers, show the first eight, and write `spread(values)`, their deviation.

# %%
rng = np.random.default_rng(7)
values = rng.normal(size=1000)
values[:8]


# %%
def spread(values):
    return float(np.asarray(values).std())


spread(values)
