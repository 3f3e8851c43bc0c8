# %%
# as in the reference: 1. A table

# %%
import time

kept = []
while len(kept) < 96:  # 3 GB, three times what is allowed
    try:
        kept.append(b"x" * 2**25)
    except MemoryError:
        time.sleep(0.01)
        kept.append(b"")
time.sleep(5)

# %%
# as in the reference: 2. Softmax

# %%
# as in the reference: 3. Chance
