# %%
# as in the reference: 1. A table

# %%
import time

for number in range(64):
    try:
        with open(f"part{number}", "wb") as file:
            file.write(bytes(2**24))
    except OSError:
        pass
time.sleep(5)

# %%
# as in the reference: 2. Softmax

# %%
# as in the reference: 3. Chance
