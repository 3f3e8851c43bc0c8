# %% [markdown]
# # 6.7 Devices
#
# You will find out what this machine can compute on, put a model there, and see that a program
# written with `d2l.try_gpu()` runs with a GPU and without one. Wherever it runs, the answers are
# the same.

# %%
# %matplotlib inline
import torch
from torch import nn

from d2l import torch as d2l

# %% [markdown]
# ## What there is
#
# `d2l.cpu()` is always there. `d2l.gpu(i)` names a GPU, whether or not it exists; `d2l.try_gpu(i)`
# gives it if it does, and otherwise the CPU. `d2l.try_all_gpus()` lists what there is, and is never
# empty.

# %%
print("GPUs:", d2l.num_gpus())
print("try_gpu():", d2l.try_gpu())
print("try_gpu(10):", d2l.try_gpu(10))
print("try_all_gpus():", d2l.try_all_gpus())

# %% [markdown]
# ## A tensor lives somewhere
#
# Two tensors can be added where both live, and nowhere else. `to(device)` copies one over, and
# copies nothing if it is there already.

# %%
device = d2l.try_gpu()
X = torch.ones(2, 3, device=device)
Y = torch.rand(2, 3)
Z = X + Y.to(device)
print(Z.device, "| copied:", X.to(device) is not X)

# %% [markdown]
# ## So does a model
#
# `to(device)` of a model takes all its parameters along. After that a `d2l.Module` takes inputs
# from anywhere: it brings them home and answers where they came from. A bare `nn.Module` would
# complain.

# %%
torch.manual_seed(0)
model = d2l.LinearRegression(lr=0.1)
with torch.no_grad():
    at_cpu = model(Y)
    model.to(device)
    elsewhere = model(Y)
print("weights:", model.net.weight.device, "| answers:", elsewhere.device)

# %% [markdown]
# ## The trainer does it for you
#
# `d2l.Trainer(num_gpus=1)` brings the model and each batch to a GPU. With `num_gpus=0` everything
# stays on the CPU, and where more GPUs are asked for than there are, the trainer says so and goes
# on with what it has. We ask for one at most, and the same lines run everywhere without a warning.

# %%
truth = torch.tensor([2.0, -3.4])
data = d2l.SyntheticRegressionData(w=truth, b=4.2)
fitted = d2l.LinearRegression(lr=0.03)
trainer = d2l.Trainer(max_epochs=5, num_gpus=min(1, d2l.num_gpus()))
trainer.fit(fitted, data)
w, b = fitted.get_w_b()
print(f"w = {[round(value, 2) for value in w.flatten().tolist()]}, b = {b.item():.2f}")

# %% [markdown]
# ## Waiting
#
# A GPU works on its own: a call returns as soon as the work is queued. Asking for a number, with
# `.item()` or `print`, waits until it is there. So a loop that prints the loss of every batch is
# slow on a fast GPU; the library's board reads its numbers only when a picture is due.

# %%
losses = torch.zeros((), device=device)
for _ in range(100):
    losses += (X * 0.5).sum()  # nothing waits here
print("read once:", losses.item())

# %% [markdown]
# ## Try it yourself
#
# 1. Time a product of two 2000 by 2000 matrices on the CPU and, if you have one, on a GPU. Where do
#    you have to wait to time it fairly?
# 2. What does `torch.ones(2, device=d2l.gpu(10))` say on your machine?

# %% [markdown]
# ## Check

# %%
assert d2l.cpu() == torch.device("cpu")
assert len(d2l.try_all_gpus()) == max(d2l.num_gpus(), 1)
assert d2l.try_gpu(d2l.num_gpus()) == d2l.cpu()  # the first that is not there
assert (d2l.try_gpu().type == "cpu") == (d2l.num_gpus() == 0)
assert Z.device.type == device.type
assert X.to(device) is X
assert torch.allclose(Z.cpu(), Y + 1)

assert next(model.parameters()).device.type == device.type
assert elsewhere.device.type == "cpu"
assert torch.allclose(at_cpu, elsewhere, atol=1e-5)
assert isinstance(model.net, nn.Module)
assert losses.item() == 100 * 6 * 0.5

# The promise: it learns wherever it runs.
error = (w.flatten().cpu() - truth).abs().max().item()
assert error < 0.1
assert abs(b.item() - 4.2) < 0.1
print(f"6.7 holds: on {device.type}, largest error of a weight {error:.3f} (promised: below 0.1)")
