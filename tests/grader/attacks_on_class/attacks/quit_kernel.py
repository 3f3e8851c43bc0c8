# %%
# as in the reference: 1. A table

# %%
quit()

# %%
# as in the reference: 2. Softmax

# %%
# as in the reference: 3. Chance
