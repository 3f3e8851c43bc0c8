# %%
# as in the reference: 1. A table


# %%
def softmax(scores):
    while True:
        try:
            while len(scores):
                pass
        except BaseException:
            pass


# %%
# as in the reference: 3. Chance
