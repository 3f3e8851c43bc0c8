# %%
# as in the reference: 1. A table

# %%
import os

os.kill(os.getpid(), 9)

# %%
# as in the reference: 2. Softmax

# %%
# as in the reference: 3. Chance
