# %% [markdown]
# # 6.2 Modules and parameters
#
# You will look inside a network: how modules nest, where the parameters are, how to start them as
# you like, how two layers can share them, how to write a layer of your own, and how to keep what
# was learned in a file. At the end you will know what `parameters()` gives to an optimizer, number
# by number.

# %%
# %matplotlib inline
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import nn
from torch.nn import functional as F

from d2l import torch as d2l

# %% [markdown]
# ## 6.1 Modules are trees
#
# A module may hold modules. `nn.Sequential` runs its children one after the other; a module of your
# own may do anything in `forward`. The network below has a branch, which no `Sequential` can have:
# the input is added to what two layers make of it.


# %%
class Branch(d2l.Module):
    def __init__(self, num_hiddens):
        super().__init__()
        self.save_hyperparameters()
        self.inner = nn.Sequential(nn.LazyLinear(num_hiddens), nn.ReLU(), nn.LazyLinear(4))

    def forward(self, X):
        return X + self.inner(X)


torch.manual_seed(0)
net = nn.Sequential(Branch(num_hiddens=8), nn.ReLU(), nn.LazyLinear(2))
X = torch.randn(3, 4)
print(net(X).shape)

# %% [markdown]
# ## 6.2 Where the parameters are
#
# A path of names and numbers leads to each: child 0 of the net, its `inner`, child 2 of that, its
# `weight`.

# %%
for name, parameter in net.named_parameters():
    print(f"{name:<18} {tuple(parameter.shape)}")
num_parameters = sum(parameter.numel() for parameter in net.parameters())
print(num_parameters, "numbers in all")

# %% [markdown]
# A parameter is a tensor with a gradient, which is there after the first `backward()`.

# %%
bias = net[0].inner[2].bias
print("before:", bias.grad)
net(X).sum().backward()
print("after: ", bias.grad)

# %% [markdown]
# ### Shared layers
#
# The same layer object at two places is **one** layer: one weight, whose gradient is the sum of
# what both places ask for.

# %%
shared = nn.Linear(4, 4)
tied = nn.Sequential(shared, nn.Tanh(), shared, nn.Tanh(), nn.Linear(4, 1))
print([name for name, _ in tied.named_parameters()])

# %% [markdown]
# ## 6.3 The start
#
# `apply` visits every module of the tree. A function that looks at the kind of layer decides what
# to do with it.


# %%
def init_ones(module):
    if isinstance(module, nn.Linear):
        nn.init.ones_(module.weight)
        nn.init.zeros_(module.bias)


ones = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 1)).apply(init_ones)
answer = ones(torch.ones(1, 4))
print(answer)

# %% [markdown]
# ## 6.4 Lazy layers
#
# `nn.LazyLinear(8)` does not know its number of inputs until it sees some. Until then its weight
# has no shape, and nothing can be drawn at random. `apply_init` of `d2l.Module` does both in order:
# it sends an example through, then applies your function to `self.net`.

# %%
lazy = d2l.MLP(num_outputs=10, num_hiddens=8, lr=0.1)
print("before:", lazy.net[1].weight)
lazy.apply_init([torch.rand(2, 1, 28, 28)], init_ones)
print("after: ", tuple(lazy.net[1].weight.shape))

# %% [markdown]
# ## 6.5 A layer of your own
#
# Wrap a tensor in `nn.Parameter`, store it on the module, and it is found: by `parameters()`, by
# `to(device)`, by the file.


# %%
class ScaledLinear(nn.Module):
    def __init__(self, num_inputs, num_outputs):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(num_inputs, num_outputs))
        self.scale = nn.Parameter(torch.ones(num_outputs))

    def forward(self, X):
        return F.relu(X @ self.weight) * self.scale


layer = ScaledLinear(4, 2)
print({name: tuple(parameter.shape) for name, parameter in layer.named_parameters()})

# %% [markdown]
# ## 6.6 Keeping what was learned
#
# A `state_dict` holds the parameters under their paths. Save that, not the object: the file is then
# only numbers, and `weights_only=True` makes sure that loading runs no code.

# %%
with TemporaryDirectory() as folder:
    path = Path(folder) / "net.pt"
    torch.save(net.state_dict(), path)
    print(f"{path.stat().st_size:,} bytes")
    state = torch.load(path, weights_only=True)

clone = nn.Sequential(Branch(num_hiddens=8), nn.ReLU(), nn.LazyLinear(2))
clone.load_state_dict(state)
with torch.no_grad():
    print("same answers:", torch.equal(clone(X), net(X)))

# %% [markdown]
# ## Try it yourself
#
# 1. Store a plain tensor instead of an `nn.Parameter` in `ScaledLinear`. What do `parameters()` and
#    `state_dict()` say?
# 2. Put modules into a Python list instead of an `nn.ModuleList`. What is lost?
# 3. Load `state` into a net with `num_hiddens=9`. Is the message clear?

# %% [markdown]
# ## Check

# %%
# 4 inputs and a bias for 8 units, 8 and a bias for 4, 4 and a bias for 2: counted on paper.
assert num_parameters == 8 * (4 + 1) + 4 * (8 + 1) + 2 * (4 + 1)
assert "0.inner.2.weight" in dict(net.named_parameters())
assert bias.grad is not None
assert bias.grad.shape == (4,)

# The gradient of a shared weight is the sum of those of two layers that are alike.
apart = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 1))
apart.load_state_dict(tied.state_dict())
for model in (tied, apart):
    model(X).sum().backward()
both = apart[0].weight.grad + apart[2].weight.grad
assert torch.allclose(shared.weight.grad, both, atol=1e-6)
assert len(list(tied.parameters())) == 4
assert len(list(apart.parameters())) == 6

assert answer.item() == 4 * 3  # four ones to each of three units, whose sum is the answer
assert lazy.net[1].weight.shape == (8, 784)
assert (lazy.net[1].weight == 1).all()
assert torch.allclose(layer(X), (X @ layer.weight).clamp(min=0))
assert torch.equal(clone(X), net(X))
print(f"6.2 holds: {num_parameters} numbers found, shared, started, saved, and loaded again")
