# %% [markdown]
# # Exercise 5.3: the shapes of gradients, and the memory they take
#
# If the input of a scalar function is an $n \times m$ matrix, what is the shape of its gradient?
# You answer this first, and then use it to predict, to the byte, how much memory training needs and
# which part of it grows with the batch size.
#
# **After this lesson you can**
#
# - give the shape of a gradient and of a Jacobian from the shapes of input and output;
# - list what training keeps in memory: parameters, gradients, optimizer state, saved values;
# - compute the bytes that the forward pass of an MLP saves for each example;
# - explain why training needs more memory than prediction, and name ways to need less.

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
# The gradient has one number for each entry of $\mathbf{X}$, the partial derivative
# $\partial f / \partial x_{ij}$, at the place of that entry. So the gradient of a scalar function
# is an $n \times m$ matrix too, whatever the function computes.
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
# The second function depends on one entry only. Its gradient still has a place for *every* entry:
# the partial derivatives with respect to the other entries are zero.

# %%
gradients["only one entry"]

# %% [markdown]
# ## A function that is not a scalar
#
# If $f$ itself gives a tensor of shape $(a, b)$, each of its $ab$ entries has an $n \times m$
# gradient of its own. Together they form the *Jacobian*, of shape $(a, b, n, m)$: the shape of
# the output, then that of the input. A scalar has the empty shape, and we are back at $(n, m)$.

# %%
W = torch.randn(2, n)
jacobian = torch.autograd.functional.jacobian(lambda X: W @ X, X.detach())
jacobian.shape

# %% [markdown]
# The size of a Jacobian grows fast. Take one layer with 256 hidden units and 10 outputs, on a
# batch of 256 examples. The Jacobian of the outputs with respect to the hidden values would have
# $(256 \cdot 10) \cdot (256 \cdot 256)$ entries. The backward pass never builds it: it multiplies
# the incoming gradient with it (a *vector-Jacobian product*), which for a linear layer is a product
# with $\mathbf{W}^\top$, and the result has the shape of the hidden values.

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
# | gradients | as much as the parameters: each has the shape of its parameter | no |
# | state of the optimizer | none for SGD, 1 × the parameters for momentum, 2 × for Adam | no |
# | values saved by the forward pass | see below | in proportion |
#
# The first three can be counted.


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
# The fourth are the values of the forward pass. By the formulas of 5.3, the backward pass needs for
# each example
#
# - the input $\mathbf{x}$, for the gradient of $\mathbf{W}^{(1)}$: 784 floats;
# - the hidden values $\mathbf{h}$, for $\mathbf{W}^{(2)}$ *and* for the derivative of ReLU (which
#   is 1 where $\mathbf{h} > 0$), so $\mathbf{z}$ need not be kept: 256 floats;
# - the logarithms of the predicted probabilities, for $\mathrm{softmax}(\mathbf{o}) - \mathbf{y}$:
#   10 floats; and its label, an integer of 8 bytes.
#
# That makes $4 \cdot (784 + 256 + 10) + 8 = 4208$ bytes for each example. (And one float for the
# batch, the number of examples by which the mean divides.) PyTorch passes each tensor that it saves
# to a pair of *hooks*; we count each piece of memory once, and leave out the parameters.


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
# A prediction has no backward pass, so inside `torch.no_grad()` nothing is saved.

# %%
saved_for_prediction = saved_bytes(1024, keep_gradients=False)
saved_for_prediction

# %% [markdown]
# The saved values grow in proportion to the batch size; the other parts do not depend on it. Where
# the lines cross, the saved values become the larger part.

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
# values are the larger part, and doubling the batch size doubles them. In deep convolutional
# networks this point is reached with a few examples, since convolutions have few parameters and
# large outputs. The usual ways to need less memory are a smaller batch, several small batches whose
# gradients are added (gradient accumulation), 16-bit floats, or computing some of the saved values
# a second time in the backward pass instead of keeping them (checkpointing).

# %%
crossing = next(size for size in range(1, 1000) if 4208 * size > parameter_bytes)
crossing

