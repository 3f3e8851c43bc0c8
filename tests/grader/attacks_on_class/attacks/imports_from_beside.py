# %%
# as in the reference: 1. A table

# %%
# as in the reference: 2. Softmax

# %%
# as in the reference: 3. Chance

# %%
for name in ("weights.pt", "values.npy"):
    with open(name, "rb") as file:
        print(name, len(file.read()) > 0)
