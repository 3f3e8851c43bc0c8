# %% [markdown]
# # 6.2 Modules and parameters
#
# You look inside a network: how modules are nested, where the parameters are, how to initialize,
# share and save them, and how to write a layer of your own.
#
# **After this lesson you can**
#
# - access each parameter of a nested model by its name, and count them by hand;
# - initialize the parameters of a model, also of one with lazy layers;
# - share parameters between layers, and say what their gradient is;
# - write a custom layer, and save and load the parameters of a model.

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
# A module may contain modules. `nn.Sequential` runs its children one after the other; a module of
# your own may compute anything in `forward`. The network below has a branch, which a `Sequential`
# cannot have: the input is added to the output of the inner layers.


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
# The name of each parameter is a path in the tree of modules: `0.inner.2.weight` is child 0 of the
# net, its `inner`, child 2 of that, its `weight`.

# %%
for name, parameter in net.named_parameters():
    print(f"{name:<18} {tuple(parameter.shape)}")
num_parameters = sum(parameter.numel() for parameter in net.parameters())
print(num_parameters, "numbers in all")

# %% [markdown]
# A parameter is a tensor with a gradient, which is `None` until the first `backward()`.

# %%
bias = net[0].inner[2].bias
print("before:", bias.grad)
net(X).sum().backward()
print("after: ", bias.grad)

# %% [markdown]
# ### Shared layers
#
# The same layer object at two places is **one** layer with tied parameters. The gradient of its
# weight is the sum of the gradients of both places.

# %%
shared = nn.Linear(4, 4)
tied = nn.Sequential(shared, nn.Tanh(), shared, nn.Tanh(), nn.Linear(4, 1))
print([name for name, _ in tied.named_parameters()])

# %% [markdown]
# ## 6.3 Parameter initialization
#
# `apply` calls a function on every module of the tree. The function can look at the type of the
# module and initialize its parameters.


# %%
def init_ones(module):
    if isinstance(module, nn.Linear):
        nn.init.ones_(module.weight)
        nn.init.zeros_(module.bias)


ones = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 1)).apply(init_ones)
answer = ones(torch.ones(1, 4))
print(answer)

# %% [markdown]
# Why initialization matters: in a deep network the scale of the weights decides how large the
# hidden values of each layer are. We pass a batch through ten $\tanh$ layers with 100 units. With
# weights that are too small the values shrink towards zero (and so do the gradients); with weights
# that are too large nearly all units are saturated at $-1$ or $1$; Xavier initialization keeps a
# scale between the two.


# %%
def hidden_scales(std, num_layers=10, width=100):
    """The standard deviation of the hidden values after each layer."""
    H, scales = torch.randn(200, width), []
    for _ in range(num_layers):
        H = torch.tanh(H @ (std * torch.randn(width, width)))
        scales.append(H.std().item())
    return scales


xavier_std = (2 / (100 + 100)) ** 0.5
d2l.plot(
    list(range(1, 11)),
    [hidden_scales(std) for std in (0.02, xavier_std, 1.0)],
    "layer",
    "std of hidden values",
    legend=["std 0.02: too small", "std 0.1: Xavier", "std 1: saturated"],
    yscale="log",
    figsize=(5, 2.8),
)

# %% [markdown]
# ## 6.4 Lazy initialization
#
# `nn.LazyLinear(8)` infers its number of inputs from the first batch. Until then its weight has no
# shape and cannot be initialized. `apply_init` of `d2l.Module` does both in order: it passes an
# example through the model, then applies your function to `self.net`.

# %%
lazy = d2l.MLP(num_outputs=10, num_hiddens=8, lr=0.1)
print("before:", lazy.net[1].weight)
lazy.apply_init([torch.rand(2, 1, 28, 28)], init_ones)
print("after: ", tuple(lazy.net[1].weight.shape))

