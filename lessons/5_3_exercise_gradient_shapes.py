# %% [markdown]
# # Exercise 5.3: the shapes of gradients, and the memory they take
#
# If the input of a scalar function is an $n \times m$ matrix, what is the size of its gradient? The
# answer is one line, but it opens the way to a question that decides what fits on your machine:
# what exactly lies in memory during training, and how much of it grows with the batch? You will
# predict it to the byte, and then measure.

# %%
# %matplotlib inline
import torch
from torch.nn import functional as F

from d2l import torch as d2l

d2l.use_svg_display()
torch.manual_seed(0)

# %% [markdown]
# ## A scalar function of a matrix
#
# The gradient collects one number for each entry of $\mathbf{X}$, the slope
# $\partial f / \partial x_{ij}$. It is natural to keep them in the places of the entries, so the
# gradient of a scalar function is an $n \times m$ matrix too, whatever the function does inside.
# (That is also what makes the update $\mathbf{X} \leftarrow \mathbf{X} - \eta \nabla f$ possible.)

# %%
n, m = 3, 5
X = torch.randn(n, m, requires_grad=True)
functions = {
    "sum of squares": lambda X: X.square().sum(),
    "only one entry": lambda X: X[1, 2],
    "X squeezed through products": lambda X: (torch.ones(1, n) @ X @ torch.ones(m, 1)).exp().sum(),
    "a norm of X X^T": lambda X: (X @ X.T).norm(),
}
gradients = {name: torch.autograd.grad(f(X), X)[0] for name, f in functions.items()}
for name, gradient in gradients.items():
    print(f"{name:<28} {tuple(gradient.shape)}")

# %% [markdown]
# The second function shows that *every* entry gets its place: the gradient is zero where $f$ does
# not look.

# %%
gradients["only one entry"]

# %% [markdown]
# ## A function that is no scalar
#
# If $f$ itself gives a tensor of shape $(a, b)$, each of its $ab$ entries has an $n \times m$
# gradient of its own. All together they form the *Jacobian*, of shape $(a, b, n, m)$: the shape of
# the output, then that of the input. A scalar has the empty shape, and we are back at $(n, m)$.

# %%
W = torch.randn(2, n)
jacobian = torch.autograd.functional.jacobian(lambda X: W @ X, X.detach())
jacobian.shape

# %% [markdown]
# That grows fast. Take one layer of an ordinary network, 256 hidden units and 10 outputs, on a
# batch of 256 examples. The Jacobian of the outputs with respect to the hidden values would have
# $(256 \cdot 10) \cdot (256 \cdot 256)$ entries. The backward pass never builds it: it multiplies
# the incoming gradient with it, which for a layer is just a product with $\mathbf{W}^\top$, and the
# result has the shape of the hidden values.

# %%
batch_size, num_hiddens, num_outputs = 256, 256, 10
float_bytes = torch.float32.itemsize
jacobian_bytes = (batch_size * num_outputs) * (batch_size * num_hiddens) * float_bytes
gradient_bytes = batch_size * num_hiddens * float_bytes
print(f"whole Jacobian   {jacobian_bytes / 2**20:8.2f} MiB")
print(f"gradient         {gradient_bytes / 2**20:8.2f} MiB")

# %% [markdown]
# ## What training keeps in memory
#
# Take the multilayer perceptron of 5.2, with 784 inputs, 256 hidden units and 10 outputs. Four
# kinds of things occupy memory:
#
# | what | how much | depends on the batch? |
# | --- | --- | --- |
# | parameters | 4 bytes each | no |
# | gradients | the same again: each has the shape of its parameter | no |
# | state of the optimizer | nothing for SGD, once more for momentum, twice more for Adam | no |
# | values saved by the forward pass | see below | in proportion |
#
# The first three we can count and look up.


# %%
def make_parameters() -> dict[str, torch.Tensor]:
    """Make the parameters of a perceptron with one hidden layer."""
    shapes = {"W1": (784, 256), "b1": (256,), "W2": (256, 10), "b2": (10,)}
    return {name: (0.01 * torch.randn(shape)).requires_grad_() for name, shape in shapes.items()}


