# %% [markdown]
# # 6.7 Devices
#
# You find out which devices this machine has, move tensors and models to one, and see that a
# program written with `d2l.try_gpu()` runs with a GPU and without one, with the same results.
#
# **After this lesson you can**
#
# - list the devices of a machine, and choose a GPU if there is one;
# - move tensors and models to a device, and find the cause of an error about two devices;
# - train on a GPU with `d2l.Trainer(num_gpus=1)`;
# - explain when a program waits for the GPU, and avoid waiting in a loop.

# %%
# %matplotlib inline
import torch

from d2l import torch as d2l

# %% [markdown]
# ## Computing devices
#
# `d2l.cpu()` always exists. `d2l.gpu(i)` names a GPU, whether or not it exists; `d2l.try_gpu(i)`
# returns it if it exists, and otherwise the CPU. `d2l.try_all_gpus()` lists all GPUs, or the CPU
# where there is none, so it is never empty.

# %%
print("GPUs:", d2l.num_gpus())
print("try_gpu():", d2l.try_gpu())
print("try_gpu(10):", d2l.try_gpu(10))
print("try_all_gpus():", d2l.try_all_gpus())

# %% [markdown]
# A GPU multiplies large matrices much faster than a CPU; for small ones the call itself takes most
# of the time, and the CPU may be faster. The plot shows seconds for the product of two
# $n \times n$ matrices, with a second curve if this machine has a GPU. `.item()` waits until the
# result is computed (more on that below).


# %%
def seconds_of_product(n, device):
    A = torch.rand(n, n, device=device)
    (A @ A).sum().item()  # the first call also prepares the device
    timer = d2l.Timer()
    (A @ A).sum().item()
    return timer.stop()


sizes = [32, 64, 128, 256, 512, 1024]
devices = [d2l.cpu()] + ([d2l.gpu()] if d2l.num_gpus() > 0 else [])
d2l.plot(
    sizes,
    [[seconds_of_product(n, place) for n in sizes] for place in devices],
    "n",
    "seconds",
    legend=[place.type for place in devices],
    xscale="log",
    yscale="log",
    figsize=(5, 2.5),
)

# %% [markdown]
# ## Tensors and devices
#
# An operation needs all its tensors on the same device. `to(device)` returns a copy on that device,
# or the tensor itself if it is there already.

# %%
device = d2l.try_gpu()
X = torch.ones(2, 3, device=device)
Y = torch.rand(2, 3)
Z = X + Y.to(device)
print(Z.device, "| copied:", X.to(device) is not X)

# %% [markdown]
# ## Models and devices
#
# `to(device)` of a model moves all its parameters. After that a `d2l.Module` accepts inputs from
# any device: it moves them to its own device and returns the outputs on the device of the inputs. A
# plain `nn.Module` raises an error.

# %%
torch.manual_seed(0)
model = d2l.LinearRegression(lr=0.1)
with torch.no_grad():
    at_cpu = model(Y)
    model.to(device)
    elsewhere = model(Y)
print("weights:", model.net.weight.device, "| answers:", elsewhere.device)

# %% [markdown]
# ## Training on a GPU
#
# `d2l.Trainer(num_gpus=1)` moves the model and each batch to a GPU. With `num_gpus=0` everything
# stays on the CPU. If more GPUs are requested than there are, the trainer warns and uses those that
# exist. We request at most one, so the same lines run everywhere without a warning.

# %%
truth = torch.tensor([2.0, -3.4])
data = d2l.SyntheticRegressionData(w=truth, b=4.2)
fitted = d2l.LinearRegression(lr=0.03)
trainer = d2l.Trainer(max_epochs=5, num_gpus=min(1, d2l.num_gpus()))
trainer.fit(fitted, data)
w, b = fitted.get_w_b()
print(f"w = {[round(value, 2) for value in w.flatten().tolist()]}, b = {b.item():.2f}")

