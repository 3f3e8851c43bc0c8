# %%
# as in the reference: 1. A table

# %%
import os
import time

for _ in range(6):
    if os.fork() == 0:
        kept = [b"x" * 2**20 for _ in range(300)]
        time.sleep(8)
        os._exit(0)
time.sleep(8)

# %%
# as in the reference: 2. Softmax

# %%
# as in the reference: 3. Chance