def loss(parameters: dict[str, torch.Tensor], X: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Compute the mean cross-entropy of the perceptron on a batch."""
    H = torch.relu(X @ parameters["W1"] + parameters["b1"])
    return F.cross_entropy(H @ parameters["W2"] + parameters["b2"], y)


def total_bytes(tensors: list[torch.Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


parameters = make_parameters()
X, y = torch.rand(64, 784), torch.randint(10, (64,))
loss(parameters, X, y).backward()
print("parameter  shape        shape of the gradient")
for name, parameter in parameters.items():
    print(f"{name:<10} {tuple(parameter.shape)!s:<12} {tuple(parameter.grad.shape)}")
parameter_bytes = total_bytes(list(parameters.values()))
grad_bytes = total_bytes([parameter.grad for parameter in parameters.values()])
parameter_bytes, grad_bytes

# %%
state_bytes = {}
for name, optimizer in {
    "SGD": torch.optim.SGD(parameters.values(), lr=0.1),
    "SGD with momentum": torch.optim.SGD(parameters.values(), lr=0.1, momentum=0.9),
    "Adam": torch.optim.Adam(parameters.values()),
}.items():
    optimizer.step()
    kept = [
        value
        for state in optimizer.state.values()
        for value in state.values()
        if isinstance(value, torch.Tensor) and value.numel() > 1
    ]
    state_bytes[name] = total_bytes(kept)
    print(f"{name:<18} keeps {state_bytes[name] / parameter_bytes:.0f} times the parameters")

# %% [markdown]
# Now the values of the forward pass. From the formulas of 5.3, one example needs on its way back
#
# - the input $\mathbf{x}$, for the gradient of $\mathbf{W}^{(1)}$: 784 floats;
# - the hidden values $\mathbf{h}$, for $\mathbf{W}^{(2)}$ *and* for the derivative of ReLU (which
#   is 1 where $\mathbf{h} > 0$), so $\mathbf{z}$ need not be kept: 256 floats;
# - the logarithms of the predicted probabilities, for $\mathrm{softmax}(\mathbf{o}) - \mathbf{y}$:
#   10 floats; and its label, an integer of 8 bytes.
#
# That makes $4 \cdot (784 + 256 + 10) + 8 = 4208$ bytes for each example. (And one float for the
# batch, the number of examples by which the mean divides.) Torch shows what it saves to a pair of
# *hooks*; we note the size of each piece of memory once, and leave out the parameters.


# %%
def saved_bytes(batch_size: int, keep_gradients: bool = True) -> int:
    """Measure what the forward pass saves for the backward pass, parameters left out."""
    own = {parameter.data_ptr() for parameter in parameters.values()}
    saved = {}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        if tensor.data_ptr() not in own:
            saved[tensor.data_ptr()] = tensor
        return tensor

    X, y = torch.rand(batch_size, 784), torch.randint(10, (batch_size,))
    with (
        torch.set_grad_enabled(keep_gradients),
        torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor),
    ):
        loss(parameters, X, y)
    return total_bytes(list(saved.values()))


batch_sizes = [2**power for power in range(11)]
measured = [saved_bytes(size) for size in batch_sizes]
predicted = [4208 * size + 4 for size in batch_sizes]
for size, found, expected in zip(batch_sizes, measured, predicted, strict=True):
    print(f"batch {size:4d}: {found:8d} bytes saved, {expected:8d} predicted")

# %% [markdown]
# A prediction needs no way back, so inside `torch.no_grad()` nothing is saved at all.

# %%
saved_for_prediction = saved_bytes(1024, keep_gradients=False)
saved_for_prediction

# %%
d2l.plot(
    batch_sizes,
    [
        [found / 2**20 for found in measured],
        [parameter_bytes / 2**20] * len(batch_sizes),
        [3 * parameter_bytes / 2**20] * len(batch_sizes),
    ],
    "batch size",
    "MiB",
    legend=["saved values", "parameters", "gradients and state of Adam"],
    xscale="log",
    yscale="log",
    figsize=(5.5, 3.2),
)

# %% [markdown]
# The parameters have $203{,}530 \cdot 4 = 814{,}120$ bytes. So from 194 examples on, the saved
# values are the larger part, and every doubling of the batch doubles them. In deep networks for
# images the crossing comes at a handful of examples: convolutions have few parameters and large
# outputs. Hence the usual cures: a smaller batch, several small batches whose gradients add up,
# 16-bit floats, or forgetting some of the saved values and calculating them again on the way back.

# %%
crossing = next(size for size in range(1, 1000) if 4208 * size > parameter_bytes)
crossing

# %% [markdown]
# ## Try it yourself
#
# 1. Replace ReLU by `torch.sigmoid`, whose derivative is $h (1 - h)$. Does the saved memory change?
#    And with `torch.sin`, whose derivative needs $\mathbf{z}$?
# 2. Add a second hidden layer of 256 units. Predict the bytes for each example, then measure.
# 3. A model has one billion parameters in `float32`. How much memory do parameters, gradients and
#    the state of Adam take before the first example is read?

# %% [markdown]
# ## Check

# %%
assert all(gradient.shape == (3, 5) for gradient in gradients.values())
one_entry = [[0.0] * 5, [0.0, 0.0, 1.0, 0.0, 0.0], [0.0] * 5]
assert gradients["only one entry"].tolist() == one_entry
assert jacobian.shape == (2, 5, 3, 5)
for i, j, k, column in torch.cartesian_prod(*map(torch.arange, jacobian.shape)).tolist():
    expected = W[i, k] if j == column else torch.tensor(0.0)  # (WX)_ij = sum over k of W_ik X_kj
    assert torch.isclose(jacobian[i, j, k, column], expected)
assert jacobian_bytes == 671_088_640 == 2560 * gradient_bytes

assert all(parameter.grad.shape == parameter.shape for parameter in parameters.values())
assert parameter_bytes == grad_bytes == 814_120 == 4 * (784 * 256 + 256 + 256 * 10 + 10)
assert state_bytes == {"SGD": 0, "SGD with momentum": 814_120, "Adam": 2 * 814_120}
# A release of torch may save a little more or less than the formulas need, hence two percent.
assert all(
    abs(found / expected - 1) < 0.02 for found, expected in zip(measured, predicted, strict=True)
)
assert saved_for_prediction == 0
assert crossing == 194
assert 4208 * 193 < 814_120 < 4208 * 194
print("Exercise 5.3: gradients have the predicted shapes, and memory the predicted size.")
