# %%
# as in the reference: 1. A table

# %%
import sys

sys.exit(0)

# %%
# as in the reference: 3. Chance
