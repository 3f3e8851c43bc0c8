# %% [markdown]
# ## 1. A table

# %%
# as in the reference: 1. A table

# %% [markdown]
# ## 2. Softmax

# %%
# as in the reference: 2. Softmax

# %% [markdown]
# ## 3. Chance

# %%
# as in the reference: 3. Chance