# %% [markdown]
# ## Check yourself
#
# **Question 1.** $f(\mathbf{X}) = \mathbf{X} \mathbf{b}$ with $\mathbf{X} \in \mathbb{R}^{4
# \times 3}$ and $\mathbf{b} \in \mathbb{R}^3$. Which shape has its Jacobian with respect to
# $\mathbf{X}$? Which shape has the gradient of $\sum_i f_i$?
#
# <details><summary>Answer</summary>
#
# The output has shape $(4)$, so the Jacobian has shape $(4, 4, 3)$. The sum is a scalar, so its
# gradient has the shape of $\mathbf{X}$, $(4, 3)$.
#
# </details>
#
# **Question 2.** Which of these grow with the batch size: parameters, gradients of the
# parameters, the state of Adam, the values saved by the forward pass?
#
# <details><summary>Answer</summary>
#
# Only the saved values. A gradient has the shape of its parameter, whatever the number of examples,
# since the gradients of the examples are averaged.
#
# </details>
#
# **Question 3.** A model has one billion parameters in `float32`. How much memory do parameters,
# gradients and the state of Adam take before the first example is read?
#
# <details><summary>Answer</summary>
#
# 4 bytes for the parameter, 4 for its gradient and 8 for the two means that Adam keeps: 16 bytes
# for each parameter, so 16 GB (14.9 GiB).
#
# </details>

# %% [markdown]
# ## Exercises
#
# **Exercise 1.** Replace ReLU by the sigmoid, whose derivative is $h (1 - h)$, and by the sine,
# whose derivative is $\cos z$. Predict how many bytes are saved for each example, then measure.
#
# <details><summary>Hint</summary>
#
# The derivative of the sigmoid can be computed from $\mathbf{h}$, which is saved anyway. That of
# the sine cannot: it needs $\mathbf{z}$ as well. Write a variant of `saved_bytes` that takes the
# loss function as an argument.
#
# </details>


# %% tags=["hide-cell"]
# Solution of exercise 1
def measure_saved(forward, parameters, batch_size):
    """Measure what `forward(X, y)` saves for the backward pass, parameters left out."""
    own = {parameter.data_ptr() for parameter in parameters.values()}
    saved = {}

    def note(tensor):
        if tensor.data_ptr() not in own:
            saved[tensor.data_ptr()] = tensor
        return tensor

    X, y = torch.rand(batch_size, 784), torch.randint(10, (batch_size,))
    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        forward(X, y)
    return total_bytes(list(saved.values()))


for activation, floats in ((torch.relu, 1050), (torch.sigmoid, 1050), (torch.sin, 1306)):

    def forward(X, y, activation=activation):
        H = activation(X @ parameters["W1"] + parameters["b1"])
        return F.cross_entropy(H @ parameters["W2"] + parameters["b2"], y)

    per_example = measure_saved(forward, parameters, 1000) / 1000
    print(f"{activation.__name__:<8} {per_example:.0f} bytes, predicted {4 * floats + 8}")
    assert abs(per_example / (4 * floats + 8) - 1) < 0.02

# %% [markdown]
# **Exercise 2.** Add a second hidden layer of 256 units with ReLU. Predict the bytes for each
# example, then measure.
#
# <details><summary>Hint</summary>
#
# The second hidden layer adds its hidden values, 256 floats.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 2
deep_shapes = {"W1": (784, 256), "W2": (256, 256), "W3": (256, 10)}
deep = {name: (0.01 * torch.randn(shape)).requires_grad_() for name, shape in deep_shapes.items()}


def deep_loss(X, y):
    H1 = torch.relu(X @ deep["W1"])
    H2 = torch.relu(H1 @ deep["W2"])
    return F.cross_entropy(H2 @ deep["W3"], y)


deep_predicted = 4 * (784 + 256 + 256 + 10) + 8
deep_measured = measure_saved(deep_loss, deep, 1000) / 1000
print(f"{deep_measured:.0f} bytes for each example, predicted {deep_predicted}")
assert abs(deep_measured / deep_predicted - 1) < 0.02

# %% [markdown]
# **Exercise 3.** Compute the gradient of the mean loss of 64 examples from four batches of 16
# (gradient accumulation), and compare it with the gradient from all 64 at once. How much memory
# for saved values does it need?
#
# <details><summary>Hint</summary>
#
# `backward` adds to `.grad`. The mean over 64 is the mean of the four means, so divide each of the
# four losses by 4.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 3
X_64, y_64 = torch.rand(64, 784), torch.randint(10, (64,))
at_once = torch.autograd.grad(loss(parameters, X_64, y_64), list(parameters.values()))
for parameter in parameters.values():
    parameter.grad = None
for X_16, y_16 in zip(X_64.split(16), y_64.split(16), strict=True):
    (loss(parameters, X_16, y_16) / 4).backward()
for parameter, expected in zip(parameters.values(), at_once, strict=True):
    assert torch.allclose(parameter.grad, expected, atol=1e-6)
print(f"equal gradients; {saved_bytes(16):,} bytes saved at a time instead of {saved_bytes(64):,}")