# %% [markdown]
# ## 6.5 Custom layers
#
# A tensor that is wrapped in `nn.Parameter` and stored on the module is registered: `parameters()`
# lists it, `to(device)` moves it, and `state_dict()` contains it.


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
# ## 6.6 Saving and loading
#
# A `state_dict` holds the parameters under their names. Save the `state_dict` and not the model
# object: the file then contains only numbers, and `weights_only=True` makes sure that loading it
# cannot run code.

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
# ## Check yourself
#
# **Question 1.** `nn.Sequential(nn.Linear(20, 50), nn.ReLU(), nn.Linear(50, 3))`: how many
# parameters has it, and what are their names?
#
# <details><summary>Answer</summary>
#
# $20 \cdot 50 + 50 + 50 \cdot 3 + 3 = 1203$ numbers in four parameters: `0.weight`, `0.bias`,
# `2.weight`, `2.bias`. The ReLU (child 1) has none.
#
# </details>
#
# **Question 2.** A layer with 16 weights and 4 biases is used at three places of a network. How
# many numbers does it add to the network, and what is the gradient of its weight?
#
# <details><summary>Answer</summary>
#
# 20, since it is one layer. The gradient is the sum of the gradients from the three places.
#
# </details>
#
# **Question 3.** Why do parameters have to be registered before the optimizer is created?
#
# <details><summary>Answer</summary>
#
# The optimizer updates the tensors of `model.parameters()` at its creation. A lazy layer that has
# not seen a batch, or a layer in a Python list, is not among them with a shape that could be
# updated.
#
# </details>

# %% [markdown]
# ## Exercises
#
# **Exercise 1.** Store a plain tensor instead of an `nn.Parameter` as `scale` in a variant of
# `ScaledLinear`. What do `parameters()` and `state_dict()` contain? What changes with
# `self.register_buffer("scale", ...)`?
#
# <details><summary>Hint</summary>
#
# Print the names of `named_parameters()` and the keys of `state_dict()` in both cases.
#
# </details>


# %% tags=["hide-cell"]
# Solution of exercise 1
class PlainScale(ScaledLinear):
    def __init__(self, num_inputs, num_outputs, buffer):
        super().__init__(num_inputs, num_outputs)
        del self.scale
        if buffer:
            self.register_buffer("scale", torch.ones(num_outputs))
        else:
            self.scale = torch.ones(num_outputs)


for buffer, keys in ((False, ["weight"]), (True, ["weight", "scale"])):
    variant = PlainScale(4, 2, buffer)
    assert [name for name, _ in variant.named_parameters()] == ["weight"]
    assert list(variant.state_dict()) == keys
    print(f"buffer: {buffer}, parameters: ['weight'], state_dict: {keys}")
print("A plain tensor is not trained, saved or moved; a buffer is saved and moved, not trained.")

# %% [markdown]
# **Exercise 2.** Put two linear layers into a Python list, then into an `nn.ModuleList`. What is
# lost with the list?
#
# <details><summary>Hint</summary>
#
# Compare the number of parameters.
#
# </details>


# %% tags=["hide-cell"]
# Solution of exercise 2
class Layers(nn.Module):
    def __init__(self, container):
        super().__init__()
        self.layers = container([nn.Linear(4, 4), nn.Linear(4, 1)])


in_list, in_module_list = Layers(list), Layers(nn.ModuleList)
assert len(list(in_list.parameters())) == 0
assert len(list(in_module_list.parameters())) == 4
print("in a list:", len(list(in_list.parameters())), "parameters; they would not be trained")
print("in a ModuleList:", [name for name, _ in in_module_list.named_parameters()])

# %% [markdown]
# **Exercise 3.** Load `state` into a net with `num_hiddens=9`. Which parameters does the error
# name, and how many does it not name?
#
# <details><summary>Hint</summary>
#
# Build the net as `clone` was built and catch the `RuntimeError`. Compare with the names in
# `state`.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 3
other = nn.Sequential(Branch(num_hiddens=9), nn.ReLU(), nn.LazyLinear(2))
other(X)
try:
    other.load_state_dict(state)
except RuntimeError as error:
    named = [name for name in state if f"for {name}:" in str(error)]
    print(error)
# The bias of the inner layer's output and the last layer do not depend on num_hiddens.
assert named == ["0.inner.0.weight", "0.inner.0.bias", "0.inner.2.weight"]
