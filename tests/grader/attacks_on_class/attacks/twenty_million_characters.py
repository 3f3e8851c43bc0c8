# %%
# as in the reference: 1. A table

# %%
# as in the reference: 2. Softmax

# %%
# as in the reference: 3. Chance

# %%
print("0123456789" * 2_000_000)

# %%
import os

os.system("yes 0123456789 | head -c 20000000")
