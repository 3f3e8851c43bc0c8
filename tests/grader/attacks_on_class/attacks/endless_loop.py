# %%
# as in the reference: 1. A table

# %%
while True:
    try:
        while True:
            pass
    except BaseException:
        pass

# %%
# as in the reference: 2. Softmax

# %%
# as in the reference: 3. Chance