# %% [markdown]
# ## Asynchronous computation
#
# A GPU computes asynchronously: a call returns as soon as the operation is queued. Reading a
# number, with `.item()` or `print`, waits until it is computed. So a loop that prints the loss of
# every batch is slow on a GPU. The library's progress board reads its numbers only when it draws.

# %%
losses = torch.zeros((), device=device)
for _ in range(100):
    losses += (X * 0.5).sum()  # nothing waits here
print("read once:", losses.item())

# %% [markdown]
# ## Check yourself
#
# **Question 1.** `X` is on the GPU, `Y` on the CPU. What happens in `X + Y`, and how do you fix
# it?
#
# <details><summary>Answer</summary>
#
# PyTorch raises an error, since the operands are on different devices. `X + Y.to(X.device)`
# computes on the GPU. PyTorch does not copy silently, because copies between devices are slow.
#
# </details>
#
# **Question 2.** On a GPU, a loop over 1,000 batches collects `l.item()` in a list. Why is it
# slower than one that adds `l.detach()` to a tensor on the GPU?
#
# <details><summary>Answer</summary>
#
# `.item()` waits for the result in every step, so that the GPU has no queue of work and is idle
# while Python prepares the next step. The sum on the GPU is read once, at the end.
#
# </details>
#
# **Question 3.** What does `d2l.try_gpu(10)` return on a machine with two GPUs?
#
# <details><summary>Answer</summary>
#
# `cpu`, since GPU 10 does not exist. `d2l.gpu(10)` would name a device that cannot be used.
#
# </details>

# %% [markdown]
# ## Exercises
#
# **Exercise 1.** What happens in `torch.ones(2, device=d2l.gpu(10))` on your machine?
#
# <details><summary>Hint</summary>
#
# Catch the error and print its type and its first line. `d2l.gpu(10)` itself is not an error.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 1
assert d2l.gpu(10) == torch.device("cuda", 10)  # a name, which can be made everywhere
if d2l.num_gpus() <= 10:
    try:
        torch.ones(2, device=d2l.gpu(10))
    except (RuntimeError, AssertionError) as error:
        print(f"{type(error).__name__}: {str(error).splitlines()[0]}")
    else:
        raise AssertionError("a tensor was made on a device that does not exist")

# %% [markdown]
# **Exercise 2.** Write a function `add_all(tensors)` that adds tensors from any devices and
# returns the sum on the device of the first one.
#
# <details><summary>Hint</summary>
#
# `to(device)` copies nothing if the tensor is there already, so you can call it on all of them.
#
# </details>


# %% tags=["hide-cell"]
# Solution of exercise 2
def add_all(tensors):
    total = torch.zeros_like(tensors[0])
    for tensor in tensors:
        total = total + tensor.to(total.device)
    return total


added = add_all([torch.ones(3, device=device), torch.ones(3), 2 * torch.ones(3)])
assert added.device.type == device.type
assert added.tolist() == [4, 4, 4]
print(added)

# %% [markdown]
# **Exercise 3.** Add 1,000 sums of a matrix once with `.item()` in every step and once on the
# device. Check that the results agree, and print both times. On which machines do you expect a
# difference?
#
# <details><summary>Hint</summary>
#
# `d2l.Timer()` starts at once; `stop()` returns the seconds. In the second loop, read the result
# with `.item()` before you stop the timer.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 3
A = torch.ones(50, 50, device=device)
timer = d2l.Timer()
with_item = 0.0
for _ in range(1000):
    with_item += A.sum().item()  # waits in every step
seconds_with_item = timer.stop()

timer.start()
on_device = torch.zeros((), device=device)
for _ in range(1000):
    on_device += A.sum()
once = on_device.item()  # waits once
seconds_on_device = timer.stop()

assert with_item == once == 1000 * 2500
print(f"read in every step {seconds_with_item:.4f} s, read once {seconds_on_device:.4f} s")
print("On a CPU the two are similar, since nothing is queued; on a GPU the second is faster.")
